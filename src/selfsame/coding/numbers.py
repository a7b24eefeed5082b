"""Whole numbers as binary decisions of a range coder."""

import numpy as np
from numba import njit

from selfsame.coding.range_coder import code_adaptive, code_mixed, code_plain

LENGTHS = 20
"""Steps of the unary part of a number: its bit length. Each of its contexts has so many slots."""

_TAIL_BITS = 16


@njit(cache=True)
def code_number(coder, decoding, value, inputs, weight_set, bits, low, element):
    """Code a number >= 0: its bit length in unary, then its bits below the first.

    ``coder.contexts[:inputs]`` hold the slots of the first unary step; the later ones follow.
    ``bits`` is the first of ``LENGTHS × 8`` slots of the two highest of the bits below the first,
    ``low`` the first of ``LENGTHS`` slots of the others.
    """
    length = 0
    v = value
    while v > 0:
        length += 1
        v >>= 1
    read = 0
    while read < LENGTHS - 1:
        if inputs == 1:
            bit = code_adaptive(
                coder, decoding, np.int64(length > read), coder.contexts[0], element
            )
        else:
            bit = code_mixed(coder, decoding, np.int64(length > read), inputs, weight_set, element)
        if bit == 0:
            break
        read += 1
        for i in range(inputs):
            coder.contexts[i] += 1
    if read <= 1:
        return np.int64(read)
    result, prefix = np.int64(1), 1
    for k in range(read - 2, -1, -1):
        bit = value >> k & 1
        if prefix < 4:
            bit = code_adaptive(coder, decoding, bit, bits + read * 8 + prefix, element)
            prefix = prefix << 1 | bit
        else:
            bit = code_adaptive(coder, decoding, bit, low + k, element)
        result = result << 1 | bit
    return result


@njit(cache=True)
def code_tail(coder, decoding, value, slot, element):
    """Code a number >= 0 in the exponential Golomb code of order 0; the decisions on its length
    take ``slot`` and those behind it, up to ``LENGTHS``."""
    value += 1
    length = 0
    while length < _TAIL_BITS and code_adaptive(
        coder, decoding, np.int64(value >> (length + 1) > 0), slot + length, element
    ):
        length += 1
    result = np.int64(1)
    for k in range(length - 1, -1, -1):
        result = result << 1 | code_plain(coder, decoding, value >> k & 1, element)
    return result - 1
