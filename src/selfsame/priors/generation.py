"""Pictures out of a very deep VAE: made up, on the way between two, or coded and decoded."""

import math
from fractions import Fraction

import torch
from torch import Tensor

from selfsame.collage.operator.module import SCALE_DENOMINATOR
from selfsame.errors import InputError
from selfsame.limits import MAX_PIXELS
from selfsame.priors.vdvae.network import Vdvae
from selfsame.priors.vdvae.noise import (
    GROUP,
    blend_noise,
    by_groups,
    draw_noise,
    features_of,
    sample_generator,
)

Scale = float | Fraction


@torch.no_grad()
def generate(
    model: Vdvae,
    count: int,
    *,
    seed: int = 0,
    first: int = 0,
    temperature: float = 1.0,
    scale: Scale = 1,
    draw_pixels: bool = False,
) -> Tensor:
    """Return pictures that the model makes up, (count, C, S, S) in [0, 1], on the CPU.

    Picture k of a seed is always the same, to the bit: however many are asked for, and in how many
    calls. Memory grows by the pictures returned only; ask for a few at a time if they are large.

    Args:
        first: number k of the first.
        temperature: factor on the standard deviation of every prior; less than 1 gives fewer odd
            pictures and less variety, 0 always the same one.
        scale: pixels of S per pixel of the model's pictures.
        draw_pixels: draw every pixel from its distribution, rather than take the distribution's
            mean; at scale 1 only.
    Raises:
        InputError: an argument out of its range, or as ``side_at``.
    """
    side_at(model, scale)
    if draw_pixels and scale != 1:
        raise InputError(f"pixels are drawn at scale 1 only: got scale {scale}")
    if not 0 <= temperature < math.inf:
        raise InputError(f"temperature must be a number from 0: got {temperature}")
    if min(count - 1, first, seed) < 0:
        raise InputError(
            f"count must be at least 1, first and seed at least 0: got {count}, {first} and {seed}"
        )
    device, pictures = model.start.device, []
    for begin in range(first // GROUP * GROUP, first + count, GROUP):
        # The number of a picture decides its row in the group, wherever the call begins.
        generators = [sample_generator(seed, begin + row) for row in range(GROUP)]
        noise = draw_noise(model, generators, temperature)
        rows = slice(max(first - begin, 0), min(first + count - begin, GROUP))
        features = features_of(model, noise.to(device))[rows]
        if draw_pixels:
            drawn = by_groups(model.draw, features).cpu()
            for one, generator in zip(drawn, generators[rows], strict=True):
                pictures.append(model.likelihood.sample(one[None], generator))
        else:
            pictures.append(_rendered(model, features, scale))
    return torch.cat(pictures)


@torch.no_grad()
def interpolate(
    model: Vdvae, begin: Tensor, end: Tensor, steps: int, *, scale: Scale = 1
) -> Tensor:
    """Return pictures on the way between two, (steps, C, S, S) in [0, 1], on the CPU.

    Args:
        begin, end: the noise of the two, (D,), from ``noise.draw_noise`` or
            ``noise.infer_noise``; see ``noise.blend_noise``.
        steps: pictures, both ends among them; at least 2.
        scale: as of ``generate``.
    Raises:
        InputError: fewer steps, or as ``side_at``.
    """
    side_at(model, scale)
    if steps < 2:
        raise InputError(f"steps must be at least 2, the two ends: got {steps}")
    device = model.start.device
    shares = torch.linspace(0, 1, steps, device=device)
    noise = blend_noise(model, begin.to(device), end.to(device), shares)
    return _rendered(model, features_of(model, noise), scale)


@torch.no_grad()
def reconstruct(model: Vdvae, pictures: Tensor, *, scale: Scale = 1) -> Tensor:
    """Return pictures coded and decoded, (B, C, S, S) in [0, 1], on the CPU.

    The latents are the means of their posteriors.

    Args:
        pictures: (B, C, side, side) in [0, 1].
        scale: as of ``generate``.
    Raises:
        InputError: pictures of another size, or as ``side_at``.
    """
    side_at(model, scale)

    def infer(group: Tensor) -> Tensor:
        return model.infer(group, torch.Generator(group.device), temperature=0).features

    return _rendered(model, by_groups(infer, pictures.to(model.start.device)), scale)


def side_at(model: Vdvae, scale: Scale) -> int:
    """Return S, the side of pictures at a scale.

    Raises:
        InputError: a scale that leaves no pixel or makes a picture beyond ``MAX_PIXELS``, or other
            than 1 of a model with the plain head.
    """
    if not 0 < scale < math.inf:
        raise InputError(f"scale must be a number above 0: got {scale}")
    side = round(model.config.side * Fraction(scale).limit_denominator(SCALE_DENOMINATOR))
    if scale != 1 and model.config.head == "plain":
        raise InputError(f"a model with the plain head draws at scale 1 only: got {scale}")
    if not 1 <= side**2 <= MAX_PIXELS:
        raise InputError(
            f"scale {scale} makes pictures of {side}x{side} pixels: 1 to {MAX_PIXELS} pixels are "
            "allowed"
        )
    return side


def _rendered(model: Vdvae, features: Tensor, scale: Scale) -> Tensor:
    """Return mean pictures on the CPU."""
    if scale == 1:
        return by_groups(model.render, features).cpu()
    # One by one: in company, iterations would go on until the last picture is settled, and the
    # memory of a large scale is that of one picture.
    return torch.cat([model.render(one[None], scale).cpu() for one in features])
