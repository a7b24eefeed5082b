"""Tables of the entropy coder of mosaics: classes, the layout of the slots.

Everything here is fixed by the file format; nothing depends on a picture, and nothing is learned
beforehand: a mosaic has few numbers, but as many of each sort as it has patches.
"""

from selfsame.coding.numbers import LENGTHS as LENGTHS
from selfsame.coding.slots import Layout, class_table
from selfsame.isometries import ISOMETRIES as ISOMETRIES
from selfsame.mosaic.code import MAX_CONTRAST
from selfsame.mosaic.settings import MAX_LEVELS

CHANNELS = 3
"""In the order of coding: green (or grey), red, blue."""

LEVELS = MAX_LEVELS + 1

KINDS = 3
"""Numbers of a patch and a channel: mean, slope to the right, slope down."""
MEAN, RIGHT, DOWN = range(KINDS)

SIZE_LIMIT = 512
SIZES = 16
"""Classes of a size of a few hundred at most."""
SIZE_CLASS = class_table([1, 2, 3, 5, 7, 10, 14, 19, 26, 36, 50, 70, 100, 150, 250], SIZE_LIMIT)

COARSE = 5
"""Fewer classes of the same, for where three are combined."""
COARSE_CLASS = class_table([3, 10, 24, 60], SIZE_LIMIT)

ROOMS = 32
"""Classes of how much lighter or darker a patch can become."""

_slots = Layout()

SPLIT_INPUTS = 2
SPLIT_SIDES = _slots.take(LEVELS, 3, 3)
SPLIT_BEFORE = _slots.take(LEVELS, 3, 3, 2)

NUMBER_INPUTS = 4
NUMBER_ROUGH = _slots.take(KINDS, CHANNELS, SIZES, LENGTHS)
NUMBER_NEAR = _slots.take(2, 2, SIZES, LENGTHS)
NUMBER_BEFORE = _slots.take(KINDS, CHANNELS, LEVELS, SIZES, LENGTHS)
NUMBER_ALL = _slots.take(2, 2, COARSE, COARSE, COARSE, LENGTHS)
NUMBER_BITS = _slots.take(KINDS, CHANNELS, LENGTHS, 8)
NUMBER_LOW = _slots.take(KINDS, CHANNELS, LENGTHS)
NUMBER_SIGN = _slots.take(KINDS, CHANNELS, 3)

CONTRASTS = MAX_CONTRAST + 1
CONTRAST_BITS = CONTRASTS.bit_length() - 1
CONTRAST_INPUTS = 4
CONTRAST_LEVEL = _slots.take(LEVELS, CONTRASTS)
CONTRAST_LIGHTER = _slots.take(ROOMS, CONTRASTS)
CONTRAST_DARKER = _slots.take(ROOMS, CONTRASTS)
CONTRAST_BEFORE = _slots.take(LEVELS, CONTRASTS // 8, CONTRASTS)

ISOMETRY_BITS = ISOMETRIES.bit_length() - 1
ISOMETRY_INPUTS = 2
ISOMETRY_LEVEL = _slots.take(LEVELS, ISOMETRIES)
ISOMETRY_BEFORE = _slots.take(ISOMETRIES, ISOMETRIES)

SLOTS = _slots.size

_sets = Layout()
SPLIT_SET = _sets.take(1)
NUMBER_SET = _sets.take(KINDS, CHANNELS)
CONTRAST_SET = _sets.take(CONTRAST_BITS)
ISOMETRY_SET = _sets.take(1)
WEIGHT_SETS = _sets.size

ELEMENTS = ("splits", "means", "slopes", "contrasts", "isometries")
"""Syntax elements that bits are counted by."""
OF_SPLITS, OF_MEANS, OF_SLOPES, OF_CONTRASTS, OF_ISOMETRIES = range(len(ELEMENTS))
