"""Data whose noisy versions are known in closed form: mixtures of Gaussians."""

import math

import torch
from torch import Tensor

from selfsame.priors.diffusion.prediction import Estimate
from selfsame.priors.diffusion.schedules import Level

F64 = torch.float64


class Mixture:
    """A mixture of Gaussians of n numbers; samples are (B, 1, n).

    Args:
        weights: (M,), of sum 1.
        means: (M, n).
        covariances: (M, n, n).
    """

    def __init__(self, weights, means, covariances) -> None:
        self.weights, self.means, self.covariances = (
            torch.as_tensor(each, dtype=F64) for each in (weights, means, covariances)
        )
        self.widths, self.axes = torch.linalg.eigh(self.covariances)

    @property
    def mean(self) -> Tensor:
        return self.weights @ self.means

    @property
    def covariance(self) -> Tensor:
        off = self.means - self.mean
        spread = self.covariances + off[:, :, None] * off[:, None]
        return torch.einsum("m,mij->ij", self.weights, spread)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        which = torch.multinomial(self.weights, count, True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator, dtype=F64)
        along = (noise * self.widths[which].sqrt())[:, None] @ self.axes[which].mT
        return self.means[which][:, None] + along

    def denoiser(self, z: Tensor, level: Level) -> Estimate:
        """The mean of x given z, by conditioning each Gaussian."""
        off, kept, total = self._axes_of(z, level)
        gain = off * kept * self.widths / total
        each = self.means + torch.einsum("mij,bmj->bmi", self.axes, gain)
        share = self._logs(off, total).softmax(1)
        return Estimate(torch.einsum("bm,bmi->bi", share, each)[:, None].to(z))

    def log_density(self, z: Tensor, level: Level) -> Tensor:
        """Log density of noisy data, (B,), in nats."""
        off, _, total = self._axes_of(z, level)
        return self._logs(off, total).logsumexp(1)

    def log_share(self, z: Tensor, level: Level) -> Tensor:
        """Log probability of each Gaussian given z, (B, M)."""
        off, _, total = self._axes_of(z, level)
        return self._logs(off, total).log_softmax(1)

    def _axes_of(self, z: Tensor, level: Level) -> tuple[Tensor, Tensor, Tensor]:
        """Return z about the means along the axes of the Gaussians, (B, M, n), alpha, and the
        variances along them."""
        alpha, sigma = (each.double().reshape(-1, 1, 1) for each in level)
        off = torch.einsum("bmi,mij->bmj", z.double() - alpha * self.means, self.axes)
        return off, alpha, alpha**2 * self.widths + sigma**2

    def _logs(self, off: Tensor, total: Tensor) -> Tensor:
        squares = off**2 / total + total.log() + math.log(2 * math.pi)
        return self.weights.log() - squares.sum(-1) / 2


def gaussian(mean, covariance) -> Mixture:
    """One Gaussian."""
    return Mixture([1.0], [mean], [covariance])


NARROW = gaussian([0.5, -1.0], [[1.0, 0.6], [0.6, 0.5]])
"""A slanted Gaussian."""

PAIR = Mixture(
    [0.3, 0.7],
    [[-1.5, 0.5], [1.0, -0.5]],
    [[[0.1, 0.0], [0.0, 0.3]], [[0.2, 0.1], [0.1, 0.1]]],
)
"""Two Gaussians of different shape and weight."""


def exact_flow(data: Mixture, z: Tensor, t: Level, s: Level) -> Tensor:
    """Where the ordinary differential equation takes noisy data, (B, 1, n), of one Gaussian from
    level t to level s: along each axis as the deviation goes."""
    values, axes = data.widths[0], data.axes[0]
    before = (t.alpha**2 * values + t.sigma**2).sqrt()
    after = (s.alpha**2 * values + s.sigma**2).sqrt()
    off = (z - t.alpha * data.means[0]) @ axes
    return s.alpha * data.means[0] + (off * after / before) @ axes.T


def normal(*shape: int, seed: int = 0, dtype=F64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def stream(seed: int = 1):
    """Noise from one generator, for samplers."""
    generator = torch.Generator().manual_seed(seed)
    return lambda like: torch.randn(like.shape, generator=generator, dtype=like.dtype)
