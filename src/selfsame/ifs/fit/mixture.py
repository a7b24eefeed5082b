"""A start for the descent: a Gaussian mixture of the target, each component an affine copy.

If the target, as a measure, has mean m and covariance C and is a mixture of N Gaussians with
weights ``p_i``, means ``m_i`` and covariances ``C_i``, then the maps
``x -> C_i^½ Q_i C^-½ (x - m) + m_i``, with any orthogonal ``Q_i``, send the whole onto its parts to
second order: their invariant measure has the target's mean and covariance, and every first-level
piece lies along a stroke of the target. This is the collage theorem read for moments; the descent
then has only the detail left to find.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.ifs.fit.maps import Maps

ITERATIONS = 40
"""Expectation-maximisation steps; the start needs no converged mixture."""

CHUNK_ELEMENTS = 2**24
"""Largest responsibilities tensor held at once (64 MB): bounds memory for many components."""


def mixture_maps(
    positions: Tensor, weights: Tensor, maps: int, floor: float, generator: torch.Generator
) -> Maps:
    """Return a system per item whose pieces are the components of a Gaussian mixture.

    Args:
        positions: (P, d) or (B, P, d) sample positions.
        weights: (B, P), non-negative, not all zero in any item.
        maps: N.
        floor: variance added to every component, plane units² (about a tenth of a pixel²).
        generator: draws the seeds of the mixture and the rotations ``Q_i``.
    """
    mixture = gaussian_mixture(positions, weights, maps, floor, generator)
    m, covariance = mixture.whole()
    _, inverse_root = roots(covariance)
    root, _ = roots(mixture.covariance)
    turns = _random_orthogonal(mixture.share.shape, positions.shape[-1], generator)
    matrices = root @ turns.to(positions) @ inverse_root[:, None]
    offsets = mixture.mean - (matrices @ m[:, None, :, None])[..., 0]
    return Maps(matrices, offsets, torch.log(mixture.share))


class Mixture(NamedTuple):
    """A batch of mixtures of K Gaussians: shares (B, K) of sum 1, means (B, K, d), covariances
    (B, K, d, d)."""

    share: Tensor
    mean: Tensor
    covariance: Tensor

    def whole(self) -> tuple[Tensor, Tensor]:
        """Return mean (B, d) and covariance (B, d, d) of each mixture as a whole."""
        mean = (self.share[..., None] * self.mean).sum(1)
        spread = self.mean - mean[:, None]
        total = self.covariance + spread[..., None] * spread[..., None, :]
        return mean, (self.share[..., None, None] * total).sum(1)


def gaussian_mixture(
    positions: Tensor,
    weights: Tensor,
    components: int,
    floor: float,
    generator: torch.Generator | None,
    iterations: int = ITERATIONS,
) -> Mixture:
    """Return a mixture for each item, by expectation maximisation.

    Args:
        positions: (P, d) or (B, P, d).
        weights: (B, P), non-negative, not all zero in any item.
        floor: variance added to every component.
        generator: draws the seeds; None takes the likeliest, so that the mixture is a function of
            the item alone.
    Source: Dempster et al. 1977; seeding as k-means++ (Arthur and Vassilvitskii 2007).
    """
    weights = weights / weights.sum(-1, keepdim=True)
    if positions.dim() == 2:
        positions = positions.expand(len(weights), *positions.shape)
    chunk = max(1, CHUNK_ELEMENTS // (components * positions.shape[1]))
    parts = [
        _em(x, w, components, floor, generator, iterations)
        for x, w in zip(torch.split(positions, chunk), torch.split(weights, chunk), strict=True)
    ]
    return Mixture(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _em(
    positions: Tensor,
    weights: Tensor,
    components: int,
    floor: float,
    generator: torch.Generator | None,
    iterations: int,
) -> tuple[Tensor, Tensor, Tensor]:
    batch, _, d = positions.shape
    mean = _seeds(positions, weights, components, generator)
    eye = torch.eye(d).to(positions)
    center = (weights[..., None] * positions).sum(1, keepdim=True)
    variance = (weights[..., None] * (positions - center) ** 2).sum((1, 2)) / d
    covariance = variance[:, None, None, None] / components * eye + floor * eye
    covariance = covariance.expand(batch, components, d, d)
    share = torch.full((batch, components), 1 / components).to(positions)
    for _ in range(iterations):
        difference = positions[:, None] - mean[:, :, None]  # (B, K, P, d)
        whitened = difference @ torch.linalg.inv(covariance)
        mahalanobis = (whitened * difference).sum(-1)
        normaliser = share.log() - 0.5 * torch.logdet(covariance)
        belongs = torch.softmax(normaliser[..., None] - 0.5 * mahalanobis, dim=1)
        belongs = belongs * weights[:, None]
        mass = belongs.sum(-1) + 1e-6 / components  # no component dies, none divides by zero
        share = mass / mass.sum(1, keepdim=True)
        mean = (belongs @ positions) / mass[..., None]
        difference = positions[:, None] - mean[:, :, None]
        scatter = (belongs[..., None] * difference).transpose(-1, -2) @ difference
        covariance = scatter / mass[..., None, None] + floor * eye
    return share, mean, covariance


def _seeds(
    positions: Tensor, weights: Tensor, components: int, generator: torch.Generator | None
) -> Tensor:
    """Return (B, K, d) seeds, each drawn far from those before it."""
    items = torch.arange(len(weights), device=weights.device)
    distance = torch.ones_like(weights)
    seeds = []
    for k in range(components):
        chance = weights * distance + 1e-12 * weights
        if generator is None:
            index = chance.argmax(1)
        else:
            drawn = torch.multinomial(chance.cpu(), 1, generator=generator)
            index = drawn[:, 0].to(weights.device)
        seeds.append(positions[items, index])
        reach = ((positions - seeds[-1][:, None]) ** 2).sum(-1)
        distance = reach if k == 0 else torch.minimum(distance, reach)
    return torch.stack(seeds, 1)


def roots(symmetric: Tensor) -> tuple[Tensor, Tensor]:
    """Return the square root and its inverse of positive (..., d, d) matrices."""
    values, vectors = torch.linalg.eigh(symmetric)
    values = values.clamp_min(1e-12)
    root = (vectors * values.sqrt()[..., None, :]) @ vectors.transpose(-1, -2)
    inverse = (vectors * values.rsqrt()[..., None, :]) @ vectors.transpose(-1, -2)
    return root, inverse


def _random_orthogonal(shape: torch.Size, d: int, generator: torch.Generator) -> Tensor:
    """Return uniform random orthogonal matrices (*shape, d, d): rotations and reflections."""
    if d == 2:
        angle = 2 * math.pi * torch.rand(shape, generator=generator)
        mirror = torch.where(torch.rand(shape, generator=generator) < 0.5, -1.0, 1.0)
        cos, sin = torch.cos(angle), torch.sin(angle)
        return torch.stack(
            [torch.stack([cos, -sin * mirror], -1), torch.stack([sin, cos * mirror], -1)], -2
        )
    q, r = torch.linalg.qr(torch.randn(*shape, d, d, generator=generator))
    signs: Tensor = torch.diagonal(r, dim1=-2, dim2=-1).sign()
    return torch.as_tensor(q * signs[..., None, :])
