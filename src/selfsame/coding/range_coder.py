"""A binary range coder with mixed adaptive models: integers only, one code for both directions.

Every binary decision is predicted by several *slots* (adaptive probabilities, each chosen by a
context); their logits are summed with adaptive weights, and the resulting probability drives an
arithmetic coder. All state is integer and all tables are integer, so encoder and decoder stay in
step on any two machines. Sources: Witten, Neal, Cleary 1987 (arithmetic coding); Mahoney 2005,
"Adaptive weighing of context models for lossless data compression" (logistic mixing).

A ``Coder`` is a bundle of arrays that the compiled functions below share and change in place.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MAX_INPUTS = 8
"""Slots that one decision can mix."""


COUNT_LIMIT = 255
"""A slot's rate of adaptation falls to about 1 / (limit + 1.5)."""

_SLOT_COUNT_BITS = 10
_LOGIT_ONE = 256
"""Fixed-point unit of logits: ±2047 is ±8 nats."""
_LOGIT_LIMIT = 2047
_LEARNING_SHIFT = 20
_LEARNING_RATE = 12

MAX_OVERRUN = 8
"""Bytes a reader may need behind the stored ones; a longer need is damage."""

X1, X2, X, POSITION, END, OVERRUN = range(6)
"""Entries of ``Coder.state``: ends of the interval, the window read, the next byte, the
number of bytes there are, and the bytes read behind them."""


class Coder(NamedTuple):
    """State of one stream in one direction.

    Attributes:
        state: (6,) int64, see ``X1 …``.
        buffer: (n,) uint8, the bytes.
        slots: (n,) uint32: 22 bits of probability that the bit is 1, 10 bits of count.
        weights: (sets, MAX_INPUTS) int64, 16.16 fixed point.
        contexts: (MAX_INPUTS,) int64, the slots of the next decision.
        inputs: (MAX_INPUTS,) int64, their logits.
        stretch, squash: tables of the logit and its inverse.
        rates: reciprocal of the count, 16 bits.
        costs: float32, bits of a decision by 12 bits of its probability.
        spent: (elements,) float64, bits spent by syntax element; for statistics only.
    """

    state: NDArray[np.int64]
    buffer: NDArray[np.uint8]
    slots: NDArray[np.uint32]
    weights: NDArray[np.int64]
    contexts: NDArray[np.int64]
    inputs: NDArray[np.int64]
    stretch: NDArray[np.int64]
    squash: NDArray[np.int64]
    rates: NDArray[np.int64]
    costs: NDArray[np.float32]
    spent: NDArray[np.float64]


def _tables() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return stretch, squash and rates. Their bytes are pinned by a test: no rounding here lies
    close enough to a half for two mathematical libraries to disagree."""
    logits = np.arange(-_LOGIT_LIMIT - 1, _LOGIT_LIMIT + 1) / _LOGIT_ONE
    squash = np.clip(np.rint(65536 / (1 + np.exp(-logits))), 24, 65536 - 24).astype(np.int64)
    p = (np.arange(4096) + 0.5) / 4096
    stretch = np.clip(np.rint(_LOGIT_ONE * np.log(p / (1 - p))), -_LOGIT_LIMIT, _LOGIT_LIMIT)
    rates = np.array([int(65536 / (n + 1.5)) for n in range(COUNT_LIMIT + 1)], np.int64)
    return stretch.astype(np.int64), squash, rates


STRETCH, SQUASH, RATES = _tables()
COSTS = (-np.log2((np.arange(4096) + 0.5) / 4096)).astype(np.float32)


def new_coder(
    slots: NDArray[np.uint32], weights: NDArray[np.int64], elements: int, data: Any
) -> Coder:
    """Return a coder at the start of a stream.

    Args:
        slots, weights: initial models; copied.
        elements: number of syntax elements to count bits for.
        data: bytes to decode, or the capacity in bytes of a stream to encode.
    """
    decoding = not isinstance(data, int)
    buffer = np.frombuffer(data, np.uint8).copy() if decoding else np.empty(data, np.uint8)
    state = np.array([0, 0xFFFFFFFF, 0, 0, buffer.size, 0], np.int64)
    coder = Coder(
        state,
        buffer,
        slots.copy(),
        weights.copy(),
        np.zeros(MAX_INPUTS, np.int64),
        np.zeros(MAX_INPUTS, np.int64),
        STRETCH,
        SQUASH,
        RATES,
        COSTS,
        np.zeros(elements),
    )
    if decoding:
        start_decoding(coder)
    return coder


@njit(cache=True)
def start_decoding(coder):
    """Fill the window with the first four bytes."""
    for _ in range(4):
        coder.state[X] = coder.state[X] << 8 | _next_byte(coder)


@njit(cache=True, inline="always")
def _next_byte(coder):
    position = coder.state[POSITION]
    if position < coder.state[END]:
        coder.state[POSITION] = position + 1
        return np.int64(coder.buffer[position])
    coder.state[OVERRUN] += 1  # a stream's trailing zero bytes are not stored
    return np.int64(0)


@njit(cache=True)
def finish(coder):
    """End an encoded stream with as few bytes as identify it; return its length."""
    x1, x2 = coder.state[X1], coder.state[X2]
    for count in range(1, 5):
        shift = 32 - 8 * count
        value = x2 >> shift << shift
        if value >= x1:
            for i in range(count):
                _put(coder, value >> (24 - 8 * i) & 255)
            break
    length = coder.state[POSITION]
    while length > 0 and coder.buffer[length - 1] == 0:
        length -= 1
    return length


def written(coder: Coder, elements: Sequence[str]) -> tuple[bytes, dict[str, float]]:
    """End an encoded stream; return its bytes, and the bits of each of the syntax elements."""
    length = finish(coder)
    return coder.buffer[:length].tobytes(), dict(zip(elements, coder.spent.tolist(), strict=True))


@njit(cache=True, inline="always")
def _put(coder, byte):
    position = coder.state[POSITION]
    if position < coder.state[END]:
        coder.buffer[position] = byte
    coder.state[POSITION] = position + 1


@njit(cache=True, inline="always")
def mixed_probability(coder, count, weight_set):
    """Return the 16-bit probability of a 1 by mixing the slots ``contexts[:count]``."""
    total = np.int64(0)
    for i in range(count):
        logit = coder.stretch[coder.slots[coder.contexts[i]] >> np.uint32(20)]
        coder.inputs[i] = logit
        total += coder.weights[weight_set, i] * logit
    total >>= 16
    if total > _LOGIT_LIMIT:
        total = _LOGIT_LIMIT
    elif total < -_LOGIT_LIMIT:
        total = -_LOGIT_LIMIT
    return coder.squash[total + _LOGIT_LIMIT + 1]


@njit(cache=True, inline="always")
def code_mixed_inline(coder, decoding, bit, count, weight_set, element):
    """Do what ``code_mixed`` does, compiled into its caller: for the loop that takes the time."""
    p = mixed_probability(coder, count, weight_set)
    bit = _code(coder, decoding, bit, p, element)
    error = ((bit << 16) - p) * _LEARNING_RATE
    for i in range(count):
        coder.weights[weight_set, i] += (coder.inputs[i] * error) >> _LEARNING_SHIFT
        _adapt(coder, coder.contexts[i], bit)
    return bit


@njit(cache=True)
def code_mixed(coder, decoding, bit, count, weight_set, element):
    """Code one decision with the slots ``contexts[:count]``, adapt, and return the bit."""
    return code_mixed_inline(coder, decoding, bit, count, weight_set, element)


@njit(cache=True)
def code_adaptive(coder, decoding, bit, slot, element):
    """Code one decision with a single slot, adapt it, and return the bit."""
    p = np.int64(coder.slots[slot] >> np.uint32(16))
    p = min(max(p, 24), 65536 - 24)
    bit = _code(coder, decoding, bit, p, element)
    _adapt(coder, slot, bit)
    return bit


@njit(cache=True)
def code_plain(coder, decoding, bit, element):
    """Code one equiprobable bit and return it."""
    return _code(coder, decoding, bit, np.int64(32768), element)


@njit(cache=True, inline="always")
def _adapt(coder, slot, bit):
    packed = np.int64(coder.slots[slot])
    count = packed & 1023
    p = packed >> _SLOT_COUNT_BITS
    p += (((bit << 22) - p) * coder.rates[count]) >> 16
    p = min(max(p, 64), (1 << 22) - 64)
    if count < COUNT_LIMIT:
        count += 1
    coder.slots[slot] = np.uint32(p << _SLOT_COUNT_BITS | count)


@njit(cache=True, inline="always")
def _code(coder, decoding, bit, p, element):
    state = coder.state
    x1, x2 = state[X1], state[X2]
    span = x2 - x1
    middle = x1 + (span >> 16) * p + (((span & 0xFFFF) * p) >> 16)
    if decoding:
        bit = np.int64(1) if state[X] <= middle else np.int64(0)
    if bit:
        x2 = middle
        coder.spent[element] += coder.costs[p >> 4]
    else:
        x1 = middle + 1
        coder.spent[element] += coder.costs[4095 - (p >> 4)]
    while (x1 ^ x2) & 0xFF000000 == 0:
        if decoding:
            state[X] = (state[X] << 8 & 0xFFFFFFFF) | _next_byte(coder)
        else:
            _put(coder, x2 >> 24)
        x1 = x1 << 8 & 0xFFFFFFFF
        x2 = (x2 << 8 & 0xFFFFFFFF) | 255
    state[X1], state[X2] = x1, x2
    return bit
