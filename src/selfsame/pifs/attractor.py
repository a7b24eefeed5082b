"""The attractor of a plane: ``x = S x + b`` by repeated application, starting from ``b``."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH, pool_row, put_row
from selfsame.pifs.code import CONTRACTION, LUMA, MAX_LOG2, NO_MAP, SCALE_STEP, PlaneCode
from selfsame.pifs.transform import LIMIT, inverse_dct

Plane = NDArray[np.float32]
"""Values centred on 0, in units of 1/255 of the value range."""

_SHARES = 32
"""Parts into which the work is cut for the threads; the values do not depend on it."""


def reconstruct_plane(
    plane: PlaneCode,
    iterations: int,
    scale: int = 1,
    luma: Plane | None = None,
    start: Plane | None = None,
) -> Plane:
    """Return a plane after ``iterations`` applications of its map, before any deblocking.

    A plane whose maps all draw from luma needs one application, one without maps none; no more
    are made, as they would change nothing.

    Args:
        plane: of the code.
        iterations: at least 0; with 0 the result is ``start``, or ``b``.
        scale: output pixels per pixel of the plane, in either direction.
        luma: the attractor of the luma plane, before deblocking, if a map draws from it: of the
            same shape as the result, or twice as large, when it is averaged 2:1.
        start: the first picture, of the shape of the result; by default ``b``.
    Returns:
        (padded height * scale, padded width * scale).
    """
    b = inverse_dct(plane, scale)
    x = b if start is None else start
    if iterations <= 0:
        return x
    kinds = plane.maps[:, 0]
    if start is None and not np.any(kinds != NO_MAP):
        return b
    rounds = iterations if np.any((kinds != NO_MAP) & (kinds != LUMA)) else 1
    indices, bounds = _shares(plane.blocks, plane.maps)
    # Blocks without a map keep the values of b in both buffers, which are used in turn.
    buffers = [b.copy() for _ in range(min(rounds, 2))]
    for i in range(rounds):
        out = buffers[i % 2]
        _apply(x, b, out, plane.blocks, plane.maps, indices, bounds, scale, *_drawn(luma, b))
        x = out
    return x


def apply_maps(
    x: Plane,
    b: Plane,
    blocks: NDArray[np.int32],
    maps: NDArray[np.int32],
    scale: int = 1,
    luma: Plane | None = None,
) -> Plane:
    """Return ``S x + b``, a new array.

    Args:
        x, b: C-contiguous float32, (padded height * scale, padded width * scale).
        blocks, maps, luma: as in ``PlaneCode`` and ``reconstruct_plane``.
    """
    out = b.copy()
    _apply(x, b, out, blocks, maps, *_shares(blocks, maps), scale, *_drawn(luma, b))
    return out


def _drawn(luma: Plane | None, b: Plane) -> tuple[Plane, int]:
    """Return luma and by how much it must be averaged to the resolution of ``b``."""
    if luma is None:
        return np.zeros((0, 0), np.float32), 1
    ratio = luma.shape[1] // b.shape[1]
    assert ratio in (1, 2), ratio
    assert luma.shape == (b.shape[0] * ratio, b.shape[1] * ratio), (luma.shape, b.shape)
    return luma, ratio


def _shares(
    blocks: NDArray[np.int32], maps: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the blocks with a map, and the bounds of parts of them of about equal work."""
    indices = np.flatnonzero(maps[:, 0] != NO_MAP)
    area = 1 << (2 * blocks[indices, 2].astype(np.int64))
    side = np.asarray(CONTRACTION)[maps[indices, 0]]
    cost = np.cumsum(area * (1 + side * side))
    total = cost[-1] if cost.size else 0
    inner = np.searchsorted(cost, total * np.arange(1, _SHARES) / _SHARES)
    return indices, np.concatenate([[0], inner, [indices.size]])


@njit(cache=True, parallel=True)
def _apply(x, b, out, blocks, maps, indices, bounds, scale, luma, luma_ratio):  # type: ignore[no-untyped-def]
    s_step, largest = np.float32(SCALE_STEP), scale << MAX_LOG2
    for share in prange(bounds.size - 1):
        row = np.empty(largest, np.float32)
        for place in range(bounds[share], bounds[share + 1]):
            i = indices[place]
            y, left, n = blocks[i, 0] * scale, blocks[i, 1] * scale, scale << blocks[i, 2]
            kind, isometry, s = maps[i, 0], maps[i, 3], np.float32(maps[i, 4]) * s_step
            if kind == LUMA:
                k, top, side = luma_ratio, y * luma_ratio, left * luma_ratio
                _apply_any(luma, top, side, k, isometry, s, b, out, y, left, n, row)
                continue
            k, top, side = CONTRACTION[kind], maps[i, 1] * scale, maps[i, 2] * scale
            if n == 4:
                _apply_4(x, top, side, k, isometry, s, b, out, y, left, row)
            elif n == 8:
                _apply_8(x, top, side, k, isometry, s, b, out, y, left, row)
            else:
                _apply_any(x, top, side, k, isometry, s, b, out, y, left, n, row)


@njit(cache=True, fastmath=FASTMATH, inline="always")
def _apply_block(source, top, side, k, isometry, s, b, out, y, left, n, row):  # type: ignore[no-untyped-def]
    """Write ``s Z(T(P(domain))) + b`` to the n × n block of ``out`` at y, left.

    The domain of side k n begins at row ``top``, column ``side`` of ``source``; ``row`` is scratch.
    """
    total = np.float64(0)
    for u in range(n):
        total += pool_row(source, top + k * u, side, k, n, row)
        put_row(row, u, isometry, out, y, left, n)
    mean = np.float32(total / (n * n))
    limit = np.float32(LIMIT)
    y, left = np.uint64(y), np.uint64(left)
    for i in range(np.uint64(n)):
        for j in range(np.uint64(n)):
            value = s * (out[y + i, left + j] - mean) + b[y + i, left + j]
            out[y + i, left + j] = min(max(value, -limit), limit)


@njit(cache=True, fastmath=FASTMATH)
def _apply_any(source, top, side, k, isometry, s, b, out, y, left, n, row):  # type: ignore[no-untyped-def]
    _apply_block(source, top, side, k, isometry, s, b, out, y, left, n, row)


# Small blocks are the many; with a literal side their loops are unrolled: twice as fast.
@njit(cache=True, fastmath=FASTMATH)
def _apply_4(source, top, side, k, isometry, s, b, out, y, left, row):  # type: ignore[no-untyped-def]
    _apply_block(source, top, side, k, isometry, s, b, out, y, left, 4, row)


@njit(cache=True, fastmath=FASTMATH)
def _apply_8(source, top, side, k, isometry, s, b, out, y, left, row):  # type: ignore[no-untyped-def]
    _apply_block(source, top, side, k, isometry, s, b, out, y, left, 8, row)
