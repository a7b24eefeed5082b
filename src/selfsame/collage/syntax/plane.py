"""The syntax of a plane: how its symbols become binary decisions, for writer and reader alike."""

import numpy as np
from numba import njit

from selfsame.coding.numbers import code_number
from selfsame.coding.range_coder import MAX_OVERRUN, OVERRUN, code_adaptive
from selfsame.collage.syntax import contexts as c
from selfsame.collage.syntax.biases import DAMAGED, OK, code_biases
from selfsame.collage.syntax.weights import code_weights


@njit(cache=True)
def code_plane(coder, decoding, plane, first, second, index, rate, scratch):
    """Code a plane; return a status. Arguments as in ``biases.code_biases``."""
    if code_biases(coder, decoding, plane, first, second, index, rate) != OK:
        return DAMAGED
    rows, columns = plane.biases.shape
    for row in range(rows):
        for column in range(columns):
            code_weights(coder, decoding, plane, first, second, index, rate, row, column, scratch)
            _code_domains(coder, decoding, plane, index, row, column)
            if coder.state[OVERRUN] > MAX_OVERRUN:
                return DAMAGED
    return OK


@njit(cache=True)
def _code_domains(coder, decoding, plane, index, row, column):
    """Code whether any weight is not zero, then each; arguments as in ``code_biases``."""
    weights = plane.domains[row, column]
    count = weights.shape[0]
    if count == 0:
        return
    chroma = min(index, 1)
    some = False
    for k in range(count):
        some |= weights[k] != 0
    near = np.int64(plane.mixed[row, column - 1]) if column > 0 else 0
    near += np.int64(plane.mixed[row - 1, column]) if row > 0 else 0
    slot = c.DOMAIN_ANY + chroma * 3 + near
    mixed = code_adaptive(coder, decoding, np.int64(some), slot, c.DOMAINS)
    plane.mixed[row, column] = mixed
    if not mixed:
        return
    for k in range(count):
        weight = np.int64(weights[k])
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
        weights[k] = size
