"""Parts of the core that tests look at by themselves."""

import numpy
from numpy.typing import NDArray


def tables() -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Return the tables that the format fixes: stretch, squash, rates."""

class Encoder:
    """A range coder that writes single decisions."""

    def __init__(self, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32]) -> None: ...

    def mixed(self, bit: int, slots: tuple[int, int, int], set: int) -> int:
        """Code a bit predicted by three slots and a set of weights; return it."""

    def adaptive(self, bit: int, slot: int) -> int:
        """Code a bit predicted by one slot; return it."""

    def plain(self, bit: int) -> int:
        """Code an equiprobable bit; return it."""

    @property
    def slots(self) -> NDArray[numpy.uint32]:
        """The slots as they stand."""

    @property
    def weights(self) -> NDArray[numpy.int32]:
        """The weights as they stand."""

    def finished(self) -> bytes:
        """The bytes so far, ended."""

    @property
    def spent(self) -> float:
        """Bits so far."""

class Decoder:
    """A range coder that reads single decisions."""

    def __init__(self, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32], data: bytes) -> None: ...

    def mixed(self, bit: int, slots: tuple[int, int, int], set: int) -> int:
        """Code a bit predicted by three slots and a set of weights; return it."""

    def adaptive(self, bit: int, slot: int) -> int:
        """Code a bit predicted by one slot; return it."""

    def plain(self, bit: int) -> int:
        """Code an equiprobable bit; return it."""

    @property
    def slots(self) -> NDArray[numpy.uint32]:
        """The slots as they stand."""

    @property
    def weights(self) -> NDArray[numpy.int32]:
        """The weights as they stand."""

    @property
    def is_overrun(self) -> bool:
        """Whether more was read than a sound stream has."""

def iterate(x: NDArray[numpy.float32], blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], scale: int, luma: NDArray[numpy.float32] | None, start: NDArray[numpy.float32] | None, count: int, threads: int) -> None:
    """
    Replace b, in ``x``, by what ``count`` applications of x = S x + b make of ``start``, or of b.
    """

def contraction_bounds(blocks: NDArray[numpy.int32], maps: NDArray[numpy.int32], height: int, width: int) -> NDArray[numpy.float64]:
    """
    Return numbers, one per block, of which the largest bounds the squared spectral radius of S.
    """

def block_costs(pixels: NDArray[numpy.float32], log2_height: int, log2_width: int, slots: NDArray[numpy.uint32], chroma: int, inverse_step: float, bit_price: float, last: int) -> NDArray[numpy.float32]:
    """Return the cost of every whole block of one shape, without a map."""

def mix64(word: int) -> int:
    """Return a bijective hash of a word of 64 bits."""

def products(field: tuple[int, int], factor: int) -> NDArray[numpy.uint32]:
    """Return the products of all elements of a field with a factor."""

class Stream:
    """A stream of random words."""

    def __init__(self, seed: int, stream: int) -> None: ...

    def next(self) -> int:
        """The next 64 random bits."""

    def binomial(self, n: int, q: int) -> int:
        """How many of n uniform fractions lie below q / 2^64."""

    def multinomial(self, n: int, tree: NDArray[numpy.uint64]) -> NDArray[numpy.int64]:
        """How many of n choices fall to each leaf of a tree."""

def surface(seed: int, stream: int, decay: float, log2_side: int) -> NDArray[numpy.float32]:
    """Return a diamond-square surface."""

def paint_surface(heights: NDArray[numpy.float32], colors: NDArray[numpy.float64], picture: NDArray[numpy.uint8]) -> None:
    """Colour a picture by heights."""

def count_stamps(cells: NDArray[numpy.uint32], pattern: int, out: NDArray[numpy.uint32]) -> None:
    """Sum a histogram with a border, moved by each set bit of a pattern."""

def paste(stamps: NDArray[numpy.uint32], place: NDArray[numpy.int64], turn: int, color: NDArray[numpy.float64], picture: NDArray[numpy.uint8]) -> None:
    """Paint the pixels of a fractal that were hit over a picture."""

def blur(picture: NDArray[numpy.uint8], sigma: float) -> None:
    """Blur a picture in place by a 3 × 3 Gaussian."""

def color_of(hue: float, saturation: float, value: float) -> list[int]:
    """Return the sRGB bytes of a colour."""
