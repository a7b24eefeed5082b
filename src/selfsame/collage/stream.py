"""The symbols of a collage to bytes and back: the payload of the file, and bits by element."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from selfsame._native import collage as native
from selfsame.coding import slots
from selfsame.coding.slots import Tables
from selfsame.errors import CorruptedError

ELEMENTS = ("biases", "extents", "weights", "signs", "domains")
"""Syntax elements that bits are counted by."""

Symbols = tuple[NDArray[np.int32], ...]
"""Per plane (1 + atoms + domains, rows, columns), as in ``CollageCode.symbols``."""


@cache
def initial_tables() -> Tables:
    """Return the slots and weights at the start of a stream; do not change them."""
    return slots.load_tables("selfsame.collage", "tables.npz")


def write_symbols(symbols: Symbols, domains: int, step: int) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the symbols, and the bits of each syntax element."""
    data, spent = native.write_symbols(list(symbols), domains, step, *initial_tables())
    return data, dict(zip(ELEMENTS, spent, strict=True))


def read_symbols(
    data: bytes | memoryview, shapes: list[tuple[int, int, int]], domains: int, step: int
) -> Symbols:
    """Return the symbols, of these shapes, that ``write_symbols`` wrote.

    Raises:
        CorruptedError: the bytes are no stream of such symbols.
    """
    read = native.read_symbols(bytes(data), shapes, domains, step, *initial_tables())
    if read is None:
        raise CorruptedError("the symbols of the picture are damaged")
    return tuple(read)
