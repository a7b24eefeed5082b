"""The biases of a plane: their prediction and their coding."""

import numpy as np
from numba import njit

from selfsame.coding.numbers import code_number
from selfsame.coding.range_coder import MAX_OVERRUN, OVERRUN, code_mixed
from selfsame.collage.code import MAX_BIAS
from selfsame.collage.syntax import contexts as c

OK, DAMAGED = 0, 1

GUESSES = 4

MAX_OFF = 1 << 10
"""Errors beyond it are alike. Keeps the weights of guesses above zero, and sums within 64 bits."""


@njit(cache=True)
def spread_class(value):
    return np.int64(c.SPREAD_CLASS[min(value, c.SPREAD_LIMIT - 1)])


@njit(cache=True)
def gradient_class(value):
    """Return the class of a signed difference, 0 to ``GRADIENTS - 1``; the middle one is zero."""
    size = np.int64(c.GRADIENT_CLASS[min(abs(value), c.GRADIENT_LIMIT - 1)])
    return c.GRADIENTS // 2 - size if value < 0 else c.GRADIENTS // 2 + size


@njit(cache=True)
def predict_bias(biases, row, column, guesses):
    """Set four guesses at a bias from those above and to the left; return how rough these are.

    The guesses are the bias to the left, the one above, the median of both and their sum minus the
    one between them, and a linear combination of the five around. Outside the picture the nearest
    bias stands in; the first of all is guessed to be 0.
    Source of the median: Weinberger, Seroussi, Sapiro, "LOCO-I", 1996.
    """
    if row == 0 and column == 0:
        guesses[:] = 0
        return np.int64(0)
    if row == 0:
        left = above = corner = further = np.int64(biases[0, column - 1])
    elif column == 0:
        left = above = corner = further = np.int64(biases[row - 1, 0])
    else:
        left, above = np.int64(biases[row, column - 1]), np.int64(biases[row - 1, column])
        corner = further = np.int64(biases[row - 1, column - 1])
    if row > 0:
        further = np.int64(biases[row - 1, min(column + 1, biases.shape[1] - 1)])
    before = np.int64(biases[row, column - 2]) if column > 1 else left
    least, most = min(left, above), max(left, above)
    guesses[0], guesses[1] = left, above
    guesses[2] = min(max(left + above - corner, least), most)
    guesses[3] = (70 * left + 51 * above - 13 * corner + 15 * further + 5 * before + 64) >> 7
    return abs(left - corner) + abs(above - corner) + abs(further - above) + abs(left - before)


@njit(cache=True)
def blend_guesses(guesses, errors, row, column):
    """Return the mean of the guesses, weighted by the inverse square of how far each was off in
    the four ranges around."""
    total, weights = np.int64(0), np.int64(0)
    columns = errors.shape[1]
    for k in range(GUESSES):
        off = np.int64(1)
        if column > 0:
            off += errors[row & 1, column - 1, k]
        if row > 0:
            for j in range(max(column - 1, 0), min(column + 2, columns)):
                off += errors[1 - (row & 1), j, k]
        off = min(off, MAX_OFF)
        weight = (1 << 24) // (off * off)
        total += weight * guesses[k]
        weights += weight
    return (2 * total + weights) // (2 * weights)


@njit(cache=True)
def code_biases(coder, decoding, plane, first, second, index, rate):
    """Code the biases of a plane, row by row; return a status.

    Args:
        first, second: the planes that help to predict plane ``index``: Y and Y for Cb, Y and Cb
            for Cr; of no meaning for Y.
        rate: class of the quantiser step.
    """
    biases, residuals = plane.biases, plane.residuals
    rows, columns = biases.shape
    contexts = coder.contexts
    chroma = min(index, 1)
    guesses = np.zeros(GUESSES, np.int64)
    errors = np.zeros((2, columns, GUESSES), np.int64)  # of this row and the one above
    for row in range(rows):
        for column in range(columns):
            rough = predict_bias(biases, row, column, guesses)
            predicted = blend_guesses(guesses, errors, row, column)
            left = residuals[row, column - 1] if column > 0 else 0
            above = residuals[row - 1, column] if row > 0 else 0
            corner = residuals[row - 1, column - 1] if row > 0 and column > 0 else 0
            further = residuals[row - 1, column + 1] if row > 0 and column + 1 < columns else 0
            near = 2 * (abs(left) + abs(above)) + abs(corner) + abs(further)
            rough_class, near_class = spread_class(rough), spread_class(near >> 1)
            in_first = first.residuals[row, column] if index > 0 else 0
            in_second = second.residuals[row, column] if index > 1 else 0
            contexts[0] = c.BIAS_SPREAD + (index * c.SPREADS + rough_class) * c.LENGTHS
            contexts[1] = c.BIAS_NEAR + (index * c.SPREADS + near_class) * c.LENGTHS
            others = spread_class(2 * abs(in_first)) * c.SPREADS + spread_class(2 * abs(in_second))
            contexts[2] = c.BIAS_LUMA + (index * c.SPREADS * c.SPREADS + others) * c.LENGTHS
            both = (chroma * c.SPREADS + rough_class) * c.SPREADS + near_class
            contexts[3] = c.BIAS_BOTH + both * c.LENGTHS
            contexts[4] = c.BIAS_RATE + (index * c.RATES + rate) * c.LENGTHS
            residual = np.int64(biases[row, column]) - predicted
            size = code_number(
                coder,
                decoding,
                abs(residual),
                c.BIAS_INPUTS,
                c.BIAS_SET + index,
                c.BIAS_BITS + index * c.LENGTHS * 8,
                c.BIAS_LOW + index * c.LENGTHS,
                c.BIASES,
            )
            negative = np.int64(residual < 0)
            if size > 0:
                sides = sign_class(left) * 3 + sign_class(above)
                contexts[0] = c.BIAS_SIGN_NEAR + index * 9 + sides
                lean = gradient_class(_lean(biases, row, column, predicted))
                contexts[1] = c.BIAS_SIGN_OTHER + index * c.GRADIENTS + lean
                planes = (sign_class(in_first) * 3 + sign_class(in_second)) * 3 + sign_class(left)
                contexts[2] = c.BIAS_SIGN_LUMA + index * 27 + planes
                negative = code_mixed(
                    coder, decoding, negative, c.BIAS_SIGN_INPUTS, c.BIAS_SIGN_SET + index, c.BIASES
                )
            residual = -size if negative else size
            bias = predicted + residual
            if abs(bias) > MAX_BIAS or coder.state[OVERRUN] > MAX_OVERRUN:
                return DAMAGED
            biases[row, column] = bias
            residuals[row, column] = residual
            for k in range(GUESSES):
                errors[row & 1, column, k] = abs(bias - guesses[k])
    return OK


@njit(cache=True)
def sign_class(value):
    """Return 0 for zero, 1 for positive, 2 for negative numbers."""
    return 1 if value > 0 else 2 if value < 0 else 0


@njit(cache=True)
def _lean(biases, row, column, predicted):
    """Return which way the bias above to the right pulls."""
    if row == 0 or column + 1 >= biases.shape[1]:
        return np.int64(0)
    return np.int64(biases[row - 1, column + 1]) - predicted
