"""Neural collages."""

from collections.abc import Sequence
import numpy
from numpy.typing import NDArray


def read_symbols(data: bytes, shapes: Sequence[tuple[int, int, int]], domains: int, step: int, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32]) -> list[NDArray[numpy.int32]] | None:
    """
    Return the symbols of planes of these shapes, or None for a damaged stream.
    """

def write_symbols(symbols: Sequence[NDArray[numpy.int32]], domains: int, step: int, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32]) -> tuple[bytes, list[float]]:
    """
    Return the stream of the symbols of planes, and bits by syntax element.
    """

SLOTS: int = 159968

WEIGHT_SETS: int = 66

def learned(symbols: Sequence[NDArray[numpy.int32]], domains: int, step: int, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32]) -> tuple[NDArray[numpy.uint32], NDArray[numpy.int32]]:
    """
    Return the models as they stand after the symbols of planes are written.
    """
