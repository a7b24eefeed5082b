"""The cosines of a block: an orthonormal DCT-II whose synthesis can be evaluated at any scale."""

from functools import lru_cache

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2, PlaneCode

_SHARES = 32
"""Parts into which the work is cut for the threads; the values do not depend on it."""

LIMIT = 1024.0
"""Values of a plane are clipped to this on either side, far beyond any picture's."""


def basis(n: int, positions: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the n cosines of the orthonormal DCT-II at ``positions``, (n, len(positions)).

    Row ``k`` is ``sqrt((1 if k == 0 else 2) / n) cos(pi (2 u + 1) k / (2 n))`` at position ``u``;
    pixel ``i`` of the block has its centre at ``u = i``.
    """
    k = np.arange(n)[:, None]
    waves = np.cos(np.pi * (2 * np.asarray(positions, np.float64) + 1) * k / (2 * n))
    return np.asarray(np.sqrt(np.where(k == 0, 1, 2) / n) * waves, np.float32)


def sample_positions(n: int, scale: int) -> NDArray[np.float64]:
    """Return where the ``n * scale`` pixels of an n pixel side lie at an integer scale."""
    return (np.arange(n * scale) + 0.5) / scale - 0.5


def inverse_dct(plane: PlaneCode, scale: int = 1) -> NDArray[np.float32]:
    """Return the blocks of a plane that its levels describe, ``b`` of ``x = S x + b``.

    Args:
        plane: its levels, blocks and step are used, its maps are not.
        scale: output pixels per pixel of the plane, in either direction.
    Returns:
        (padded height * scale, padded width * scale), centred on 0, in units of 1/255 of the
        value range, clipped to ``LIMIT``; 0 where no block lies.
    """
    height, width = plane.levels.shape
    out = np.zeros((height * scale, width * scale), np.float32)
    table, starts = _tables(scale)
    _synthesise(plane.levels, plane.blocks, np.float32(plane.step), table, starts, scale, out)
    return out


@lru_cache(maxsize=4)
def _tables(scale: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the basis of every side one after the other, and where each starts, by log2."""
    sides = [2**log2 for log2 in range(MIN_LOG2, MAX_LOG2 + 1)]
    parts = [basis(n, sample_positions(n, scale)).ravel() for n in sides]
    sizes = [0] * (MIN_LOG2 + 1) + [part.size for part in parts]
    return np.concatenate(parts), np.cumsum(sizes)


@njit(cache=True, parallel=True)
def _synthesise(levels, blocks, step, table, starts, scale, out):  # type: ignore[no-untyped-def]
    for share in prange(_SHARES):
        half = np.empty((1 << MAX_LOG2, scale << MAX_LOG2), np.float32)
        for i in range(len(blocks) * share // _SHARES, len(blocks) * (share + 1) // _SHARES):
            y, x, log_h, log_w = blocks[i, 0], blocks[i, 1], blocks[i, 2], blocks[i, 3]
            rows, columns = level_box(levels, y, x, 1 << log_h, 1 << log_w)
            top, left, h, w = y * scale, x * scale, scale << log_h, scale << log_w
            if rows <= 1 and columns <= 1:
                mean = np.float32(levels[y, x]) * step / np.float32(2 ** (0.5 * (log_h + log_w)))
                out[top : top + h, left : left + w] = min(max(mean, -LIMIT), LIMIT)
                continue
            down, across = starts[log_h], starts[log_w]
            _add_cosines(levels, y, x, rows, columns, step, table, across, w, half)
            _add_rows(half, rows, table, down, out, top, left, h, w)


@njit(cache=True)
def level_box(levels, y, x, height, width):  # type: ignore[no-untyped-def]
    """Return how many rows and columns from the first on hold all the nonzero levels."""
    # Unsigned, because numba tests signed indices for being negative.
    y, x, width = np.uint64(y), np.uint64(x), np.uint64(width)
    rows, columns = np.uint64(0), np.uint64(0)
    for i in range(np.uint64(height)):
        found = np.int32(0)
        for j in range(width):
            found |= levels[y + i, x + j]
        if found != 0:
            rows = i + np.uint64(1)
            end = width
            while levels[y + i, x + end - np.uint64(1)] == 0:
                end -= np.uint64(1)
            columns = max(columns, end)
    return rows, columns


@njit(cache=True, fastmath=FASTMATH)
def _add_cosines(levels, y, x, rows, columns, step, table, across, w, half):  # type: ignore[no-untyped-def]
    """Fill ``rows`` rows of ``half`` with the sums over the horizontal frequencies."""
    y, x, across, width = np.uint64(y), np.uint64(x), np.uint64(across), np.uint64(w)
    for k in range(np.uint64(rows)):
        for j in range(width):
            half[k, j] = 0
        for m in range(np.uint64(columns)):
            level = levels[y + k, x + m]
            if level != 0:
                c = np.float32(level) * step
                wave = across + m * width
                for j in range(width):
                    half[k, j] += c * table[wave + j]


@njit(cache=True, fastmath=FASTMATH)
def _add_rows(half, rows, table, down, out, top, left, h, w):  # type: ignore[no-untyped-def]
    """Write a block: the sums of the rows of ``half`` over the vertical frequencies."""
    limit, zero, one = np.float32(LIMIT), np.uint64(0), np.uint64(1)
    top, left, down, height = np.uint64(top), np.uint64(left), np.uint64(down), np.uint64(h)
    for i in range(height):
        c = table[down + i]
        for j in range(np.uint64(w)):
            out[top + i, left + j] = c * half[zero, j]
        for k in range(one, np.uint64(rows)):
            c = table[down + k * height + i]
            for j in range(np.uint64(w)):
                out[top + i, left + j] += c * half[k, j]
        for j in range(np.uint64(w)):
            out[top + i, left + j] = min(max(out[top + i, left + j], -limit), limit)
