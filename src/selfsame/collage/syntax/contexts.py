"""Tables of the entropy coder of collages: frequencies, classes, the layout of the slots.

Everything here is fixed by the file format; nothing depends on a picture.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.numbers import LENGTHS as LENGTHS
from selfsame.coding.slots import Layout, class_table
from selfsame.collage.code import MAX_ATOMS, scan_positions

PLANES = 3
"""Y (or grey), Cb, Cr."""

STEPS = 4
"""Decisions of a weight: zero?, one?, two?, more."""

MAX_UNARY = 15
"""Magnitudes from here on are coded by an exponential Golomb code."""

RATES = 8
"""Classes of the code's quantiser step."""

ENERGIES = 12
"""Classes of the magnitudes at a weight's frequency in the ranges around."""

TEMPLATES = 12
"""Classes of the magnitudes already coded around a weight in frequency, in its range."""

EXPECTATIONS, COARSE = 20, 8
"""Classes of both together, finer and coarser."""

POSITIONS = 28
"""Classes of the index of an atom."""

OCTAVES = 6
"""Classes of four of those each."""

SPREADS = 16
"""Classes of the roughness of biases."""

GRADIENTS = 7
"""Classes of a signed difference of biases."""

SLOPED = 5
"""Atoms (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), which the biases around foretell; see
``SLOPE_OF``."""

_slots = Layout()

BIAS_INPUTS = 5
BIAS_SPREAD = _slots.take(PLANES, SPREADS, LENGTHS)
BIAS_NEAR = _slots.take(PLANES, SPREADS, LENGTHS)
BIAS_LUMA = _slots.take(PLANES, SPREADS, SPREADS, LENGTHS)
BIAS_BOTH = _slots.take(2, SPREADS, SPREADS, LENGTHS)
BIAS_RATE = _slots.take(PLANES, RATES, LENGTHS)
BIAS_SIGN_INPUTS = 3
BIAS_SIGN_NEAR = _slots.take(PLANES, 9)
BIAS_SIGN_OTHER = _slots.take(PLANES, GRADIENTS)
BIAS_SIGN_LUMA = _slots.take(PLANES, 27)
BIAS_BITS = _slots.take(PLANES, LENGTHS, 8)
BIAS_LOW = _slots.take(PLANES, LENGTHS)

LAST_INPUTS = 5
LAST_NEAR = _slots.take(2, POSITIONS, LENGTHS)
LAST_SIDES = _slots.take(2, 8, 8, LENGTHS)
LAST_RATE = _slots.take(PLANES, RATES, LENGTHS)
LAST_SPREAD = _slots.take(2, SPREADS, OCTAVES, LENGTHS)
LAST_OTHER = _slots.take(2, POSITIONS, POSITIONS, LENGTHS)
LAST_BITS = _slots.take(2, LENGTHS, 8)
LAST_LOW = _slots.take(2, LENGTHS)

# Slots of the weights, by input of the mixer.
WEIGHT_SHAPES: tuple[tuple[int, ...], ...] = (
    (PLANES, TEMPLATES, ENERGIES),
    (PLANES, MAX_ATOMS, COARSE),
    (2, 243, COARSE),
    (2, POSITIONS, 9, COARSE),
    (2, 3, 3, 3, 3, 4),
    (2, ENERGIES, SPREADS, COARSE),
    (2, RATES, OCTAVES, EXPECTATIONS),
    (PLANES, SLOPED + 1, SPREADS, COARSE),
)
WEIGHT_STRIDES = np.array([int(np.prod(shape)) for shape in WEIGHT_SHAPES], np.int64)
WEIGHT_BASES = np.array([_slots.take(STEPS, int(n)) for n in WEIGHT_STRIDES], np.int64)
WEIGHT_INPUTS = len(WEIGHT_SHAPES)
WEIGHT_TAIL = _slots.take(2, LENGTHS)

SIGN_INPUTS = 3
SIGNED = 48
"""Atoms whose signs are predicted."""
SIGN_SIDES = _slots.take(PLANES, SIGNED, 9)
SIGN_SLOPE = _slots.take(PLANES, SLOPED + 1, GRADIENTS)
SIGN_OTHER = _slots.take(PLANES, 3, 5)

DOMAIN_ANY = _slots.take(2, 3)
DOMAIN_SIZE = _slots.take(2, LENGTHS)
DOMAIN_SIGN = _slots.take(2)
DOMAIN_BITS = _slots.take(2, LENGTHS, 8)
DOMAIN_LOW = _slots.take(2, LENGTHS)

SLOTS = _slots.size

_sets = Layout()
BIAS_SET = _sets.take(PLANES)
BIAS_SIGN_SET = _sets.take(PLANES)
LAST_SET = _sets.take(PLANES)
WEIGHT_BANDS = 4
WEIGHT_SET = _sets.take(STEPS, PLANES, WEIGHT_BANDS)
SIGN_SET = _sets.take(PLANES, 3)
WEIGHT_SETS = _sets.size

ELEMENTS = ("biases", "extents", "weights", "signs", "domains")
"""Syntax elements that bits are counted by."""
BIASES, EXTENTS, WEIGHTS, SIGNS, DOMAINS = range(len(ELEMENTS))

NOWHERE = MAX_ATOMS
"""Index of the place behind the last atom, which is always zero."""

_SCAN = scan_positions(MAX_ATOMS)


def _places(down: int, across: int) -> NDArray[np.int64]:
    """Return for every atom the index of the one whose frequencies are so much higher."""
    index = {place: i for i, place in enumerate(_SCAN)}
    return np.array([index.get((v + down, u + across), NOWHERE) for v, u in _SCAN], np.int64)


RIGHT, BELOW, ACROSS = _places(0, 1), _places(1, 0), _places(1, 1)
RIGHT2, BELOW2 = _places(0, 2), _places(2, 0)
LEFT, ABOVE = _places(0, -1), _places(-1, 0)

_REACH = (
    *((0, 1, 6), (1, 0, 6), (1, 1, 4), (0, 2, 4), (2, 0, 4)),
    *((0, 3, 3), (3, 0, 3), (1, 2, 3), (2, 1, 3), (1, -1, 3), (-1, 1, 3)),
)
"""How much a weight lets expect of one whose frequencies are so much lower: rounded coefficients of
a regression over photographs, in about 1/32 of its magnitude."""

REACH_TO = np.stack([_places(-dv, -du) for dv, du, _ in _REACH], axis=1)
REACH_BY = np.array([by for _, _, by in _REACH], np.int64)

KIND = np.array([1 if v == 0 else 2 if u == 0 else 0 for v, u in _SCAN], np.uint8)
"""1 for atoms that vary along rows only, 2 along columns only."""

SLOPE_OF = np.array(
    [{(0, 1): 0, (1, 0): 1, (1, 1): 2, (0, 2): 3, (2, 0): 4}.get(place, SLOPED) for place in _SCAN],
    np.uint8,
)


def _position_class(index: int) -> int:
    """Return 0 to 7 for the first eight, then four classes per octave."""
    if index < 8:
        return index
    octave = index.bit_length() - 4
    return 8 + 4 * octave + (index >> (octave + 1) & 3)


_CLASSES = [_position_class(i) for i in range(MAX_ATOMS + 1)]
POSITION_CLASS = np.array(_CLASSES, np.uint8)

ENERGY_LIMIT = 1024
ENERGY_CLASS = class_table([1, 2, 3, 5, 8, 12, 18, 28, 44, 72, 130], ENERGY_LIMIT)

TEMPLATE_LIMIT = 256
TEMPLATE_CLASS = class_table([1, 4, 7, 10, 14, 19, 26, 36, 50, 75, 120], TEMPLATE_LIMIT)

EXPECTATION_LIMIT = 512
EXPECTATION_CLASS = class_table(
    [1, 3, 5, 7, 9, 12, 15, 19, 23, 28, 35, 43, 53, 66, 84, 110, 150, 210, 320], EXPECTATION_LIMIT
)
COARSE_CLASS = class_table([1, 6, 12, 20, 32, 55, 110], EXPECTATION_LIMIT)

SPREAD_LIMIT = 4096
SPREAD_CLASS = class_table(
    [1, 2, 4, 6, 9, 13, 19, 28, 42, 64, 96, 150, 240, 480, 1000], SPREAD_LIMIT
)

GRADIENT_LIMIT = 128
GRADIENT_CLASS = class_table([1, 4, 14], GRADIENT_LIMIT)
