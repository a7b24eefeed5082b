"""The variational bound of the discrete process, whole: data have a density, not a likelihood.

``-log p(x)`` is at most ``KL(q(z_T | x) || p(z_T)) - log p(x | z_0)`` in the mean over ``z_0``, and
``KL(q(z_s | z_t, x) || p(z_s | z_t))`` of every step from t to s in the mean over ``z_t``,

with ``p(z_T)`` as wide as standardised data at that level, and ``p(x | z_0)`` normal about
``z_0 / alpha_0``, as wide as the noise that is left there.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.priors.diffusion.backbone import masked
from selfsame.priors.diffusion.prediction import Denoiser
from selfsame.priors.diffusion.process import step_divergence
from selfsame.priors.diffusion.samplers import Noise
from selfsame.priors.diffusion.schedules import Level, noisy, per_sample


class Bound(NamedTuple):
    """A bound on the negative log-density of each sample, by its parts, in nats.

    Attributes:
        prior: (B,), exact.
        steps: (B, T), from the least noise to the most; unbiased, of one draw each.
        reconstruction: (B,), exact in the mean over ``z_0``.
    """

    prior: Tensor
    steps: Tensor
    reconstruction: Tensor

    @property
    def total(self) -> Tensor:
        """The bound, (B,)."""
        return self.prior + self.steps.sum(1) + self.reconstruction


@torch.no_grad()
def variational_bound(
    denoiser: Denoiser, x: Tensor, chain: Level, noise: Noise, mask: Tensor | None = None
) -> Bound:
    """Return the bound of data, (B, ...), in as many evaluations as there are steps.

    In the units of ``x``; of data that were divided by a deviation, add its logarithm for each
    number. Where the denoiser says variances, they are used.

    Args:
        chain: levels from the least noise to the most, (T + 1,); the first has some.
        noise: for the draws of the noisy data.
        mask: which tokens of sets, (B, T, D), there are, (B, T); None: all, of data of any shape.
    Raises:
        InputError: a chain that begins without noise, where the bound is infinite.
    """
    first, last = chain.at(0), chain.at(-1)
    if first.sigma <= 0:
        raise InputError("the chain must begin with some noise: without, the bound is infinite")
    terms = []
    for number in range(1, len(chain.alpha)):
        s, t = chain.at(number - 1), chain.at(number)
        z = noisy(x, noise(x), t)
        estimate = denoiser(z, t)
        divergence = step_divergence(z, x, estimate.x0, estimate.fraction, t, s)
        terms.append(_sum(divergence, mask))
    prior, rest = prior_divergence(x, last, mask), reconstruction_cost(x, first, mask)
    return Bound(prior, torch.stack(terms, 1), rest)


def prior_divergence(x: Tensor, level: Level, mask: Tensor | None = None) -> Tensor:
    """Return the KL divergence of noisy data given x, (B, ...), from the prior, in nats, (B,)."""
    ratio = (level.sigma / level.scale).square()
    mean = per_sample(level.alpha / level.scale, x) * x
    each = 0.5 * (mean.square() + per_sample(ratio - 1 - ratio.log(), x))
    return _sum(each, mask)


def reconstruction_cost(x: Tensor, level: Level, mask: Tensor | None = None) -> Tensor:
    """Return the mean of ``-log p(x | z_0)`` over the noise of ``z_0``, in nats, (B,).

    The entropy of the noise that is left: ``log(sigma / alpha) + (1 + log 2π) / 2`` a number.
    """
    each = (level.sigma / level.alpha).log() + 0.5 * (1 + math.log(2 * math.pi))
    return _sum(each.to(x).expand(x.shape), mask)


def _sum(values: Tensor, mask: Tensor | None) -> Tensor:
    """Return the sum over the numbers of each sample, (B,), that there are."""
    return masked(values, mask).flatten(1).sum(1)
