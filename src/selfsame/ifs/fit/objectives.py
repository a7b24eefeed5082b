"""What a fit minimises: pictures made ready as targets, and losses of systems against them.

A drawing of n independent points is shot noise: the value X of a pixel is a sum of Gaussians of
the points that fell nearby, with mean μ = n·E[k] and variance v = n·(E[k²] - E[k]²), both linear
splats of the cloud. What the paper minimises is the mean of ``(t - min(1, X))²`` over drawings,
and its sampling noise is what makes that slow. Here the law of X is used instead. Where the density
is even around a pixel, Gaussian bumps ``k = exp(-r²/σ)`` of a Poisson process have the Lévy measure
``a dk/k`` on (0, 1], because r² is uniform: X is a (generalised) Dickman variable. Scaled by
c = 2 v/μ it matches mean and variance everywhere, so E[min(1, X)] and E[min(1, X)²] are functions
of (μ, v/μ), tabulated once and interpolated. A test holds the table against simulation.

Source: Campbell's theorem for shot noise; Panjer 1981 for the recursion; Penrose and Wade 2004 for
generalised Dickman laws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.ifs.code import Viewport
from selfsame.ifs.fit.config import (
    PAPER_POINTS,
    PAPER_SIZE,
    POINTS_PER_FIGURE_PIXEL,
    FitConfig,
    ResolvedConfig,
)
from selfsame.ifs.fit.maps import (
    Cloud,
    Maps,
    first_fixed_point,
    next_cloud,
    sample_indices,
    word_points,
)
from selfsame.ifs.fit.orbit import orbit
from selfsame.ifs.render.splat import splat
from selfsame.io.pictures import resize_picture
from selfsame.limits import MAX_SIDE

LOG_MEAN = (float(np.log(1e-3)), float(np.log(60.0)))
FANO = (0.02, 1.0)
_MEANS, _FANOS, _JUMPS = 160, 40, 48

ImageLoss = Callable[[Tensor, Tensor], Tensor]
"""(rendered (B, C, H, W), target (B, C, H, W)) -> (B,), differentiable."""


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
        size: width and height that they had before.
        resolved: the settings that follow from it.
    """

    images: Tensor
    viewport: Viewport
    points: Tensor
    size: tuple[int, int]
    resolved: ResolvedConfig

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.images.shape[-2], self.images.shape[-1]

    def pixels(self, points: Tensor) -> Tensor:
        """Return plane points (..., 2) as (column, row) in pixels."""
        height, width = self.shape
        view = self.viewport
        column = (points[..., 0] - view.x_min) * (width / view.width)
        row = (view.y_max - points[..., 1]) * (height / view.height)
        return torch.stack([column, row], -1)

    def pixel_centers(self) -> Tensor:
        """Return the plane positions (H·W, 2) of the pixel centres, row by row."""
        height, width = self.shape
        view = self.viewport
        x = view.x_min + (torch.arange(width) + 0.5) * (view.width / width)
        y = view.y_max - (torch.arange(height) + 0.5) * (view.height / height)
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        return grid.reshape(-1, 2).to(self.images)

    def select(self, items: Tensor) -> "Targets":
        """Return the pictures ``items`` of the batch (repetitions allowed)."""
        return replace(self, images=self.images[items], points=self.points[items])

    def coarser(self) -> "Targets":
        """Return the targets at half the resolution, with a quarter of the points."""
        pooled = F.avg_pool2d(self.images, 2, ceil_mode=True, count_include_pad=False)
        return replace(self, images=pooled, points=(self.points / 4).clamp_min(1))


def prepare(
    pictures: Sequence[NDArray[np.floating]], config: FitConfig, device: torch.device | None = None
) -> Targets:
    """Return pictures of one shape as targets, by default on the CPU.

    Args:
        pictures: of ``selfsame.picture_arrays.picture_floats``.
    Raises:
        InputError: no picture, different shapes, or too large.
        EmptyTargetError: nothing above the threshold.
    """
    if not pictures or len({p.shape for p in pictures}) != 1:
        raise InputError("targets of one batch must be at least one picture, all of one shape")
    height, width = pictures[0].shape[:2]
    if max(height, width) > MAX_SIDE:
        raise InputError(f"a picture has at most {MAX_SIDE} pixels a side: got {width}x{height}")
    longest = max(height, width)
    resolved = config.resolved(longest)
    size = resolved.size
    scaled = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
    images = np.stack([resize_picture(np.asarray(p, np.float32), scaled) for p in pictures])
    if images.ndim == 3:
        if config.threshold is not None and config.objective == "occupancy":
            images = (images > config.threshold).astype(np.float32)
        images = images[..., None]
    empty = np.flatnonzero(images.reshape(len(images), -1).max(1) <= 0)
    if len(empty):
        raise EmptyTargetError(int(empty[0]), config.threshold)
    figure = (images.max(3) > 0).sum((1, 2))
    if config.points is not None:
        points = np.full(len(images), config.points)
    elif size <= PAPER_SIZE:
        points = np.full(len(images), PAPER_POINTS)
    else:
        points = POINTS_PER_FIGURE_PIXEL * figure
    half_x, half_y = config.window * width / longest, config.window * height / longest
    return Targets(
        torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).to(device),
        Viewport(-half_x, -half_y, half_x, half_y),
        torch.from_numpy(points.astype(np.float32)).to(device),
        (width, height),
        resolved,
    )


class Objective(Protocol):
    """A differentiable loss of a batch of systems, one value per system."""

    def __call__(self, maps: Maps) -> Tensor: ...

    def select(self, items: Tensor) -> "Objective": ...


@dataclass
class _PictureObjective:
    """What both objectives of pictures know; ``loss`` replaces the built-in one."""

    targets: Targets
    config: FitConfig
    generator: torch.Generator
    loss: ImageLoss | None = None


@dataclass
class WordObjective(_PictureObjective):
    """The loss of an ideal drawing: all words over a cloud that follows the attractor."""

    cloud: Cloud | None = None

    def select(self, items: Tensor) -> "WordObjective":
        cloud = None if self.cloud is None else self.cloud.select(items)
        return replace(self, targets=self.targets.select(items), cloud=cloud)

    def __call__(self, maps: Maps) -> Tensor:
        height, width = self.targets.shape
        samples = self.config.samples or max(1600, height * width // 2)
        length = self.targets.resolved.word_length
        each = -(-samples // maps.matrices.shape[1] ** length)  # points a word
        self.cloud = next_cloud(maps.detach(), self.cloud, each, self.generator)
        points, weights, colors = word_points(maps, self.cloud, length)
        pixels = self.targets.pixels(points)
        if self.config.objective == "density":
            return self._density_loss(pixels, weights)
        return self._occupancy_loss(pixels, weights, colors)

    def _occupancy_loss(self, pixels: Tensor, weights: Tensor, colors: Tensor | None) -> Tensor:
        """E[(t - c·min(1, X))²] with X the value of a pixel in a random drawing of n points."""
        target, n = self.targets.images, self.targets.points.view(-1, 1, 1, 1)
        size, sigma = self.targets.shape, self.targets.resolved.sigma
        values = weights[..., None]
        if colors is not None:
            values = torch.cat([values, values * colors], -1)
        first = splat(pixels, values, size, sigma)
        kernel = first[:, :1]
        color = None if colors is None else first[:, 1:] / kernel.clamp_min(1e-12)
        if self.loss is not None or not self.config.clamp:
            image = n * kernel
            if self.config.clamp:
                image = image.clamp(max=1)
            if color is not None:
                image = image * color
            return (self.loss or mean_squared_error)(image, target)
        squared = splat(pixels, weights[..., None], size, sigma / 2)
        variance = n * (squared - kernel**2).clamp_min(0)
        once, twice = expected_clamp(n * kernel, variance)
        if color is not None:
            once, twice = once * color, twice * color**2
        return (target**2 - 2 * target * once + twice).mean((1, 2, 3))

    def _density_loss(self, pixels: Tensor, weights: Tensor) -> Tensor:
        """Squared error of ink per cell, over cells of 1, 2, 4 ... pixels.

        Coarse cells pull from afar where fine ones are flat; each scale counts relative to an
        even spread of the ink, so that none drowns the others.
        """
        target = self.targets.images.mean(1, keepdim=True)
        ink = target / target.sum((1, 2, 3), keepdim=True)
        sigma = self.targets.resolved.sigma
        drawn = splat(pixels, weights[..., None], self.targets.shape, sigma) / (torch.pi * sigma)
        if self.loss is not None:
            return self.loss(drawn, ink)
        total = torch.zeros(len(ink)).to(ink)
        while True:
            cells = ink.shape[-2] * ink.shape[-1]
            total = total + cells * ((drawn - ink) ** 2).sum((1, 2, 3))
            if min(ink.shape[-2:]) < 4:
                return total
            drawn, ink = (
                4 * F.avg_pool2d(x, 2, ceil_mode=True, divisor_override=4) for x in (drawn, ink)
            )


@dataclass
class SequenceObjective(_PictureObjective):
    """The loss of drawings along sampled index sequences (Tu et al. 2023, algorithm 1)."""

    indices: Tensor | None = None

    def select(self, items: Tensor) -> "SequenceObjective":
        indices = None if self.indices is None else self.indices[items]
        return replace(self, targets=self.targets.select(items), indices=indices)

    def __call__(self, maps: Maps) -> Tensor:
        if self.indices is None or self.config.objective_sampling == "expectation":
            self.indices = sample_indices(
                maps, self.config.sequences, int(self.targets.points.max()), self.generator
            )
        points = orbit(maps.matrices, maps.offsets, self.indices, first_fixed_point(maps))
        batch, sequences = points.shape[:2]
        pixels = self.targets.pixels(points).flatten(0, 1)
        target = self.targets.images
        ones = pixels.new_ones(*pixels.shape[:2], 1)
        image = splat(pixels, ones, self.targets.shape, self.targets.resolved.sigma)
        if self.config.clamp:
            image = image.clamp(max=1)
        loss = (self.loss or mean_squared_error)(image, target.repeat_interleave(sequences, 0))
        return loss.view(batch, sequences).mean(1)


def mean_squared_error(image: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of each picture, (B,)."""
    return ((image - target) ** 2).mean((1, 2, 3))


@cache
def _table() -> Tensor:
    """Return (1, 2, means, Fano factors): E[min(1, X)] and E[min(1, X)²] on the grid."""
    mean = np.exp(np.linspace(*LOG_MEAN, _MEANS))
    jumps = np.arange(1, _JUMPS + 1)
    table = np.empty((2, _MEANS, _FANOS))
    for column, fano in enumerate(np.linspace(*FANO, _FANOS)):
        # Jumps of size scale·j/J, j = 1..J, at rate a/j: mean a·scale, v/μ = scale·(J+1)/2J.
        scale = 2 * fano * _JUMPS / (_JUMPS + 1)
        a = mean / scale
        values = int(np.ceil(_JUMPS / scale)) + 1  # lattice values below 1; the rest clamps to 1
        law = np.zeros((values, _MEANS))
        law[0] = np.exp(-a * (1 / jumps).sum())
        cumulative = np.zeros((values + 1, _MEANS))
        cumulative[1] = law[0]
        for n in range(1, values):  # Panjer: n p_n = a (p_{n-1} + ... + p_{n-J})
            law[n] = a / n * (cumulative[n] - cumulative[max(0, n - _JUMPS)])
            cumulative[n + 1] = cumulative[n] + law[n]
        x = np.minimum(1, scale * np.arange(values) / _JUMPS)[:, None]
        table[0, :, column] = 1 - (law * (1 - x)).sum(0)
        table[1, :, column] = 1 - (law * (1 - x * x)).sum(0)
    return torch.tensor(table[None], dtype=torch.float32)


def expected_clamp(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Return E[min(1, X)] and E[min(1, X)²] of pixels X with given mean and variance.

    Args:
        mean, variance: of one shape, non-negative; mean is taken within e^LOG_MEAN, and
            variance / mean within FANO.
    """
    low, high = LOG_MEAN
    mean = mean.clamp_min(np.exp(low))
    fano = (variance / mean).clamp(*FANO)
    row = 2 * (mean.log() - low) / (high - low) - 1
    column = 2 * (fano - FANO[0]) / (FANO[1] - FANO[0]) - 1
    grid = torch.stack([column, row], -1).reshape(1, 1, -1, 2)
    table = _table().to(grid)
    both = F.grid_sample(table, grid, align_corners=True, padding_mode="border")[0, :, 0]
    first, second = both.reshape(2, *mean.shape)
    return first, second
