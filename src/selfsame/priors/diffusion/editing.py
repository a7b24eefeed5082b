"""Pictures made again with more or less of something.

A semantic vector says what latents show; the noise that a sampler would make them from says all the
rest. With another vector the same noise becomes the same picture, changed.

Source: Preechakul et al., "Diffusion Autoencoders", CVPR 2022; noise of data by DDIM's steps run
backwards, Song, Meng and Ermon, ICLR 2021.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from selfsame.errors import SettingError
from selfsame.priors.conditioning.config import SEMANTIC
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.priors.diffusion.prediction import Denoiser, epsilon_of
from selfsame.priors.diffusion.samplers import ddim
from selfsame.priors.diffusion.schedules import Level, sampling_levels

STEPS = 100
"""There and back: first-order steps, whose errors must be small."""


def noise_of(denoiser: Denoiser, x: Tensor, levels: Level) -> Tensor:
    """Return where a deterministic sampler would have to start to end at data, (B, ...).

    Args:
        x: standardised.
        levels: from noise to data, (K + 1,).
    """
    last = len(levels.alpha) - 1
    z = levels.alpha[last].to(x) * x
    for number in range(last, 0, -1):
        s, t = levels.at(number), levels.at(number - 1)
        if s.sigma == 0:  # what the network takes for noise where there is next to none
            there = t.alpha.to(x) * x
            epsilon = epsilon_of(denoiser(there, t).x0, there, t)
            z = there + t.sigma.to(x) * epsilon
            continue
        x0 = denoiser(z, s).x0
        z = t.alpha.to(x) * x0 + t.sigma.to(x) * epsilon_of(x0, z, s)
    return z


def attribute_change(model: DiffusionModel, amounts: Mapping[str, float]) -> Tensor:
    """Return the change of semantic vectors, (S,), of attributes by name, in standard deviations.

    Raises:
        SettingError: a name that the model does not know, or a model that knows none.
    """
    known, directions = model.config.attributes, model.directions
    if directions is None:
        raise SettingError(f"the model {model.name} has no semantic vectors: it cannot edit")
    change = directions.new_zeros(directions.shape[1])
    for name, amount in amounts.items():
        if name not in known:
            raise SettingError(
                f"the model knows no attribute {name!r}: {', '.join(known) or 'it has none'}"
            )
        change = change + amount * directions[known.index(name)]
    return change


@torch.no_grad()
def edited(
    model: DiffusionModel, values: Tensor, change: Tensor, labels: Tensor | None = None
) -> Tensor:
    """Return latents, (B, T, D), in their own units, with semantic vectors that are changed.

    Args:
        change: of the vectors, (S,) or (B, S); 0 gives about the same latents again.
        labels: classes, (B,), of a model that has some.
    Raises:
        InputError: the model has no semantic vectors.
    """
    levels = sampling_levels(model.schedule, STEPS, "time")
    vectors = model.semantic(values)

    def denoiser(vectors: Tensor) -> Denoiser:
        return model.denoiser(model.condition(labels, {SEMANTIC: vectors}))

    start = noise_of(denoiser(vectors), model.standardised(values), levels)
    return model.restored(ddim(denoiser(vectors + change), start, levels))
