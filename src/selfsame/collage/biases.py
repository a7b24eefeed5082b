"""The biases of a plane: their prediction and their coding."""

import numpy as np
from numba import njit

from selfsame.bitstream.numbers import code_number
from selfsame.bitstream.range_coder import OVERRUN, code_mixed
from selfsame.collage import contexts as c
from selfsame.collage.code import MAX_BIAS

MAX_OVERRUN = 8
"""Bytes a reader may need behind the stored ones; a longer need is damage."""

OK, DAMAGED = 0, 1


@njit(cache=True)
def spread_class(value):
    return np.int64(c.SPREAD_CLASS[min(value, c.SPREAD_LIMIT - 1)])


@njit(cache=True)
def gradient_class(value):
    """Return the class of a signed difference, 0 to ``GRADIENTS - 1``; the middle one is zero."""
    size = np.int64(c.GRADIENT_CLASS[min(abs(value), c.GRADIENT_LIMIT - 1)])
    return c.GRADIENTS // 2 - size if value < 0 else c.GRADIENTS // 2 + size


@njit(cache=True)
def predict_bias(biases, row, column):
    """Return the prediction of a bias from those above and to the left, and how rough these are.

    Inside the picture it is ``(3 left + 3 above - 2 corner) / 4``, rounded down.
    """
    if row == 0 and column == 0:
        return np.int64(0), np.int64(0)
    if row == 0:
        left = np.int64(biases[0, column - 1])
        before = np.int64(biases[0, column - 2]) if column > 1 else left
        return left, 2 * abs(left - before)
    above = np.int64(biases[row - 1, column])
    further = above
    if column + 1 < biases.shape[1]:
        further = np.int64(biases[row - 1, column + 1])
    if column == 0:
        return above, 2 * abs(further - above)
    left = np.int64(biases[row, column - 1])
    corner = np.int64(biases[row - 1, column - 1])
    rough = abs(left - corner) + abs(above - corner) + abs(further - above)
    return (3 * (left + above) - 2 * corner) >> 2, rough


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
    for row in range(rows):
        for column in range(columns):
            predicted, rough = predict_bias(biases, row, column)
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
