"""The search among domains that lie over the block itself, whose addresses cost little.

An edge or a corner resembles itself at half the size about its own place, so the domains whose
centres are a few pixels from the block's are better than their number suggests, and a small
displacement takes few bits. The gain of a domain is compared after its bits are paid.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.pifs.code import HALF, MAX_SCALE_INDEX, SCALE_STEP

Float = NDArray[np.float32]

GRID = 2
"""Distance of the domains, in pixels."""

_FLAT = 0.01


def near_maps(
    ranges: Float, domains: Float, log2: int, reach: int, bit_price: float
) -> NDArray[np.int32]:
    """Return the best map of kind ``HALF`` for every block of side ``2 ** log2``.

    Args:
        ranges, domains: (H, W) planes of one shape.
        reach: largest distance of the centres in either direction, in pixels.
        bit_price: squared error that a bit is worth.
    Returns:
        (rows, columns, 5) int32 as ``PlaneCode.maps``, isometry and scale index 0; rows of zeros
        where no domain helps.
    """
    pooled = domains.copy()
    pooled[:-1, :-1] = (
        domains[:-1, :-1] + domains[:-1, 1:] + domains[1:, :-1] + domains[1:, 1:]
    ) / 4
    n = 1 << log2
    maps = np.zeros((ranges.shape[0] // n, ranges.shape[1] // n, 5), np.int32)
    offsets = np.arange(-(reach // GRID), reach // GRID + 1) * GRID
    bits = np.log2(1.0 + np.abs(offsets)).astype(np.float32) * np.float32(2 * bit_price)
    _search(ranges, pooled, n, offsets, bits, maps)
    return maps


@njit(cache=True, parallel=True, fastmath=True)
def _search(ranges, pooled, n, offsets, bits, maps):
    height, width = ranges.shape
    largest = np.float32(MAX_SCALE_INDEX * SCALE_STEP)
    for row in prange(maps.shape[0]):
        block = np.empty((n, n), np.float32)
        for column in range(maps.shape[1]):
            y, x = row * n, column * n
            block[:] = ranges[y : y + n, x : x + n]
            mean = block.mean()
            best = np.float32(0)
            for a in range(offsets.size):
                top = y - n // 2 + offsets[a]
                if top < 0 or top + 2 * n > height:
                    continue
                for b in range(offsets.size):
                    left = x - n // 2 + offsets[b]
                    if left < 0 or left + 2 * n > width:
                        continue
                    total = energy = product = np.float32(0)
                    for i in range(n):
                        for j in range(n):
                            value = pooled[top + 2 * i, left + 2 * j]
                            total += value
                            energy += value * value
                            product += value * (block[i, j] - mean)
                    energy -= total * total / np.float32(n * n)
                    if energy <= _FLAT * n * n:
                        continue
                    scale = min(max(product / energy, -largest), largest)
                    gain = scale * (2 * product - scale * energy) - bits[a] - bits[b]
                    if gain > best:
                        best = gain
                        maps[row, column, 0] = HALF
                        maps[row, column, 1] = top
                        maps[row, column, 2] = left
