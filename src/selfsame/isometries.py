"""The eight isometries of the square.

An isometry is a number of three bits. Pixel ``(i, j)`` of the transformed block is pixel ``(u, v)``
of the block, where ``(u, v) = (i, j)``, with the two exchanged if bit ``TRANSPOSE`` is set, then
``u`` mirrored (``n - 1 - u``) if ``MIRROR_ROWS`` is, then ``v`` if ``MIRROR_COLUMNS`` is:

    0 identity              4 transposition
    1 left-right mirror     5 quarter turn to the left
    2 top-bottom mirror     6 quarter turn to the right
    3 half turn             7 transposition along the other diagonal
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE = 1, 2, 4

ISOMETRIES = 8


def transformed(block: NDArray[T], isometry: int) -> NDArray[T]:
    """Return a view of ``block``, (..., n, n), moved by an isometry, 0 to 7."""
    if isometry & MIRROR_COLUMNS:
        block = block[..., :, ::-1]
    if isometry & MIRROR_ROWS:
        block = block[..., ::-1, :]
    if isometry & TRANSPOSE:
        block = np.swapaxes(block, -1, -2)
    return block
