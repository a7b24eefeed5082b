"""The patches of a mosaic to bytes and back: the payload of the file, and bits by element."""

from typing import Any

from numpy.typing import NDArray

from selfsame._native import mosaic as native
from selfsame.errors import CorruptedError
from selfsame.mosaic.code import MosaicCode

ELEMENTS = ("splits", "means", "slopes", "contrasts", "isometries")
"""Syntax elements that bits are counted by."""

ARRAYS = ("cells", "isometries", "contrasts", "means", "slopes")
"""Of a ``MosaicCode``, what the stream holds."""


def write_patches(code: MosaicCode) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the patches of a code, and the bits of each syntax element."""
    arrays = (getattr(code, name) for name in ARRAYS)
    data, spent = native.write_patches(code.grid, code.levels, code.tint, *arrays)
    return data, dict(zip(ELEMENTS, spent, strict=True))


def read_patches(
    data: bytes | memoryview, grid: int, levels: int, tint: int, channels: int
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a ``MosaicCode`` that ``write_patches`` wrote, by name.

    Raises:
        CorruptedError: the bytes are no stream of such patches.
    """
    read = native.read_patches(bytes(data), grid, levels, tint, channels)
    if read is None:
        raise CorruptedError("the patches of the picture are damaged")
    return dict(zip(ARRAYS, read, strict=True))
