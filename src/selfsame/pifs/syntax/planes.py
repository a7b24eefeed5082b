"""Planes on their way through the coder: what the compiled functions of the syntax share."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.pifs.code import MIN_LOG2
from selfsame.pifs.syntax import contexts as c

FRACTION_BITS = 7
"""Of the block means kept for prediction."""

_ROOT_HALF = 46341  # 2 ** -0.5 in 16 bits


class Cells(NamedTuple):
    """What is known of the coded part of a plane, by cells of 4 × 4 pixels.

    Attributes:
        area: log2 height + log2 width of the block, 0 before it is coded.
        kind: of its map.
        bands: (rows, columns, BANDS) mean magnitude of its levels by band, in sixteenths.
        lower, right: mean level of the block's lower and right border, ``FRACTION_BITS`` fraction.
    """

    area: NDArray[np.int8]
    kind: NDArray[np.int8]
    bands: NDArray[np.int16]
    lower: NDArray[np.int32]
    right: NDArray[np.int32]


class PlaneState(NamedTuple):
    """One plane on its way through the coder.

    Attributes:
        levels: (H, W) int32, the padded plane.
        blocks: (n, 4) int32 and maps: (n, 5) int32, room for as many blocks as there are cells.
        cells: of this plane.
        other: of the plane coded before it that helps to predict it (luma for Cb, Cb for Cr; of the
            plane itself if there is none).
        other_shift: log2 of the other plane's resolution over this one's.
        chroma: 0 or 1.
    """

    levels: NDArray[np.int32]
    blocks: NDArray[np.int32]
    maps: NDArray[np.int32]
    cells: Cells
    other: Cells
    other_shift: int
    chroma: int


class Choice(NamedTuple):
    """What the encoder chooses levels by while it codes; see ``quantise``.

    Attributes:
        active: False for a mere writer or reader; the rest is then unused.
        coefficients: (H, W) float32, in units of the step, blocks in their places.
        price: Lagrangian of a bit, in units of step².
        last: highest index in the scan that may be chosen: 2 in pure mode.
    """

    active: bool
    coefficients: NDArray[np.float32]
    price: float
    last: int


def new_cells(height: int, width: int) -> Cells:
    """Return the cells of a padded plane of ``height`` × ``width`` pixels, nothing coded."""
    shape = (height >> MIN_LOG2, width >> MIN_LOG2)
    return Cells(
        np.zeros(shape, np.int8),
        np.zeros(shape, np.int8),
        np.zeros((*shape, c.BANDS), np.int16),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
    )


@njit(cache=True)
def magnitude_class(value):
    return np.int64(c.MAGNITUDE_CLASS[min(value, c.MAGNITUDE_LIMIT - 1)])


@njit(cache=True)
def mean_of_level(level, lh, lw):
    """Return level / sqrt(height × width) with FRACTION_BITS more bits."""
    total = lh + lw
    if total & 1:
        return (level * _ROOT_HALF) >> (16 - FRACTION_BITS + (total - 1) // 2)
    return (level << FRACTION_BITS) >> (total // 2)
