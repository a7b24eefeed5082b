"""The cosines of a block: an orthonormal DCT-II whose synthesis can be evaluated at any scale."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2, PlaneCode

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


def _tables(scale: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the basis of every side one after the other, and where each starts, by log2."""
    sides = [2**log2 for log2 in range(MIN_LOG2, MAX_LOG2 + 1)]
    parts = [basis(n, sample_positions(n, scale)).ravel() for n in sides]
    sizes = [0] * (MIN_LOG2 + 1) + [part.size for part in parts]
    return np.concatenate(parts), np.cumsum(sizes)


@njit(cache=True)
def _box(levels):  # type: ignore[no-untyped-def]
    """Return how many rows and columns from the first on hold all the nonzero levels."""
    height, width = levels.shape
    rows, columns = 0, 0
    for i in range(height):
        for j in range(width):
            if levels[i, j] != 0:
                rows = i + 1
                columns = max(columns, j + 1)
    return rows, columns


@njit(cache=True, parallel=True, fastmath=FASTMATH)
def _synthesise(levels, blocks, step, table, starts, scale, out):  # type: ignore[no-untyped-def]
    limit = np.float32(LIMIT)
    for index in prange(len(blocks)):
        y, x, log_h, log_w = blocks[index]
        h, w = 1 << log_h, 1 << log_w
        inner = levels[y : y + h, x : x + w]
        target = out[y * scale : (y + h) * scale, x * scale : (x + w) * scale]
        rows, columns = _box(inner)
        if rows <= 1 and columns <= 1:
            value = np.float32(inner[0, 0]) * step / np.float32(np.sqrt(h * w))
            value = min(max(value, -limit), limit)
            for i in range(h * scale):
                line = target[i]
                for j in range(w * scale):
                    line[j] = value
            continue
        down = table[starts[log_h] : starts[log_h + 1]].reshape((h, h * scale))
        across = table[starts[log_w] : starts[log_w + 1]].reshape((w, w * scale))
        half = np.zeros((rows, w * scale), np.float32)
        for k in range(rows):
            line = half[k]
            for m in range(columns):
                if inner[k, m] != 0:
                    c = np.float32(inner[k, m]) * step
                    wave = across[m]
                    for j in range(w * scale):
                        line[j] += c * wave[j]
        for i in range(h * scale):
            line = target[i]
            c = down[0, i]
            wave = half[0]
            for j in range(w * scale):
                line[j] = c * wave[j]
            for k in range(1, rows):
                c = down[k, i]
                wave = half[k]
                for j in range(w * scale):
                    line[j] += c * wave[j]
            for j in range(w * scale):
                line[j] = min(max(line[j], -limit), limit)
