"""Fitting recursions of similitudes to pictures through distance maps (Scott 2022, diff_ifs).

Each restart runs two phases of Adam and a search:
1. *distance*: mean squared error of distance maps, coarse pooling levels first. Its gradients
   reach across the whole picture.
2. *refine*: mean squared error of the anti-aliased picture, right to a fraction of a pixel.
3. *polish*: pattern search on the picture that ``render_recursion`` draws.
The state whose rendering has the highest intersection over union is kept.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from selfsame.checked import Range, checked
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.distance.engine import Fitter, Progress, code_of
from selfsame.ifs.distance.settings import DistanceSettings
from selfsame.ifs.distance.target import make_target
from selfsame.io.files import atomic_file
from selfsame.picture_arrays import picture_floats
from selfsame.run.device import resolve_device

__all__ = ["Progress", "fit_distance"]

VERSION = 1
"""Of checkpoints: plain tensors, numbers and text, never code."""


def fit_distance(
    pictures: Sequence[ArrayLike],
    layout: str = DistanceSettings.layout,
    depth: int = DistanceSettings.depth,
    *,
    device: str = "cpu",
    callback: Callable[[Progress], None] | None = None,
    callback_every: int = 10,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 50,
    **others: Any,
) -> list[IFSCode]:
    """Return one code per picture: similitudes, window, size and leaf of a recursion.

    Args:
        pictures: (H, W) grey or (H, W, 3), bytes or floats of 0 to 1; white is the figure.
        layout, depth: see ``DistanceSettings``.
        device: where torch computes; the search for the nearest leaf stays on the CPU.
        callback: told of every ``callback_every``-th step, with the code so far.
        checkpoint: file that the state is saved to every ``checkpoint_every`` steps, and from
            which a fit with equal arguments goes on; the result is that of one run.
        others: further settings of ``DistanceSettings``.
    Returns:
        codes in the order of the pictures. ``notes`` holds method, layout, depth, threshold,
        seed, and the IoU of the rendering at depth, where its coverage exceeds ½.
    Raises:
        InputError: unusable pictures, settings or checkpoint.
        DistanceDivergedError: non-finite loss or gradient, or maps that never contracted.
    Source: Scott 2022, diff_ifs.
    """
    settings = DistanceSettings.from_dict({"layout": layout, "depth": depth, **others})
    checked("callback_every", callback_every, Annotated[int, Range(1)])
    checked("checkpoint_every", checkpoint_every, Annotated[int, Range(1)])
    floats = [picture_floats(picture, f"target {i}") for i, picture in enumerate(pictures)]
    targets = [make_target(picture, settings.threshold) for picture in floats]
    digest = _fingerprint(settings, floats) if checkpoint is not None else ""
    saved = _load_checkpoint(checkpoint, digest) if checkpoint is not None else None
    finished: list[dict[str, Any]] = saved["finished"] if saved else []
    place = resolve_device(device)

    def save(state: dict[str, Any]) -> None:
        if checkpoint is not None:
            with atomic_file(checkpoint) as stream:
                whole = {"fingerprint": digest, "finished": finished, "current": state}
                torch.save({"version": VERSION, **whole}, stream)

    first = len(finished)
    for index in range(first, len(targets)):
        fitter = Fitter(targets[index], settings, place, index)
        current = saved["current"] if saved and index == first else {}
        finished.append(fitter.fit(current, save, checkpoint_every, callback, callback_every))
        save({})
    return [
        code_of(target, settings, done["parameters"], done["score"])
        for target, done in zip(targets, finished, strict=True)
    ]


def _fingerprint(settings: object, pictures: Sequence[Any]) -> str:
    """Return a digest of everything that a resumed fit must share with its first part."""
    digest = hashlib.sha256(repr(settings).encode())
    for picture in pictures:
        array = np.ascontiguousarray(picture, np.float32)
        digest.update(repr(array.shape).encode() + array.tobytes())
    return digest.hexdigest()


def _load_checkpoint(path: str | os.PathLike[str], digest: str) -> dict[str, Any] | None:
    """Return the state saved under ``path``, or None if there is no such file.

    Raises:
        InputError: not a checkpoint of this method, or one of another fit (its
            ``fingerprint`` differs from ``digest``).
    """
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(f"{path} cannot be read as a checkpoint: {error}") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise InputError(f"{path} is not a checkpoint of the distance method, version {VERSION}")
    if state.get("fingerprint") != digest:
        raise InputError(
            f"{path} belongs to a fit of other pictures or settings; "
            "use the same ones, or another file name"
        )
    return state
