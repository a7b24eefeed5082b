"""Mosaics."""

import numpy
from numpy.typing import NDArray


def read_patches(data: bytes, grid: int, levels: int, tint: int, channels: int) -> tuple[NDArray[numpy.int32], NDArray[numpy.uint8], NDArray[numpy.uint8], NDArray[numpy.uint8], NDArray[numpy.int8]] | None:
    """
    Return cells, isometries, contrasts, means and slopes, or None for a damaged stream.
    """

def write_patches(grid: int, levels: int, tint: int, cells: NDArray[numpy.int32], isometries: NDArray[numpy.uint8], contrasts: NDArray[numpy.uint8], means: NDArray[numpy.uint8], slopes: NDArray[numpy.int8]) -> tuple[bytes, list[float]]:
    """Return the stream of patches, and bits by syntax element."""

def paint(band: NDArray[numpy.uint8], first: int, corners: NDArray[numpy.int64], isometries: NDArray[numpy.uint8], base: NDArray[numpy.float32], maps: NDArray[numpy.float32], copy: NDArray[numpy.uint8], threads: int) -> None:
    """
    Paint a copy into patches of a band, whose row 0 is row ``first`` of the picture.
    """

def view(frame: NDArray[numpy.uint8], left: float, top: float, extent: float, gate: int, patch_map: NDArray[numpy.int32], rects: NDArray[numpy.float64], isometries: NDArray[numpy.uint8], base: NDArray[numpy.float64], maps: NDArray[numpy.float64], stored: NDArray[numpy.float32], levels: NDArray[numpy.int64], samples: int, threads: int) -> None:
    """Fill a frame with a window of a mosaic."""
