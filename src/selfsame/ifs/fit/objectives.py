"""What a fit minimises: from a batch of systems to one loss per target."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.ifs.fit.config import FitConfig, ResolvedConfig
from selfsame.ifs.fit.expected import expected_clamp
from selfsame.ifs.fit.orbit import orbit
from selfsame.ifs.fit.parameters import Maps
from selfsame.ifs.fit.points import (
    Cloud,
    advance_cloud,
    first_fixed_point,
    fresh_cloud,
    sample_indices,
    word_points,
)
from selfsame.ifs.fit.targets import Targets
from selfsame.ifs.render.splat import splat

SETTLING_STEPS = 30
"""Chaos-game steps after which a fresh cloud lies on the attractor (0.95^30 = 0.2 of the start at
the very worst, and the steps that follow go on settling it)."""

ImageLoss = Callable[[Tensor, Tensor], Tensor]
"""(rendered (B, C, H, W), target (B, C, H, W)) -> (B,), differentiable."""


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

    @property
    def resolved(self) -> ResolvedConfig:
        return self.config.resolved(max(self.targets.sizes[0]))


@dataclass
class WordObjective(_PictureObjective):
    """The loss of an ideal drawing: all words over a cloud that follows the attractor."""

    cloud: Cloud | None = None

    def select(self, items: Tensor) -> "WordObjective":
        cloud = None if self.cloud is None else self.cloud.select(items)
        return replace(self, targets=self.targets.select(items), cloud=cloud)

    def __call__(self, maps: Maps) -> Tensor:
        self._advance(maps.detach())
        assert self.cloud is not None
        points, weights, colors = word_points(maps, self.cloud, self.resolved.word_length)
        pixels = self.targets.pixels(points)
        if self.config.objective == "density":
            return self._density_loss(pixels, weights)
        return self._occupancy_loss(pixels, weights, colors)

    def _advance(self, maps: Maps) -> None:
        count = self._cloud_size(maps)
        if self.cloud is None or self.cloud.positions.shape[1] != count:
            self.cloud = fresh_cloud(maps, count, self.generator, SETTLING_STEPS)
        else:
            self.cloud = advance_cloud(maps, self.cloud, self.generator)

    def _cloud_size(self, maps: Maps) -> int:
        height, width = self.targets.images.shape[-2:]
        samples = self.config.samples or max(1600, height * width // 2)
        words: int = maps.matrices.shape[1] ** self.resolved.word_length
        return -(-samples // words)

    def _occupancy_loss(self, pixels: Tensor, weights: Tensor, colors: Tensor | None) -> Tensor:
        """E[(t - c·min(1, X))²] with X the value of a pixel in a random drawing of n points."""
        target, n = self.targets.images, self.targets.points.view(-1, 1, 1, 1)
        size = (target.shape[-2], target.shape[-1])
        sigma = self.resolved.sigma
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
        size = (target.shape[-2], target.shape[-1])
        ink = target / target.sum((1, 2, 3), keepdim=True)
        drawn = splat(pixels, weights[..., None], size, self.resolved.sigma)
        drawn = drawn / (torch.pi * self.resolved.sigma)
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
        image = splat(pixels, ones, (target.shape[-2], target.shape[-1]), self.resolved.sigma)
        if self.config.clamp:
            image = image.clamp(max=1)
        loss = (self.loss or mean_squared_error)(image, target.repeat_interleave(sequences, 0))
        return loss.view(batch, sequences).mean(1)


def mean_squared_error(image: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of each picture, (B,)."""
    return ((image - target) ** 2).mean((1, 2, 3))
