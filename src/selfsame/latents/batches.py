"""The latents of a set of pictures, in batches."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from selfsame.datasets.batches import TensorBatches, evaluation_pictures
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError
from selfsame.io.files import atomic_file, make_folder
from selfsame.latents.space import Latents, LatentSpace
from selfsame.run.progress import Progress
from selfsame.version import __version__

GROUP = 1024
"""Pictures encoded at a time, and kept in a file."""


@torch.no_grad()
def encode_set(
    space: LatentSpace[Any],
    pictures: Pictures,
    *,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Latents:
    """Return what all pictures of a set are coded to, on the CPU.

    Args:
        keep: folder in which latents are kept as they come, and looked for; made if need be. A
            file there belongs to a space and some pictures, whatever else is in the folder.
        progress: of pictures.
    Raises:
        InputError: pictures of another size or other channels than those of the space, such as it
            cannot code, or no folder.
    """
    count, height, width, channels = pictures.images.shape
    if (height, width, channels) != (space.side, space.side, space.channels):
        raise InputError(
            f"the space {space.name} has pictures of {space.side}x{space.side} pixels and "
            f"{space.channels} channels: got {width}x{height} and {channels}"
        )
    if keep is not None:
        make_folder(keep, "latents are kept in a folder")
    digest = "" if keep is None else space.digest()  # of all weights
    parts = []
    for first in range(0, count, GROUP):
        group = Pictures(pictures.images[first : first + GROUP])
        place = None if keep is None else keep / f"{_digest(digest, group)}.npz"
        latents = None if place is None else _read(place)
        if latents is None:
            try:
                latents = _on_cpu(space.encode(evaluation_pictures(group)))
            except InputError as error:  # which counts from the first of the group
                last = min(first + GROUP, count) - 1
                raise InputError(f"of the pictures {first} to {last}: {error}") from error
            if place is not None:
                _write(place, latents)
        parts.append(latents)
        if progress is not None:
            progress(min(first + GROUP, count), count, "")
    masks = [part.mask for part in parts if part.mask is not None]
    return Latents(
        torch.cat([part.values for part in parts]),
        parts[0].positions,
        torch.cat(masks) if masks else None,
    )


def _on_cpu(latents: Latents) -> Latents:
    return Latents(*(None if part is None else part.cpu() for part in latents))  # type: ignore[arg-type]


def _digest(space: str, pictures: Pictures) -> str:
    """Return what the latents of pictures are called: a digest of all that they depend on.

    Args:
        space: its digest.
    """
    state = repr((__version__, space, pictures.fingerprint))
    return hashlib.sha256(state.encode()).hexdigest()[:32]


def _write(place: Path, latents: Latents) -> None:
    there = {name: part.numpy() for name, part in latents._asdict().items() if part is not None}
    with atomic_file(place) as file:
        np.savez(file, **there)


def _read(place: Path) -> Latents | None:
    """Return latents that are kept, None if there are none, or damaged ones."""
    try:
        with place.open("rb") as file, np.load(file) as arrays:
            return Latents(**{name: torch.from_numpy(arrays[name]) for name in arrays.files})
    except (OSError, ValueError, TypeError, EOFError, BadZipFile):
        return None


class LatentBatches(TensorBatches):
    """Latents, ``values``, with what is known of them, and a ``mask`` where sets differ in size.

    Args:
        latents: N of them.
        batch: latents of a step, of all processes together.
        known: N of each: ``labels``, the classes, and whatever else a model is told.
    """

    def __init__(
        self, latents: Latents, batch: int, known: Mapping[str, Tensor] | None = None
    ) -> None:
        parts = {"values": latents.values, **(known or {})}
        if latents.mask is not None:
            parts["mask"] = latents.mask
        super().__init__(parts, batch)
