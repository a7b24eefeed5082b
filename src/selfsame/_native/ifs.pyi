"""Systems of maps on points."""

from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


COLOR_STEPS: int = 65535

DEPTH_STEPS: int = 2147483648

SAMPLES: int = 8

TILE: int = 256

def keep_cells(maps: NDArray[numpy.float64], words: NDArray[numpy.float64]) -> bool:
    """
    Return whether a game and its words take the borders of cells from such borders.
    """

@overload
def plot_share(seed: int, share: int, points: int, start: tuple[float, float], burn_in: int, field: tuple[int, int], ancestors: tuple[int, int], game: tuple[NDArray[numpy.float32], NDArray[numpy.uint64]], words: tuple[NDArray[numpy.float32], NDArray[numpy.uint64]], is_on_cells: bool, width: int, height: int, out: NDArray[numpy.uint8]) -> float: ...

@overload
def plot_share(seed: int, share: int, points: int, start: tuple[float, float], burn_in: int, field: tuple[int, int], ancestors: tuple[int, int], game: tuple[NDArray[numpy.float32], NDArray[numpy.uint64]], words: tuple[NDArray[numpy.float32], NDArray[numpy.uint64]], is_on_cells: bool, width: int, height: int, out: NDArray[numpy.uint32]) -> float:
    """
    Plot points of one population into a histogram with a border, eight cells to a byte or counts; return the fraction that escaped.
    """

@overload
def draw_batch(seed: int, streams: NDArray[numpy.uint64], maps: NDArray[numpy.float64], bounds: NDArray[numpy.int64], trees: NDArray[numpy.uint64], starts: NDArray[numpy.float64], burn_ins: NDArray[numpy.int64], points: int, field: tuple[int, int], ancestors: tuple[int, int], is_fitted: bool, margin: float, aspect: float, mode: str, white: float, views: NDArray[numpy.float64], lost: NDArray[numpy.float64], out: NDArray[numpy.float32], threads: int) -> None: ...

@overload
def draw_batch(seed: int, streams: NDArray[numpy.uint64], maps: NDArray[numpy.float64], bounds: NDArray[numpy.int64], trees: NDArray[numpy.uint64], starts: NDArray[numpy.float64], burn_ins: NDArray[numpy.int64], points: int, field: tuple[int, int], ancestors: tuple[int, int], is_fitted: bool, margin: float, aspect: float, mode: str, white: int, views: NDArray[numpy.float64], lost: NDArray[numpy.float64], out: NDArray[numpy.uint8], threads: int) -> None:
    """Draw a picture of each planar system."""

def sample_share(seed: int, share: int, start: NDArray[numpy.float32], burn_in: int, field: tuple[int, int], ancestors: tuple[int, int], game: tuple[NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.uint64]], words: tuple[NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.uint64]], is_on_cells: bool, out: NDArray[numpy.float32]) -> int:
    """
    Fill an array with points, in no particular order; return how many are infinite or NaN.
    """

def add_colors(points: NDArray[numpy.float32], sums: NDArray[numpy.uint64]) -> None:
    """Add coloured points in pixels to sums of colours and counts."""

def project(points: NDArray[numpy.float32], camera: NDArray[numpy.float32], scale: float, buffer: NDArray[numpy.uint64]) -> int:
    """Put points of space into a depth buffer; return how many are lost."""

def draw_recursion(matrices: NDArray[numpy.float64], offsets: NDArray[numpy.float64], center: tuple[float, float], radii: NDArray[numpy.float64], to_samples: NDArray[numpy.float64], is_capsule: bool, shape: NDArray[numpy.float64], half: float, budget: int, picture: NDArray[numpy.float32], threads: int) -> bool:
    """
    Draw the leaves of a recursion; return whether the tree was small enough.
    """

def nearest_leaves(maps: int, starts: NDArray[numpy.int64], frames: NDArray[numpy.float64], balls: NDArray[numpy.float64], kind: str, shape: NDArray[numpy.float64], points: NDArray[numpy.float64], words: NDArray[numpy.int64], distances: NDArray[numpy.float64], threads: int) -> None:
    """
    Write the word of the leaf nearest to each point, and the signed distance to it.
    """

@overload
def splat(points: NDArray[numpy.float32], values: NDArray[numpy.float32], sigma: float, radius: float, images: NDArray[numpy.float32], threads: int) -> None: ...

@overload
def splat(points: NDArray[numpy.float64], values: NDArray[numpy.float64], sigma: float, radius: float, images: NDArray[numpy.float64], threads: int) -> None:
    """Add to images the sum of each cloud's Gaussians."""

@overload
def splat_gradient(points: NDArray[numpy.float32], values: NDArray[numpy.float32], sigma: float, radius: float, images: NDArray[numpy.float32], grad_points: NDArray[numpy.float32], grad_values: NDArray[numpy.float32], threads: int) -> None: ...

@overload
def splat_gradient(points: NDArray[numpy.float64], values: NDArray[numpy.float64], sigma: float, radius: float, images: NDArray[numpy.float64], grad_points: NDArray[numpy.float64], grad_values: NDArray[numpy.float64], threads: int) -> None:
    """Write the gradients of points and values, given that of the images."""

@overload
def follow(matrices: NDArray[numpy.float32], offsets: NDArray[numpy.float32], indices: NDArray[numpy.int64], start: NDArray[numpy.float32], points: NDArray[numpy.float32], threads: int) -> None: ...

@overload
def follow(matrices: NDArray[numpy.float64], offsets: NDArray[numpy.float64], indices: NDArray[numpy.int64], start: NDArray[numpy.float64], points: NDArray[numpy.float64], threads: int) -> None:
    """Write the orbits of systems under given choices."""

@overload
def follow_back(matrices: NDArray[numpy.float32], indices: NDArray[numpy.int64], start: NDArray[numpy.float32], points: NDArray[numpy.float32], gradients: NDArray[numpy.float32], grad_matrices: NDArray[numpy.float32], grad_offsets: NDArray[numpy.float32], threads: int) -> None: ...

@overload
def follow_back(matrices: NDArray[numpy.float64], indices: NDArray[numpy.int64], start: NDArray[numpy.float64], points: NDArray[numpy.float64], gradients: NDArray[numpy.float64], grad_matrices: NDArray[numpy.float64], grad_offsets: NDArray[numpy.float64], threads: int) -> None:
    """
    Add the gradients of matrices and offsets, given that of the points of orbits.
    """
