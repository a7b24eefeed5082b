"""From uniform numbers to colours, backgrounds and places, by Anderson and Farrell's choices.

Ranges are those of the code released with "Improving Fractal Pre-training" (2022); where the paper
gives them, they agree.
"""

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from selfsame.fractals.drawing.patches import PATTERNS

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

STREAMS = 16
"""Random streams of a picture: its fractals' from 0 on, the last one is the background's."""

MAX_FRACTALS = STREAMS - 1

_DECAYS = (0.4, 0.8)
# Factor and sum of hue, saturation and value of a background.
_BACKGROUND_COLORS = ((0.25, 1.0), (0.0, 1.0), (0.1, 0.3), (0.4, 0.6), (0.3, 0.6), (0.4, 0.6))
_LEAST_SATURATION = 0.3
_LEAST_VALUE = 0.5
_BLUR_PROBABILITY = 0.5
_BLURS = (0.5, 1.0)

BACKGROUND_NUMBERS = 7
BLUR_NUMBERS = 2
LOOK_NUMBERS = 5


class Look(NamedTuple):
    """How fractals are drawn: ``turns`` (K,), ``patterns`` (K,), ``colors`` (K, 3) as in
    ``scenes.Scenes``."""

    turns: Whole
    patterns: Whole
    colors: Array


def choose_background(u: Array) -> tuple[Array, Array]:
    """Return decays (n,) and colours (n, 6) of backgrounds from numbers (n, 7)."""
    colors = [scaled(u[:, 1 + i], bounds) for i, bounds in enumerate(_BACKGROUND_COLORS)]
    return scaled(u[:, 0], _DECAYS), np.stack(colors, axis=1)


def choose_blurs(u: Array) -> Array:
    """Return the blur of pictures, sigma (n,) or 0, from numbers (n, 2)."""
    return np.where(u[:, 0] < _BLUR_PROBABILITY, scaled(u[:, 1], _BLURS), 0.0)


def choose_look(u: Array) -> Look:
    """Return how fractals are drawn from numbers (K, 5): 8 turns, 511 patterns, a colour."""
    colors = np.stack(
        [u[:, 2], scaled(u[:, 3], (_LEAST_SATURATION, 1)), scaled(u[:, 4], (_LEAST_VALUE, 1))],
        axis=1,
    )
    return Look(whole(u[:, 0], 8), 1 + whole(u[:, 1], PATTERNS), colors)


def scaled(u: Array, bounds: tuple[float, float]) -> Array:
    """Return uniform numbers of [0, 1) spread over ``bounds``."""
    low, high = bounds
    return low + u * (high - low)


def whole(u: Array, bound: int) -> Whole:
    """Return uniform numbers of [0, 1) as whole numbers of 0 .. bound - 1."""
    return cast(Whole, np.floor(u * bound).astype(np.int64))


def background_streams(indices: NDArray[np.int64], background: bool) -> NDArray[np.int64]:
    """Return the random stream of each picture's surface, (B,); -1 for black."""
    return indices * STREAMS + STREAMS - 1 if background else np.full_like(indices, -1)
