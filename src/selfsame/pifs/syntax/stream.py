"""A picture's planes to bytes and back: the payload of the file, and bits by syntax element."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.coding import slots
from selfsame.coding.range_coder import Coder, new_coder, written
from selfsame.coding.slots import Tables
from selfsame.errors import CorruptedError
from selfsame.pifs.code import MIN_LOG2, PlaneCode
from selfsame.pifs.syntax.contexts import BANDS, ELEMENTS, SLOTS, WEIGHT_SETS
from selfsame.pifs.syntax.plane import OK, code_plane

Shapes = Sequence[tuple[int, int]]
"""Heights and widths."""


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
        np.zeros((*shape, BANDS), np.int16),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32),
    )


_IDLE = Choice(False, np.zeros((1, 1), np.float32), 0.0, 0)


@cache
def initial_tables() -> Tables:
    """Return the slots and weights at the start of a stream, learned from photographs; do not
    change them."""
    return slots.load_tables("selfsame.pifs", "tables.npz", SLOTS, WEIGHT_SETS)


def plane_states(shapes: Shapes) -> list[PlaneState]:
    """Return empty planes, each linked to the one that helps to predict it: luma for Cb, Cb for
    Cr."""
    states: list[PlaneState] = []
    for i, (height, width) in enumerate(shapes):
        cells = new_cells(height, width)
        other = states[i - 1].cells if i else cells
        shift = (shapes[i - 1][0] // height).bit_length() - 1 if i else 0
        room = (height >> MIN_LOG2) * (width >> MIN_LOG2)
        states.append(
            PlaneState(
                np.zeros((height, width), np.int32),
                np.zeros((room, 4), np.int32),
                np.zeros((room, 5), np.int32),
                cells,
                other,
                shift,
                int(i > 0),
            )
        )
    return states


def planes_coder(data: bytes | memoryview | Shapes) -> Coder:
    """Return a coder that reads a stream of planes, or one that writes planes of these shapes.

    No stream exceeds the writer's buffer by much; one that outgrows it is an error of the caller.
    """
    if isinstance(data, bytes | memoryview):
        return new_coder(*initial_tables(), len(ELEMENTS), data)
    room = 1024 + 8 * sum(height * width for height, width in data)
    return new_coder(*initial_tables(), len(ELEMENTS), room)


def write_planes(planes: tuple[PlaneCode, ...]) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the planes, and the bits of each syntax element."""
    shapes = [plane.levels.shape for plane in planes]
    coder = planes_coder(shapes)
    for plane, state in zip(planes, plane_states(shapes), strict=True):
        count = len(plane.blocks)
        state.levels[:] = plane.levels
        state.blocks[:count] = plane.blocks
        state.maps[:count] = plane.maps
        status, coded = code_plane(coder, False, state, count, _IDLE)
        assert (status, coded) == (OK, count)
    return written(coder, ELEMENTS)


def read_planes(
    data: bytes | memoryview, shapes: Shapes, padded: Shapes, steps: Sequence[float]
) -> tuple[PlaneCode, ...]:
    """Return the planes that ``write_planes`` wrote.

    Raises:
        CorruptedError: the bytes are no stream of such planes.
    """
    coder = planes_coder(data)
    planes = []
    for shape, state, step in zip(shapes, plane_states(padded), steps, strict=True):
        status, count = code_plane(coder, True, state, 0, _IDLE)
        if status != OK:
            raise CorruptedError("the blocks of the picture are damaged")
        blocks, maps = state.blocks[:count].copy(), state.maps[:count].copy()
        planes.append(PlaneCode(*shape, step, blocks, maps, state.levels))
    return tuple(planes)
