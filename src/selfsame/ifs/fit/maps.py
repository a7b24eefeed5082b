"""Batches of systems as tensors: the numbers that gradient descent moves, the maps that they stand
for, and attractor points through which gradients flow.

A point far down the chain has forgotten its start geometrically, so only the last few maps need a
gradient. ``word_points`` applies every word of k maps to a cloud of attractor points and weighs it
with its exact probability, which therefore gets a gradient too. The whole orbit of given index
sequences, as "Learning Fractals by Gradient Descent" follows it, is in ``orbit``.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from selfsame.ifs.system import IFS

SETTLING_STEPS = 30
"""Chaos-game steps after which a fresh cloud lies on the attractor (0.95^30 = 0.2 of the start at
the very worst, and the steps that follow go on settling it)."""


class Maps(NamedTuple):
    """A batch of systems: (B, N, d, d), (B, N, d), log-probabilities (B, N), colours or None."""

    matrices: Tensor
    offsets: Tensor
    log_probabilities: Tensor
    colors: Tensor | None = None

    def detach(self) -> "Maps":
        return Maps(*(None if part is None else part.detach() for part in self))  # type: ignore[arg-type]

    def select(self, items: Tensor) -> "Maps":
        """Return the systems ``items`` of the batch."""
        return Maps(*(None if part is None else part[items] for part in self))  # type: ignore[arg-type]

    def systems(self) -> list[IFS]:
        """Return the systems one by one, their probabilities multiples of 2^-24."""
        A, b, log_p = (part.detach().cpu().numpy() for part in self[:3])
        colors = [None] * len(A) if self.colors is None else self.colors.detach().cpu().numpy()
        return [IFS(A[i], b[i], dyadic_probabilities(log_p[i]), colors[i]) for i in range(len(A))]


class Parameters:
    """Leaf tensors of a batch of systems; ``maps()`` is differentiable in them.

    ``raw``: the matrices themselves. ``svd`` (2-D only): ``R(θ) Σ R(φ) D``, Σ = sigmoid of free
    numbers and D = diag(±1) by a straight-through sign (Tu et al. 2023, eq. 10).
    """

    def __init__(self, leaves: dict[str, Tensor], *, learn_probabilities: bool) -> None:
        self.leaves = leaves
        self.learn_probabilities = learn_probabilities
        for leaf in leaves.values():
            leaf.requires_grad_(True)
        leaves["logits"].requires_grad_(learn_probabilities)

    @classmethod
    def raw(cls, maps: Maps, *, learn_probabilities: bool) -> "Parameters":
        leaves = {
            "matrices": maps.matrices.clone(),
            "offsets": maps.offsets.clone(),
            "logits": maps.log_probabilities.clone(),
        }
        if maps.colors is not None:
            leaves["colors"] = torch.logit(maps.colors.clamp(0.02, 0.98))
        return cls(leaves, learn_probabilities=learn_probabilities)

    @classmethod
    def svd(cls, maps: Maps, *, learn_probabilities: bool) -> "Parameters":
        """Return the SVD form of 2-D ``maps``."""
        parameters = cls.raw(maps, learn_probabilities=learn_probabilities)
        U, sigma, Vt = torch.linalg.svd(parameters.leaves.pop("matrices").detach())
        # Reflections of U and Vt meet in one sign, which D takes: U diag(1, m) is a rotation.
        Vt[..., 1, :] *= torch.linalg.det(U).sign()[..., None]
        sign = torch.linalg.det(Vt).sign()
        Vt[..., 1] *= sign[..., None]
        twist = torch.stack(
            [
                torch.atan2(U[..., 1, 0], U[..., 0, 0]),
                torch.atan2(Vt[..., 1, 0], Vt[..., 0, 0]),
                torch.logit(sigma[..., 0].clamp(1e-4, 1 - 1e-4)),
                torch.logit(sigma[..., 1].clamp(1e-4, 1 - 1e-4)),
                torch.full_like(sign, 0.005),
                0.005 * sign,
            ],
            dim=-1,
        )
        parameters.leaves["twist"] = twist.requires_grad_(True)
        return parameters

    @classmethod
    def svd_uniform(
        cls, batch: int, maps: int, generator: torch.Generator, *, learn_probabilities: bool
    ) -> "Parameters":
        """Return the random start of Tu et al. (2023): angles in [-π, π], the rest in [0, 1]."""
        twist = torch.rand(batch, maps, 6, generator=generator)
        twist[..., :2] = (2 * twist[..., :2] - 1) * math.pi
        twist[..., 4:] = 0.005
        offsets = 2 * torch.rand(batch, maps, 2, generator=generator) - 1
        leaves = {"twist": twist, "offsets": offsets, "logits": torch.zeros(batch, maps)}
        return cls(leaves, learn_probabilities=learn_probabilities)

    def maps(self) -> Maps:
        """Return the systems; probabilities are softmax(logits), or proportional to |det A|."""
        if "twist" in self.leaves:
            matrices = _matrices_from_twist(self.leaves["twist"])
        else:
            matrices = self.leaves["matrices"]
        if self.learn_probabilities:
            log_probabilities = torch.log_softmax(self.leaves["logits"], dim=-1)
        else:
            weight = torch.linalg.det(matrices.detach()).abs().clamp_min(1e-12)
            log_probabilities = (weight / weight.sum(-1, keepdim=True)).log()
        colors = self.leaves.get("colors")
        return Maps(
            matrices,
            self.leaves["offsets"],
            log_probabilities,
            None if colors is None else torch.sigmoid(colors),
        )

    def gradients(self) -> list[Tensor]:
        """Return the gradients of the leaves that have one."""
        return [leaf.grad for leaf in self.leaves.values() if leaf.grad is not None]

    @torch.no_grad()
    def bound(self, largest_singular: float) -> None:
        """Scale down every matrix whose largest singular value exceeds the bound."""
        if "matrices" in self.leaves:
            matrices = self.leaves["matrices"]
            norm = largest_singular_value(matrices)
            matrices *= (largest_singular / norm.clamp_min(1e-12)).clamp(max=1)[..., None, None]
        else:
            limit = math.log(largest_singular / (1 - largest_singular))
            self.leaves["twist"][..., 2:4].clamp_(max=limit)

    @torch.no_grad()
    def add_noise(self, deviation: float, generator: torch.Generator) -> None:
        """Add Gaussian noise to the matrix parameters (Tu et al. 2023, noisy optimisation)."""
        leaf = self.leaves["twist" if "twist" in self.leaves else "matrices"]
        noise = torch.randn(leaf.shape, generator=generator, device=generator.device)
        leaf += deviation * noise.to(leaf)

    def select(self, items: Tensor) -> "Parameters":
        """Return the parameters of the systems ``items`` of the batch."""
        return Parameters(
            {name: leaf.detach()[items].clone() for name, leaf in self.leaves.items()},
            learn_probabilities=self.learn_probabilities,
        )


def largest_singular_value(matrices: Tensor) -> Tensor:
    """Return the spectral norm of (..., d, d) matrices; closed form in the plane."""
    if matrices.shape[-1] != 2:
        norm: Tensor = torch.linalg.matrix_norm(matrices, ord=2)
        return norm
    a, b, c, d = matrices.flatten(-2).unbind(-1)
    return 0.5 * (torch.hypot(a + d, c - b) + torch.hypot(a - d, c + b))


def dyadic_probabilities(log_probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities (N,) as multiples of 2^-24 with sum exactly 1.

    Such numbers are exact in float32, so the file stores them in half the bytes.
    """
    p = np.exp(log_probabilities.astype(np.float64))
    units = np.maximum(np.rint(p / p.sum() * 2**24), 1)
    units[np.argmax(units)] += 2**24 - units.sum()
    return np.asarray(units / 2**24, np.float64)


def _matrices_from_twist(twist: Tensor) -> Tensor:
    theta, phi, raw1, raw2, d1, d2 = twist.unbind(-1)
    sigma = torch.sigmoid(torch.stack([raw1, raw2], -1))
    raw_signs = torch.stack([d1, d2], -1)
    # Straight-through sign: value ±1, gradient of the identity.
    signs = torch.where(raw_signs < 0, -1.0, 1.0) - raw_signs.detach() + raw_signs
    return (_rotation(theta) * sigma[..., None, :]) @ (_rotation(phi) * signs[..., None, :])


def _rotation(angle: Tensor) -> Tensor:
    cos, sin = torch.cos(angle), torch.sin(angle)
    return torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)


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
def next_cloud(maps: Maps, cloud: Cloud | None, count: int, generator: torch.Generator) -> Cloud:
    """Return the cloud a step of the chaos game on, or ``count`` new points of each attractor."""
    if cloud is not None:
        return advance_cloud(maps, cloud, generator)
    batch, _, d = maps.offsets.shape
    origin = torch.zeros(batch, count, d).to(maps.offsets)
    colors = None if maps.colors is None else torch.full((batch, count, 3), 0.5).to(origin)
    return advance_cloud(maps, Cloud(origin, colors), generator, SETTLING_STEPS)


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
