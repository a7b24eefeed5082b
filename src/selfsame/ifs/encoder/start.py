"""Starts of a fit from a ``SetEncoder``."""

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.ifs.encoder.network import SetEncoder
from selfsame.ifs.fit.parameters import Maps


@torch.no_grad()
def encoder_maps(
    encoder: SetEncoder, pictures: Tensor, maps: int, window: float, generator: torch.Generator
) -> Maps:
    """Return the systems of ``maps`` maps that an encoder predicts from pictures.

    A picture that is given twice gets two systems: the mixtures that they begin with are drawn.

    Args:
        pictures: (B, 1, H, W) in [0, 1], none of them empty; the longest side fills the window.
        window: half the longest side, in units of the plane.
        generator: on the CPU.
    """
    found: Maps = encoder(squared(pictures, encoder.config.side), maps, generator)
    return found._replace(offsets=window * found.offsets)


def squared(pictures: Tensor, side: int) -> Tensor:
    """Return pictures (B, 1, H, W) on a black square, scaled to (B, 1, side, side)."""
    height, width = pictures.shape[-2:]
    if height != width:
        longest = max(height, width)
        top, left = (longest - height) // 2, (longest - width) // 2
        pad = (left, longest - width - left, top, longest - height - top)
        pictures = F.pad(pictures, pad)
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(
        pictures, (side, side), mode="bilinear", align_corners=False, antialias=True
    )
