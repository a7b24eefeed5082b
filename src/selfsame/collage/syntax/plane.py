"""The syntax of a plane: how its symbols become binary decisions, for writer and reader alike."""

from numba import njit

from selfsame.coding.range_coder import OVERRUN
from selfsame.collage.syntax.biases import DAMAGED, MAX_OVERRUN, OK, code_biases
from selfsame.collage.syntax.domains import code_domains
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
            code_domains(coder, decoding, plane, index, row, column)
            if coder.state[OVERRUN] > MAX_OVERRUN:
                return DAMAGED
    return OK
