"""Whether a block map contracts, and how many applications its attractor needs.

Let ``E_R`` be the energy (squared norm) of the difference of two pictures within block ``R``. One
application of the maps gives at most ``E_R' = s² / k² · sum of E_Q`` over the blocks ``Q`` that
the domain of ``R`` meets, as the average over ``k × k`` pixels has norm ``1 / k`` and the removal
of the mean is a projection. The spectral radius of this non-negative matrix ``T`` bounds the square
of that of ``S``, and by Collatz and Wielandt ``max (T v)_R / v_R`` bounds it for any positive
``v``. So a map is proved to contract even where some ``|s|`` exceed 1.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.pifs.code import (
    CONTRACTION,
    LUMA,
    MAX_ITERATIONS,
    MIN_LOG2,
    NO_MAP,
    SCALE_STEP,
    PlaneCode,
)
from selfsame.pifs.decoding.attractor import apply_maps
from selfsame.pifs.decoding.region import cell_owners
from selfsame.pifs.decoding.transform import inverse_dct

BOUND = 0.9
"""Largest bound on the square of the spectral radius that the encoder leaves."""

SETTLED = 0.25
"""Largest change of a pixel, in units of 1/255, in the last application."""

_POWERS = 12
_CONTRACTION = np.array(CONTRACTION, np.float64)


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
    fed_back = _feeds_back(result)
    while fed_back.any():
        bounds = contraction_bounds(blocks, result, shape)
        too_large = fed_back & (bounds > BOUND)
        if not too_large.any():
            break
        scale = result[too_large, 4]
        result[too_large, 4] = scale - np.sign(scale)
        result[result[:, 4] == 0] = 0
        fed_back = _feeds_back(result)
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
        if change <= SETTLED or not _feeds_back(plane.maps).any():
            return x, count
    return x, MAX_ITERATIONS


def _feeds_back(maps: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which maps draw from their own plane."""
    result: NDArray[np.bool_] = (maps[:, 0] != NO_MAP) & (maps[:, 0] != LUMA)
    return result


@njit(cache=True)
def _energy(blocks, maps, owner, v):
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
