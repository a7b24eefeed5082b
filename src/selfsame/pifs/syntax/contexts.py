"""Tables of the entropy coder: scan orders, frequency bands, quantisers, the layout of the slots.

Everything here is fixed by the file format; nothing depends on a picture.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.numbers import LENGTHS as LENGTHS
from selfsame.coding.slots import Layout, class_table
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2

SIZES = MAX_LOG2 - MIN_LOG2 + 1
"""Block sides 4, 8, 16, 32, 64."""

BANDS = 18
"""Six octaves of frequency times three directions: mostly horizontal, mostly vertical, between."""

MAGNITUDES = 12
"""Classes of expected magnitude of a level, from its neighbourhood of blocks."""

TEMPLATES = 9
"""Classes of the sum of the five coefficients already coded around one."""

POSITIONS = 24
AREAS = 9
STEPS = 4
"""Decisions of a level: zero?, one?, two?, more."""

_slots = Layout()

# One class of planes is luma, the other chroma. Slots of the coefficients, by input of the mixer:
LEVEL_STRIDES = np.array(
    [
        2 * SIZES * TEMPLATES * MAGNITUDES,
        2 * BANDS * SIZES * TEMPLATES,
        2 * 243 * SIZES,
        2 * POSITIONS * 9 * MAGNITUDES,
        2 * 6 * MAGNITUDES * MAGNITUDES,
        2 * MAGNITUDES * MAGNITUDES * TEMPLATES,
    ],
    np.int64,
)
LEVEL_BASES = np.array([_slots.take(STEPS, int(stride)) for stride in LEVEL_STRIDES], np.int64)
LEVEL_INPUTS = len(LEVEL_STRIDES)
LEVEL_TAIL = _slots.take(2, LENGTHS)
SIGN = _slots.take(2, 2, SIZES, 7)

SPLIT_INPUTS = 4
SPLIT_NEIGHBOURS = _slots.take(3, 2, SIZES, AREAS, AREAS)
SPLIT_ACTIVITY = _slots.take(3, 2, SIZES, MAGNITUDES, 3)
SPLIT_CORNERS = _slots.take(3, 2, SIZES, AREAS, AREAS)
SPLIT_LUMA = _slots.take(3, 2, SIZES, AREAS, MAGNITUDES)

MAP_INPUTS = 2
MAP_KIND_NEIGHBOURS = _slots.take(4, 2, 5, 5)
MAP_KIND_SIZE = _slots.take(4, 2, SIZES, MAGNITUDES)
ISOMETRY = _slots.take(SIZES, 8)
SCALE_SIGN = _slots.take(2)
SCALE_SIZE = _slots.take(5, SIZES, 16)
OFFSET_LENGTH = _slots.take(2, SIZES, LENGTHS)
OFFSET_SIGN = _slots.take(2, SIZES)
OFFSET_BITS = _slots.take(2, LENGTHS, 8)
OFFSET_LOW = _slots.take(2, LENGTHS)

MEAN_INPUTS = 3
MEAN_SPREAD = _slots.take(2, MAGNITUDES, LENGTHS)
MEAN_SIZE = _slots.take(2, SIZES * 2, LENGTHS)
MEAN_ACTIVITY = _slots.take(2, SIZES, MAGNITUDES, LENGTHS)
MEAN_SIGN = _slots.take(2, 3)
MEAN_BITS = _slots.take(2, LENGTHS, 8)
MEAN_LOW = _slots.take(2, LENGTHS)

LAST_INPUTS = 4
LAST_AREA = _slots.take(2, AREAS, MAGNITUDES, LENGTHS)
LAST_HIGH = _slots.take(2, AREAS, MAGNITUDES, LENGTHS)
LAST_MAPPED = _slots.take(2, SIZES, SIZES, 5, LENGTHS)
LAST_OTHER = _slots.take(2, AREAS, MAGNITUDES, 3, LENGTHS)
LAST_BITS = _slots.take(2, AREAS, LENGTHS, 8)
LAST_LOW = _slots.take(2, LENGTHS)

SLOTS = _slots.size

# Sets of mixing weights.
_sets = Layout()
LEVEL_SET = _sets.take(STEPS, 2, SIZES)
SPLIT_SET = _sets.take(3, 2)
MAP_SET = _sets.take(4)
MEAN_SET = _sets.take(2, 3)
LAST_SET = _sets.take(2, 3)
WEIGHT_SETS = _sets.size

ELEMENTS = ("partition", "maps", "means", "extents", "levels", "signs")
"""Syntax elements that bits are counted by."""
PARTITION, MAPS, MEANS, EXTENTS, LEVELS, SIGNS = range(len(ELEMENTS))


def _scan(log2_height: int, log2_width: int) -> NDArray[np.int64]:
    """Return the (row, column) of the coefficients of a block by rising frequency."""
    height, width = 1 << log2_height, 1 << log2_width
    v, u = np.mgrid[:height, :width]
    order = np.lexsort((v.ravel(), np.maximum(v, u).ravel(), (v * width + u * height).ravel()))
    return np.stack([v.ravel()[order], u.ravel()[order]], axis=1).astype(np.int64)


def _band(v: int, u: int, log2_height: int, log2_width: int) -> int:
    """Return octave × direction of a coefficient, comparable between blocks of different size."""
    fv, fu = v << (MAX_LOG2 - log2_height), u << (MAX_LOG2 - log2_width)
    octave = max(fv, fu, 1).bit_length() - 1
    direction = 0 if fu >= 2 * fv else 1 if fv >= 2 * fu else 2
    return octave * 3 + direction


def _scans() -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    starts = np.full((MAX_LOG2 + 1, MAX_LOG2 + 1), -1, np.int64)
    rows: list[NDArray[np.int64]] = []
    bands: list[int] = []
    total = 0
    for lh in range(MIN_LOG2, MAX_LOG2 + 1):
        for lw in range(MIN_LOG2, MAX_LOG2 + 1):
            if abs(lh - lw) > 1:
                continue
            scan = _scan(lh, lw)
            starts[lh, lw] = total
            total += len(scan)
            rows.append(scan)
            bands += [_band(int(v), int(u), lh, lw) for v, u in scan]
    scan = np.concatenate(rows).astype(np.uint8)
    return (
        starts,
        np.ascontiguousarray(scan[:, 0]),
        np.ascontiguousarray(scan[:, 1]),
        np.array(bands, np.uint8),
    )


SCAN_START, SCAN_V, SCAN_U, SCAN_BAND = _scans()


def _position_class(index: int) -> int:
    if index < 12:
        return index
    return min(POSITIONS - 1, 2 * index.bit_length() + (index >> (index.bit_length() - 2) & 1) + 4)


POSITION_CLASS = np.array([_position_class(i) for i in range(1 << 2 * MAX_LOG2)], np.uint8)


MAGNITUDE_LIMIT = 1024
MAGNITUDE_CLASS = class_table([1, 2, 4, 6, 9, 13, 19, 28, 45, 80, 160], MAGNITUDE_LIMIT)
"""Class of a mean magnitude in sixteenths of a level."""

TEMPLATE_LIMIT = 64
TEMPLATE_CLASS = class_table([1, 2, 3, 4, 6, 8, 12, 20], TEMPLATE_LIMIT)
