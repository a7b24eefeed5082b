"""Several pictures of one size side by side, in one."""

import math
from collections.abc import Sequence

import numpy as np

from selfsame.errors import InputError, SettingError
from selfsame.io.pictures import Bytes
from selfsame.limits import MAX_PIXELS, MAX_SIDE

BACKGROUND = 128
"""Grey of gaps and empty cells: pictures of digits are black at their border."""

_WIDER = 3
"""Halves of the columns that a grid would have otherwise, at the most, to fill all its cells."""


def grid(pictures: Sequence[Bytes], columns: int, gap: int = 0) -> Bytes:
    """Return pictures, row by row, in one: (H, W), or (H, W, 3) in colour.

    Args:
        pictures: at least one, uint8, all of one shape, (h, w) or (h, w, 3).
        gap: pixels between pictures.
    Raises:
        InputError: as ``grid_size``, or pictures of several shapes.
    """
    height, width = pictures[0].shape[:2] if pictures else (0, 0)
    size = grid_size(len(pictures), columns, (height, width), gap)
    if len({picture.shape for picture in pictures}) > 1:
        raise InputError("the pictures of a grid must have one shape")
    whole = np.full((*size, *pictures[0].shape[2:]), BACKGROUND, np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        top, left = row * (height + gap), column * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return whole


def grid_columns(count: int, proportion: float = 1) -> int:
    """Return the columns of a grid of ``count`` pictures, at least 1, about ``proportion`` times as
    many as its rows; some more where that leaves no cell empty."""
    least = min(count, math.ceil(math.sqrt(count * proportion)))
    wider = range(least, _WIDER * least // 2 + 1)
    return next((columns for columns in wider if count % columns == 0), least)


def grid_size(count: int, columns: int, cell: tuple[int, int], gap: int = 0) -> tuple[int, int]:
    """Return height and width of a grid of ``count`` pictures; ``cell`` is theirs.

    Raises:
        InputError: no pictures or columns, or a grid beyond ``MAX_SIDE`` or ``MAX_PIXELS``.
    """
    if count < 1 or columns < 1 or gap < 0:
        raise SettingError(
            "a grid needs pictures and columns, at least 1, and a gap of at least 0: "
            f"got {count}, {columns} and {gap}"
        )
    rows, columns = -(-count // columns), min(columns, count)
    height, width = rows * (cell[0] + gap) - gap, columns * (cell[1] + gap) - gap
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise SettingError(
            f"a grid of {columns}x{rows} pictures of {cell[1]}x{cell[0]} pixels has {width}x"
            f"{height}: sides up to {MAX_SIDE} and {MAX_PIXELS} pixels are allowed; make fewer or "
            "smaller ones"
        )
    return height, width
