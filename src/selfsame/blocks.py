"""Square blocks of a picture: the eight isometries, the averaging that contracts a domain.

An isometry is a number of three bits. Pixel ``(i, j)`` of the transformed block is pixel ``(u, v)``
of the block, where ``(u, v) = (i, j)``, with the two exchanged if bit ``TRANSPOSE`` is set, then
``u`` mirrored (``n - 1 - u``) if ``MIRROR_ROWS`` is, then ``v`` if ``MIRROR_COLUMNS`` is:

    0 identity              4 transposition
    1 left-right mirror     5 quarter turn to the left
    2 top-bottom mirror     6 quarter turn to the right
    3 half turn             7 transposition along the other diagonal
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE = 1, 2, 4

ISOMETRIES = 8

FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be reordered, so that they use vectors; infinity and NaN keep their meaning."""


def transformed(block: NDArray[np.float32], isometry: int) -> NDArray[np.float32]:
    """Return a view of ``block``, (..., n, n), moved by an isometry, 0 to 7."""
    if isometry & MIRROR_COLUMNS:
        block = block[..., :, ::-1]
    if isometry & MIRROR_ROWS:
        block = block[..., ::-1, :]
    if isometry & TRANSPOSE:
        block = np.swapaxes(block, -1, -2)
    return block


@njit(cache=True, fastmath=FASTMATH)
def pool_row(source, y, x, k, row):  # type: ignore[no-untyped-def]
    """Fill ``row`` with averages over k × k pixels of ``source`` from row y, column x on."""
    n = row.size
    if k == 1:
        a = source[y, x : x + n]
        for j in range(n):
            row[j] = a[j]
    elif k == 2:
        a = source[y, x : x + 2 * n]
        b = source[y + 1, x : x + 2 * n]
        for j in range(n):
            row[j] = np.float32(0.25) * ((a[2 * j] + a[2 * j + 1]) + (b[2 * j] + b[2 * j + 1]))
    else:
        weight = np.float32(1 / (k * k))
        row[:] = 0
        for i in range(k):
            a = source[y + i, x : x + k * n]
            for j in range(n):
                total = np.float32(0)
                for m in range(k):
                    total += a[k * j + m]
                row[j] += weight * total


@njit(cache=True)
def put_row(out, y, x, n, isometry, u, row):  # type: ignore[no-untyped-def]
    """Write row ``u`` of an n × n block to where ``isometry`` moves it in the block at y, x."""
    i = n - 1 - u if isometry & MIRROR_ROWS else u
    mirrored = isometry & MIRROR_COLUMNS
    if isometry & TRANSPOSE:
        for v in range(n):
            out[y + (n - 1 - v if mirrored else v), x + i] = row[v]
    else:
        target = out[y + i, x : x + n]
        if mirrored:
            for v in range(n):
                target[n - 1 - v] = row[v]
        else:
            for v in range(n):
                target[v] = row[v]
