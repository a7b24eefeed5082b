"""The latents of a very deep VAE as noise: for every prior, how many deviations from its mean.

All latents of a picture together are one row of D numbers, ``(z - mean) / std`` block by block,
coarse to fine. For a picture that the model makes up they are independent and standard normal,
whatever the priors; so points between two such rows stand for pictures as likely as theirs, which
means between the latents themselves would not.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from selfsame.priors.vdvae.network import Vdvae

GROUP = 16
"""Pictures computed at a time. Always as many: rounding depends on the size of a batch."""

_SMALL_ANGLE = 1e-3
"""Radians between two rows below which an arc is a line, and divides by about zero."""


def noise_length(model: Vdvae) -> int:
    """Return D, the latent numbers of one picture."""
    return sum(map(math.prod, model.latent_shapes))


def sample_generator(seed: int, number: int) -> torch.Generator:
    """Return the generator of one sample, on the CPU: a function of the seed and its number."""
    entropy = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(entropy) >> 1)


def draw_noise(
    model: Vdvae, generators: Iterable[torch.Generator], temperature: float = 1.0
) -> Tensor:
    """Return the noise of pictures to be made up, one from each generator: (B, D), on the CPU.

    Args:
        temperature: standard deviation of the noise; 0 gives the picture of all means.
    """
    length = noise_length(model)
    return torch.stack([temperature * torch.randn(length, generator=g) for g in generators])


@torch.no_grad()
def infer_noise(model: Vdvae, pictures: Tensor) -> Tensor:
    """Return the noise of given pictures, (B, D), on the device of the model.

    That of the means of the posteriors, coarse to fine.

    Args:
        pictures: (B, C, side, side) in [0, 1].
    Raises:
        InputError: pictures of another size.
    """

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
