"""Latents out of a diffusion: the same for a seed, whatever the batch."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.checked import checked
from selfsame.errors import InputError, SettingError
from selfsame.priors.diffusion.backbone import UNCONDITIONAL, Condition
from selfsame.priors.diffusion.classifier import NoisyClassifier
from selfsame.priors.diffusion.config import SamplerName, SamplerSettings, Strength
from selfsame.priors.diffusion.guidance import classifier_guided, guided
from selfsame.priors.diffusion.model import DiffusionModel, TokenNetwork, same_scale
from selfsame.priors.diffusion.prediction import Denoiser, Estimate
from selfsame.priors.diffusion.samplers import (
    Noise,
    ddim,
    ddpm,
    dpm_solver,
    first_latent,
    heun,
    langevin,
    sample_noise,
)
from selfsame.priors.diffusion.schedules import Level, noisy, sampling_levels
from selfsame.priors.generation import sample_generator
from selfsame.run.progress import Progress

COUNTS = 1
"""Stream of random numbers of how many tokens there are."""

GROUP = 32
"""Samples computed at a time. Always as many: rounding depends on the size of a batch."""

Sampler = Callable[[Denoiser, Tensor, Level, Noise], Tensor]


class Like(NamedTuple):
    """Latents that samples are to be like.

    Attributes:
        values: of each sample, (count, T, D), in their own units.
        strength: how much of the way from noise is gone: at 1 nothing is left of them, near 0 all.
        kept: tokens that stay as they are, (count, T); None: none.
    Source: Meng et al., "SDEdit", ICLR 2022; of what is kept the estimate is known, as in Song et
    al., "Score-based generative modeling through SDEs", ICLR 2021, appendix I.
    """

    values: Tensor
    strength: float = 1.0
    kept: Tensor | None = None


def sampler_of(settings: SamplerSettings) -> Sampler:
    """Return the sampler that settings name, with its options, as a function of a denoiser, where
    to start, levels and noise."""
    samplers: dict[SamplerName, Sampler] = {
        "ddpm": partial(ddpm, variance=settings.variance),
        "ddim": partial(ddim, eta=settings.eta),
        "heun": lambda denoiser, z, levels, _: heun(denoiser, z, levels),
        "dpm-solver": lambda denoiser, z, levels, _: dpm_solver(denoiser, z, levels),
        "langevin": partial(langevin, repeats=settings.repeats, step_size=settings.step_size),
    }
    return samplers[settings.sampler]


@torch.no_grad()
def sample_latents(
    model: DiffusionModel,
    count: int,
    settings: SamplerSettings | None = None,
    *,
    condition: Condition = UNCONDITIONAL,
    mask: Tensor | None = None,
    seed: int = 0,
    first: int = 0,
    guide: DiffusionModel | None = None,
    classifier: NoisyClassifier | None = None,
    like: Like | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Return latents that a model makes up, (count, T, D), in their own units, on the CPU.

    Sample k of a seed is always the same on one machine, to the bit: however many are asked for,
    and in how many calls.

    Args:
        condition: of each sample, (count, ...).
        mask: which tokens a sample has, (count, T); the others are 0.
        first: number k of the first.
        guide: a weaker model of the same latents, for autoguidance; instead of the model without
            its condition.
        classifier: guides the model without its condition towards the labels.
        like: what to begin with, instead of nothing but noise.
        progress: of samples, some of whose steps are done.
    Raises:
        InputError: counts out of their range, conditions of another number of samples, labels
            beyond the model's classes, a guidance that lacks what it needs, or a guide or
            classifier of other latents.
    """
    settings = settings or SamplerSettings()
    parts = (*condition, mask) if like is None else (*condition, mask, like.values, like.kept)
    _check_numbers(count, first, seed, parts)
    _check_guidance(model, settings.guidance, condition, guide, classifier)
    levels = sampling_levels(model.schedule, settings.steps, settings.spacing)
    if like is not None:
        checked("strength", like.strength, Strength)
        levels = levels.at(
            slice(settings.steps - max(1, round(like.strength * settings.steps)), None)
        )
    sampler = sampler_of(settings)
    results: list[Tensor] = []
    device, shape = model.mean.device, (model.config.tokens, model.config.numbers)
    for begin in range(first // GROUP * GROUP, first + count, GROUP):
        # The number of a sample decides its row in the group, wherever the call begins.
        rows = torch.arange(begin, begin + GROUP) - first
        wanted = rows[(rows >= 0) & (rows < count)]
        rows = rows.clamp(0, count - 1)

        def part(whole: Tensor, rows: Tensor = rows) -> Tensor:
            return whole.cpu()[rows].to(device)

        there = None if mask is None else part(mask.bool())
        denoiser = _guided(model, settings, condition.map(part), there, guide, classifier)
        if progress is not None:
            before = sum(map(len, results))
            denoiser = _told(denoiser, levels, progress.part(before, count, len(wanted)))
        noise = sample_noise([sample_generator(seed, begin + row) for row in range(GROUP)])
        epsilon = noise(torch.empty(GROUP, *shape, device=device))
        start = first_latent(epsilon, levels)
        if like is not None:
            known = model.standardised(part(like.values))
            start = noisy(known, epsilon, levels.at(0))
            if like.kept is not None:
                denoiser = _kept(denoiser, known, part(like.kept))
        latents = model.restored(sampler(denoiser, start, levels, noise), there)
        results.append(latents.cpu()[wanted + first - begin])
        if progress is not None:
            progress(sum(map(len, results)), count)
    return torch.cat(results)


def sample_masks(
    model: DiffusionModel,
    count: int,
    *,
    labels: Tensor | None = None,
    seed: int = 0,
    first: int = 0,
) -> Tensor | None:
    """Return which tokens samples have, (count, T), as many as those of the data have, by their
    classes; None if samples of the model have all. For ``sample_latents``.

    The number of sample k of a seed is always the same for a label.

    Args:
        labels: classes, (count,), -1 for none; None: of no sample one is asked for.
        first: number k of the first.
    Raises:
        InputError: counts out of their range, or labels of another number of samples.
    """
    _check_numbers(count, first, seed, (labels,))
    if model.counts is None:
        return None
    shares = model.counts.cpu().double().cumsum(1)
    # The last row is of all classes, as is label -1.
    rows = torch.full((count,), -1) if labels is None else labels.cpu()
    drawn = torch.stack(
        [
            torch.rand((), generator=sample_generator(seed, first + k, COUNTS), dtype=torch.float64)
            for k in range(count)
        ]
    )
    tokens = model.config.tokens
    own = shares[rows]
    numbers = 1 + (own < (drawn * own[:, -1])[:, None]).sum(1)
    return torch.arange(tokens) < numbers[:, None]


def _guided(
    model: DiffusionModel,
    settings: SamplerSettings,
    condition: Condition,
    mask: Tensor | None,
    guide: DiffusionModel | None,
    classifier: NoisyClassifier | None,
) -> Denoiser:
    """Return the denoiser that settings ask for."""
    weight, interval = settings.guidance, settings.interval
    if classifier is not None:
        assert condition.labels is not None
        probability = classifier.log_probability(condition.labels, mask)
        return classifier_guided(model.denoiser(mask=mask), probability, weight, interval)
    denoiser = model.denoiser(condition, mask=mask)
    if guide is not None:
        return guided(denoiser, guide.denoiser(condition, mask=mask), weight, interval)
    if weight == 1:
        return denoiser
    return guided(denoiser, model.denoiser(mask=mask), weight, interval)


def _kept(denoiser: Denoiser, known: Tensor, kept: Tensor) -> Denoiser:
    """Return the denoiser whose estimate of some tokens, (B, T), is what is known."""

    def denoise(z: Tensor, level: Level) -> Estimate:
        found = denoiser(z, level)
        return found._replace(x0=torch.where(kept[..., None], known, found.x0))

    return denoise


def _told(denoiser: Denoiser, levels: Level, progress: Progress) -> Denoiser:
    """Return the denoiser, which then tells how many of the levels lie behind a sampler."""

    def denoise(z: Tensor, level: Level) -> Estimate:
        progress(int((levels.log_snr < level.log_snr).sum()), len(levels.alpha))
        return denoiser(z, level)

    return denoise


def _check_numbers(count: int, first: int, seed: int, parts: Iterable[Tensor | None]) -> None:
    if min(count - 1, first, seed) < 0:
        raise SettingError(
            f"count must be at least 1, first and seed at least 0: got {count}, {first} and {seed}"
        )
    if any(part is not None and len(part) != count for part in parts):
        raise InputError(f"conditions and masks must be of {count} samples, as many as are made")


def _check_guidance(
    model: DiffusionModel,
    guidance: float,
    condition: Condition,
    guide: DiffusionModel | None,
    classifier: NoisyClassifier | None,
) -> None:
    labels = condition.labels
    other: TokenNetwork | None = guide or classifier
    if other is not None and not same_scale(model, other):
        raise InputError(
            f"a guide must be of the same latents as the model: {other.name} standardises others"
        )
    if classifier is not None and (labels is None or guide is not None):
        raise SettingError("a classifier guides towards labels, and without another guide")
    if other is None and guidance != 1 and labels is None and condition.context is None:
        raise SettingError(
            f"guidance {guidance:g} needs a condition to guide to: give labels, or a weaker model "
            "as the guide"
        )
    classes = model.config.classes if classifier is None else classifier.config.classes
    if labels is not None and not -1 <= int(labels.min()) <= int(labels.max()) < classes:
        raise InputError(
            f"labels must be -1 for none, or one of {classes} classes, from 0: got "
            f"{int(labels.min())} to {int(labels.max())}"
        )
