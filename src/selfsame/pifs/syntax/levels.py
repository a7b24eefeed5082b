"""The levels of a block: their contexts, their coding, and the encoder's choice of them."""

import numpy as np
from numba import njit

from selfsame.coding.numbers import code_number, code_tail
from selfsame.coding.range_coder import (
    code_adaptive,
    code_mixed_inline,
    code_plain,
    mixed_probability,
)
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2
from selfsame.pifs.syntax import contexts as c

FRACTION_BITS = 7
"""Of the block means kept for prediction."""

_ROOT_HALF = 46341  # 2 ** -0.5 in 16 bits

LEVEL_SIZE, LEVEL_BAND, LEVEL_SHAPE, LEVEL_POSITION, LEVEL_OCTAVE, LEVEL_BESIDE = (
    int(base) for base in c.LEVEL_BASES
)


@njit(cache=True)
def magnitude_class(value):
    return np.int64(c.MAGNITUDE_CLASS[min(value, c.MAGNITUDE_LIMIT - 1)])


@njit(cache=True)
def mean_of_level(level, lh, lw):
    """Return level / sqrt(height × width) with FRACTION_BITS more bits."""
    total = lh + lw
    if total & 1:
        return (level * _ROOT_HALF) >> (16 - FRACTION_BITS + (total - 1) // 2)
    return (level << FRACTION_BITS) >> (total // 2)


@njit(cache=True)
def _set_last_contexts(coder, plane, lh, lw, mapped, expected, other):
    area = lh + lw - 2 * MIN_LOG2
    base = plane.chroma * c.AREAS + area
    first = 3 * max(0, MAX_LOG2 - max(lh, lw))
    total = 0
    for b in range(first, c.BANDS):
        total += expected[b]
    high = expected[9] + expected[10] + expected[11] if area < 4 else 0
    high += expected[12] + expected[13] + expected[14] + expected[15] + expected[16] + expected[17]
    contexts = coder.contexts
    contexts[0] = c.LAST_AREA + (base * c.MAGNITUDES + magnitude_class(total >> 1)) * c.LENGTHS
    contexts[1] = c.LAST_HIGH + (base * c.MAGNITUDES + magnitude_class(high)) * c.LENGTHS
    contexts[2] = (
        c.LAST_MAPPED
        + (((plane.chroma * c.SIZES + lh - MIN_LOG2) * c.SIZES + lw - MIN_LOG2) * 5 + mapped)
        * c.LENGTHS
    )
    contexts[3] = c.LAST_OTHER + ((base * c.MAGNITUDES + other) * 3 + min(mapped, 2)) * c.LENGTHS


@njit(cache=True)
def _other_class(plane, y, x, lh, lw):
    """Return the class of the activity of the plane coded before, at the middle of a block."""
    if not plane.chroma:
        return np.int64(0)
    oy = ((y + (1 << lh) // 2) >> MIN_LOG2) << plane.other_shift
    ox = ((x + (1 << lw) // 2) >> MIN_LOG2) << plane.other_shift
    total = 0
    for b in range(c.BANDS):
        total += plane.other.bands[
            min(oy, plane.other.area.shape[0] - 1), min(ox, plane.other.area.shape[1] - 1), b
        ]
    return magnitude_class(total >> 1)


@njit(cache=True, inline="always")
def _set_level_contexts(coder, plane, y, x, lh, lw, position, entry, classes, other):
    """Set the slots of the first decision on one coefficient."""
    v, u = np.int64(c.SCAN_V[entry]), np.int64(c.SCAN_U[entry])
    band = np.int64(c.SCAN_BAND[entry])
    height, width = 1 << lh, 1 << lw
    levels = plane.levels
    right = abs(levels[y + v, x + u + 1]) if u + 1 < width else 0
    below = abs(levels[y + v + 1, x + u]) if v + 1 < height else 0
    across = abs(levels[y + v + 1, x + u + 1]) if u + 1 < width and v + 1 < height else 0
    right2 = abs(levels[y + v, x + u + 2]) if u + 2 < width else 0
    below2 = abs(levels[y + v + 2, x + u]) if v + 2 < height else 0
    total = 2 * (right + below) + across + right2 + below2
    template = np.int64(c.TEMPLATE_CLASS[min((total + 1) >> 1, c.TEMPLATE_LIMIT - 1)])
    expectation = classes[0, band]
    size = max(lh, lw) - MIN_LOG2
    chroma = plane.chroma
    contexts = coder.contexts
    contexts[0] = (
        ((chroma * c.SIZES + size) * c.TEMPLATES + template) * c.MAGNITUDES + expectation
    ) + LEVEL_SIZE
    contexts[1] = (
        ((chroma * c.BANDS + band) * c.SIZES + size) * c.TEMPLATES + template
    ) + LEVEL_BAND
    shape = min(right, 2)
    shape = shape * 3 + min(below, 2)
    shape = shape * 3 + min(across, 2)
    shape = shape * 3 + min(right2, 2)
    shape = shape * 3 + min(below2, 2)
    contexts[2] = ((chroma * 243 + shape) * c.SIZES + size) + LEVEL_SHAPE
    area = lh + lw - 2 * MIN_LOG2
    position_class = np.int64(c.POSITION_CLASS[position])
    contexts[3] = (
        ((chroma * c.POSITIONS + position_class) * c.AREAS + area) * c.MAGNITUDES + expectation
    ) + LEVEL_POSITION
    octave = band // 3
    lower = classes[0, band - 3] if octave > 0 else 0
    contexts[4] = (
        ((chroma * 6 + octave) * c.MAGNITUDES + lower) * c.MAGNITUDES + expectation
    ) + LEVEL_OCTAVE
    beside = other if chroma else classes[1, band]
    contexts[5] = (
        ((chroma * c.MAGNITUDES + beside) * c.MAGNITUDES + expectation) * c.TEMPLATES + template
    ) + LEVEL_BESIDE


@njit(cache=True, inline="always")
def _next_step(coder):
    """Move from the slots of one decision on a coefficient to those of the next."""
    for i in range(c.LEVEL_INPUTS):
        coder.contexts[i] += c.LEVEL_STRIDES[i]


@njit(cache=True)
def code_levels(coder, decoding, plane, y, x, lh, lw, mapped, top, left, expected, classes):
    start = c.SCAN_START[lh, lw]
    other = _other_class(plane, y, x, lh, lw)
    last = 0
    if not decoding:
        for position in range((1 << (lh + lw)) - 1, 0, -1):
            if plane.levels[y + c.SCAN_V[start + position], x + c.SCAN_U[start + position]] != 0:
                last = position
                break
    _set_last_contexts(coder, plane, lh, lw, mapped, expected, other)
    area = lh + lw - 2 * MIN_LOG2
    last = code_number(
        coder,
        decoding,
        last,
        c.LAST_INPUTS,
        c.LAST_SET + plane.chroma * 3 + mapped,
        c.LAST_BITS + (plane.chroma * c.AREAS + area) * c.LENGTHS * 8,
        c.LAST_LOW + plane.chroma * c.LENGTHS,
        c.EXTENTS,
    )
    if last >= 1 << (lh + lw):
        last = (1 << (lh + lw)) - 1  # only a damaged stream says so
    size = max(lh, lw) - MIN_LOG2
    for position in range(last, 0, -1):
        entry = start + position
        v, u = np.int64(c.SCAN_V[entry]), np.int64(c.SCAN_U[entry])
        level = np.int64(plane.levels[y + v, x + u])
        _set_level_contexts(coder, plane, y, x, lh, lw, position, entry, classes, other)
        magnitude, wanted = 0, abs(level)
        if position == last:
            magnitude = 1
            _next_step(coder)
        while magnitude < 15:
            step = min(magnitude, c.STEPS - 1)
            weight_set = c.LEVEL_SET + (step * 2 + plane.chroma) * c.SIZES + size
            if not code_mixed_inline(
                coder, decoding, np.int64(wanted > magnitude), c.LEVEL_INPUTS, weight_set, c.LEVELS
            ):
                break
            magnitude += 1
            if magnitude < c.STEPS:
                _next_step(coder)
        if magnitude == 15:
            magnitude += code_tail(
                coder,
                decoding,
                wanted - 15,
                c.LEVEL_TAIL + plane.chroma * c.LENGTHS,
                c.LEVELS,
            )
        if magnitude > 0 and _code_sign(
            coder, decoding, level < 0, plane, y, x, lh, lw, v, u, top, left
        ):
            plane.levels[y + v, x + u] = -magnitude
        else:
            plane.levels[y + v, x + u] = magnitude


@njit(cache=True)
def _code_sign(coder, decoding, negative, plane, y, x, lh, lw, v, u, top, left):
    """Code a sign; those of the two slopes are predicted by the step from the block's border."""
    if v + u != 1:
        return code_plain(coder, decoding, np.int64(negative), c.SIGNS)
    mean = mean_of_level(np.int64(plane.levels[y, x]), lh, lw)
    step = (left if u == 1 else top) - mean
    step = (step << ((lh + lw) // 2)) >> FRACTION_BITS  # in levels of the block
    lean = 3
    if step < 0:
        lean = 0 if step < -8 else 1 if step < -2 else 2
    elif step > 0:
        lean = 6 if step > 8 else 5 if step > 2 else 4
    slot = c.SIGN + ((plane.chroma * 2 + u) * c.SIZES + max(lh, lw) - MIN_LOG2) * 7 + lean
    return code_adaptive(coder, decoding, np.int64(negative), slot, c.SIGNS)


@njit(cache=True)
def choose_levels(coder, plane, y, x, lh, lw, mapped, choice, expected, classes, scratch):
    """Choose the levels of a block by distortion + price × bits, with the adaptive models as they
    stand, and the last one that is not zero."""
    start = c.SCAN_START[lh, lw]
    other = _other_class(plane, y, x, lh, lw)
    area = 1 << (lh + lw)
    size = max(lh, lw) - MIN_LOG2
    limit = min(area - 1, choice.last)
    coefficients, levels = choice.coefficients, plane.levels
    costs = coder.costs
    last = 0
    for position in range(1, area):
        entry = start + position
        v, u = np.int64(c.SCAN_V[entry]), np.int64(c.SCAN_U[entry])
        value = abs(coefficients[y + v, x + u])
        level = np.int32(value + 0.45) if position <= limit else np.int32(0)
        levels[y + v, x + u] = level
        if level:
            last = position
    if last == 0:
        return
    # Bits of the index of the last level, by its bit length.
    _set_last_contexts(coder, plane, lh, lw, mapped, expected, other)
    weight_set = c.LAST_SET + plane.chroma * 3 + mapped
    lengths = scratch[1]
    unary = 0.0
    for k in range(2 * MAX_LOG2 + 2):
        p = mixed_probability(coder, c.LAST_INPUTS, weight_set) >> 4
        lengths[k] = unary + costs[4095 - p] + max(k - 1, 0)
        unary += costs[p]
        for i in range(c.LAST_INPUTS):
            coder.contexts[i] += 1
    price = choice.price
    # Gain of coding everything from the first to this coefficient, over leaving it zero.
    gains = scratch[0]
    running = 0.0
    for position in range(last, 0, -1):
        entry = start + position
        v, u = np.int64(c.SCAN_V[entry]), np.int64(c.SCAN_U[entry])
        value = np.float64(abs(coefficients[y + v, x + u]))
        high = np.int64(value + 0.5)
        _set_level_contexts(coder, plane, y, x, lh, lw, position, entry, classes, other)
        p = (
            mixed_probability(coder, c.LEVEL_INPUTS, c.LEVEL_SET + plane.chroma * c.SIZES + size)
            >> 4
        )
        zero_cost = value * value + price * costs[4095 - p]
        best, best_cost, alone = np.int64(0), zero_cost, 1e30
        if high > 0:
            bits = 1.0  # the sign
            low = max(high - 1, 1)
            for level in range(1, high + 1):
                step = min(level, c.STEPS - 1)
                if level < 15 and (level <= c.STEPS - 1 or level == low):
                    if level < c.STEPS:
                        _next_step(coder)
                    q = (
                        mixed_probability(
                            coder,
                            c.LEVEL_INPUTS,
                            c.LEVEL_SET + (step * 2 + plane.chroma) * c.SIZES + size,
                        )
                        >> 4
                    )
                if level >= low:
                    error = value - level
                    cost = error * error + price * (bits + costs[4095 - q])
                    alone = min(alone, cost)
                    if cost + price * costs[p] < best_cost:
                        best, best_cost = level, cost + price * costs[p]
                bits += costs[q]
        levels[y + v, x + u] = np.int32(best)
        # As the last one, a coefficient needs no decision whether it is zero.
        gains[position] = alone - best_cost - running if best else 1e30
        running += best_cost - value * value
    # `running` is now the gain of all over zeros; `gains` takes those above the last one back.
    chosen, least = 0, price * lengths[0]
    for position in range(1, last + 1):
        length, rest = 0, position
        while rest > 0:
            length += 1
            rest >>= 1
        total = running + gains[position] + price * lengths[length]
        if total < least:
            chosen, least = position, total
    for position in range(1, last + 1):
        entry = start + position
        v, u = np.int64(c.SCAN_V[entry]), np.int64(c.SCAN_U[entry])
        if position > chosen:
            levels[y + v, x + u] = 0
        elif coefficients[y + v, x + u] < 0:
            levels[y + v, x + u] = -levels[y + v, x + u]
