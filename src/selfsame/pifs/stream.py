"""A picture's planes to bytes and back: the payload of the file, and bits by syntax element."""

from collections.abc import Sequence
from functools import cache

from selfsame._native import pifs as native
from selfsame.coding import slots
from selfsame.coding.slots import Tables
from selfsame.errors import CorruptedError
from selfsame.pifs.code import PlaneCode

ELEMENTS = ("partition", "maps", "means", "extents", "levels", "signs")
"""Syntax elements that bits are counted by."""

Shapes = Sequence[tuple[int, int]]
"""Heights and widths."""


@cache
def initial_tables() -> Tables:
    """Return the slots and weights at the start of a stream, learned from photographs; do not
    change them."""
    return slots.load_tables("selfsame.pifs", "tables.npz")


def planes_writer(padded: Shapes) -> native.Writer:
    """Return the writer of a stream of planes of these padded shapes."""
    return native.Writer(list(padded), *initial_tables())


def write_planes(planes: Sequence[PlaneCode]) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the planes, and the bits of each syntax element."""
    writer = planes_writer([plane.levels.shape for plane in planes])
    for i, plane in enumerate(planes):
        writer.write(i, plane.blocks, plane.maps, plane.levels)
    return writer.finished(), dict(zip(ELEMENTS, writer.spent, strict=True))


def read_planes(
    data: bytes | memoryview, shapes: Shapes, padded: Shapes, steps: Sequence[float]
) -> tuple[PlaneCode, ...]:
    """Return the planes that ``write_planes`` wrote.

    Raises:
        CorruptedError: the bytes are no stream of such planes.
    """
    read = native.read_planes(bytes(data), list(padded), *initial_tables())
    if read is None:
        raise CorruptedError("the blocks of the picture are damaged")
    return tuple(
        PlaneCode(*shape, step, *arrays)
        for shape, step, arrays in zip(shapes, steps, read, strict=True)
    )
