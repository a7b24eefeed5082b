"""Data sets of fractals."""

import numpy
from numpy.typing import NDArray


def paint_scenes(seed: int, background_streams: NDArray[numpy.int64], decays: NDArray[numpy.float64], background_colors: NDArray[numpy.float64], blurs: NDArray[numpy.float64], bounds: NDArray[numpy.int64], streams: NDArray[numpy.int64], places: NDArray[numpy.int64], windows: NDArray[numpy.float64], turns: NDArray[numpy.int64], patterns: NDArray[numpy.int64], colors: NDArray[numpy.float64], points: NDArray[numpy.int64], maps: NDArray[numpy.float64], map_bounds: NDArray[numpy.int64], trees: NDArray[numpy.uint64], starts: NDArray[numpy.float64], burn_ins: NDArray[numpy.int64], field: tuple[int, int], ancestors: tuple[int, int], out: NDArray[numpy.uint8]) -> None:
    """Paint pictures of coloured fractals on coloured backgrounds."""

def stamp(points: NDArray[numpy.uint8], sources: NDArray[numpy.int64], patterns: NDArray[numpy.int64], flips: NDArray[numpy.int64], white: int, out: NDArray[numpy.uint8]) -> None:
    """Draw pictures in which points stamp patterns."""

def stamp_colors(points: NDArray[numpy.uint8], sources: NDArray[numpy.int64], patterns: NDArray[numpy.int64], flips: NDArray[numpy.int64], seed: int, streams: NDArray[numpy.int64], out: NDArray[numpy.uint8]) -> None:
    """Draw pictures in which points stamp patterns in colours of their own."""
