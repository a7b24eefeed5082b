"""The syntax of a plane: how its partition, maps and levels become binary decisions.

One set of compiled functions serves the writer, the reader and the encoder's choice of levels, so
that they cannot disagree. ``docs/file-format.md`` describes the order; the contexts of the
decisions are laid out in ``contexts``.
"""

import numpy as np
from numba import njit

from selfsame.coding.numbers import code_number
from selfsame.coding.range_coder import MAX_OVERRUN, OVERRUN, code_adaptive, code_mixed
from selfsame.pifs.code import CONTRACTION, LUMA, MAX_LOG2, MAX_SCALE_INDEX, MIN_LOG2, NO_MAP
from selfsame.pifs.syntax import contexts as c
from selfsame.pifs.syntax.levels import (
    FRACTION_BITS,
    choose_levels,
    code_levels,
    magnitude_class,
    mean_of_level,
)

LEAF, QUAD, ROWS, COLUMNS = range(4)
"""What a node of the partition becomes: one block, four nodes, or two halves, one above the other
or side by side."""

OK, DAMAGED = 0, 1

_CONTRACTION = np.array(CONTRACTION, np.int64)
_ROOT_TWO = 92682  # 2 ** 0.5 in 16 bits


@njit(cache=True)
def code_plane(coder, decoding, plane, count, choice):
    """Code a whole plane; return (status, number of blocks).

    Args:
        count: blocks in ``plane.blocks`` when encoding; ignored when decoding.
    """
    height, width = plane.levels.shape
    stack = np.empty((64, 3), np.int64)
    expected = np.zeros(c.BANDS, np.int64)
    classes = np.zeros((2, c.BANDS), np.int64)
    scratch = np.zeros((2, 1 << 2 * MAX_LOG2), np.float64)
    side = 1 << MAX_LOG2
    n = 0
    for top in range(0, height, side):
        for start in range(0, width, side):
            depth = 0
            stack[0, 0], stack[0, 1], stack[0, 2] = top, start, MAX_LOG2
            depth = 1
            while depth > 0:
                depth -= 1
                y, x, log2 = stack[depth, 0], stack[depth, 1], stack[depth, 2]
                if y >= height or x >= width:
                    continue
                decision = _code_partition(coder, decoding, plane, n, y, x, log2)
                if decision == QUAD:
                    half = 1 << (log2 - 1)
                    for k in range(3, -1, -1):
                        stack[depth, 0] = y + (k >> 1) * half
                        stack[depth, 1] = x + (k & 1) * half
                        stack[depth, 2] = log2 - 1
                        depth += 1
                    continue
                lh = log2 - 1 if decision == ROWS else log2
                lw = log2 - 1 if decision == COLUMNS else log2
                for k in range(1 if decision == LEAF else 2):
                    block_y = y + (k << lh) if decision == ROWS else y
                    block_x = x + (k << lw) if decision == COLUMNS else x
                    if decoding:
                        plane.blocks[n, 0], plane.blocks[n, 1] = block_y, block_x
                        plane.blocks[n, 2], plane.blocks[n, 3] = lh, lw
                    elif n >= count:
                        return DAMAGED, n
                    status = _code_block(
                        coder, decoding, plane, n, choice, expected, classes, scratch
                    )
                    if status != OK or coder.state[OVERRUN] > MAX_OVERRUN:
                        return DAMAGED, n
                    n += 1
    return OK, n


@njit(cache=True)
def _code_partition(coder, decoding, plane, n, y, x, log2):
    height, width = plane.levels.shape
    size = 1 << log2
    if y + size > height or x + size > width:
        return QUAD
    if log2 == MIN_LOG2:
        return LEAF
    decision = LEAF
    if not decoding:
        block = plane.blocks[n]
        if block[2] == log2 - 1 and block[3] == log2:
            decision = ROWS
        elif block[2] == log2 and block[3] == log2 - 1:
            decision = COLUMNS
        elif block[2] < log2:
            decision = QUAD
    cells, s = plane.cells, log2 - MIN_LOG2
    cy, cx, n_cells = y >> MIN_LOG2, x >> MIN_LOG2, size >> MIN_LOG2
    half = n_cells >> 1
    above = _relative_area(cells.area[cy - 1, cx + half], log2) if cy > 0 else 0
    left = _relative_area(cells.area[cy + half, cx - 1], log2) if cx > 0 else 0
    corner = _relative_area(cells.area[cy - 1, cx], log2) if cy > 0 else 0
    low = _relative_area(cells.area[cy, cx - 1], log2) if cx > 0 else 0
    # Activity of the neighbours at frequencies that a block of this size resolves.
    horizontal = vertical = between = 0
    first = 3 * max(0, MAX_LOG2 - log2 - 1)
    for k in range(n_cells):
        if cy > 0:
            for b in range(first, c.BANDS, 3):
                horizontal += cells.bands[cy - 1, cx + k, b]
                vertical += cells.bands[cy - 1, cx + k, b + 1]
                between += cells.bands[cy - 1, cx + k, b + 2]
        if cx > 0:
            for b in range(first, c.BANDS, 3):
                horizontal += cells.bands[cy + k, cx - 1, b]
                vertical += cells.bands[cy + k, cx - 1, b + 1]
                between += cells.bands[cy + k, cx - 1, b + 2]
    activity = magnitude_class((horizontal + vertical + between) // (2 * n_cells))
    direction = 0 if horizontal > 2 * vertical else 1 if vertical > 2 * horizontal else 2
    other_area, other_activity = 0, 0
    if plane.chroma:
        oy = min((cy + half) << plane.other_shift, plane.other.area.shape[0] - 1)
        ox = min((cx + half) << plane.other_shift, plane.other.area.shape[1] - 1)
        other_area = _relative_area(plane.other.area[oy, ox], log2 + plane.other_shift)
        total = 0
        for b in range(c.BANDS):
            total += plane.other.bands[oy, ox, b]
        other_activity = magnitude_class(total)
    split = 0
    for step in range(3):
        base = (step * 2 + plane.chroma) * c.SIZES + s
        contexts = coder.contexts
        contexts[0] = c.SPLIT_NEIGHBOURS + (base * c.AREAS + above) * c.AREAS + left
        contexts[1] = c.SPLIT_ACTIVITY + (base * c.MAGNITUDES + activity) * 3 + direction
        contexts[2] = c.SPLIT_CORNERS + (base * c.AREAS + corner) * c.AREAS + low
        contexts[3] = c.SPLIT_LUMA + (base * c.AREAS + other_area) * c.MAGNITUDES + other_activity
        if step == 0:
            wanted = decision != LEAF
        elif step == 1:
            wanted = decision != QUAD
        else:
            wanted = decision == COLUMNS
        weight_set = c.SPLIT_SET + step * 2 + plane.chroma
        bit = code_mixed(coder, decoding, np.int64(wanted), c.SPLIT_INPUTS, weight_set, c.PARTITION)
        split |= bit << step
        if bit == 0:
            break
    if split == 0:
        return LEAF
    if split == 1:
        return QUAD
    return COLUMNS if split == 7 else ROWS


@njit(cache=True)
def _relative_area(area, log2):
    """Return 0 for no block, else 1 to 8: how much smaller than a node's a neighbour's area is."""
    if area == 0:
        return 0
    return min(max(2 * log2 - area + 3, 1), 8)


@njit(cache=True)
def _code_block(coder, decoding, plane, n, choice, expected, classes, scratch):
    y, x = np.int64(plane.blocks[n, 0]), np.int64(plane.blocks[n, 1])
    lh, lw = np.int64(plane.blocks[n, 2]), np.int64(plane.blocks[n, 3])
    _expect(plane, y, x, lh, lw, expected, classes)
    if lh == lw and _code_map(coder, decoding, plane, n, y, x, lh, expected) != OK:
        return DAMAGED
    mapped = np.int64(plane.maps[n, 0] != NO_MAP)
    top_mean, left_mean, predicted = _predict_mean(plane, y, x, lh, lw)
    _code_mean(
        coder, decoding, plane, y, x, lh, lw, predicted, top_mean, left_mean, expected, choice
    )
    if choice.active:
        choose_levels(coder, plane, y, x, lh, lw, mapped, choice, expected, classes, scratch)
    code_levels(
        coder, decoding, plane, y, x, lh, lw, mapped, top_mean, left_mean, expected, classes
    )
    _remember(plane, n, y, x, lh, lw)
    return OK


@njit(cache=True)
def _expect(plane, y, x, lh, lw, expected, classes):
    """Set the mean magnitudes by band of the blocks above and to the left."""
    cells = plane.cells
    cy, cx = y >> MIN_LOG2, x >> MIN_LOG2
    rows, columns = 1 << (lh - MIN_LOG2), 1 << (lw - MIN_LOG2)
    weight = (columns if cy > 0 else 0) + (rows if cx > 0 else 0)
    for b in range(c.BANDS):
        total = 0
        if cy > 0:
            for k in range(columns):
                total += cells.bands[cy - 1, cx + k, b]
        if cx > 0:
            for k in range(rows):
                total += cells.bands[cy + k, cx - 1, b]
        expected[b] = total // weight if weight else 8
    for b in range(c.BANDS):
        first = b // 3 * 3
        classes[0, b] = magnitude_class(expected[b])
        octave = expected[first] + expected[first + 1] + expected[first + 2]
        classes[1, b] = magnitude_class(octave // 3)


@njit(cache=True)
def _code_map(coder, decoding, plane, n, y, x, log2, expected):
    cells, s = plane.cells, log2 - MIN_LOG2
    cy, cx = y >> MIN_LOG2, x >> MIN_LOG2
    above = np.int64(cells.kind[cy - 1, cx]) if cy > 0 else 0
    left = np.int64(cells.kind[cy, cx - 1]) if cx > 0 else 0
    activity = magnitude_class(expected[3 * (MAX_LOG2 - log2) + 2])
    kind = np.int64(plane.maps[n, 0])
    read = LUMA
    for k in range(LUMA):
        coder.contexts[0] = c.MAP_KIND_NEIGHBOURS + ((k * 2 + plane.chroma) * 5 + above) * 5 + left
        coder.contexts[1] = (
            c.MAP_KIND_SIZE + ((k * 2 + plane.chroma) * c.SIZES + s) * c.MAGNITUDES + activity
        )
        hit = code_mixed(coder, decoding, np.int64(kind == k), c.MAP_INPUTS, c.MAP_SET + k, c.MAPS)
        if hit:
            read = k
            break
    kind = read
    plane.maps[n, 0] = kind
    if kind == NO_MAP:
        return OK
    if kind == LUMA and not plane.chroma:
        return DAMAGED
    scale = np.int64(plane.maps[n, 4])
    negative = code_adaptive(
        coder, decoding, np.int64(scale < 0), c.SCALE_SIGN + (kind == LUMA), c.MAPS
    )
    size = 0
    while size < MAX_SCALE_INDEX:
        slot = c.SCALE_SIZE + (kind * c.SIZES + s) * 16 + size
        if not code_adaptive(coder, decoding, np.int64(abs(scale) > size), slot, c.MAPS):
            break
        size += 1
    plane.maps[n, 4] = -size if negative else size
    if kind == LUMA:
        return OK
    isometry, node = np.int64(plane.maps[n, 3]), 1
    for k in range(2, -1, -1):
        slot = c.ISOMETRY + s * 8 + node
        node = node << 1 | code_adaptive(coder, decoding, isometry >> k & 1, slot, c.MAPS)
    plane.maps[n, 3] = node & 7
    # The domain's place relative to the block: the difference of their centres, in whole pixels.
    side = _CONTRACTION[kind] << log2
    centring = (side - (1 << log2)) >> 1
    height, width = plane.levels.shape
    for axis in range(2):
        place = y if axis == 0 else x
        limit = height if axis == 0 else width
        offset = np.int64(plane.maps[n, 1 + axis]) + centring - place
        sign = code_adaptive(
            coder, decoding, np.int64(offset < 0), c.OFFSET_SIGN + axis * c.SIZES + s, c.MAPS
        )
        coder.contexts[0] = c.OFFSET_LENGTH + (axis * c.SIZES + s) * c.LENGTHS
        size = code_number(
            coder,
            decoding,
            abs(offset),
            1,
            -1,
            c.OFFSET_BITS + axis * c.LENGTHS * 8,
            c.OFFSET_LOW + axis * c.LENGTHS,
            c.MAPS,
        )
        offset = -size if sign else size
        domain = offset - centring + place
        if domain < 0 or domain + side > limit:
            return DAMAGED
        plane.maps[n, 1 + axis] = domain
    return OK


@njit(cache=True)
def _predict_mean(plane, y, x, lh, lw):
    """Return the means of the borders above and to the left, and the predicted first level."""
    cells = plane.cells
    cy, cx = y >> MIN_LOG2, x >> MIN_LOG2
    rows, columns = 1 << (lh - MIN_LOG2), 1 << (lw - MIN_LOG2)
    top = left = np.int64(0)
    if cy > 0:
        for k in range(columns):
            top += cells.lower[cy - 1, cx + k]
    if cx > 0:
        for k in range(rows):
            left += cells.right[cy + k, cx - 1]
    if cy > 0 and cx > 0:
        mean = (top + left) // (rows + columns)
        top, left = top // columns, left // rows
    elif cy > 0:
        top = left = mean = top // columns
    elif cx > 0:
        top = left = mean = left // rows
    else:
        mean = np.int64(0)
    total = lh + lw
    half = total // 2
    level = (mean * _ROOT_TWO) << half >> 16 if total & 1 else mean << half
    return top, left, (level + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS


@njit(cache=True)
def _code_mean(coder, decoding, plane, y, x, lh, lw, predicted, top, left, expected, choice):
    if choice.active:
        plane.levels[y, x] = np.int32(np.rint(choice.coefficients[y, x]))
    value = np.int64(plane.levels[y, x]) - predicted
    area = lh + lw - 2 * MIN_LOG2
    s = min(area >> 1, c.SIZES - 1)
    # How far the two borders disagree, in units of the first level, in sixteenths.
    spread = magnitude_class((abs(top - left) << ((lh + lw) // 2)) >> (FRACTION_BITS - 2))
    first = 3 * max(0, MAX_LOG2 - max(lh, lw))
    activity = magnitude_class(expected[first] + expected[first + 1])
    base = plane.chroma
    contexts = coder.contexts
    contexts[0] = c.MEAN_SPREAD + (base * c.MAGNITUDES + spread) * c.LENGTHS
    contexts[1] = c.MEAN_SIZE + (base * c.SIZES * 2 + area) * c.LENGTHS
    contexts[2] = c.MEAN_ACTIVITY + ((base * c.SIZES + s) * c.MAGNITUDES + activity) * c.LENGTHS
    size = code_number(
        coder,
        decoding,
        abs(value),
        c.MEAN_INPUTS,
        c.MEAN_SET + base * 3,
        c.MEAN_BITS + base * c.LENGTHS * 8,
        c.MEAN_LOW + base * c.LENGTHS,
        c.MEANS,
    )
    if size > 0:
        lean = 0 if top == left else 1 if top > left else 2
        if code_adaptive(
            coder, decoding, np.int64(value < 0), c.MEAN_SIGN + base * 3 + lean, c.MEANS
        ):
            size = -size
    plane.levels[y, x] = predicted + size


@njit(cache=True)
def _remember(plane, n, y, x, lh, lw):
    """Enter a coded block into the cells."""
    cells, levels = plane.cells, plane.levels
    sums = np.zeros(c.BANDS, np.int64)
    counts = np.zeros(c.BANDS, np.int64)
    start = c.SCAN_START[lh, lw]
    area = 1 << (lh + lw)
    for position in range(1, area):
        entry = start + position
        magnitude = abs(levels[y + c.SCAN_V[entry], x + c.SCAN_U[entry]])
        band = c.SCAN_BAND[entry]
        counts[band] += 1
        if magnitude:
            sums[band] += magnitude
    known = np.zeros(3, np.int64)
    for b in range(c.BANDS - 1, -1, -1):
        direction = b % 3
        if counts[b]:
            known[direction] = min((sums[b] * 16 + counts[b] // 2) // counts[b], 2047)
        sums[b] = known[direction]  # bands that the block does not resolve: the next one it does
    cy, cx = y >> MIN_LOG2, x >> MIN_LOG2
    rows, columns = 1 << (lh - MIN_LOG2), 1 << (lw - MIN_LOG2)
    for j in range(cy, cy + rows):
        for i in range(cx, cx + columns):
            cells.area[j, i] = lh + lw
            cells.kind[j, i] = plane.maps[n, 0]
            for b in range(c.BANDS):
                cells.bands[j, i, b] = sums[b]
    mean = mean_of_level(np.int64(levels[y, x]), lh, lw)
    # Value of the lowest cosines at the border across, whose last samples are close to ±sqrt(2).
    across = down = np.int64(0)
    sign = -1
    for k in range(1, min(4, min(1 << lh, 1 << lw))):
        across += sign * levels[y, x + k]
        down += sign * levels[y + k, x]
        sign = -sign
    right = mean + (mean_of_level(across, lh, lw) * _ROOT_TWO >> 16)
    lower = mean + (mean_of_level(down, lh, lw) * _ROOT_TWO >> 16)
    # Along the border the slope is taken as a straight line from +sqrt(2) to -sqrt(2).
    slope_v = mean_of_level(np.int64(levels[y + 1, x]), lh, lw) * _ROOT_TWO >> 16
    slope_u = mean_of_level(np.int64(levels[y, x + 1]), lh, lw) * _ROOT_TWO >> 16
    for k in range(rows):
        cells.right[cy + k, cx + columns - 1] = right + slope_v * (rows - 1 - 2 * k) // rows
    for k in range(columns):
        cells.lower[cy + rows - 1, cx + k] = lower + slope_u * (columns - 1 - 2 * k) // columns
