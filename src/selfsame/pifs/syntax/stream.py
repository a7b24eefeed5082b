"""A picture's planes to bytes and back: the payload of the file, and bits by syntax element."""

from typing import NamedTuple

import numpy as np

from selfsame.coding.range_coder import Coder, finish, new_coder
from selfsame.errors import CorruptedError
from selfsame.pifs.code import MIN_LOG2, PlaneCode
from selfsame.pifs.syntax.contexts import ELEMENTS
from selfsame.pifs.syntax.plane import OK, code_plane
from selfsame.pifs.syntax.planes import Choice, PlaneState, new_cells
from selfsame.pifs.syntax.tables import initial_tables

_IDLE = Choice(False, np.zeros((1, 1), np.float32), 0.0, 0)


class PlaneLayout(NamedTuple):
    """What a reader knows of a plane before its first bit."""

    height: int
    width: int
    step: float


def plane_states(shapes: list[tuple[int, int]]) -> list[PlaneState]:
    """Return empty planes of the padded ``shapes``, each linked to the one that helps to predict
    it: luma for Cb, Cb for Cr."""
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


def capacity(shapes: list[tuple[int, int]]) -> int:
    """Return a number of bytes that no stream of planes of these padded shapes exceeds by much:
    the encoder's buffer; a stream that outgrows it is an error of the caller."""
    return 1024 + sum(height * width for height, width in shapes) * 8


def write_planes(planes: tuple[PlaneCode, ...]) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the planes, and the bits of each syntax element."""
    shapes = [plane.levels.shape for plane in planes]
    states = plane_states(shapes)
    coder = _coder(capacity(shapes))
    for plane, state in zip(planes, states, strict=True):
        count = len(plane.blocks)
        state.levels[:] = plane.levels
        state.blocks[:count] = plane.blocks
        state.maps[:count] = plane.maps
        status, coded = code_plane(coder, False, state, count, _IDLE)
        assert (status, coded) == (OK, count)
    length = finish(coder)
    bits = dict(zip(ELEMENTS, coder.spent.tolist(), strict=True))
    return coder.buffer[:length].tobytes(), bits


def read_planes(
    data: bytes, layouts: list[PlaneLayout], padded: list[tuple[int, int]]
) -> tuple[PlaneCode, ...]:
    """Return the planes that ``write_planes`` wrote.

    Raises:
        CorruptedError: the bytes are no stream of such planes.
    """
    coder = _coder(data)
    planes = []
    for layout, state in zip(layouts, plane_states(padded), strict=True):
        status, count = code_plane(coder, True, state, 0, _IDLE)
        if status != OK:
            raise CorruptedError("the blocks of the picture are damaged")
        planes.append(
            PlaneCode(
                layout.height,
                layout.width,
                layout.step,
                state.blocks[:count].copy(),
                state.maps[:count].copy(),
                state.levels,
            )
        )
    return tuple(planes)


def _coder(data: bytes | int) -> Coder:
    slots, weights = initial_tables()
    return new_coder(slots, weights, len(ELEMENTS), data)


def bit_counts(planes: tuple[PlaneCode, ...]) -> dict[str, float]:
    """Return the bits that each syntax element of the planes takes in the file."""
    return write_planes(planes)[1]
