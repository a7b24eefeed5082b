"""Square blocks of a picture: the eight isometries, the averaging that contracts a domain.

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
from numba import njit
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE = 1, 2, 4

ISOMETRIES = 8

FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be reordered, so that they use vectors; infinity and NaN keep their meaning."""


def transformed(block: NDArray[T], isometry: int) -> NDArray[T]:
    """Return a view of ``block``, (..., n, n), moved by an isometry, 0 to 7."""
    if isometry & MIRROR_COLUMNS:
        block = block[..., :, ::-1]
    if isometry & MIRROR_ROWS:
        block = block[..., ::-1, :]
    if isometry & TRANSPOSE:
        block = np.swapaxes(block, -1, -2)
    return block


@njit(cache=True, fastmath=FASTMATH, inline="always")
def pool_row(source, y, x, k, n, row):  # type: ignore[no-untyped-def]
    """Fill ``row`` with averages over k × k pixels of ``source``, k = 1, 2 or 4; return their sum.

    Args:
        y, x, n: place of the first pixel, and count; n may be a literal, for which the loops are
            then unrolled.
    """
    y, x = np.uint64(y), np.uint64(x)  # numba tests signed indices for being negative
    total = np.float32(0)
    if k == 1:
        for j in range(np.uint64(n)):
            row[j] = source[y, x + j]
            total += row[j]
    elif k == 2:
        below = y + np.uint64(1)
        for j in range(np.uint64(n)):
            left = x + j + j
            right = left + np.uint64(1)
            pair = (source[y, left] + source[y, right]) + (
                source[below, left] + source[below, right]
            )
            row[j] = np.float32(0.25) * pair
            total += row[j]
    else:
        for j in range(np.uint64(n)):
            left = x + np.uint64(4) * j
            part = np.float32(0)
            for a in range(np.uint64(4)):
                for c in range(np.uint64(4)):
                    part += source[y + a, left + c]
            row[j] = np.float32(0.0625) * part
            total += row[j]
    return total


@njit(cache=True, inline="always")
def put_row(row, u, isometry, out, y, x, n):  # type: ignore[no-untyped-def]
    """Write row ``u`` of an n × n block to where an isometry moves it in the block at y, x."""
    y, x = np.uint64(y), np.uint64(x)
    size, last = np.uint64(n), np.uint64(n - 1)
    i = last - np.uint64(u) if isometry & MIRROR_ROWS else np.uint64(u)
    if isometry & TRANSPOSE:
        if isometry & MIRROR_COLUMNS:
            for j in range(size):
                out[y + (last - j), x + i] = row[j]
        else:
            for j in range(size):
                out[y + j, x + i] = row[j]
    elif isometry & MIRROR_COLUMNS:
        for j in range(size):
            out[y + i, x + (last - j)] = row[j]
    else:
        for j in range(size):
            out[y + i, x + j] = row[j]
