"""Data sets of fractals."""

import numpy
from numpy.typing import NDArray


def paint_scenes(seed: int, background_streams: NDArray[numpy.int64], decays: NDArray[numpy.float64], background_colors: NDArray[numpy.float64], blurs: NDArray[numpy.float64], bounds: NDArray[numpy.int64], streams: NDArray[numpy.int64], places: NDArray[numpy.int64], windows: NDArray[numpy.float64], turns: NDArray[numpy.int64], patterns: NDArray[numpy.int64], colors: NDArray[numpy.float64], points: NDArray[numpy.int64], maps: NDArray[numpy.float64], map_bounds: NDArray[numpy.int64], trees: NDArray[numpy.uint64], starts: NDArray[numpy.float64], burn_ins: NDArray[numpy.int64], field: tuple[int, int], ancestors: tuple[int, int], out: NDArray[numpy.uint8]) -> None:
    """Paint pictures of coloured fractals on coloured backgrounds."""

def stamp(points: NDArray[numpy.uint8], sources: NDArray[numpy.int64], patterns: NDArray[numpy.int64], flips: NDArray[numpy.int64], white: int, out: NDArray[numpy.uint8]) -> None:
    """Draw pictures in which points stamp patterns."""

def stamp_colors(points: NDArray[numpy.uint8], sources: NDArray[numpy.int64], patterns: NDArray[numpy.int64], flips: NDArray[numpy.int64], seed: int, streams: NDArray[numpy.int64], out: NDArray[numpy.uint8]) -> None:
    """Draw pictures in which points stamp patterns in colours of their own."""

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
