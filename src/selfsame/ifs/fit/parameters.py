"""The numbers that gradient descent moves, and the maps they stand for."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


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
        mirror = torch.linalg.det(U).sign()
        Vt = Vt * torch.stack([torch.ones_like(mirror), mirror], -1)[..., None]
        sign = torch.linalg.det(Vt).sign()
        Vt = Vt * torch.stack([torch.ones_like(sign), sign], -1)[..., None, :]
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
