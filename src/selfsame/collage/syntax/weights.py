"""The weights of the atoms of a range: their contexts and their coding."""

import numpy as np
from numba import njit

from selfsame.coding.numbers import code_tail
from selfsame.coding.range_coder import code_adaptive, code_mixed, code_mixed_inline, code_plain
from selfsame.collage.syntax import contexts as c
from selfsame.collage.syntax.biases import gradient_class, sign_class, spread_class
from selfsame.collage.syntax.extents import code_extent, measure_biases

_BASES = tuple(int(base) for base in c.WEIGHT_BASES)

_CAP = 15
"""Magnitudes beyond it are expected to surprise. It keeps ``energy`` within a byte."""


@njit(cache=True)
def code_weights(coder, decoding, plane, first, second, index, rate, row, column, scratch):
    """Code the weights of the atoms of one range, from the last that is not zero to the first.

    Args:
        scratch: ``stream.Scratch``; its magnitudes and templates are zero before and after.
        others: as in ``biases.code_biases``.
    """
    weights = plane.weights[row, column]
    gradients = scratch.gradients
    rough = spread_class(measure_biases(plane.biases, row, column, gradients))
    last = 0
    if not decoding:
        for i in range(weights.shape[0] - 1, -1, -1):
            if weights[i] != 0:
                last = i + 1
                break
    last = code_extent(coder, decoding, plane, first, second, index, rate, row, column, rough, last)
    plane.lasts[row, column] = last
    near_agreement = np.int64(plane.agreement[row, column - 1]) if column > 0 else 0
    near_agreement += np.int64(plane.agreement[row - 1, column]) if row > 0 else 0
    agreement = history = nonzero = 0
    for i in range(last - 1, -1, -1):
        in_first = _weight_in(first, row, column, i) if index > 0 else 0
        in_second = _weight_in(second, row, column, i) if index > 1 else 0
        _set_contexts(
            coder,
            plane,
            first,
            second,
            index,
            rate,
            row,
            column,
            scratch,
            i,
            rough,
            history,
            nonzero,
            in_first,
            in_second,
        )
        weight = np.int64(weights[i])
        magnitude = _code_magnitude(coder, decoding, abs(weight), index, i, i == last - 1)
        history = (history << 1 | (magnitude > 0)) & 255
        if magnitude == 0:
            weights[i] = 0
            continue
        nonzero += 1
        lean = in_second if index > 1 and in_second != 0 else in_first
        west = np.int64(plane.weights[row, column - 1, i]) if column > 0 else 0
        north = np.int64(plane.weights[row - 1, column, i]) if row > 0 else 0
        negative = _code_sign(
            coder,
            decoding,
            np.int64(weight < 0),
            index,
            i,
            sign_class(west) * 3 + sign_class(north),
            gradients,
            sign_class(lean) * 5 + min(max(near_agreement + agreement, -2), 2) + 2,
        )
        if lean != 0:
            agreement += 1 if (lean < 0) == (negative != 0) else -1
        weights[i] = -magnitude if negative else magnitude
        scratch.magnitudes[i] = magnitude
        _spread(plane.energy[row, column], scratch.templates, i, min(magnitude, _CAP))
    plane.agreement[row, column] = min(max(agreement, -2), 2)
    for i in range(last):
        scratch.magnitudes[i] = 0
        scratch.templates[i] = 0


@njit(cache=True, inline="always")
def _set_contexts(
    coder,
    plane,
    first,
    second,
    index,
    rate,
    row,
    column,
    scratch,
    i,
    rough,
    history,
    nonzero,
    in_first,
    in_second,
):
    """Set the slots of the first decision on a weight.

    Args:
        history: of the eight weights coded before, whether they are not zero.
        nonzero: how many of this range's are not.
        in_first, in_second: this weight in the planes that help to predict it.
    """
    energy, magnitudes = plane.energy, scratch.magnitudes
    # What is known around this weight in the picture: at the edges the nearest range stands in.
    left = np.int64(energy[row, column - 1, i]) if column > 0 else 0
    above = np.int64(energy[row - 1, column, i]) if row > 0 else left
    if column == 0:
        left = above
    corner = np.int64(energy[row - 1, column - 1, i]) if row > 0 and column > 0 else left
    further = above
    if row > 0 and column + 1 < energy.shape[1]:
        further = np.int64(energy[row - 1, column + 1, i])
    around = (6 * left + 4 * above + corner + 2 * further) >> 3
    energy_class = np.int64(c.ENERGY_CLASS[min(around, c.ENERGY_LIMIT - 1)])
    # In frequency:
    template = scratch.templates[i]
    template_class = np.int64(c.TEMPLATE_CLASS[min(template, c.TEMPLATE_LIMIT - 1)])
    right, below = magnitudes[c.RIGHT[i]], magnitudes[c.BELOW[i]]
    shape = min(right, 2) * 3 + min(below, 2)
    shape = (shape * 3 + min(magnitudes[c.ACROSS[i]], 2)) * 3 + min(magnitudes[c.RIGHT2[i]], 2)
    shape = shape * 3 + min(magnitudes[c.BELOW2[i]], 2)
    # All together, with the planes before:
    expectation = template + around
    expectation += 8 * min(abs(in_second), _CAP) if index > 1 else min(abs(in_first), _CAP)
    expectation = min(expectation, c.EXPECTATION_LIMIT - 1)
    coarse = np.int64(c.COARSE_CLASS[expectation])
    fine = np.int64(c.EXPECTATION_CLASS[expectation])

    chroma = min(index, 1)
    position = np.int64(c.POSITION_CLASS[i])
    octave = min(position >> 2, c.OCTAVES - 1)
    sides = (chroma * 3 + min(left >> 2, 2)) * 3 + min(above >> 2, 2)
    sides = (sides * 3 + min((corner + further) >> 2, 2)) * 3 + min(right + below, 2)
    if index == 0:
        beside = energy_class * c.SPREADS + rough
    else:
        beside = _energy_class_in(first, row, column, i) * c.SPREADS
        beside += energy_class if index == 1 else _energy_class_in(second, row, column, i)
    slope = np.int64(c.SLOPE_OF[i])
    if slope < c.SLOPED:
        steep = spread_class(abs(scratch.gradients[slope]))
    else:
        steep = min(abs(in_first), 3) * 4 + min(abs(in_second), 3)
    steep += (index * (c.SLOPED + 1) + slope) * c.SPREADS
    contexts = coder.contexts
    contexts[0] = (index * c.TEMPLATES + template_class) * c.ENERGIES + energy_class
    contexts[1] = (index * c.MAX_ATOMS + i) * c.COARSE + coarse
    contexts[2] = (chroma * 243 + shape) * c.COARSE + coarse
    contexts[3] = ((chroma * c.POSITIONS + position) * 9 + _ones(history)) * c.COARSE + coarse
    contexts[4] = sides * 4 + min(nonzero, 3)
    contexts[5] = (chroma * c.ENERGIES * c.SPREADS + beside) * c.COARSE + coarse
    contexts[6] = ((chroma * c.RATES + rate) * c.OCTAVES + octave) * c.EXPECTATIONS + fine
    contexts[7] = steep * c.COARSE + coarse
    for k in range(c.WEIGHT_INPUTS):
        contexts[k] += _BASES[k]


@njit(cache=True, inline="always")
def _weight_in(other, row, column, i):
    """Return the weight that another plane has at this frequency and place."""
    return np.int64(other.weights[row, column, i]) if i < other.weights.shape[2] else np.int64(0)


@njit(cache=True, inline="always")
def _energy_class_in(other, row, column, i):
    """Return the class of the energy that another plane has at this frequency and place."""
    if i >= other.energy.shape[2]:
        return np.int64(0)
    return np.int64(c.ENERGY_CLASS[2 * np.int64(other.energy[row, column, i])])


@njit(cache=True, inline="always")
def _ones(history):
    """Return the number of ones among eight bits."""
    history = (history & 0x55) + (history >> 1 & 0x55)
    history = (history & 0x33) + (history >> 2 & 0x33)
    return (history & 0x0F) + (history >> 4)


@njit(cache=True, inline="always")
def _code_magnitude(coder, decoding, wanted, index, i, is_last):
    """Code a magnitude with the contexts that are set; the last one is known not to be zero."""
    band = 0 if i < 3 else 1 if i < 15 else 2 if i < 64 else 3
    magnitude = 0
    if is_last:
        magnitude = 1
        _next_step(coder)
    while magnitude < c.MAX_UNARY:
        step = min(magnitude, c.STEPS - 1)
        weight_set = c.WEIGHT_SET + (step * c.PLANES + index) * c.WEIGHT_BANDS + band
        above = np.int64(wanted > magnitude)
        if not code_mixed_inline(coder, decoding, above, c.WEIGHT_INPUTS, weight_set, c.WEIGHTS):
            break
        magnitude += 1
        if magnitude < c.STEPS:
            _next_step(coder)
    if magnitude == c.MAX_UNARY:
        slot = c.WEIGHT_TAIL + min(index, 1) * c.LENGTHS
        magnitude += code_tail(coder, decoding, wanted - c.MAX_UNARY, slot, c.WEIGHTS)
    return magnitude


@njit(cache=True, inline="always")
def _next_step(coder):
    """Move from the slots of one decision on a weight to those of the next."""
    for k in range(c.WEIGHT_INPUTS):
        coder.contexts[k] += c.WEIGHT_STRIDES[k]


@njit(cache=True, inline="always")
def _spread(energy, templates, i, magnitude):
    """Note a weight where others look for what to expect."""
    for k in range(c.REACH_BY.shape[0]):
        templates[c.REACH_TO[i, k]] += c.REACH_BY[k] * magnitude
    energy[i] += 4 * magnitude
    for place in (c.RIGHT[i], c.BELOW[i], c.LEFT[i], c.ABOVE[i]):
        if place < energy.shape[0]:
            energy[place] += 2 * magnitude


@njit(cache=True)
def _code_sign(coder, decoding, negative, index, i, sides, gradients, other):
    """Code a sign, which three things foretell.

    Args:
        sides: signs of this weight in the ranges to the left and above.
        gradients: of the biases around.
        other: sign of this weight in another plane, and how far such signs have agreed.
    """
    if i >= c.SIGNED:
        if index == 0:
            return code_plain(coder, decoding, negative, c.SIGNS)
        slot = c.SIGN_OTHER + index * 15 + other
        return code_adaptive(coder, decoding, negative, slot, c.SIGNS)
    slope = np.int64(c.SLOPE_OF[i])
    gradient = gradient_class(gradients[slope]) if slope < c.SLOPED else 0
    contexts = coder.contexts
    contexts[0] = c.SIGN_SIDES + (index * c.SIGNED + i) * 9 + sides
    contexts[1] = c.SIGN_SLOPE + (index * (c.SLOPED + 1) + slope) * c.GRADIENTS + gradient
    contexts[2] = c.SIGN_OTHER + index * 15 + other
    weight_set = c.SIGN_SET + index * 3 + np.int64(c.KIND[i])
    return code_mixed(coder, decoding, negative, c.SIGN_INPUTS, weight_set, c.SIGNS)
