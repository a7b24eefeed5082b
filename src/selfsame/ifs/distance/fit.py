"""Fitting recursions of similitudes to pictures through distance maps (Scott 2022, diff_ifs).

Each restart runs two phases of Adam and a search:
1. *distance*: mean squared error of distance maps, coarse pooling levels first. Its gradients
   reach across the whole picture.
2. *refine*: mean squared error of the anti-aliased picture, right to a fraction of a pixel.
3. *polish*: pattern search on the picture that ``render_recursion`` draws.
The state whose rendering has the highest intersection over union is kept.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.distance.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from selfsame.ifs.distance.engine import Fitter, Progress, Settings, code_of
from selfsame.ifs.distance.layouts import parse_layout
from selfsame.ifs.distance.search import check_leaves
from selfsame.ifs.distance.target import make_target
from selfsame.run.device import resolve_device

__all__ = ["Progress", "fit_distance"]


def fit_distance(
    pictures: Sequence[ArrayLike],
    layout: str = "squares:3",
    depth: int = 3,
    *,
    steps: int = 300,
    refine_steps: int = 150,
    polish_evaluations: int = 1000,
    restarts: int = 1,
    seed: int = 0,
    device: str = "cpu",
    threshold: float = 0.5,
    levels: Sequence[int] | None = None,
    anneal: float = 0.3,
    learning_rate: float = 0.004,
    jitter: float = 0.02,
    prune: bool = True,
    callback: Callable[[Progress], None] | None = None,
    callback_every: int = 10,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 50,
) -> list[IFSCode]:
    """Return one code per picture: similitudes, window, size and leaf of a recursion.

    Args:
        pictures: (H, W) grey or (H, W, 3), values in [0, 1]; white is the figure.
        layout: the starting maps: ``squares:n``, ``segments:N``, ``free:N``
            (``distance.layouts``).
        depth: levels of the recursion, at least 1.
        steps, refine_steps, polish_evaluations: budgets of the three parts; 0 leaves one out.
        restarts: independent starts; the first of a layout of squares or segments is exactly
            the figure's geometry, the others are jittered. The best one is kept.
        device: where torch computes; the search for the nearest leaf stays on the CPU.
        threshold: the figure is where a picture exceeds this.
        levels: pooling levels of the distance loss, level l pooling 2**l pixels. None: 0 to 5
            as in the original, as far as the picture is large enough.
        anneal: share of the first phase during which the levels join, coarse to fine; 0 uses
            all from the start, as the original does.
        learning_rate: of Adam for positions, in picture widths per step.
        jitter: standard deviation of a restart's noise, in picture widths.
        prune: drop maps without which the loss is lower.
        callback: told of every ``callback_every``-th step, with the code so far.
        checkpoint: file that the state is saved to every ``checkpoint_every`` steps, and from
            which a fit with equal arguments goes on; the result is that of one run.
    Returns:
        codes in the order of the pictures. ``notes`` holds method, layout, depth, threshold,
        seed, and the IoU of the rendering at depth, where its coverage exceeds ½.
    Raises:
        InputError: unusable pictures, settings or checkpoint.
        DistanceDivergedError: non-finite loss or gradient, or maps that never contracted.
    Source: Scott 2022, diff_ifs.
    """
    if levels is not None and (not levels or any(level not in range(16) for level in levels)):
        raise InputError(f"levels must be a few integers within 0..15: got {levels}")
    for name, value in (("callback_every", callback_every), ("checkpoint_every", checkpoint_every)):
        if value < 1:
            raise InputError(f"{name} must be at least 1: got {value}")
    settings = Settings(
        str(parse_layout(layout)),
        depth,
        steps,
        refine_steps,
        polish_evaluations,
        restarts,
        seed,
        threshold,
        None if levels is None else tuple(sorted(set(levels))),
        anneal,
        learning_rate,
        jitter,
        prune,
    )
    _check(settings)
    targets = [make_target(picture, threshold) for picture in pictures]
    digest = fingerprint(settings, pictures) if checkpoint is not None else ""
    saved = load_checkpoint(checkpoint, digest) if checkpoint is not None else None
    finished: list[dict[str, Any]] = saved["finished"] if saved else []
    place = resolve_device(device)

    def save(state: dict[str, Any]) -> None:
        if checkpoint is not None:
            save_checkpoint(
                checkpoint, {"fingerprint": digest, "finished": finished, "current": state}
            )

    first = len(finished)
    for index in range(first, len(targets)):
        fitter = Fitter(targets[index], settings, place, index)
        current = saved["current"] if saved and index == first else None
        finished.append(fitter.fit(current, save, checkpoint_every, callback, callback_every))
        save({})
    return [
        code_of(target, settings, done["parameters"], done["score"])
        for target, done in zip(targets, finished, strict=True)
    ]


def _check(settings: Settings) -> None:
    s = settings
    for name, value, low in (
        ("depth", s.depth, 1),
        ("steps", s.steps, 0),
        ("refine_steps", s.refine_steps, 0),
        ("polish_evaluations", s.polish_evaluations, 0),
        ("restarts", s.restarts, 1),
        ("seed", s.seed, 0),
    ):
        if not isinstance(value, int) or value < low:
            raise InputError(f"{name} must be an integer of at least {low}: got {value!r}")
    if not 0 <= s.anneal <= 1 or not 0 < s.learning_rate <= 1 or not 0 <= s.jitter <= 1:
        raise InputError(
            "anneal and jitter must be within [0, 1], learning_rate within (0, 1]: got "
            f"{s.anneal}, {s.jitter}, {s.learning_rate}"
        )
    check_leaves(parse_layout(s.layout).count, s.depth)
