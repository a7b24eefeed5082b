"""From maps to attractor points through which gradients flow.

A point far down the chain has forgotten its start geometrically, so only the last few maps need a
gradient. ``word_points`` applies every word of k maps to a cloud of attractor points and weighs it
with its exact probability, which therefore gets a gradient too. The whole orbit of given index
sequences, as "Learning Fractals by Gradient Descent" follows it, is in ``orbit``.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.ifs.fit.parameters import Maps


class Cloud(NamedTuple):
    """Attractor points without gradient: positions (B, M, d), colours (B, M, 3) or None."""

    positions: Tensor
    colors: Tensor | None = None

    def select(self, items: Tensor) -> "Cloud":
        return Cloud(self.positions[items], None if self.colors is None else self.colors[items])


def compose_words(maps: Maps, length: int) -> Maps:
    """Return the N^length compositions as one batch of systems.

    Colours blend as in a flame: each map drags the colour half-way to its own. Those returned
    are the maps' part of it, ``Σ c_i 2^-k`` over the k-th map from the outside; what the colour was
    before the word comes on top with weight ``2^-length``.
    """
    words = maps._replace(colors=None if maps.colors is None else maps.colors / 2)
    for _ in range(length - 1):
        A = maps.matrices[:, :, None] @ words.matrices[:, None]
        b = (maps.matrices[:, :, None] @ words.offsets[:, None, :, :, None])[..., 0]
        b = b + maps.offsets[:, :, None]
        log_p = maps.log_probabilities[:, :, None] + words.log_probabilities[:, None]
        colors = None
        if maps.colors is not None and words.colors is not None:
            colors = ((maps.colors[:, :, None] + words.colors[:, None]) / 2).flatten(1, 2)
        words = Maps(A.flatten(1, 2), b.flatten(1, 2), log_p.flatten(1, 2), colors)
    return words


def word_points(maps: Maps, cloud: Cloud, length: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the images of a cloud under all words of ``length`` maps.

    Args:
        maps: a batch of B systems of N maps.
        cloud: M points of each attractor.
    Returns:
        points (B, N^length·M, d), weights (B, N^length·M) summing to 1, and colours
        (B, N^length·M, 3) where the maps have them.
    """
    words = compose_words(maps, length)
    positions = cloud.positions
    points = positions[:, None] @ words.matrices.transpose(-1, -2) + words.offsets[:, :, None]
    weights = words.log_probabilities.exp()[..., None] / positions.shape[1]
    weights = weights.expand(*points.shape[:3])
    colors = None
    if words.colors is not None and cloud.colors is not None:
        colors = words.colors[:, :, None] + cloud.colors[:, None] / 2**length
        colors = colors.flatten(1, 2)
    return points.flatten(1, 2), weights.flatten(1, 2), colors


@torch.no_grad()
def fresh_cloud(maps: Maps, count: int, generator: torch.Generator, steps: int) -> Cloud:
    """Return ``count`` points of each attractor, after ``steps`` of the chaos game."""
    batch, _, d = maps.offsets.shape
    origin = torch.zeros(batch, count, d).to(maps.offsets)
    colors = None if maps.colors is None else torch.full((batch, count, 3), 0.5).to(origin)
    return advance_cloud(maps, Cloud(origin, colors), generator, steps)


@torch.no_grad()
def advance_cloud(maps: Maps, cloud: Cloud, generator: torch.Generator, steps: int = 1) -> Cloud:
    """Return the cloud after ``steps`` random maps for every point: the chaos game."""
    x, c = cloud
    probabilities = maps.log_probabilities.exp().cpu()
    items = torch.arange(len(x), device=x.device)[:, None]
    for _ in range(steps):
        index = torch.multinomial(probabilities, x.shape[1], replacement=True, generator=generator)
        index = index.to(x.device)
        x = (maps.matrices[items, index] @ x[..., None])[..., 0] + maps.offsets[items, index]
        if c is not None and maps.colors is not None:
            c = (c + maps.colors[items, index]) / 2
    return Cloud(x, c)


def sample_indices(maps: Maps, sequences: int, steps: int, generator: torch.Generator) -> Tensor:
    """Return (B, sequences, steps) map indices drawn with the systems' probabilities."""
    probabilities = maps.log_probabilities.detach().exp().cpu()
    index = torch.multinomial(
        probabilities, sequences * steps, replacement=True, generator=generator
    )
    return index.view(len(index), sequences, steps).to(maps.matrices.device)


def first_fixed_point(maps: Maps) -> Tensor:
    """Return (B, d), the fixed point of each system's first map, without gradient."""
    A, b = maps.matrices[:, 0].detach(), maps.offsets[:, 0].detach()
    eye = torch.eye(A.shape[-1]).to(A)
    point: Tensor = torch.linalg.solve(eye - A, b)
    return point
