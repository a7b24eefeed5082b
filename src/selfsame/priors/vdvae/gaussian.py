"""Diagonal normal distributions, given by mean and logarithm of the standard deviation."""

import math

import torch
from torch import Tensor


def gaussian_kl(q_mean: Tensor, q_log_std: Tensor, p_mean: Tensor, p_log_std: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence KL(q || p) of each element, in nats, all same shape.

    ``log σp - log σq + (σq² + (μq - μp)²) / (2 σp²) - 1/2``
    """
    spread = (2 * (q_log_std - p_log_std)).exp()
    shift = ((q_mean - p_mean) * (-p_log_std).exp()).square()
    return p_log_std - q_log_std + 0.5 * (spread + shift - 1)


def gaussian_sample(
    mean: Tensor, log_std: Tensor, generator: torch.Generator, temperature: float = 1.0
) -> Tensor:
    """Return a sample, differentiable by ``mean`` and ``log_std``.

    Args:
        temperature: factor on the standard deviation; 0 returns the mean.
    """
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + temperature * log_std.exp() * noise


def gaussian_log_prob(z: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Return the logarithm of the density at ``z`` of each element, in nats."""
    deviation = (z - mean) * (-log_std).exp()
    return -0.5 * (deviation.square() + math.log(2 * math.pi)) - log_std
