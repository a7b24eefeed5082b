"""Pictures out of a very deep VAE: made up, on the way between two, or coded and decoded.

All latents of a picture together are one row of D numbers, its noise: ``(z - mean) / std`` of each
prior, block by block, coarse to fine. Of a picture that the model makes up they are independent and
standard normal, whatever the priors; so points between two such rows stand for pictures as likely
as theirs, which means between the latents themselves would not.
"""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from selfsame.collage.operator.module import SCALE_DENOMINATOR
from selfsame.errors import SettingError
from selfsame.limits import MAX_PIXELS
from selfsame.priors.vdvae.bounds import check_pictures
from selfsame.priors.vdvae.network import Vdvae

Scale = float | Fraction

GROUP = 16
"""Pictures computed at a time. Always as many: rounding depends on the size of a batch."""

_SMALL_ANGLE = 1e-3
"""Radians between two rows below which an arc is a line, and divides by about zero."""


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
        raise SettingError(f"pixels are drawn at scale 1 only: got scale {scale}")
    if not 0 <= temperature < math.inf:
        raise SettingError(f"temperature must be a number from 0: got {temperature}")
    if min(count - 1, first, seed) < 0:
        raise SettingError(
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
        begin, end: the noise of the two, (D,), from ``draw_noise`` or ``infer_noise``; see
            ``blend_noise``.
        steps: pictures, both ends among them; at least 2.
        scale: as of ``generate``.
    Raises:
        InputError: fewer steps, or as ``side_at``.
    """
    side_at(model, scale)
    if steps < 2:
        raise SettingError(f"steps must be at least 2, the two ends: got {steps}")
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
        InputError: pictures of another size or range, or as ``side_at``.
    """
    side_at(model, scale)
    check_pictures(pictures)

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
        raise SettingError(f"scale must be a number above 0: got {scale}")
    side = round(model.config.side * Fraction(scale).limit_denominator(SCALE_DENOMINATOR))
    if scale != 1 and model.config.head == "plain":
        raise SettingError(f"a model with the plain head draws at scale 1 only: got {scale}")
    if not 1 <= side**2 <= MAX_PIXELS:
        raise SettingError(
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


def sample_generator(seed: int, number: int, *stream: int) -> torch.Generator:
    """Return the generator of one sample, on the CPU: a function of the seed and its number.

    Args:
        stream: from 1; numbers that have nothing to do with those without.
    """
    entropy = np.random.SeedSequence([seed, number, *stream]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(entropy) >> 1)


def draw_noise(
    model: Vdvae, generators: Iterable[torch.Generator], temperature: float = 1.0
) -> Tensor:
    """Return the noise of pictures to be made up, one from each generator: (B, D), on the CPU.

    Args:
        temperature: standard deviation of the noise; 0 gives the picture of all means.
    """
    length = sum(map(math.prod, model.latent_shapes))
    return torch.stack([temperature * torch.randn(length, generator=g) for g in generators])


@torch.no_grad()
def infer_noise(model: Vdvae, pictures: Tensor) -> Tensor:
    """Return the noise of given pictures, (B, D), on the device of the model.

    That of the means of the posteriors, coarse to fine.

    Args:
        pictures: (B, C, side, side) in [0, 1].
    Raises:
        InputError: pictures of another size or range.
    """
    check_pictures(pictures)

    def infer(group: Tensor) -> Tensor:
        latents = model.infer(group, torch.Generator(group.device), temperature=0).latents
        rows = [(z - prior.mean) * (-prior.log_std).exp() for z, _, prior in latents]
        return torch.cat([row.flatten(1) for row in rows], 1)

    return by_groups(infer, pictures.to(model.start.device))


def features_of(model: Vdvae, noise: Tensor) -> Tensor:
    """Return the features, (B, C, s, s), that noise, (B, D), stands for."""
    shapes = model.latent_shapes
    lengths = [math.prod(shape) for shape in shapes]

    def decode(group: Tensor) -> Tensor:
        parts = zip(torch.split(group, lengths, 1), shapes, strict=True)
        return model.decode([part.reshape(GROUP, *shape) for part, shape in parts])

    return by_groups(decode, noise)


def by_groups(function: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Return ``function`` of all rows, computed for ``GROUP`` of them at a time, zeros after them.

    The result of a row then depends on no other, and not on how many there are.
    """
    results = []
    for group in torch.split(rows, GROUP):
        fill = rows.new_zeros(GROUP - len(group), *rows.shape[1:])
        results.append(function(torch.cat([group, fill]))[: len(group)])
    return torch.cat(results)


def blend_noise(model: Vdvae, begin: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Return noise on the way between two rows, (F, D): in each block the arc that joins them.

    Noise on an arc is as long as at the ends, if those are alike. Straight lines would pass nearer
    to 0, that is, nearer to the picture of all means.

    Args:
        begin, end: (D,) each.
        shares: how far on the way, (F,), 0 to 1.
    Source: Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
    """
    blocks = [math.prod(shape) for shape in model.latent_shapes]
    pairs = zip(torch.split(begin, blocks), torch.split(end, blocks), strict=True)
    return torch.cat([_arc(a, b, shares[:, None]) for a, b in pairs], 1)


def _arc(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Return (F, n) between (n,) and (n,) at (F, 1)."""
    norms = a.norm() * b.norm()
    cosine = (a @ b / norms).clamp(-1, 1) if norms > 0 else norms.new_ones(())
    angle = cosine.acos()
    if min(angle, math.pi - angle) < _SMALL_ANGLE:
        return torch.lerp(a, b, share)
    arc: Tensor = (((1 - share) * angle).sin() * a + (share * angle).sin() * b) / angle.sin()
    return arc
