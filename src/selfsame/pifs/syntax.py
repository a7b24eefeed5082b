"""The syntax of a plane: how its partition, maps and levels become binary decisions.

One set of compiled functions serves the writer, the reader and the encoder's choice of levels, so
that they cannot disagree. ``docs/file-format.md`` describes the order; the contexts of the decisions
are laid out in ``contexts``.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.bitstream.range_coder import (
    OVERRUN,
    code_adaptive,
    code_mixed,
    code_plain,
    mixed_probability,
)
from selfsame.pifs import contexts as c
from selfsame.pifs.code import CONTRACTION, LUMA, MAX_LOG2, MAX_SCALE_INDEX, MIN_LOG2, NO_MAP

LEAF, QUAD, ROWS, COLUMNS = range(4)
"""What a node of the partition becomes: one block, four nodes, or two halves, one above the other
or side by side."""

MAX_OVERRUN = 8
"""Bytes a reader may need behind the stored ones; a longer need is damage."""

FRACTION_BITS = 7
"""Of the block means kept for prediction."""

OK, DAMAGED = 0, 1

_CONTRACTION = np.array(CONTRACTION, np.int64)
_TAIL_BITS = 16
_ROOT_HALF = 46341  # 2 ** -0.5 in 16 bits
_ROOT_TWO = 92682


class Cells(NamedTuple):
    """What is known of the coded part of a plane, by cells of 4 × 4 pixels.

    Attributes:
        area: log2 height + log2 width of the block, 0 before it is coded.
        kind: of its map.
        bands: (rows, columns, BANDS) mean magnitude of its levels by band, in sixteenths.
        lower, right: mean level of the block's lower and right border, ``FRACTION_BITS`` fraction.
    """

    area: NDArray[np.int8]
    kind: NDArray[np.int8]
    bands: NDArray[np.int16]
    lower: NDArray[np.int32]
    right: NDArray[np.int32]


class PlaneState(NamedTuple):
    """One plane on its way through the coder.

    Attributes:
        levels: (H, W) int32, the padded plane.
        blocks: (n, 4) int32 and maps: (n, 5) int32, room for as many blocks as there are cells.
        cells: of this plane.
        other: of the plane coded before it that helps to predict it (luma for Cb, Cb for Cr; of the
            plane itself if there is none).
        other_shift: log2 of the other plane's resolution over this one's.
        chroma: 0 or 1.
    """

    levels: NDArray[np.int32]
    blocks: NDArray[np.int32]
    maps: NDArray[np.int32]
    cells: Cells
    other: Cells
    other_shift: int
    chroma: int


class Choice(NamedTuple):
    """What the encoder chooses levels by while it codes; see ``quantise``.

    Attributes:
        active: False for a mere writer or reader; the rest is then unused.
        coefficients: (H, W) float32, in units of the step, blocks in their places.
        price: Lagrangian of a bit, in units of step².
        last: highest index in the scan that may be chosen: 2 in pure mode.
    """

    active: bool
    coefficients: NDArray[np.float32]
    price: float
    last: int


def new_cells(height: int, width: int) -> Cells:
    """Return the cells of a padded plane of ``height`` × ``width`` pixels, nothing coded."""
    shape = (height >> MIN_LOG2, width >> MIN_LOG2)
    return Cells(
        np.zeros(shape, np.int8),
        np.zeros(shape, np.int8),
        np.zeros((*shape, c.BANDS), np.int16),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
    )


@njit(cache=True)
def code_plane(coder, decoding, plane, count, choice):  # type: ignore[no-untyped-def]
    """Code a whole plane; return (status, number of blocks).

    Args:
        count: blocks in ``plane.blocks`` when encoding; ignored when decoding.
    """
    height, width = plane.levels.shape
    stack = np.empty((64, 3), np.int64)
    expected = np.zeros(c.BANDS, np.int64)
    index = np.zeros(c.LEVEL_INPUTS, np.int64)
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
                        coder, decoding, plane, n, choice, expected, index, scratch
                    )
                    if status != OK or coder.state[OVERRUN] > MAX_OVERRUN:
                        return DAMAGED, n
                    n += 1
    return OK, n


@njit(cache=True)
def _code_partition(coder, decoding, plane, n, y, x, log2):  # type: ignore[no-untyped-def]
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
    activity = _magnitude_class((horizontal + vertical + between) // (2 * n_cells))
    direction = 0 if horizontal > 2 * vertical else 1 if vertical > 2 * horizontal else 2
    other_area, other_activity = 0, 0
    if plane.chroma:
        oy = min((cy + half) << plane.other_shift, plane.other.area.shape[0] - 1)
        ox = min((cx + half) << plane.other_shift, plane.other.area.shape[1] - 1)
        other_area = _relative_area(plane.other.area[oy, ox], log2 + plane.other_shift)
        total = 0
        for b in range(c.BANDS):
            total += plane.other.bands[oy, ox, b]
        other_activity = _magnitude_class(total)
    k = 2 * s
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
    k = split
    if k == 0:
        return LEAF
    if k == 1:
        return QUAD
    return COLUMNS if k == 7 else ROWS


@njit(cache=True)
def _relative_area(area, log2):  # type: ignore[no-untyped-def]
    """Return 0 for no block, else 1 to 8: how much smaller than a node's a neighbour's area is."""
    if area == 0:
        return 0
    return min(max(2 * log2 - area + 3, 1), 8)


@njit(cache=True)
def _magnitude_class(value):  # type: ignore[no-untyped-def]
    return np.int64(c.MAGNITUDE_CLASS[min(value, c.MAGNITUDE_LIMIT - 1)])


@njit(cache=True)
def _code_block(coder, decoding, plane, n, choice, expected, index, scratch):  # type: ignore[no-untyped-def]
    y, x = np.int64(plane.blocks[n, 0]), np.int64(plane.blocks[n, 1])
    lh, lw = np.int64(plane.blocks[n, 2]), np.int64(plane.blocks[n, 3])
    _expect(plane, y, x, lh, lw, expected)
    if lh == lw and _code_map(coder, decoding, plane, n, y, x, lh, expected) != OK:
        return DAMAGED
    mapped = np.int64(plane.maps[n, 0] != NO_MAP)
    top_mean, left_mean, predicted = _predict_mean(plane, y, x, lh, lw)
    _code_mean(
        coder, decoding, plane, y, x, lh, lw, predicted, top_mean, left_mean, expected, choice
    )
    if choice.active:
        _choose_levels(coder, plane, y, x, lh, lw, mapped, choice, expected, index, scratch)
    _code_levels(coder, decoding, plane, y, x, lh, lw, mapped, top_mean, left_mean, expected, index)
    _remember(plane, n, y, x, lh, lw)
    return OK


@njit(cache=True)
def _expect(plane, y, x, lh, lw, expected):  # type: ignore[no-untyped-def]
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


@njit(cache=True)
def _code_map(coder, decoding, plane, n, y, x, log2, expected):  # type: ignore[no-untyped-def]
    cells, s = plane.cells, log2 - MIN_LOG2
    cy, cx = y >> MIN_LOG2, x >> MIN_LOG2
    above = np.int64(cells.kind[cy - 1, cx]) if cy > 0 else 0
    left = np.int64(cells.kind[cy, cx - 1]) if cx > 0 else 0
    activity = _magnitude_class(expected[3 * (MAX_LOG2 - log2) + 2])
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
        size = _code_number(
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
def _code_number(coder, decoding, value, inputs, weight_set, bits, low, element):  # type: ignore[no-untyped-def]
    """Code a number >= 0: its bit length in unary, then its bits below the first.

    ``coder.contexts[:inputs]`` hold the slots of the first unary step; the later ones follow.
    """
    length = 0
    v = value
    while v > 0:
        length += 1
        v >>= 1
    read = 0
    while read < c.LENGTHS - 1:
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
def _mean_of_level(level, lh, lw):  # type: ignore[no-untyped-def]
    """Return level / sqrt(height × width) with FRACTION_BITS more bits."""
    total = lh + lw
    if total & 1:
        return (level * _ROOT_HALF) >> (16 - FRACTION_BITS + (total - 1) // 2)
    return (level << FRACTION_BITS) >> (total // 2)


@njit(cache=True)
def _predict_mean(plane, y, x, lh, lw):  # type: ignore[no-untyped-def]
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
    if total & 1:
        level = (mean * _ROOT_TWO) << ((total - 1) // 2) >> 16
    else:
        level = mean << (total // 2)
    return top, left, (level + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS


@njit(cache=True)
def _code_mean(coder, decoding, plane, y, x, lh, lw, predicted, top, left, expected, choice):  # type: ignore[no-untyped-def]
    if choice.active:
        plane.levels[y, x] = np.int32(np.rint(choice.coefficients[y, x]))
    value = np.int64(plane.levels[y, x]) - predicted
    area = lh + lw - 2 * MIN_LOG2
    s = min(area >> 1, c.SIZES - 1)
    # How far the two borders disagree, in units of the first level, in sixteenths.
    spread = _magnitude_class((abs(top - left) << ((lh + lw) // 2)) >> (FRACTION_BITS - 2))
    first = 3 * max(0, MAX_LOG2 - max(lh, lw))
    activity = _magnitude_class(expected[first] + expected[first + 1])
    base = plane.chroma
    contexts = coder.contexts
    contexts[0] = c.MEAN_SPREAD + (base * c.MAGNITUDES + spread) * c.LENGTHS
    contexts[1] = c.MEAN_SIZE + (base * c.SIZES * 2 + area) * c.LENGTHS
    contexts[2] = c.MEAN_ACTIVITY + ((base * c.SIZES + s) * c.MAGNITUDES + activity) * c.LENGTHS
    size = _code_number(
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
def _set_last_contexts(coder, plane, lh, lw, mapped, expected, other):  # type: ignore[no-untyped-def]
    area = lh + lw - 2 * MIN_LOG2
    base = plane.chroma * c.AREAS + area
    first = 3 * max(0, MAX_LOG2 - max(lh, lw))
    total = 0
    for b in range(first, c.BANDS):
        total += expected[b]
    high = expected[9] + expected[10] + expected[11] if area < 4 else 0
    high += expected[12] + expected[13] + expected[14] + expected[15] + expected[16] + expected[17]
    contexts = coder.contexts
    contexts[0] = c.LAST_AREA + (base * c.MAGNITUDES + _magnitude_class(total >> 1)) * c.LENGTHS
    contexts[1] = c.LAST_HIGH + (base * c.MAGNITUDES + _magnitude_class(high)) * c.LENGTHS
    contexts[2] = (
        c.LAST_MAPPED
        + (((plane.chroma * c.SIZES + lh - MIN_LOG2) * c.SIZES + lw - MIN_LOG2) * 5 + mapped)
        * c.LENGTHS
    )
    contexts[3] = c.LAST_OTHER + ((base * c.MAGNITUDES + other) * 3 + min(mapped, 2)) * c.LENGTHS


@njit(cache=True)
def _other_class(plane, y, x, lh, lw):  # type: ignore[no-untyped-def]
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
    return _magnitude_class(total >> 1)


@njit(cache=True)
def _set_level_contexts(plane, y, x, lh, lw, position, entry, expected, other, index):  # type: ignore[no-untyped-def]
    """Set ``index``, the places within their tables of the slots for one coefficient."""
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
    expectation = _magnitude_class(expected[band])
    size = max(lh, lw) - MIN_LOG2
    chroma = plane.chroma
    index[0] = ((chroma * c.SIZES + size) * c.TEMPLATES + template) * c.MAGNITUDES + expectation
    index[1] = ((chroma * c.BANDS + band) * c.SIZES + size) * c.TEMPLATES + template
    shape = min(right, 2)
    shape = shape * 3 + min(below, 2)
    shape = shape * 3 + min(across, 2)
    shape = shape * 3 + min(right2, 2)
    shape = shape * 3 + min(below2, 2)
    index[2] = (chroma * 243 + shape) * c.SIZES + size
    area = lh + lw - 2 * MIN_LOG2
    index[3] = (
        (chroma * c.POSITIONS + c.POSITION_CLASS[position]) * c.AREAS + area
    ) * c.MAGNITUDES + expectation
    step = band // 3
    lower = _magnitude_class(expected[band - 3]) if step > 0 else 0
    index[4] = ((chroma * 6 + step) * c.MAGNITUDES + lower) * c.MAGNITUDES + expectation
    index[5] = (
        (chroma * c.MAGNITUDES + (other if chroma else _sides(expected, step))) * c.MAGNITUDES
        + expectation
    ) * c.TEMPLATES + template


@njit(cache=True)
def _sides(expected, step):  # type: ignore[no-untyped-def]
    """Return the class of the magnitude expected in an octave, whatever the direction."""
    return _magnitude_class(
        (expected[3 * step] + expected[3 * step + 1] + expected[3 * step + 2]) // 3
    )


@njit(cache=True)
def _use_contexts(coder, index, step):  # type: ignore[no-untyped-def]
    for i in range(c.LEVEL_INPUTS):
        coder.contexts[i] = c.LEVEL_BASES[i] + step * c.LEVEL_STRIDES[i] + index[i]


@njit(cache=True)
def _code_levels(coder, decoding, plane, y, x, lh, lw, mapped, top, left, expected, index):  # type: ignore[no-untyped-def]
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
    last = _code_number(
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
        _set_level_contexts(plane, y, x, lh, lw, position, entry, expected, other, index)
        magnitude, wanted = 0, abs(level)
        if position == last:
            magnitude = 1
        while magnitude < 15:
            step = min(magnitude, c.STEPS - 1)
            _use_contexts(coder, index, step)
            weight_set = c.LEVEL_SET + (step * 2 + plane.chroma) * c.SIZES + size
            if not code_mixed(
                coder, decoding, np.int64(wanted > magnitude), c.LEVEL_INPUTS, weight_set, c.LEVELS
            ):
                break
            magnitude += 1
        if magnitude == 15:
            magnitude += _code_tail(coder, decoding, wanted - 15, plane.chroma)
        if magnitude > 0 and _code_sign(
            coder, decoding, level < 0, plane, y, x, lh, lw, v, u, top, left
        ):
            plane.levels[y + v, x + u] = -magnitude
        else:
            plane.levels[y + v, x + u] = magnitude


@njit(cache=True)
def _code_tail(coder, decoding, value, chroma):  # type: ignore[no-untyped-def]
    """Code a number >= 0 in the exponential Golomb code of order 0."""
    value += 1
    length = 0
    while length < _TAIL_BITS and code_adaptive(
        coder,
        decoding,
        np.int64(value >> (length + 1) > 0),
        c.LEVEL_TAIL + chroma * c.LENGTHS + length,
        c.LEVELS,
    ):
        length += 1
    result = np.int64(1)
    for k in range(length - 1, -1, -1):
        result = result << 1 | code_plain(coder, decoding, value >> k & 1, c.LEVELS)
    return result - 1


@njit(cache=True)
def _code_sign(coder, decoding, negative, plane, y, x, lh, lw, v, u, top, left):  # type: ignore[no-untyped-def]
    """Code a sign; those of the two slopes are predicted by the step from the block's border."""
    if v + u != 1:
        return code_plain(coder, decoding, np.int64(negative), c.SIGNS)
    mean = _mean_of_level(np.int64(plane.levels[y, x]), lh, lw)
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
def _remember(plane, n, y, x, lh, lw):  # type: ignore[no-untyped-def]
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
    mean = _mean_of_level(np.int64(levels[y, x]), lh, lw)
    # Value of the lowest cosines at the border across, whose last samples are close to ±sqrt(2).
    across = down = np.int64(0)
    sign = -1
    for k in range(1, min(4, min(1 << lh, 1 << lw))):
        across += sign * levels[y, x + k]
        down += sign * levels[y + k, x]
        sign = -sign
    right = mean + (_mean_of_level(across, lh, lw) * _ROOT_TWO >> 16)
    lower = mean + (_mean_of_level(down, lh, lw) * _ROOT_TWO >> 16)
    # Along the border the slope is taken as a straight line from +sqrt(2) to -sqrt(2).
    slope_v = _mean_of_level(np.int64(levels[y + 1, x]), lh, lw) * _ROOT_TWO >> 16
    slope_u = _mean_of_level(np.int64(levels[y, x + 1]), lh, lw) * _ROOT_TWO >> 16
    for k in range(rows):
        cells.right[cy + k, cx + columns - 1] = right + slope_v * (rows - 1 - 2 * k) // rows
    for k in range(columns):
        cells.lower[cy + rows - 1, cx + k] = lower + slope_u * (columns - 1 - 2 * k) // columns


@njit(cache=True)
def _choose_levels(coder, plane, y, x, lh, lw, mapped, choice, expected, index, scratch):  # type: ignore[no-untyped-def]
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
        _set_level_contexts(plane, y, x, lh, lw, position, entry, expected, other, index)
        _use_contexts(coder, index, 0)
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
                    _use_contexts(coder, index, step)
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
