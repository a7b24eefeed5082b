"""From noise to data: free functions of a denoiser, noisy data and the levels to pass.

All take ``z``, (B, ...), noisy data at the first of ``levels``, which are (K + 1,) and on the CPU,
see ``schedules.sampling_levels``; they return what is left at the last level. Where that has no
noise it is the data. What needs noise takes a function that gives it (``sample_noise``), so that
samples can be the same in every batch.

Euler's method has no function of its own: along the ordinary differential equation that has the
marginals of the noisy data, ``dz = x0 dalpha + epsilon dsigma``, its step is that of DDIM without
noise, whatever the schedule.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.priors.diffusion.config import Variance
from selfsame.priors.diffusion.prediction import Denoiser, epsilon_of, score_of
from selfsame.priors.diffusion.process import (
    posterior_mean,
    posterior_variance,
    step_log_variance,
    transition_variance,
)
from selfsame.priors.diffusion.schedules import Level

Noise = Callable[[Tensor], Tensor]
"""Returns normal numbers like a tensor, (B, ...)."""


def sample_noise(generators: Sequence[torch.Generator]) -> Noise:
    """Return noise with a generator of its own, on the CPU, for each sample of a batch."""

    def draw(like: Tensor) -> Tensor:
        rows = [torch.randn(like.shape[1:], generator=generator) for generator in generators]
        return torch.stack(rows).to(like)

    return draw


def first_latent(noise: Tensor, levels: Level) -> Tensor:
    """Return where a sampler starts: noise, (B, ...), as wide as standardised data at the first
    level."""
    return noise * levels.at(0).scale.to(noise)


def ddpm(
    denoiser: Denoiser, z: Tensor, levels: Level, noise: Noise, *, variance: Variance = "small"
) -> Tensor:
    """Return samples by ancestral sampling.

    Args:
        variance: of a step: ``small`` is right for data that are one point, ``large`` for white
            noise; ``learned``: what the denoiser says.
    Raises:
        InputError: ``learned``, of a denoiser that says none.
    Source: Ho et al., NeurIPS 2020; Nichol and Dhariwal, ICML 2021.
    """
    for t, s in _steps(levels):
        estimate = denoiser(z, t)
        z = posterior_mean(z, estimate.x0, t, s)
        if s.sigma == 0:
            continue
        if variance == "learned":
            if estimate.fraction is None:
                raise InputError("this model has learned no variances: take small or large")
            deviation = (step_log_variance(estimate.fraction, t, s) / 2).exp()
        else:
            of_step = posterior_variance if variance == "small" else transition_variance
            deviation = of_step(t, s).sqrt().to(z)
        z = z + deviation * noise(z)
    return z


def ddim(
    denoiser: Denoiser, z: Tensor, levels: Level, noise: Noise | None = None, *, eta: float = 0.0
) -> Tensor:
    """Return samples by steps that keep the estimate and its noise, and renew a part of the noise.

    With ``eta`` 0 it is Euler's method, of the first order; with 1 it is ``ddpm``.

    Args:
        noise: needed if ``eta`` is not 0.
        eta: standard deviation of what is renewed, over that of ``ddpm`` with small variances.
    Raises:
        InputError: an ``eta`` without noise.
    Source: Song, Meng and Ermon, "Denoising Diffusion Implicit Models", ICLR 2021.
    """
    if eta and noise is None:
        raise InputError("ddim with an eta above 0 needs noise")
    for t, s in _steps(levels):
        x0 = denoiser(z, t).x0
        epsilon = epsilon_of(x0, z, t)
        renewed = eta**2 * posterior_variance(t, s)
        z = s.alpha.to(z) * x0 + (s.sigma.square() - renewed).clamp(min=0).sqrt().to(z) * epsilon
        if noise is not None and renewed > 0:
            z = z + renewed.sqrt().to(z) * noise(z)
    return z


def heun(denoiser: Denoiser, z: Tensor, levels: Level) -> Tensor:
    """Return samples by Heun's method, of the second order: two evaluations a step but the last.

    The mean of the estimates at both ends of a step is gone along. A step to no noise is Euler's.

    Source: Karras et al., NeurIPS 2022; here for any alpha and sigma.
    """
    for t, s in _steps(levels):
        x0 = denoiser(z, t).x0
        epsilon = epsilon_of(x0, z, t)
        there = s.alpha.to(z) * x0 + s.sigma.to(z) * epsilon
        if s.sigma > 0:
            x0_there = denoiser(there, s).x0
            x0 = (x0 + x0_there) / 2
            epsilon = (epsilon + epsilon_of(x0_there, there, s)) / 2
            there = z + (s.alpha - t.alpha).to(z) * x0 + (s.sigma - t.sigma).to(z) * epsilon
        z = there
    return z


def dpm_solver(denoiser: Denoiser, z: Tensor, levels: Level) -> Tensor:
    """Return samples by DPM-Solver++(2M), of the second order, one evaluation a step.

    In ``log(alpha / sigma)`` the equation's linear part is solved exactly, and the estimate is
    continued by a line through this level's and the last one's. The first step is of the first
    order, and so is one that ends without noise.

    Source: Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic
    Models", 2022.
    """
    last: Tensor | None = None
    last_width = torch.zeros((), dtype=torch.float64)
    for t, s in _steps(levels):
        x0 = denoiser(z, t).x0
        width = (s.log_snr - t.log_snr) / 2
        ahead = x0
        if last is not None and s.sigma > 0:
            # Of a last step that began without signal, infinitely wide, nothing is taken.
            ahead = x0 + (width / (2 * last_width)).to(z) * (x0 - last)
        # alpha_s (1 - exp(-width)), written so that it holds without signal and without noise, too.
        of_x0 = s.alpha - s.sigma * t.alpha / t.sigma
        z = (s.sigma / t.sigma).to(z) * z + of_x0.to(z) * ahead
        last, last_width = x0, width
    return z


def langevin(
    denoiser: Denoiser,
    z: Tensor,
    levels: Level,
    noise: Noise,
    *,
    repeats: int = 20,
    step_size: float = 0.5,
) -> Tensor:
    """Return samples by annealed Langevin dynamics: at each level some steps along the score, with
    noise, and at a last level without noise the estimate.

    Data along which the noise is small move slowly: too few steps leave the width of the levels
    before. Where ``repeats · step_size / 2`` is 5 at 20 levels, a Gaussian of deviation 1 comes out
    4 % too wide.

    Args:
        repeats: steps at each level.
        step_size: over the variance of the level's noise; above 4 steps overshoot and diverge.
    Source: Song and Ermon, NeurIPS 2019; the last step Jolicoeur-Martineau et al., ICLR 2021.
    """
    for t, s in _steps(levels):
        step = step_size * t.sigma.square()
        for _ in range(repeats):
            score = score_of(denoiser(z, t).x0, z, t)
            z = z + (step / 2).to(z) * score + step.sqrt().to(z) * noise(z)
        if s.sigma == 0:
            z = s.alpha.to(z) * denoiser(z, t).x0
        elif t.alpha > 0:
            z = (s.alpha / t.alpha).to(z) * z
        else:  # there is nothing but noise, of which the next level has another width
            z = (s.scale / t.scale).to(z) * z
    return z


def _steps(levels: Level) -> list[tuple[Level, Level]]:
    """Return the levels of each step, from and to."""
    return [(levels.at(i), levels.at(i + 1)) for i in range(len(levels.alpha) - 1)]
