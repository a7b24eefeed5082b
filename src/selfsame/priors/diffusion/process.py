"""The Gaussian process between two levels, s nearer to the data than t.

``q(z_t | z_s)`` adds noise, ``q(z_s | z_t, x)`` is the step back of somebody who knows the data; a
model's step back is the same with its estimate in the place of x. Levels are () or (B,), as in all
of this package, and so are variances, in double precision.

Source: Sohl-Dickstein et al., ICML 2015; Ho et al., NeurIPS 2020; for any alpha and sigma Kingma et
al., "Variational Diffusion Models", NeurIPS 2021.
"""

import torch
from torch import Tensor

from selfsame.priors.diffusion.schedules import Level, per_sample


def transition_variance(t: Level, s: Level) -> Tensor:
    """Return the variance of ``z_t`` given ``z_s``: DDPM's beta, the large one of a step back."""
    return (t.sigma.square() - (t.alpha / s.alpha * s.sigma).square()).clamp(min=0)


def posterior_variance(t: Level, s: Level) -> Tensor:
    """Return the variance of ``z_s`` given ``z_t`` and x: DDPM's beta tilde, the small one."""
    return transition_variance(t, s) * (s.sigma / t.sigma).square()


def posterior_mean(z: Tensor, x: Tensor, t: Level, s: Level) -> Tensor:
    """Return the mean of ``z_s`` given ``z_t`` and the data, (B, ...)."""
    of_z = t.alpha / s.alpha * (s.sigma / t.sigma).square()
    of_x = s.alpha * transition_variance(t, s) / t.sigma.square()
    return per_sample(of_z, z) * z + per_sample(of_x, z) * x


def step_log_variance(fraction: Tensor, t: Level, s: Level) -> Tensor:
    """Return the log variance of a model's step back, of each number, (B, ...).

    Args:
        fraction: from the small variance to the large one, on a scale of logarithms.
    Source: Nichol and Dhariwal, ICML 2021.
    """
    small, large = posterior_variance(t, s).log(), transition_variance(t, s).log()
    return torch.lerp(
        per_sample(small, fraction).expand_as(fraction),
        per_sample(large, fraction).expand_as(fraction),
        fraction,
    )


def step_divergence(
    z: Tensor, x: Tensor, x0: Tensor, fraction: Tensor | None, t: Level, s: Level
) -> Tensor:
    """Return the KL divergence of the true step back from a model's, of each number, in nats.

    Without a fraction both have the small variance, and it is half of what the step adds to the
    SNR, times the squared error.

    Args:
        z: noisy data at level t, (B, ...).
        x, x0: the data and their estimate.
    """
    if fraction is None:
        gain = (s.alpha / s.sigma).square() - (t.alpha / t.sigma).square()
        return per_sample(gain / 2, x) * (x - x0).square()
    small = per_sample(posterior_variance(t, s).log(), fraction)
    log_variance = step_log_variance(fraction, t, s)
    error = posterior_mean(z, x, t, s) - posterior_mean(z, x0, t, s)
    ratio = small - log_variance
    return 0.5 * (ratio.exp() - 1 - ratio + error.square() * (-log_variance).exp())
