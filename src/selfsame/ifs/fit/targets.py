"""Pictures made ready for a fit: resized, thresholded, batched by shape, with their windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.ifs.code import Viewport
from selfsame.ifs.fit.config import (
    PAPER_POINTS,
    PAPER_SIZE,
    POINTS_PER_FIGURE_PIXEL,
    FitConfig,
)
from selfsame.io.pictures import Picture, resize_picture
from selfsame.limits import MAX_SIDE


class EmptyTargetError(InputError):
    """The picture ``item`` of a batch has no figure."""

    def __init__(self, item: int, threshold: float | None) -> None:
        super().__init__(
            f"has no pixel above the threshold {threshold}; lower the threshold, or invert the "
            "picture (the figure must be bright)"
        )
        self.item = item


@dataclass(frozen=True)
class Targets:
    """A batch of B target pictures of one shape at one resolution.

    Attributes:
        images: (B, C, H, W) in [0, 1], C = 1 or 3.
        viewport: the window of the plane they fill.
        points: (B,) n, the points of the drawing that a fit aims at.
        sizes: original (width, height) of each.
    """

    images: Tensor
    viewport: Viewport
    points: Tensor
    sizes: tuple[tuple[int, int], ...]

    def pixels(self, points: Tensor) -> Tensor:
        """Return plane points (..., 2) as (column, row) in pixels."""
        height, width = self.images.shape[-2:]
        view = self.viewport
        column = (points[..., 0] - view.x_min) * (width / view.width)
        row = (view.y_max - points[..., 1]) * (height / view.height)
        return torch.stack([column, row], -1)

    def pixel_centers(self) -> Tensor:
        """Return the plane positions (H·W, 2) of the pixel centres, row by row."""
        height, width = self.images.shape[-2:]
        view = self.viewport
        x = view.x_min + (torch.arange(width) + 0.5) * (view.width / width)
        y = view.y_max - (torch.arange(height) + 0.5) * (view.height / height)
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        return grid.reshape(-1, 2).to(self.images)

    def select(self, items: Tensor) -> "Targets":
        """Return the pictures ``items`` of the batch (repetitions allowed)."""
        sizes = tuple(self.sizes[int(i)] for i in items)
        return Targets(self.images[items], self.viewport, self.points[items], sizes)

    def coarser(self) -> "Targets":
        """Return the targets at half the resolution, with a quarter of the points."""
        pooled = F.avg_pool2d(self.images, 2, ceil_mode=True, count_include_pad=False)
        return Targets(pooled, self.viewport, (self.points / 4).clamp_min(1), self.sizes)


def prepare(pictures: Sequence[Picture], config: FitConfig) -> Targets:
    """Return pictures of one shape as targets.

    Raises:
        InputError: no picture, different shapes, too large, or not finite.
        EmptyTargetError: nothing above the threshold.
    """
    if not pictures or len({p.shape for p in pictures}) != 1:
        raise InputError("targets of one batch must be at least one picture, all of one shape")
    shape = pictures[0].shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3) or 0 in shape:
        raise InputError(f"a picture is (H, W) or (H, W, 3): got {shape}")
    height, width = shape[:2]
    if max(height, width) > MAX_SIDE:
        raise InputError(f"a picture has at most {MAX_SIDE} pixels a side: got {width}x{height}")
    longest = max(height, width)
    size = config.resolved(longest).size
    scaled = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
    resized = np.stack([resize_picture(np.asarray(p, np.float32), scaled) for p in pictures])
    if not np.isfinite(resized).all():
        raise InputError("a picture must be finite: found NaN or infinity")
    if resized.ndim == 3:
        if config.threshold is not None and config.objective == "occupancy":
            resized = (resized > config.threshold).astype(np.float32)
        resized = resized[..., None]
    empty = np.flatnonzero(resized.reshape(len(resized), -1).max(1) <= 0)
    if len(empty):
        raise EmptyTargetError(int(empty[0]), config.threshold)
    figure = (resized.max(3) > 0).sum((1, 2))
    if config.points is not None:
        points = np.full(len(resized), config.points)
    elif size <= PAPER_SIZE:
        points = np.full(len(resized), PAPER_POINTS)
    else:
        points = POINTS_PER_FIGURE_PIXEL * figure
    half_x, half_y = config.window * width / longest, config.window * height / longest
    return Targets(
        torch.from_numpy(np.ascontiguousarray(resized.transpose(0, 3, 1, 2))),
        Viewport(-half_x, -half_y, half_x, half_y),
        torch.from_numpy(points.astype(np.float32)),
        ((width, height),) * len(pictures),
    )
