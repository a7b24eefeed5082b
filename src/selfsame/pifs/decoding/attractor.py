"""The attractor of a plane: ``x = S x + b`` by repeated application, starting from ``b``.

Does it exist? Let ``E_R`` be the energy (squared norm) of the difference of two pictures within
block ``R``. One application of the maps gives at most ``E_R' = s² / k² · sum of E_Q`` over the
blocks ``Q`` that the domain of ``R`` meets, as the average over ``k × k`` pixels has norm ``1 / k``
and the removal of the mean is a projection. The spectral radius of this non-negative matrix ``T``
bounds the square of that of ``S``, and by Collatz and Wielandt ``max (T v)_R / v_R`` bounds it for
any positive ``v``. So a map is proved to contract even where some ``|s|`` exceed 1.
"""

from collections.abc import Callable

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH, pool_row, put_row
from selfsame.errors import InputError
from selfsame.pifs.code import (
    CONTRACTION,
    LUMA,
    MAX_ITERATIONS,
    MAX_LOG2,
    MIN_LOG2,
    NO_MAP,
    SCALE_STEP,
    PlaneCode,
)
from selfsame.pifs.decoding.region import cell_owners
from selfsame.pifs.decoding.transform import LIMIT, inverse_dct

Plane = NDArray[np.float32]
"""Values centred on 0, in units of 1/255 of the value range."""

_SHARES = 32
"""Parts into which the work is cut for the threads; the values do not depend on it."""

_SHARE_SAMPLES = 1 << 16
"""Samples that a part reads and writes, or more: some 50 microseconds. Handing a part to another
thread costs as much."""

BOUND = 0.9
"""Largest bound on the square of the spectral radius that the encoder leaves."""

SETTLED = 0.25
"""Largest change of a pixel, in units of 1/255, in the last application."""

_POWERS = 12
_CONTRACTION = np.array(CONTRACTION, np.float64)


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
    Raises:
        InputError: a map draws from luma, and there is none.
    """
    b = inverse_dct(plane, scale)
    x = b if start is None else start
    if iterations <= 0:
        return x
    kinds = plane.maps[:, 0]
    if start is None and not np.any(kinds != NO_MAP):
        return b
    rounds = iterations if feeds_back(plane.maps).any() else 1
    apply = _application(b, plane.blocks, plane.maps, scale, luma)
    # Blocks without a map keep the values of b in both buffers, which are used in turn.
    buffers = [b.copy() for _ in range(min(rounds, 2))]
    for i in range(rounds):
        apply(x, buffers[i % 2])
        x = buffers[i % 2]
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
    _application(b, blocks, maps, scale, luma)(x, out)
    return out


def _application(
    b: Plane,
    blocks: NDArray[np.int32],
    maps: NDArray[np.int32],
    scale: int,
    luma: Plane | None,
) -> Callable[[Plane, Plane], None]:
    """Return the function of ``x`` and ``out`` that fills the blocks of ``out`` with a map."""
    indices = np.flatnonzero(maps[:, 0] != NO_MAP)
    ratio = 1
    if luma is None:
        if np.any(maps[:, 0] == LUMA):
            raise InputError("a map draws from luma, and there is none")
        luma = np.zeros((0, 0), np.float32)
    else:
        ratio = luma.shape[1] // b.shape[1]
        assert ratio in (1, 2), ratio
        assert luma.shape == (b.shape[0] * ratio, b.shape[1] * ratio), (luma.shape, b.shape)
    area = (scale * scale) << (2 * blocks[indices, 2].astype(np.int64))
    side = np.asarray(CONTRACTION)[maps[indices, 0]]
    work = np.cumsum(area * (1 + side * side))
    total = int(work[-1]) if work.size else 0
    shares = min(max(1, total // _SHARE_SAMPLES), _SHARES)
    inner = np.searchsorted(work, total * np.arange(1, shares) / shares)
    bounds = np.concatenate([[0], inner, [indices.size]])
    run = _apply_shares if shares > 1 else _apply_share

    def apply(x: Plane, out: Plane) -> None:
        run(x, b, out, blocks, maps, indices, bounds, scale, luma, ratio)

    return apply


def contraction_bounds(
    blocks: NDArray[np.int32], maps: NDArray[np.int32], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return, per block, ``(T v) / v`` for a ``v`` near the leading eigenvector of ``T``.

    The largest bounds the squared spectral radius of ``S``.

    Args:
        blocks, maps: as in ``PlaneCode``.
        shape: of the padded plane.
    """
    owner = cell_owners(blocks, shape)
    v = np.ones(len(blocks))
    ratio = v
    for _ in range(_POWERS):
        image = _energy(blocks, maps, owner, v)
        ratio = image / v
        # Blocks that nothing feeds back into keep a small positive share.
        v = np.maximum(image, 1e-6 * max(float(image.max(initial=0)), 1e-300))
    return ratio


def contractive_maps(
    blocks: NDArray[np.int32], maps: NDArray[np.int32], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return the maps with scales lowered where they must be for a proof of contraction."""
    result = maps.copy()
    fed_back = feeds_back(result)
    while fed_back.any():
        bounds = contraction_bounds(blocks, result, shape)
        too_large = fed_back & (bounds > BOUND)
        if not too_large.any():
            break
        scale = result[too_large, 4]
        result[too_large, 4] = scale - np.sign(scale)
        result[result[:, 4] == 0] = 0
        fed_back = feeds_back(result)
    return result


def settled(plane: PlaneCode, luma: NDArray[np.float32] | None) -> tuple[NDArray[np.float32], int]:
    """Return the attractor of a plane, and the number of applications that it took from ``b``.

    It has settled when no pixel changes by more than ``SETTLED``.
    """
    b = inverse_dct(plane)
    if not (plane.maps[:, 0] != NO_MAP).any():
        return b, 0
    x = b
    for count in range(1, MAX_ITERATIONS + 1):
        y = apply_maps(x, b, plane.blocks, plane.maps, 1, luma)
        change = float(np.abs(y - x).max())
        x = y
        if change <= SETTLED or not feeds_back(plane.maps).any():
            return x, count
    return x, MAX_ITERATIONS


def feeds_back(maps: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which maps draw from their own plane."""
    result: NDArray[np.bool_] = (maps[:, 0] != NO_MAP) & (maps[:, 0] != LUMA)
    return result


@njit(cache=True, parallel=True)
def _apply_shares(x, b, out, blocks, maps, indices, bounds, scale, luma, luma_ratio):  # type: ignore[no-untyped-def]
    for share in prange(bounds.size - 1):
        part = bounds[share : share + 2]
        _apply_share(x, b, out, blocks, maps, indices, part, scale, luma, luma_ratio)


@njit(cache=True)
def _apply_share(x, b, out, blocks, maps, indices, bounds, scale, luma, luma_ratio):  # type: ignore[no-untyped-def]
    s_step = np.float32(SCALE_STEP)
    row = np.empty(scale << MAX_LOG2, np.float32)
    for i in indices[bounds[0] : bounds[1]]:
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


@njit(cache=True)
def _energy(blocks, maps, owner, v):  # type: ignore[no-untyped-def]
    """Return ``T v``."""
    result = np.zeros(v.size)
    seen = np.full(v.size, -1, np.int64)
    for n in range(v.size):
        kind = maps[n, 0]
        if kind in (NO_MAP, LUMA):
            continue
        side = int(_CONTRACTION[kind]) << blocks[n, 2]
        total = 0.0
        for y in range(maps[n, 1] >> MIN_LOG2, (maps[n, 1] + side - 1 >> MIN_LOG2) + 1):
            for x in range(maps[n, 2] >> MIN_LOG2, (maps[n, 2] + side - 1 >> MIN_LOG2) + 1):
                q = owner[y, x]
                if seen[q] != n:
                    seen[q] = n
                    total += v[q]
        scale = maps[n, 4] * SCALE_STEP / _CONTRACTION[kind]
        result[n] = scale * scale * total
    return result
