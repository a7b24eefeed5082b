"""Starts of a fit from a ``SetEncoder``."""

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.ifs.encoder.network import SetEncoder
from selfsame.ifs.fit.parameters import Maps

NOISE = 0.05
"""Standard deviation of what is added to the numbers of the ninth start and those after it."""

ISOMETRIES = 8


@torch.no_grad()
def encoder_maps(
    encoder: SetEncoder, pictures: Tensor, starts: Tensor, window: float, generator: torch.Generator
) -> Maps:
    """Return systems that an encoder predicts from pictures, different ones for several starts.

    Start k of a picture is predicted from the picture turned and mirrored by the k-th isometry of
    the square, and turned back; from the ninth on, noise is added.

    Args:
        pictures: (B, 1, H, W) in [0, 1]; the longest side fills the window.
        starts: (B,) whole numbers k, from 0.
        window: half the longest side, in units of the plane.
        generator: draws the noise, on the CPU.
    """
    squares = squared(pictures, encoder.config.side)
    which = starts % ISOMETRIES
    turned = torch.stack([_turned(p, int(k)) for p, k in zip(squares, which, strict=True)])
    maps = encoder(turned)
    matrix = torch.stack([_matrix(int(k)) for k in which]).to(pictures)[:, None]
    noisy = (starts >= ISOMETRIES).to(pictures)[:, None, None]
    matrices = matrix.mT @ maps.matrices @ matrix
    offsets = (matrix.mT @ maps.offsets[..., None])[..., 0]
    matrices = matrices + NOISE * noisy[..., None] * _normal(matrices, generator)
    offsets = offsets + NOISE * noisy * _normal(offsets, generator)
    return Maps(matrices, window * offsets, maps.log_probabilities)


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


def _turned(picture: Tensor, k: int) -> Tensor:
    """Return a picture (1, S, S) after the k-th isometry: k % 4 quarter turns, then a mirror."""
    turned = torch.rot90(picture, k % 4, (-2, -1))
    return turned.flip(-1) if k >= 4 else turned


def _matrix(k: int) -> Tensor:
    """Return the matrix (2, 2) by which the k-th isometry moves points, y up."""
    quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    matrix = torch.linalg.matrix_power(quarter, k % 4)
    return torch.diag(torch.tensor([-1.0, 1.0])) @ matrix if k >= 4 else matrix


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator).to(like)
