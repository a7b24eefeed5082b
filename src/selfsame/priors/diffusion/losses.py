"""One loss for every prediction, the bound that teaches variances, and the batches of both, with
noise and in parts.

``weight · |output - what it should have been|²``, the mean over the numbers of a sample. What it
should have been, and the weight, are of ``prediction``.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.priors.diffusion.config import DiffusionObjective, Prediction, Weighting
from selfsame.priors.diffusion.prediction import draw_times, loss_weight, output_of
from selfsame.priors.diffusion.process import step_divergence
from selfsame.priors.diffusion.schedules import Level, Schedule, noisy
from selfsame.training.task import Means, Metrics

_PART = 256
"""Samples that are measured at a time."""

Batch = Mapping[str, Tensor]
"""Latents, ``values``, (B, T, D), in their own units; for sets of several sizes with a ``mask``,
(B, T); and what is known of them: ``labels``, (B,), or what readers read."""


def denoising_loss(
    output: Tensor,
    x: Tensor,
    epsilon: Tensor,
    level: Level,
    prediction: Prediction,
    weighting: Weighting = "own",
    mask: Tensor | None = None,
) -> Tensor:
    """Return the loss of each sample, (B,).

    Args:
        output: of the network, (B, T, D).
        x, epsilon: the data and the noise that were mixed at ``level``, (B,).
        mask: which tokens there are, (B, T).
    """
    error = (output - output_of(prediction, x, epsilon, level)).square()
    return loss_weight(weighting, prediction, level).to(x) * mean_number(error, mask)


def variance_loss(
    z: Tensor,
    x: Tensor,
    x0: Tensor,
    fraction: Tensor,
    t: Level,
    s: Level,
    mask: Tensor | None = None,
) -> Tensor:
    """Return the term of the variational bound of a step from t to s, in nats per number, (B,).

    It teaches the variance only: the estimate ``x0`` gets no gradient from it, since that of the
    bound is noisier than that of ``denoising_loss``.

    Source: Nichol and Dhariwal, ICML 2021, the hybrid loss.
    """
    return mean_number(step_divergence(z, x, x0.detach(), fraction, t, s), mask)


def mean_number(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean over the numbers of each sample, (B,), of values, (B, T, D).

    Args:
        mask: which tokens there are, (B, T); others count for nothing. None: all are there.
    """
    if mask is None:
        return values.flatten(1).mean(1)
    there = mask.to(values)[..., None]
    return (values * there).sum((1, 2)) / (there.sum((1, 2)).clamp(min=1) * values.shape[2])


def latents_of(batch: Batch) -> tuple[Tensor, Tensor | None]:
    """Return the latents and the mask, or None, of a batch.

    Raises:
        InputError: a batch without latents, or of another number of something else.
    """
    if "values" not in batch or len({len(part) for part in batch.values()}) != 1:
        raise InputError("a batch has latents, its values, and as many of all else")
    mask = batch.get("mask")
    return batch["values"], None if mask is None else mask.bool()


class Noisy(NamedTuple):
    """Data of a batch with noise.

    Attributes:
        z: noisy data, (B, T, D).
        epsilon: its noise.
        times, level: of each sample, (B,).
    """

    z: Tensor
    epsilon: Tensor
    times: Tensor
    level: Level


def noised(
    x: Tensor,
    schedule: Schedule,
    objective: DiffusionObjective,
    generator: torch.Generator,
    chain: int = 1000,
) -> Noisy:
    """Return standardised data, (B, T, D), at times that an objective draws.

    Args:
        chain: steps of the discrete process, whose times may be asked for.
    """
    times = draw_times(
        schedule,
        objective.times,
        len(x),
        generator,
        mean=objective.times_mean,
        std=objective.times_std,
        chain=chain,
    )
    level, epsilon = schedule.level(times), normal_like(x, generator)
    return Noisy(noisy(x, epsilon, level), epsilon, times, level)


def means_of(
    measure: Callable[[Batch, torch.Generator], Metrics],
    batch: Batch,
    shard: slice,
    device: torch.device,
) -> Means:
    """Return the means of what is measured of a batch, part by part; the same draws each time, by
    however many processes.

    Args:
        measure: returns means over the samples of a part, which is on the device.
        shard: which of the parts are this process's.
    """
    total = len(latents_of(batch)[0])
    sums: dict[str, float] = {}
    samples = 0
    for number, first in list(enumerate(range(0, total, _PART)))[shard]:
        generator = torch.Generator(device).manual_seed(number)
        piece = {name: part[first : first + _PART].to(device) for name, part in batch.items()}
        count = len(piece["values"])
        for name, value in measure(piece, generator).items():
            sums[name] = sums.get(name, 0.0) + count * float(value)
        samples += count
    return Means({name: value / samples for name, value in sums.items()}, samples)


def normal_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return normal numbers of the shape and the kind of a tensor."""
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
