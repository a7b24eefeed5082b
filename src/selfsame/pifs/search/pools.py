"""Pools of blocks for the search: all blocks of a grid, as their cosines sorted by parity.

The isometries act simply on the cosines of a block: a mirror image changes the sign of the odd
frequencies of its axis, the transposition exchanges rows and columns. Sorted into the four classes
of parity (even or odd, vertically and horizontally), four inner products of a quarter of the
length give the inner products with all four mirror images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2
from selfsame.pifs.search.blas import one_blas_thread
from selfsame.run.threads import run_shares

Plane = NDArray[np.float32]
"""Values centred on 0, in units of 1/255 of the value range."""

SIDES = tuple(2**log2 for log2 in range(MIN_LOG2, MAX_LOG2 + 1))

CLASSES = 4
"""Of parity of the two frequencies."""

FLAT = 0.01
"""A domain whose standard deviation is below this predicts nothing, and is never found."""

_SHARE_VALUES = 2**20
"""Pixels of the blocks that are transformed at once: 4 MiB."""


@dataclass(frozen=True)
class Pool:
    """The blocks of a grid.

    Attributes:
        y, x: int32, the rows (ny,) and columns (nx,) of the grid, in pixels of the plane.
        cosines: (4, n²/4, ny, nx) float32, the orthonormal DCT-II of every block after contraction
            and removal of the mean. The class is ``2 (row frequency odd) + (column frequency
            odd)``; within a class, rows by vertical frequency. Those of domains have norm 1, or 0
            if the domain is flat.
        norms: (ny, nx) float32, the norms of the blocks without their means.
    """

    y: NDArray[np.int32]
    x: NDArray[np.int32]
    cosines: NDArray[np.float32]
    norms: NDArray[np.float32]


def grid_size(shape: tuple[int, ...], side: int, step: int) -> tuple[int, int]:
    """Return in how many rows and columns squares of ``side`` fit, ``step`` apart, into a shape.

    Raises:
        InputError: ``step`` below 1.
    """
    if step < 1:
        raise InputError(f"the step of the domains must be at least 1: got {step}")
    rows, columns = (max(0, (length - side) // step + 1) for length in shape)
    return rows, columns


def domain_pool(
    plane: Plane, block: int, step: int, contraction: int, threads: int | None = None
) -> Pool:
    """Return all domains of a plane whose corner lies on the grid of ``step``.

    Args:
        plane: (H, W).
        block: side n of the ranges, one of ``SIDES``; a domain has ``n · contraction`` pixels.
        step: distance of the domains in pixels, at least 1.
        contraction: 1, 2 or 4.
    Returns:
        An empty pool where the plane is smaller than a domain.
    Raises:
        InputError: a block or step that is not allowed.
    """
    pool = _pool(plane, block, step, contraction, threads)
    flat = pool.norms <= FLAT * block
    np.multiply(pool.cosines, ~flat / np.where(flat, np.float32(1), pool.norms), out=pool.cosines)
    return pool


def range_pool(plane: Plane, block: int, threads: int | None = None) -> Pool:
    """Return the blocks that lie side by side and wholly within the plane, not normalised."""
    return _pool(plane, block, block, 1, threads)


def places(pool: Pool) -> NDArray[np.int32]:
    """Return the corners of a pool's blocks as rows y, x, in the order of its grid."""
    return np.stack(np.meshgrid(pool.y, pool.x, indexing="ij"), axis=-1).reshape(-1, 2)


def transposed(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines (4, n²/4, ...) of the transposed blocks."""
    half = round(cosines.shape[1] ** 0.5)
    square = cosines.reshape(4, half, half, *cosines.shape[2:])
    return np.swapaxes(square[[0, 2, 1, 3]], 1, 2).reshape(cosines.shape)


def _pool(plane: Plane, n: int, step: int, k: int, threads: int | None) -> Pool:
    if n not in SIDES:
        raise InputError(f"the side of a block must be one of {SIDES}: got {n}")
    y, x = (
        np.arange(count, dtype=np.int32) * step for count in grid_size(plane.shape, n * k, step)
    )
    cosines = np.empty((4, n * n // 4, y.size, x.size), np.float32)
    norms = np.empty((y.size, x.size), np.float32)
    if norms.size == 0:
        return Pool(y, x, cosines, norms)
    means = _box_means(plane, k)
    down, right = means.strides
    pixels = np.lib.stride_tricks.as_strided(
        means,
        (n, n, y.size, x.size),
        (k * down, k * right, step * down, step * right),
        writeable=False,
    )
    waves = _cosines(n)
    waves = np.concatenate([waves[::2], waves[1::2]])
    rows = max(1, _SHARE_VALUES // (x.size * n * n))

    def work(first: int) -> None:
        part = slice(first, first + rows)
        out = cosines[:, :, part]
        _transform(pixels[:, :, part], waves, out)
        norms[part] = np.sqrt(np.einsum("ckyx,ckyx->yx", out, out))

    with one_blas_thread():
        run_shares(work, range(0, y.size, rows), threads)
    return Pool(y, x, cosines, norms)


def _cosines(n: int) -> NDArray[np.float32]:
    """Return the cosines of the orthonormal DCT-II, one a row, at the n pixels of a side."""
    k, u = np.ogrid[:n, :n]
    waves = np.cos(np.pi * (2 * u + 1) * k / (2 * n))
    return np.asarray(np.sqrt(np.where(k == 0, 1, 2) / n) * waves, np.float32)


def _transform(pixels: Plane, waves: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write the cosines of the blocks whose pixels are (n, n, ...) to ``out`` (4, n²/4, ...)."""
    n = len(waves)
    down = (waves @ pixels.reshape(n, -1)).reshape(2, n // 2, n, -1)
    target = out.reshape(2, 2, n // 2, n // 2, -1)
    assert np.shares_memory(target, out)
    for odd in range(2):
        np.matmul(waves[odd * n // 2 : (odd + 1) * n // 2], down, out=target[:, odd])
    target[0, 0, 0, 0] = 0


def _box_means(plane: Plane, k: int) -> Plane:
    """Return the mean of the k × k pixels from every pixel on."""
    height, width = plane.shape[0] - k + 1, plane.shape[1] - k + 1
    rows = np.array(plane[:, :width], np.float32)
    for i in range(1, k):
        rows += plane[:, i : width + i]
    means = rows[:height].copy()
    for i in range(1, k):
        means += rows[i : height + i]
    means *= np.float32(1 / (k * k))
    return means
