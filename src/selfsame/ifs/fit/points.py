"""From maps to attractor points through which gradients flow.

A point far down the chain has forgotten its start geometrically, so only the last few maps need a
gradient. ``word_points`` applies every word of k maps to a cloud of attractor points and weighs it
with its exact probability, which therefore gets a gradient too. The whole orbit of given index
sequences, as "Learning Fractals by Gradient Descent" follows it, is in ``orbit``.
"""

import torch
from torch import Tensor

from selfsame.ifs.fit.parameters import Maps


def compose_words(maps: Maps, length: int) -> Maps:
    """Return the N^length compositions as one batch of systems.

    The colour of a word is the flame blend of its maps: each map drags the colour half-way to
    its own, so the outermost map counts ½, the next ¼ ..., and the last repeated (the colour
    before the word is that of its innermost map).
    """
    words = maps
    for _ in range(length - 1):
        A = maps.matrices[:, :, None] @ words.matrices[:, None]
        b = (maps.matrices[:, :, None] @ words.offsets[:, None, :, :, None])[..., 0]
        b = b + maps.offsets[:, :, None]
        log_p = maps.log_probabilities[:, :, None] + words.log_probabilities[:, None]
        colors = None
        if maps.colors is not None and words.colors is not None:
            colors = (0.5 * (maps.colors[:, :, None] + words.colors[:, None])).flatten(1, 2)
        words = Maps(A.flatten(1, 2), b.flatten(1, 2), log_p.flatten(1, 2), colors)
    return words


def word_points(maps: Maps, cloud: Tensor, length: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the images of a cloud under all words of ``length`` maps.

    Args:
        maps: a batch of B systems of N maps.
        cloud: (B, M, d) attractor points, without gradient.
    Returns:
        points (B, N^length·M, d), weights (B, N^length·M) summing to 1, and colours
        (B, N^length·M, 3) where the maps have them.
    """
    words = compose_words(maps, length)
    points = cloud[:, None] @ words.matrices.transpose(-1, -2) + words.offsets[:, :, None]
    weights = words.log_probabilities.exp()[..., None] / cloud.shape[1]
    weights = weights.expand(*points.shape[:3])
    colors = None
    if words.colors is not None:
        colors = words.colors[:, :, None].expand(*points.shape[:3], 3).flatten(1, 2)
    return points.flatten(1, 2), weights.flatten(1, 2), colors


@torch.no_grad()
def advance_cloud(maps: Maps, cloud: Tensor, generator: torch.Generator, steps: int = 1) -> Tensor:
    """Return the cloud (B, M, d) after ``steps`` random maps for every point: the chaos game."""
    batch, count = cloud.shape[:2]
    probabilities = maps.log_probabilities.exp().cpu()
    items = torch.arange(batch, device=cloud.device)[:, None]
    for _ in range(steps):
        index = torch.multinomial(probabilities, count, replacement=True, generator=generator)
        index = index.to(cloud.device)
        A, b = maps.matrices[items, index], maps.offsets[items, index]
        cloud = (A @ cloud[..., None])[..., 0] + b
    return cloud


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
