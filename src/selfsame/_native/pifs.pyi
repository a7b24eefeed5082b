"""Block codes."""

from collections.abc import Sequence
from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


SLOTS: int = 102754

WEIGHT_SETS: int = 62

def map_slots() -> list[tuple[int, int]]:
    """
    Return the first slots of the first decisions on a map, and how many there are.
    """

BAND_UNIT: int = 128

def read_planes(streams: Sequence[bytes | None], shapes: Sequence[tuple[int, int]], rows: int, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32], threads: int) -> list[tuple[NDArray[numpy.int32], NDArray[numpy.int32], NDArray[numpy.int32]]] | None:
    """
    Return blocks, maps and levels of each plane of padded shapes, cut into bands of so many rows of luma, or None for a damaged stream. Bands whose stream is None are empty.
    """

class Writer:
    """The streams of planes of padded shapes that are being written."""

    def __init__(self, shapes: Sequence[tuple[int, int]], rows: int, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32]) -> None: ...

    def write(self, plane: int, blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], levels: NDArray[numpy.int32], threads: int) -> None:
        """Write a plane as it is."""

    def choose(self, plane: int, blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], coefficients: NDArray[numpy.float32], price: float, last: int, threads: int) -> NDArray[numpy.int32]:
        """
        Write a plane with the levels of least distortion + price × bits, and return them.
        """

    def keep(self) -> None:
        """Remember the state for ``back``."""

    def back(self) -> None:
        """Return to the state that ``keep`` remembered."""

    def finished(self) -> list[bytes]:
        """The streams of the bands, ended."""

    @property
    def slots(self) -> NDArray[numpy.uint32]:
        """The adaptive models of the first band as they stand."""

    @property
    def weights(self) -> NDArray[numpy.int32]:
        """The mixing weights of the first band as they stand."""

    @property
    def spent(self) -> list[float]:
        """Bits by syntax element."""

def inverse_dct(levels: NDArray[numpy.int32], blocks: NDArray[numpy.int32], step: float, scale: int, threads: int) -> NDArray[numpy.float32]:
    """
    Return the blocks that levels describe, b of x = S x + b, with ``scale`` samples per pixel.
    """

def subtract_maps(residual: NDArray[numpy.float32], x: NDArray[numpy.float32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], luma: NDArray[numpy.float32] | None, threads: int) -> None:
    """Subtract S x from a residual."""

def deblock(x: NDArray[numpy.float32], levels: NDArray[numpy.int32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], step: float, strength: int, scale: int, threads: int) -> None:
    """Smooth the block borders of a plane by a strength of 1 to 7."""

def tiles(blocks: NDArray[numpy.int32], height: int, width: int) -> bool:
    """
    Return whether blocks cover every cell of 4 × 4 pixels of a plane once.
    """

def partition(pixels: NDArray[numpy.float32], reference: NDArray[numpy.float32], luma: NDArray[numpy.float32] | None, candidates: Sequence[tuple[int, NDArray[numpy.int32]]], slots: NDArray[numpy.uint32], chroma: int, inverse_step: float, bit_price: float, last: int, threads: int, shapes: int = 4294967295) -> tuple[NDArray[numpy.int32], NDArray[numpy.int32]]:
    """
    Return the blocks and maps of the cheapest partition of a plane, proved to contract.
    """

def transform_blocks(x: NDArray[numpy.float32], blocks: NDArray[numpy.int32], factor: float, threads: int) -> None:
    """
    Replace the blocks of a plane, of which none overlap, by their DCT-II, times ``factor``.
    """

def settle(x: NDArray[numpy.float32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], luma: NDArray[numpy.float32] | None, threads: int) -> int:
    """
    Replace b, in ``x``, by the attractor of x = S x + b; return how many applications it took.
    """

def near_maps(ranges: NDArray[numpy.float32], domains: NDArray[numpy.float32], log2: int, reach: int, bit_price: float, threads: int) -> NDArray[numpy.int32]:
    """
    Return the best domain of half the resolution that lies over each block of side 2^log2 itself.
    """

LIMIT: float = 1024.0

LOWEST_GAIN: float = -1.0000000150474662e+30

MARGIN: int = 18

SETTLED: float = 0.25

def contractive_maps(blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], height: int, width: int) -> NDArray[numpy.int32]:
    """Return the maps with scales lowered until they are proved to contract."""

@overload
def decode(planes: Sequence[tuple[NDArray[numpy.int32], NDArray[numpy.int32], NDArray[numpy.int32], float, int, int]], half_chroma: bool, deblock: int, alpha: NDArray[numpy.uint8] | None, region: tuple[int, int, int, int], samples: int, is_whole_scale: bool, iterations: int, starts: Sequence[NDArray[numpy.float32]], out: NDArray[numpy.float32], threads: int) -> None: ...

@overload
def decode(planes: Sequence[tuple[NDArray[numpy.int32], NDArray[numpy.int32], NDArray[numpy.int32], float, int, int]], half_chroma: bool, deblock: int, alpha: NDArray[numpy.uint8] | None, region: tuple[int, int, int, int], samples: int, is_whole_scale: bool, iterations: int, starts: Sequence[NDArray[numpy.float32]], out: NDArray[numpy.uint8], threads: int) -> None:
    """
    Fill the picture of planes, of floats or bytes, in the given number of samples a pixel or resampled from them.
    """

def bands_seen(planes: Sequence[tuple[NDArray[numpy.int32], NDArray[numpy.int32], NDArray[numpy.int32], float, int, int]], half_chroma: bool, deblock: int, region: tuple[int, int, int, int], samples: int, size: tuple[int, int], is_whole_scale: bool, iterations: int, rows: int) -> list[int]:
    """
    Return the bands of so many rows of luma on which that picture depends.
    """

def keep_best(products: NDArray[numpy.float32], start: int, reach: NDArray[numpy.float32], penalty: NDArray[numpy.float32], corners: NDArray[numpy.int32], ranges: NDArray[numpy.int32], apart: int, gains: NDArray[numpy.float32], found: NDArray[numpy.int32]) -> None:
    """Update the best domains of each range with a tile of inner products."""

def measure(ranges: NDArray[numpy.float32], domains: NDArray[numpy.float32], side: int, contraction: int, max_scale: float, flat: float, own: NDArray[numpy.int32], corners: NDArray[numpy.int32], orders: NDArray[numpy.int32], turn: NDArray[numpy.int32], scale: NDArray[numpy.float32], gain: NDArray[numpy.float32]) -> None:
    """
    Fill in isometry, scale and gain of each range and domain, measured in pixels.
    """
