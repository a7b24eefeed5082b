"""Guidance: denoisers made of denoisers. Samplers do not know of it."""

from collections.abc import Callable

import torch
from torch import Tensor

from selfsame.priors.diffusion.prediction import Denoiser, Estimate
from selfsame.priors.diffusion.schedules import Level, per_sample

Interval = tuple[float, float]
"""Noise over signal, sigma / alpha: from above the first to the second."""

LogProbability = Callable[[Tensor, Level], Tensor]
"""Log probability, (B,), of what is wanted, given noisy data, (B, ...), at a level."""


def guided(
    denoiser: Denoiser, guide: Denoiser, weight: float, interval: Interval | None = None
) -> Denoiser:
    """Return a denoiser that goes away from a guide: ``guide + weight · (denoiser - guide)``.

    With the same model without its condition as the guide it is classifier-free guidance, with a
    weaker model of the same condition autoguidance. With weight 1 it is the denoiser, with 0 the
    guide. What it says of variances is the denoiser's.

    Args:
        interval: where it acts; elsewhere the guide is not asked.
    Source: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022; Karras et al., "Guiding a
    Diffusion Model with a Bad Version of Itself", NeurIPS 2024; the interval Kynkäänniemi et al.,
    "Applying Guidance in a Limited Interval", NeurIPS 2024.
    """

    def denoise(z: Tensor, level: Level) -> Estimate:
        estimate = denoiser(z, level)
        if weight == 1 or not _within(level, interval):
            return estimate
        return estimate._replace(x0=torch.lerp(guide(z, level).x0, estimate.x0, weight))

    return denoise


def classifier_guided(
    denoiser: Denoiser,
    log_probability: LogProbability,
    weight: float,
    interval: Interval | None = None,
) -> Denoiser:
    """Return a denoiser of data that a classifier of noisy data takes for what is wanted.

    The score gets ``weight`` times the gradient of the log probability, the estimate thus
    ``sigma² / alpha`` times that. With weight 1 it is the conditional denoiser, by Bayes, if both
    are right. Where no signal is left, the classifier knows nothing, and is not asked.

    Args:
        interval: where it acts.
    Source: Dhariwal and Nichol, "Diffusion Models Beat GANs on Image Synthesis", NeurIPS 2021.
    """

    def denoise(z: Tensor, level: Level) -> Estimate:
        estimate = denoiser(z, level)
        if weight == 0 or not bool((level.alpha > 0).all()) or not _within(level, interval):
            return estimate
        with torch.enable_grad():
            noisy = z.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(log_probability(noisy, level).sum(), noisy)
        factor = per_sample(weight * level.sigma.square() / level.alpha, z)
        return estimate._replace(x0=estimate.x0 + factor * gradient)

    return denoise


def _within(level: Level, interval: Interval | None) -> bool:
    """Return whether all levels lie within an interval; samplers are at one level at a time."""
    if interval is None:
        return True
    low, high = interval
    # Multiplied out: without signal the ratio is infinite.
    above, below = level.sigma > low * level.alpha, level.sigma <= high * level.alpha
    return bool((above & below).all())
