"""The attractor of a plane: ``x = S x + b`` by repeated application, starting from ``b``."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH, pool_row, put_row
from selfsame.pifs.code import CONTRACTION, LUMA, NO_MAP, SCALE_STEP, PlaneCode
from selfsame.pifs.transform import LIMIT, inverse_dct

Plane = NDArray[np.float32]
"""Values centred on 0, in units of 1/255 of the value range."""

_SHARES = 32
"""Parts of about equal work into which the blocks are dealt; the values do not depend on it."""


def reconstruct_plane(
    plane: PlaneCode,
    iterations: int,
    scale: int = 1,
    luma: Plane | None = None,
    start: Plane | None = None,
    chosen: NDArray[np.intp] | None = None,
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
        chosen: indices of the only blocks to compute; elsewhere the result means nothing.
    Returns:
        (padded height * scale, padded width * scale).
    """
    b = inverse_dct(plane, scale, chosen)
    x = b if start is None else start
    if iterations <= 0:
        return x
    indices, bounds = _work(plane, chosen)
    if start is None and indices.size == 0:
        return b
    feedback = np.any((plane.maps[indices, 0] != NO_MAP) & (plane.maps[indices, 0] != LUMA))
    rounds = iterations if feedback else 1
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
    indices = np.flatnonzero(maps[:, 0] != NO_MAP)
    out = b.copy()
    bounds = _bounds(blocks, maps, indices)
    _apply(x, b, out, blocks, maps, indices, bounds, scale, *_drawn(luma, b))
    return out


def _drawn(luma: Plane | None, b: Plane) -> tuple[Plane, int]:
    """Return luma and by how much it must be averaged to the resolution of ``b``."""
    if luma is None:
        return np.zeros((0, 0), np.float32), 1
    ratio = luma.shape[1] // b.shape[1]
    assert ratio in (1, 2), ratio
    assert luma.shape == (b.shape[0] * ratio, b.shape[1] * ratio), (luma.shape, b.shape)
    return luma, ratio


def _work(
    plane: PlaneCode, chosen: NDArray[np.intp] | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the blocks with a map and the bounds of the shares in which they are dealt."""
    mapped = plane.maps[:, 0] != NO_MAP
    indices = np.flatnonzero(mapped) if chosen is None else chosen[mapped[chosen]]
    return indices, _bounds(plane.blocks, plane.maps, indices)


def _bounds(
    blocks: NDArray[np.int32], maps: NDArray[np.int32], indices: NDArray[np.intp]
) -> NDArray[np.intp]:
    area = 1 << (2 * blocks[indices, 2].astype(np.int64))
    side = np.asarray(CONTRACTION)[maps[indices, 0]]
    cost = np.cumsum(area * (1 + side * side))
    total = cost[-1] if cost.size else 0
    inner = np.searchsorted(cost, total * np.arange(1, _SHARES) / _SHARES)
    return np.concatenate([[0], inner, [indices.size]])


@njit(cache=True, parallel=True)
def _apply(x, b, out, blocks, maps, indices, bounds, scale, luma, luma_ratio):  # type: ignore[no-untyped-def]
    for share in prange(bounds.size - 1):
        for index in indices[bounds[share] : bounds[share + 1]]:
            _apply_block(x, b, out, blocks[index], maps[index], scale, luma, luma_ratio)


@njit(cache=True, fastmath=FASTMATH)
def _apply_block(x, b, out, block, row, scale, luma, luma_ratio):  # type: ignore[no-untyped-def]
    kind, domain_y, domain_x, isometry, scale_index = row
    y, left, n = block[0] * scale, block[1] * scale, (1 << block[2]) * scale
    if kind == LUMA:
        mean = _place(
            luma, y * luma_ratio, left * luma_ratio, luma_ratio, isometry, out, y, left, n
        )
    else:
        k = CONTRACTION[kind]
        mean = _place(x, domain_y * scale, domain_x * scale, k, isometry, out, y, left, n)
    s = np.float32(scale_index * SCALE_STEP)
    limit = np.float32(LIMIT)
    for i in range(y, y + n):
        line = out[i, left : left + n]
        base = b[i, left : left + n]
        for j in range(n):
            line[j] = min(max(s * (line[j] - mean) + base[j], -limit), limit)


@njit(cache=True, fastmath=FASTMATH)
def _place(source, domain_y, domain_x, k, isometry, out, y, left, n):  # type: ignore[no-untyped-def]
    """Write the contracted, transformed domain to the block of ``out``; return its mean."""
    row = np.empty(n, np.float32)
    total = np.float64(0)
    for u in range(n):
        pool_row(source, domain_y + k * u, domain_x, k, row)
        part = np.float32(0)
        for j in range(n):
            part += row[j]
        total += part
        put_row(out, y, left, n, isometry, u, row)
    return np.float32(total / (n * n))
