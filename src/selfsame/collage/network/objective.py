"""What training minimises: distortion + rate_weight · bits per pixel.

The distortion is that of the decoded picture (``decode``), or of one application of the map to the
original (``collage``), which the collage theorem ties to it and which costs less.
"""

from typing import Literal

import torch
from torch import Tensor

from selfsame.collage.network.model import START_STEP, CollageModel
from selfsame.collage.network.planes import pictures_from_planes
from selfsame.collage.network.quantise import round_straight_through
from selfsame.collage.operator.functional import domain_term

Distortion = Literal["decode", "collage"]

DEFAULT_RATE_WEIGHT = 0.15
"""At high rates a bit saves 0.12 squared steps of a uniform quantiser's error; at low ones more."""


def distortion_and_rate(
    model: CollageModel,
    values: Tensor,
    planes: Tensor,
    scale: Tensor,
    generator: torch.Generator,
    *,
    distortion: Distortion = "decode",
) -> tuple[Tensor, Tensor, Tensor]:
    """Return distortion and bits per pixel, (B,) each, and the rounded levels.

    The distortion is the squared error over all channels of the picture, in units of the squared
    quantiser step, so that every quality has the same say in a sum. Levels are rounded for it, with
    a gradient as if they were not, and have uniform noise of ±½ instead for the rate.

    Args:
        values: levels before rounding, (B, K, rows, columns).
        planes: the pictures, (B, 1 or 3, H, W), padded.
        scale: (B,), log2 of the scale of the steps.
        generator: of the noise.
    """
    levels = round_straight_through(values)
    if distortion == "decode":
        decoded = model.decoder(levels, scale)
    else:
        weights, decoded = model.decoder.collage(levels, scale)
        if model.config.domain_factors:
            decoded = decoded + domain_term(planes, weights, model.config.geometry)
    errors = 255 * (pictures_from_planes(decoded) - pictures_from_planes(planes))
    squared = errors.square().mean((1, 2, 3)) / (START_STEP * torch.exp2(scale)).square()
    noise = torch.rand(values.shape, generator=generator, device=values.device) - 0.5
    bits = model.bits(values + noise, levels.detach()).sum((1, 2, 3))
    return squared, bits / (planes.shape[2] * planes.shape[3]), levels
