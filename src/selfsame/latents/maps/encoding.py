"""From pictures to sets of maps: a mixture of Gaussians, then descent on what is drawn.

Nothing is drawn by chance, so that a picture has one code, and like pictures mostly like ones.
"""

import math

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.encoder.network import mixture_pieces
from selfsame.ifs.fit.maps import Maps
from selfsame.latents.maps.config import MapsConfig
from selfsame.latents.maps.drawing import draw_maps
from selfsame.latents.maps.tokens import maps_of, tokens_of

_BETAS = (0.9, 0.95)
"""Of Adam: the descent is short."""

_WIDEST = 0.6
"""Least width of the whole over its length, when maps are begun with."""

_MOST_PICTURES = 0.95
_LEAST_INK = 1.0

_FEWEST = 4
"""Maps of a picture, if it may have so many: one alone is a point, and few make bad strokes."""

_LAST_RATE = 0.05
"""Of the first rate, at the end of the descent."""


def ink_for(pictures: Tensor, maps: int) -> float:
    """Return the ink of a map, to two digits, with which most pictures, (N, 1, S, S), need no more
    than ``maps`` of them."""
    ink = float(pictures.sum((1, 2, 3)).quantile(_MOST_PICTURES)) / maps
    return max(float(f"{ink:.2g}"), _LEAST_INK)


def map_counts(pictures: Tensor, config: MapsConfig) -> Tensor:
    """Return how many maps pictures, (B, 1, S, S), have, (B,): by their ink.

    Raises:
        InputError: a picture without any.
    """
    ink = pictures.sum((1, 2, 3))
    if not bool((ink > 0).all()):
        raise InputError(
            f"picture {int(torch.argmin(ink))} of {len(ink)} is black: a set of maps draws "
            "something bright"
        )
    return (ink / config.ink).round().long().clamp(min(_FEWEST, config.maps), config.maps)


def mixture_start(pictures: Tensor, maps: int) -> Maps:
    """Return systems whose pieces lie as the components of a mixture of each picture's ink.

    Where the whole is narrow its pieces are nearly as wide, and maps that keep almost all of a
    width make the attractor drift by twenty times what an offset changes. So the whole is taken as
    wider than it is; the pieces are then thinner than the ink, by less than the pen is wide.
    """
    pieces = mixture_pieces(pictures, maps, None)
    width, axes = torch.linalg.eigh(pieces.whole_root)
    inverse = (axes / torch.maximum(width, _WIDEST * width[:, -1:])[:, None]) @ axes.mT
    matrices = pieces.root @ inverse[:, None]
    offsets = pieces.middle - (matrices @ pieces.whole_middle[:, None, :, None])[..., 0]
    return Maps(matrices, offsets, pieces.log_share)


def fitted_tokens(pictures: Tensor, maps: int, config: MapsConfig) -> Tensor:
    """Return the tokens, (B, maps, 7), of the systems that draw pictures, (B, 1, S, S), best.

    The squared error of the drawing at scale 1 is minimised by Adam, by the numbers of the tokens.
    """
    start = tokens_of(mixture_start(pictures, maps))
    if config.steps == 0:
        return start
    with torch.enable_grad():
        tokens = start.detach().clone().requires_grad_()
        adam = torch.optim.Adam([tokens], config.rate, betas=_BETAS)
        for step in range(config.steps):
            turn = math.cos(math.pi * step / config.steps)
            adam.param_groups[0]["lr"] = config.rate * (
                _LAST_RATE + (1 - _LAST_RATE) * (1 + turn) / 2
            )
            adam.zero_grad()
            drawn = draw_maps(maps_of(tokens), config.side, config.dots * maps, config.pen)
            (drawn - pictures).square().sum().backward()  # type: ignore[no-untyped-call]
            adam.step()
    return tokens.detach()
