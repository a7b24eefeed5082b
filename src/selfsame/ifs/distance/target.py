"""The target of the distance method: figure, distance map, and the losses against them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.code import Viewport

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """A figure in its window; the picture's width is the unit of length.

    Attributes:
        mask: (H, W) bool, the figure.
        viewport: centred at the origin, 1 wide and H / W high.
        points: (H W, 2), plane coordinates of the pixel centres, from the top row on.
        distance: (H, W), distance to the figure in picture widths, 0 in the figure.
    """

    mask: NDArray[np.bool_]
    viewport: Viewport
    points: Array
    distance: Array

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.mask.shape[1], self.mask.shape[0]

    @property
    def pixel(self) -> float:
        """Side of a pixel in picture widths."""
        return 1.0 / int(self.mask.shape[1])

    @property
    def figure_points(self) -> Array:
        """(M, 2), centres of the figure's pixels."""
        return self.points[self.mask.ravel()]


def make_target(picture: NDArray[np.floating], threshold: float) -> Target:
    """Return the target of a picture, as of ``selfsame.picture_arrays.picture_floats``.

    The figure is where the picture (its mean over the channels) exceeds ``threshold``. The
    distance transform measures to centres of pixels; the figure's edge lies half a pixel
    nearer, which is subtracted.

    Raises:
        InputError: a threshold outside [0, 1), or nothing exceeds it.
    """
    grey = np.asarray(picture, np.float64)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    if not 0 <= threshold < 1:
        raise InputError(f"threshold must be within [0, 1): got {threshold}")
    mask = grey > threshold
    if not mask.any():
        raise InputError(
            f"no pixel exceeds threshold {threshold}: the brightest is {grey.max():.3g}; "
            "white is the figure: lower the threshold or invert the picture"
        )
    height, width = mask.shape
    half = height / width / 2
    viewport = Viewport(-0.5, -half, 0.5, half)
    outside = np.maximum(distance_transform_edt(~mask) - 0.5, 0) / width
    return Target(mask, viewport, pixel_centers((width, height), viewport), outside)


def pixel_centers(size: tuple[int, int], viewport: Viewport) -> NDArray[np.float64]:
    """Return the plane coordinates (H W, 2) of the pixel centres, row by row from the top."""
    width, height = size
    x = viewport.x_min + (np.arange(width) + 0.5) / width * viewport.width
    y = viewport.y_max - (np.arange(height) + 0.5) / height * viewport.height
    return np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=-1).reshape(-1, 2)


def all_levels(size: tuple[int, int]) -> tuple[int, ...]:
    """Return the pooling levels 0, 1, ... 5 that leave at least 2 pixels across."""
    return tuple(range(max(1, min(6, int(math.log2(max(2, min(size))))))))


def distance_loss(signed: Tensor, target: Tensor, levels: Sequence[int]) -> Tensor:
    """Return the mean squared error of two distance maps, summed over min-pooled levels.

    Args:
        signed: (H, W), signed distance to the recursion (``field.word_distance``).
        target: (H, W), distance to the figure, 0 in the figure.
        levels: level l compares the least distances of squares of 2**l pixels.
    Returns:
        (), in squared units of distance.

    Within the figure only positive distances count. Beyond it negative ones count too, so that
    a leaf that covers background is pushed out, where Scott's clamp leaves no gradient.
    Source: Scott 2022, loss on pooled distance maps.
    """
    total = signed.new_zeros(())
    signed = torch.where(target > 0, signed, signed.clamp(min=0))
    for level in levels:
        d, t = (_pool(x, level) for x in (signed, target))
        d = torch.where(t > 0, d, d.clamp(min=0))
        total = total + ((d - t) ** 2).mean()
    return total


def coverage_loss(signed: Tensor, mask: Tensor, pixel: float) -> Tensor:
    """Return the mean squared error of the anti-aliased recursion against the figure.

    Args:
        signed: (H, W), signed distance at the pixel centres.
        mask: (H, W), 1 in the figure, 0 elsewhere.
        pixel: side of a pixel in the units of ``signed``.
    """
    coverage = (0.5 - signed / pixel).clamp(0, 1)
    return ((coverage - mask) ** 2).mean()


def _pool(distances: Tensor, level: int) -> Tensor:
    if level == 0:
        return distances
    return -F.max_pool2d(-distances[None, None], 2**level, ceil_mode=True)[0, 0]
