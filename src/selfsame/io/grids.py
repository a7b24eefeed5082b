"""Pictures side by side in one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8
from selfsame.limits import MAX_PIXELS, MAX_SIDE

BACKGROUND = 128
"""Grey of gaps and empty cells: pictures of digits are black at their border."""

Bytes = NDArray[np.uint8]


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


def grid_size(count: int, columns: int, cell: tuple[int, int], gap: int = 0) -> tuple[int, int]:
    """Return height and width of a grid of ``count`` pictures; ``cell`` is theirs.

    Raises:
        InputError: no pictures or columns, or a grid beyond ``MAX_SIDE`` or ``MAX_PIXELS``.
    """
    if count < 1 or columns < 1 or gap < 0:
        raise InputError(
            "a grid needs pictures and columns, at least 1, and a gap of at least 0: "
            f"got {count}, {columns} and {gap}"
        )
    rows, columns = -(-count // columns), min(columns, count)
    height, width = rows * (cell[0] + gap) - gap, columns * (cell[1] + gap) - gap
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise InputError(
            f"a grid of {columns}x{rows} pictures of {cell[1]}x{cell[0]} pixels has {width}x"
            f"{height}: sides up to {MAX_SIDE} and {MAX_PIXELS} pixels are allowed; make fewer or "
            "smaller ones"
        )
    return height, width


def to_arrays(pictures: Tensor) -> list[Bytes]:
    """Return pictures, (B, C, h, w) in [0, 1], as uint8 arrays: (h, w), or (h, w, 3) in colour."""
    planes = pictures.movedim(1, -1).cpu().numpy()
    return [to_uint8(picture[..., 0] if picture.shape[2] == 1 else picture) for picture in planes]
