"""What a network may predict, the way from each to each, and how times are drawn and weighed.

Every prediction is a sum of the data x and the noise epsilon whose coefficients depend on the
level alone; together with ``z = alpha x + sigma epsilon`` it tells both.

==========  =====================================  ==============================================
epsilon     epsilon                                Ho et al. 2020
x0          x
v           alpha epsilon - sigma x                Salimans and Ho 2022
score       -epsilon: sigma times the score        Song and Ermon 2020 (their network over sigma)
edm         (sigma x - alpha epsilon) / scale      Karras et al. 2022: F, for data of deviation 1
velocity    epsilon - x                            Liu et al., Lipman et al. 2023
==========  =====================================  ==============================================

``scale`` is the root of alpha² + sigma². Where the variance is kept it is 1, and edm is -v.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.priors.diffusion.config import Prediction, TimeDistribution, Weighting
from selfsame.priors.diffusion.schedules import Level, Schedule, per_sample

_MIN_SNR = 5.0
"""Bound of the weight of min-SNR, as the paper recommends."""

Coefficients = tuple[Tensor, Tensor]


class Estimate(NamedTuple):
    """What a denoiser says of noisy data.

    Attributes:
        x0: the mean of the data given them, (B, ...).
        fraction: where variances are learned, how far the log variance of a step is from the
            small one (0) to the large one (1), of each number; else None.
    """

    x0: Tensor
    fraction: Tensor | None = None


Denoiser = Callable[[Tensor, Level], Estimate]
"""Of noisy data, (B, ...), at a level, () or (B,). Its conditions are its own business."""


def _ones(level: Level) -> Tensor:
    return torch.ones_like(level.alpha)


def _zeros(level: Level) -> Tensor:
    return torch.zeros_like(level.alpha)


_OUTPUT: dict[Prediction, Callable[[Level], Coefficients]] = {
    "epsilon": lambda at: (_zeros(at), _ones(at)),
    "x0": lambda at: (_ones(at), _zeros(at)),
    "v": lambda at: (-at.sigma, at.alpha),
    "score": lambda at: (_zeros(at), -_ones(at)),
    "edm": lambda at: (at.sigma / at.scale, -at.alpha / at.scale),
    "velocity": lambda at: (-_ones(at), _ones(at)),
}
"""Coefficients of x and epsilon in the output."""

_DATA: dict[Prediction, Callable[[Level], Coefficients]] = {
    "epsilon": lambda at: (1 / at.alpha, -at.sigma / at.alpha),
    "x0": lambda at: (_zeros(at), _ones(at)),
    "v": lambda at: (at.alpha / at.scale**2, -at.sigma / at.scale**2),
    "score": lambda at: (1 / at.alpha, at.sigma / at.alpha),
    "edm": lambda at: (at.alpha / at.scale**2, at.sigma / at.scale),
    "velocity": lambda at: (1 / (at.alpha + at.sigma), -at.sigma / (at.alpha + at.sigma)),
}
"""Coefficients of z and the output in x: the equations above, solved."""


def output_of(prediction: Prediction, x: Tensor, epsilon: Tensor, level: Level) -> Tensor:
    """Return what a network should have said of data and noise, (B, ...), at a level."""
    of_x, of_epsilon = _OUTPUT[prediction](level)
    return per_sample(of_x, x) * x + per_sample(of_epsilon, x) * epsilon


def x0_of(prediction: Prediction, output: Tensor, z: Tensor, level: Level) -> Tensor:
    """Return the data that a network's output means, (B, ...).

    Args:
        z: noisy data, of the same shape.
    """
    of_z, of_output = _DATA[prediction](level)
    return per_sample(of_z, z) * z + per_sample(of_output, z) * output


def epsilon_of(x0: Tensor, z: Tensor, level: Level) -> Tensor:
    """Return the noise in noisy data, ``(z - alpha x) / sigma``; there must be some."""
    return (z - per_sample(level.alpha, z) * x0) / per_sample(level.sigma, z)


def score_of(x0: Tensor, z: Tensor, level: Level) -> Tensor:
    """Return the gradient of the log density of noisy data, ``(alpha x - z) / sigma²``.

    Args:
        x0: the mean of the data given ``z``.
    Source: Robbins 1956 and Miyasawa 1961, known as Tweedie's formula.
    """
    return -epsilon_of(x0, z, level) / per_sample(level.sigma, z)


def loss_weight(weighting: Weighting, prediction: Prediction, level: Level) -> Tensor:
    """Return the factor on the squared error of the output at each level.

    All but ``own`` are told as factors on the squared error of x: ``epsilon`` SNR, ``x0`` 1, ``v``
    SNR + 1 (also EDM's), ``min-snr`` the SNR up to 5 (Hang et al., ICCV 2023), ``sigmoid`` SNR /
    (SNR + 1), the sigmoid of the log SNR on the error of x (Kingma and Gao, NeurIPS 2023).
    ``own`` is 1 on the output: DDPM's simple loss for epsilon, EDM's for edm, flow matching for
    velocity.
    """
    if weighting == "own":
        return torch.ones_like(level.alpha)
    snr = (level.alpha / level.sigma).square()
    of_x = {
        "epsilon": snr,
        "x0": torch.ones_like(snr),
        "v": snr + 1,
        "min-snr": snr.clamp(max=_MIN_SNR),
        "sigmoid": snr / (snr + 1),
    }[weighting]
    _, of_output = _DATA[prediction](level)
    return of_x * of_output.square()


def draw_times(
    schedule: Schedule,
    distribution: TimeDistribution,
    count: int,
    generator: torch.Generator,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    chain: int = 1000,
) -> Tensor:
    """Return times for a batch, (count,), double precision, on the device of the generator.

    One in each of ``count`` parts of equal probability, which makes the loss less noisy than
    independent times (Kingma et al., "Variational Diffusion Models", NeurIPS 2021).

    Args:
        distribution: ``uniform``; ``logit-normal``, whose logit is normal (Esser et al., ICML
            2024); ``log-normal``: ``log(sigma / alpha)`` is normal (Karras et al. 2022; theirs for
            data of deviation 1: mean -0.5, standard deviation 1.2); ``discrete``: a step of the
            chain, see ``schedules.chain_times``.
        mean, std: of the normal distributions.
        chain: steps of the discrete process.
    """
    device = generator.device
    start = torch.rand((), generator=generator, device=device, dtype=torch.float64)
    parts = torch.arange(count, device=device, dtype=torch.float64)
    quantile = ((start + parts) / count).clamp(1e-9, 1 - 1e-9)
    if distribution == "discrete":
        step = (quantile * chain).ceil()
        return schedule.first + (1 - schedule.first) * step / chain
    if distribution == "uniform":
        return schedule.first + (1 - schedule.first) * quantile
    normal = mean + std * torch.special.ndtri(quantile)
    time = torch.sigmoid(normal) if distribution == "logit-normal" else schedule.time(-2 * normal)
    return time.clamp(schedule.first, 1)
