"""The weights of a range: their contexts and their coding."""

import numpy as np
from numba import njit

from selfsame.bitstream.numbers import code_number, code_tail
from selfsame.bitstream.range_coder import (
    code_adaptive,
    code_mixed,
    code_mixed_inline,
    code_plain,
)
from selfsame.collage import contexts as c
from selfsame.collage.biases import gradient_class, spread_class

_BASES = tuple(int(base) for base in c.WEIGHT_BASES)
_ENERGY_CAP = 15


@njit(cache=True)
def measure_biases(biases, row, column, gradients):
    """Set the differences of the biases around a range that foretell its first atoms; return how
    rough they are."""
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
def _code_last(coder, decoding, plane, first, second, index, rate, row, column, rough, last):
    """Code how far the weights of a range reach; 0 says that all are zero."""
    lasts = plane.lasts
    atoms = plane.energy.shape[2]
    left = np.int64(lasts[row, column - 1]) if column > 0 else 0
    above = np.int64(lasts[row - 1, column]) if row > 0 else left
    if column == 0:
        left = above
    corner = np.int64(lasts[row - 1, column - 1]) if row > 0 and column > 0 else left
    further = above
    if row > 0 and column + 1 < lasts.shape[1]:
        further = np.int64(lasts[row - 1, column + 1])
    near = np.int64(c.POSITION_CLASS[(2 * (left + above) + corner + further) // 6])
    chroma = min(index, 1)
    in_first, in_second = further, corner
    if index > 0:
        in_first, in_second = first.lasts[row, column], second.lasts[row, column]
    contexts = coder.contexts
    contexts[0] = c.LAST_NEAR + (chroma * c.POSITIONS + near) * c.LENGTHS
    sides = (chroma * 8 + _length(left)) * 8 + _length(above)
    contexts[1] = c.LAST_SIDES + sides * c.LENGTHS
    contexts[2] = c.LAST_RATE + (index * c.RATES + rate) * c.LENGTHS
    coarse = min(near >> 2, c.COARSE - 1)
    spread = (chroma * c.SPREADS + rough) * c.COARSE + coarse
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
    return min(read, atoms)  # only a damaged stream says more


@njit(cache=True)
def _length(value):
    """Return the bit length of a number, at most 7."""
    length = 0
    while value > 0 and length < 7:
        length += 1
        value >>= 1
    return length


@njit(cache=True)
def code_weights(
    coder, decoding, plane, first, second, index, rate, row, column, magnitudes, gradients
):
    """Code the weights of the atoms of one range.

    Args:
        magnitudes: (MAX_ATOMS + 1,) int64 zeros; zeros again on return.
        gradients: (SLOPED,) int64, for use here.
        others: as in ``biases.code_biases``.
    """
    weights = plane.weights[row, column]
    energy = plane.energy
    atoms = energy.shape[2]
    columns = energy.shape[1]
    chroma = min(index, 1)
    contexts = coder.contexts
    rough = spread_class(measure_biases(plane.biases, row, column, gradients))
    last = 0
    if not decoding:
        for i in range(atoms - 1, -1, -1):
            if weights[i] != 0:
                last = i + 1
                break
    last = _code_last(coder, decoding, plane, first, second, index, rate, row, column, rough, last)
    plane.lasts[row, column] = last
    has_left, has_above = column > 0, row > 0
    has_corner, has_further = has_left and has_above, has_above and column + 1 < columns
    history = 0
    nonzero = 0
    agreement = 0
    if index > 0:
        agreement += np.int64(plane.agreement[row, column - 1]) if has_left else 0
        agreement += np.int64(plane.agreement[row - 1, column]) if has_above else 0
    agreed = 0
    for i in range(last - 1, -1, -1):
        # What is known around this weight: in the picture ...
        left = np.int64(energy[row, column - 1, i]) if has_left else 0
        above = np.int64(energy[row - 1, column, i]) if has_above else left
        if not has_left:
            left = above
        corner = np.int64(energy[row - 1, column - 1, i]) if has_corner else left
        further = np.int64(energy[row - 1, column + 1, i]) if has_further else above
        around = (2 * (left + above) + corner + further) >> 2
        energy_class = np.int64(c.ENERGY_CLASS[min(around, c.ENERGY_LIMIT - 1)])
        # ... in frequency ...
        right, below = magnitudes[c.RIGHT[i]], magnitudes[c.BELOW[i]]
        across = magnitudes[c.ACROSS[i]]
        right2, below2 = magnitudes[c.RIGHT2[i]], magnitudes[c.BELOW2[i]]
        template = (2 * (right + below) + across + right2 + below2 + 1) >> 1
        template_class = np.int64(c.TEMPLATE_CLASS[min(template, c.TEMPLATE_LIMIT - 1)])
        coarse = np.int64(c.COARSE_CLASS[min(around + 2 * template, c.COARSE_LIMIT - 1)])
        position = np.int64(c.POSITION_CLASS[i])
        shape = min(right, 2) * 3 + min(below, 2)
        shape = (shape * 3 + min(across, 2)) * 3 + min(right2, 2)
        shape = shape * 3 + min(below2, 2)
        # ... and in the other planes.
        in_first = in_second = np.int64(0)
        if index > 0 and i < first.energy.shape[2]:
            in_first = np.int64(first.weights[row, column, i])
        if index > 1 and i < second.energy.shape[2]:
            in_second = np.int64(second.weights[row, column, i])
        contexts[0] = _BASES[0] + (chroma * c.TEMPLATES + template_class) * c.ENERGIES
        contexts[0] += energy_class
        contexts[1] = _BASES[1] + (index * c.MAX_ATOMS + i) * c.COARSE + coarse
        contexts[2] = _BASES[2] + (chroma * 243 + shape) * c.COARSE + min(energy_class >> 1, 5)
        popular = _ones(history)
        contexts[3] = _BASES[3] + ((chroma * c.POSITIONS + position) * 9 + popular) * c.COARSE
        contexts[3] += coarse
        sides = (chroma * 3 + min(left >> 2, 2)) * 3 + min(above >> 2, 2)
        sides = (sides * 3 + min((corner + further) >> 2, 2)) * 3 + min(right + below, 2)
        contexts[4] = _BASES[4] + sides * 4 + min(nonzero, 3)
        narrow = min(template_class >> 1, 3)
        if index == 0:
            beside = energy_class * c.SPREADS + rough
        else:
            beside = _class_in(first, row, column, i) * c.SPREADS
            beside += energy_class if index == 1 else _class_in(second, row, column, i)
        contexts[5] = _BASES[5] + (chroma * c.ENERGIES * c.SPREADS + beside) * 4 + narrow
        contexts[6] = _BASES[6] + ((chroma * c.RATES + rate) * c.POSITIONS + position) * c.COARSE
        contexts[6] += coarse
        slope = np.int64(c.SLOPE_OF[i])
        if slope < c.SLOPED:
            steep = spread_class(abs(gradients[slope]))
        else:
            steep = min(abs(in_first), 3) * 4 + min(abs(in_second), 3)
        contexts[7] = _BASES[7] + ((index * (c.SLOPED + 1) + slope) * c.SPREADS + steep) * c.COARSE
        contexts[7] += coarse
        weight = np.int64(weights[i])
        wanted = abs(weight)
        magnitude = 0
        octave = 0 if i < 3 else 1 if i < 15 else 2 if i < 64 else 3
        if i == last - 1:
            magnitude = 1
            _next_step(coder)
        while magnitude < c.MAX_UNARY:
            step = min(magnitude, c.STEPS - 1)
            weight_set = c.WEIGHT_SET + (step * c.PLANES + index) * 4 + octave
            if not code_mixed_inline(
                coder,
                decoding,
                np.int64(wanted > magnitude),
                c.WEIGHT_INPUTS,
                weight_set,
                c.WEIGHTS,
            ):
                break
            magnitude += 1
            if magnitude < c.STEPS:
                _next_step(coder)
        if magnitude == c.MAX_UNARY:
            magnitude += code_tail(
                coder,
                decoding,
                wanted - c.MAX_UNARY,
                c.WEIGHT_TAIL + chroma * c.LENGTHS,
                c.WEIGHTS,
            )
        history = (history << 1 | (magnitude > 0)) & 255
        if magnitude == 0:
            weights[i] = 0
            continue
        nonzero += 1
        lean = 0
        if index > 0:
            lean = in_second if index > 1 and in_second != 0 else in_first
        west = np.int64(plane.weights[row, column - 1, i]) if has_left else 0
        north = np.int64(plane.weights[row - 1, column, i]) if has_above else 0
        gradient = gradient_class(gradients[slope]) if slope < c.SLOPED else 0
        negative = _code_sign(
            coder,
            decoding,
            np.int64(weight < 0),
            index,
            i,
            _sign(west) * 3 + _sign(north),
            slope * c.GRADIENTS + gradient,
            _sign(lean) * 5 + min(max(agreement + agreed, -2), 2) + 2,
        )
        weights[i] = -magnitude if negative else magnitude
        magnitudes[i] = magnitude
        if lean != 0:
            agreed += 1 if (lean < 0) == (negative != 0) else -1
        capped = min(magnitude, _ENERGY_CAP)
        energy[row, column, i] += 4 * capped
        for place in (c.RIGHT[i], c.BELOW[i], c.LEFT[i], c.ABOVE[i]):
            if place < atoms:
                energy[row, column, place] += 2 * capped
    if index > 0:
        plane.agreement[row, column] = min(max(agreed, -2), 2)
    for i in range(last):
        magnitudes[i] = 0


@njit(cache=True, inline="always")
def _next_step(coder):
    """Move from the slots of one decision on a weight to those of the next."""
    for i in range(c.WEIGHT_INPUTS):
        coder.contexts[i] += c.WEIGHT_STRIDES[i]


@njit(cache=True, inline="always")
def _ones(history):
    """Return the number of ones among eight bits."""
    history = (history & 0x55) + (history >> 1 & 0x55)
    history = (history & 0x33) + (history >> 2 & 0x33)
    return (history & 0x0F) + (history >> 4)


@njit(cache=True, inline="always")
def _class_in(other, row, column, i):
    """Return the class of the energy that another plane has at this frequency and place."""
    if i >= other.energy.shape[2]:
        return np.int64(0)
    return np.int64(c.ENERGY_CLASS[2 * np.int64(other.energy[row, column, i])])


@njit(cache=True, inline="always")
def _sign(value):
    """Return 0 for zero, 1 for positive, 2 for negative numbers."""
    return 1 if value > 0 else 2 if value < 0 else 0


@njit(cache=True)
def _code_sign(coder, decoding, negative, index, i, sides, slope, other):
    """Code a sign, predicted by those of the same atom to the left, above and in other planes."""
    if i >= c.SIGNED:
        if index == 0:
            return code_plain(coder, decoding, negative, c.SIGNS)
        slot = c.SIGN_OTHER + index * 15 + other
        return code_adaptive(coder, decoding, negative, slot, c.SIGNS)
    contexts = coder.contexts
    contexts[0] = c.SIGN_SIDES + (index * c.SIGNED + i) * 9 + sides
    contexts[1] = c.SIGN_SLOPE + index * (c.SLOPED + 1) * c.GRADIENTS + slope
    contexts[2] = c.SIGN_OTHER + index * 15 + other
    kind = np.int64(c.KIND[i])
    return code_mixed(
        coder, decoding, negative, c.SIGN_INPUTS, c.SIGN_SET + index * 3 + kind, c.SIGNS
    )


@njit(cache=True)
def code_domains(coder, decoding, plane, index, row, column):
    """Code the weights of the domains of one range, nearly always zeros."""
    domains = plane.domains[row, column]
    count = domains.shape[0]
    if count == 0:
        return
    chroma = min(index, 1)
    some = False
    for k in range(count):
        some |= domains[k] != 0
    near = np.int64(plane.mixed[row, column - 1]) if column > 0 else 0
    near += np.int64(plane.mixed[row - 1, column]) if row > 0 else 0
    some = code_adaptive(
        coder, decoding, np.int64(some), c.DOMAIN_ANY + chroma * 3 + near, c.DOMAINS
    )
    plane.mixed[row, column] = some
    if not some:
        return
    for k in range(count):
        weight = np.int64(domains[k])
        coder.contexts[0] = c.DOMAIN_SIZE + chroma * c.LENGTHS
        size = code_number(
            coder,
            decoding,
            abs(weight),
            1,
            0,
            c.DOMAIN_BITS + chroma * c.LENGTHS * 8,
            c.DOMAIN_LOW + chroma * c.LENGTHS,
            c.DOMAINS,
        )
        if size > 0 and code_adaptive(
            coder, decoding, np.int64(weight < 0), c.DOMAIN_SIGN + chroma, c.DOMAINS
        ):
            size = -size
        domains[k] = size
