"""Set prediction: a picture in, the N maps of a system out, in no particular order.

Overlapping windows of the picture are its tokens, attention lets them know of each other, and N
learned queries, one per map, ask them for the map's numbers. No order of the maps is ever
compared: what a network of this kind learns from is how the attractor looks
(``selfsame.pretrain.encoder_training``). Source of queries as set prediction: Carion et al. 2020,
"End-to-End Object Detection with Transformers".
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.ifs.fit.parameters import Maps, largest_singular_value

LARGEST_SINGULAR = 0.95
"""Bound on the singular values of every predicted map; the fit's default."""

_NUMBERS = 7
"""Of a map: four of the matrix, two of the place of its piece, one for its probability."""

_POOLING = 4
"""Pixels of the picture along the side of a token."""


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of a ``SetEncoder``.

    Attributes:
        side: of the pictures it looks at, pixels; a multiple of 4.
        maps: N, of the systems that it predicts.
        width: numbers of a token; a multiple of ``heads``.
        layers: of attention among the tokens, and as many of the queries.
        heads: of attention.
    Raises:
        InputError: a value out of its range.
    """

    side: int = 32
    maps: int = 10
    width: int = 128
    layers: int = 3
    heads: int = 4

    def __post_init__(self) -> None:
        for name, low, high in (
            ("side", 8, 256),
            ("maps", 1, 256),
            ("width", 8, 4096),
            ("layers", 1, 64),
            ("heads", 1, 64),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"{name} must be a whole number within {low}..{high}: got {value!r}"
                )
        if self.side % _POOLING or self.width % (4 * self.heads):
            raise InputError(
                f"side must be a multiple of {_POOLING} and width one of 4 x heads: "
                f"got side {self.side}, width {self.width}, heads {self.heads}"
            )


class SetEncoder(nn.Module):
    """Predicts a system of ``config.maps`` contractive maps from each picture."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        width = config.width
        # Windows of two tokens' side, so that neighbours overlap.
        self.stem = nn.Conv2d(1, width, 2 * _POOLING, stride=_POOLING, padding=_POOLING // 2)
        tokens = (config.side // _POOLING) ** 2
        self.places = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.queries = nn.Parameter(torch.randn(config.maps, width))
        self.looking = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.asking = nn.ModuleList(_Layer(config, asks=True) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, _NUMBERS)
        with torch.no_grad():
            self.head.weight *= 0.1
        # Pieces of a third of the whole, turned and spread evenly: pictures from the first step.
        angle = 2 * math.pi * torch.arange(config.maps) / config.maps
        self.first = nn.Parameter(
            torch.stack(
                [
                    0.35 * angle.cos(),
                    -0.35 * angle.sin(),
                    0.35 * angle.sin(),
                    0.35 * angle.cos(),
                    0.5 * angle.cos(),
                    0.5 * angle.sin(),
                    torch.zeros(config.maps),
                ],
                -1,
            )
        )

    def forward(self, pictures: Tensor) -> Maps:
        """Return a system for each picture, differentiable.

        Args:
            pictures: (B, 1, S, S) in [0, 1], bright = figure; they fill the window [-1, 1]².
        Returns:
            matrices (B, N, 2, 2) with singular values up to ``LARGEST_SINGULAR``, offsets
            (B, N, 2), log-probabilities (B, N).
        """
        tokens = self.stem(pictures).flatten(2).transpose(1, 2) + self.places
        for layer in self.looking:
            tokens = layer(tokens, tokens)
        queries = self.queries.expand(len(pictures), -1, -1)
        for layer in self.asking:
            queries = layer(queries, tokens)
        numbers = self.first + self.head(self.norm(queries))
        matrices = numbers[..., :4].unflatten(-1, (2, 2))
        norm = largest_singular_value(matrices)
        matrices = matrices * (LARGEST_SINGULAR / norm.clamp_min(LARGEST_SINGULAR))[..., None, None]
        # A map sends the picture's centre of mass to the place of its piece.
        center = _center_of_mass(pictures)[:, None, :, None]
        offsets = numbers[..., 4:6] - (matrices @ center)[..., 0]
        return Maps(matrices, offsets, torch.log_softmax(numbers[..., 6], -1))


class _Layer(nn.Module):
    """Attention of ``x`` to ``y`` and a perceptron, both on normalised inputs; first, if it
    ``asks``, attention of ``x`` to itself."""

    def __init__(self, config: EncoderConfig, *, asks: bool = False) -> None:
        super().__init__()
        self.own = _Attention(config) if asks else None
        self.attention = _Attention(config)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, 2 * config.width),
            nn.GELU(),
            nn.Linear(2 * config.width, config.width),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.own is None:  # y is x
            x = x + self.attention(x, x)
        else:
            x = x + self.own(x, x)
            x = x + self.attention(x, y)
        result: Tensor = x + self.perceptron(x)
        return result


class _Attention(nn.Module):
    """Multi-head attention of normalised ``x`` to normalised ``y``."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.width)
        self.query = nn.Linear(config.width, config.width)
        self.key_value = nn.Linear(config.width, 2 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        q = self._split(self.query(self.norm(x)))
        k, v = (self._split(part) for part in self.key_value(self.norm(y)).chunk(2, -1))
        mixed = F.scaled_dot_product_attention(q, k, v)
        result: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return result

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _center_of_mass(pictures: Tensor) -> Tensor:
    """Return (B, 2), the mean place of the ink in [-1, 1]², y up; the middle if there is none."""
    side = pictures.shape[-1]
    x = (2 * torch.arange(side, device=pictures.device) + 1) / side - 1
    ink = pictures[:, 0]
    total = ink.sum((1, 2)).clamp_min(1e-6)
    return torch.stack([(ink.sum(1) * x).sum(1), -(ink.sum(2) * x).sum(1)], -1) / total[:, None]
