"""Compiled rows of square blocks: the averaging that contracts a domain, and its isometries."""

import numpy as np
from numba import njit

from selfsame.isometries import MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE

FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be reordered, so that they use vectors; infinity and NaN keep their meaning."""

ORDERED = FASTMATH - {"reassoc"}
"""For parallel kernels. Numba optimises these once more for its cache: where sums may be reordered,
the process that compiles one would get other bits than the next, which loads it."""


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
