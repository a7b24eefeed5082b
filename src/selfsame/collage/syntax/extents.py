"""How far the weights of a range reach, and what the biases around it foretell."""

import numpy as np
from numba import njit

from selfsame.coding.numbers import code_number
from selfsame.collage.syntax import contexts as c


@njit(cache=True)
def measure_biases(biases, row, column, gradients):
    """Set the differences of the biases around a range that foretell its first atoms (those of
    ``contexts.SLOPE_OF``); return how rough the biases are."""
    rows, columns = biases.shape
    up, down = max(row - 1, 0), min(row + 1, rows - 1)
    left, right = max(column - 1, 0), min(column + 1, columns - 1)
    here = np.int64(biases[row, column])
    west, east = np.int64(biases[row, left]), np.int64(biases[row, right])
    north, south = np.int64(biases[up, column]), np.int64(biases[down, column])
    gradients[0] = east - west
    gradients[1] = south - north
    gradients[2] = np.int64(biases[down, right]) + np.int64(biases[up, left])
    gradients[2] -= np.int64(biases[down, left]) + np.int64(biases[up, right])
    gradients[3] = west + east - 2 * here
    gradients[4] = north + south - 2 * here
    return abs(here - west) + abs(here - east) + abs(here - north) + abs(here - south)


@njit(cache=True)
def code_extent(coder, decoding, plane, first, second, index, rate, row, column, rough, last):
    """Code 1 + the index of the last weight that is not zero, 0 if all are; return it.

    Args:
        rough: class of the roughness of the biases.
        others: as in ``biases.code_biases``.
    """
    lasts = plane.lasts
    left = np.int64(lasts[row, column - 1]) if column > 0 else 0
    above = np.int64(lasts[row - 1, column]) if row > 0 else left
    if column == 0:
        left = above
    corner = np.int64(lasts[row - 1, column - 1]) if row > 0 and column > 0 else left
    further = above
    if row > 0 and column + 1 < lasts.shape[1]:
        further = np.int64(lasts[row - 1, column + 1])
    near = np.int64(c.POSITION_CLASS[(2 * (left + above) + corner + further) // 6])
    octave = min(near >> 2, c.OCTAVES - 1)
    chroma = min(index, 1)
    in_first, in_second = further, corner
    if index > 0:
        in_first, in_second = (
            np.int64(first.lasts[row, column]),
            np.int64(second.lasts[row, column]),
        )
    contexts = coder.contexts
    contexts[0] = c.LAST_NEAR + (chroma * c.POSITIONS + near) * c.LENGTHS
    sides = (chroma * 8 + _length(left)) * 8 + _length(above)
    contexts[1] = c.LAST_SIDES + sides * c.LENGTHS
    contexts[2] = c.LAST_RATE + (index * c.RATES + rate) * c.LENGTHS
    spread = (chroma * c.SPREADS + rough) * c.OCTAVES + octave
    contexts[3] = c.LAST_SPREAD + spread * c.LENGTHS
    others = chroma * c.POSITIONS + np.int64(c.POSITION_CLASS[in_first])
    others = others * c.POSITIONS + np.int64(c.POSITION_CLASS[in_second])
    contexts[4] = c.LAST_OTHER + others * c.LENGTHS
    read = code_number(
        coder,
        decoding,
        last,
        c.LAST_INPUTS,
        c.LAST_SET + index,
        c.LAST_BITS + chroma * c.LENGTHS * 8,
        c.LAST_LOW + chroma * c.LENGTHS,
        c.EXTENTS,
    )
    return min(read, plane.energy.shape[2])  # only a damaged stream says more


@njit(cache=True)
def _length(value):
    """Return the bit length of a number, at most 7."""
    length = 0
    while value > 0 and length < 7:
        length += 1
        value >>= 1
    return length
