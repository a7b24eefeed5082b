"""Block codes."""

from collections.abc import Sequence
import numpy
from numpy.typing import NDArray


SLOTS: int = 102754

WEIGHT_SETS: int = 62

def map_slots() -> list[tuple[int, int]]:
    """
    Return the first slots of the first decisions on a map, and how many there are.
    """

BAND_UNIT: int = 128

def read_planes(streams: Sequence[bytes], shapes: Sequence[tuple[int, int]], rows: int, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32], threads: int) -> list[tuple[NDArray[numpy.int32], NDArray[numpy.int32], NDArray[numpy.int32]]] | None:
    """
    Return blocks, maps and levels of each plane of padded shapes, cut into bands of so many rows of luma, or None for a damaged stream.
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

def apply_maps(x: NDArray[numpy.float32], b: NDArray[numpy.float32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], scale: int, luma: NDArray[numpy.float32] | None, threads: int) -> NDArray[numpy.float32]:
    """
    Return S x + b, with ``scale`` samples per pixel; maps to luma draw from ``luma``.
    """

def deblock(x: NDArray[numpy.float32], levels: NDArray[numpy.int32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], step: float, strength: int, scale: int, threads: int) -> NDArray[numpy.float32]:
    """
    Return a plane with its block borders smoothed by a strength of 1 to 7.
    """

def partition(pixels: NDArray[numpy.float32], reference: NDArray[numpy.float32], luma: NDArray[numpy.float32] | None, candidates: Sequence[tuple[int, NDArray[numpy.int32]]], slots: NDArray[numpy.uint32], chroma: int, inverse_step: float, bit_price: float, last: int, threads: int, shapes: int = 4294967295) -> tuple[NDArray[numpy.int32], NDArray[numpy.int32]]:
    """
    Return the blocks and maps of the cheapest partition of a plane, proved to contract.
    """

def transform_blocks(pixels: NDArray[numpy.float32], blocks: NDArray[numpy.int32], factor: float, threads: int) -> NDArray[numpy.float32]:
    """Return the DCT-II of each block in its place, times ``factor``."""

def settle(b: NDArray[numpy.float32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], luma: NDArray[numpy.float32] | None, threads: int) -> tuple[NDArray[numpy.float32], int]:
    """
    Return the attractor of x = S x + b, and how many applications it took.
    """

def near_maps(ranges: NDArray[numpy.float32], domains: NDArray[numpy.float32], log2: int, reach: int, bit_price: float, threads: int) -> NDArray[numpy.int32]:
    """
    Return the best domain of half the resolution that lies over each block of side 2^log2 itself.
    """

LIMIT: float = 1024.0

MARGIN: int = 18

SETTLED: float = 0.25

def depths(blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], cells: NDArray[numpy.uint8], iterations: int) -> NDArray[numpy.int32]:
    """
    Return after how many steps along the maps each block is reached from the cells that are set, or -1.
    """

def contraction_bounds(blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], height: int, width: int) -> NDArray[numpy.float64]:
    """
    Return numbers, one per block, of which the largest bounds the squared spectral radius of S.
    """

def contractive_maps(blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], height: int, width: int) -> NDArray[numpy.int32]:
    """Return the maps with scales lowered until they are proved to contract."""

def compose(windows: Sequence[tuple[NDArray[numpy.float32], int, int, int, int]], half_chroma: bool, top: int, left: int, out: NDArray[numpy.float32], threads: int) -> None:
    """
    Fill the first channels of a picture with its decoded planes, grey or Y, Cb and Cr.
    """

def keep_best(products: NDArray[numpy.float32], start: int, reach: NDArray[numpy.float32], penalty: NDArray[numpy.float32], corners: NDArray[numpy.int32], ranges: NDArray[numpy.int32], apart: int, gains: NDArray[numpy.float32], found: NDArray[numpy.int32]) -> None:
    """Update the best domains of each range with a tile of inner products."""

def measure(ranges: NDArray[numpy.float32], domains: NDArray[numpy.float32], side: int, contraction: int, max_scale: float, flat: float, own: NDArray[numpy.int32], corners: NDArray[numpy.int32], orders: NDArray[numpy.int32], turn: NDArray[numpy.int32], scale: NDArray[numpy.float32], gain: NDArray[numpy.float32]) -> None:
    """
    Fill in isometry, scale and gain of each range and domain, measured in pixels.
    """
