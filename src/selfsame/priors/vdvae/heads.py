"""What makes a picture of a decoder's last features: a collage, or plain convolutions."""

import math
from fractions import Fraction
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.collage.operator.functional import CollageParameters
from selfsame.collage.operator.geometry import Geometry
from selfsame.collage.operator.module import CollageOperator, hidden_detail, render, solve
from selfsame.priors.vdvae.config import CollageHeadConfig


class PlainHead(nn.Module):
    """Convolutions from features to a picture, whose size is fixed: the baseline."""

    def __init__(self, width: int, middle: int, channels: int, factor: int) -> None:
        """Make the head.

        Args:
            width: channels of the features.
            middle: channels at the picture's size.
            channels: of the picture.
            factor: side of the picture over that of the features.
        """
        super().__init__()
        reach = max(factor // 2, 1)
        self.enlarge = nn.ConvTranspose2d(width, middle, factor + 2 * reach, factor, reach)
        self.last = nn.Conv2d(middle, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Return pictures, (B, channels, H·factor, W·factor), of features, (B, width, H, W)."""
        picture: Tensor = self.last(F.silu(self.enlarge(F.silu(features))))
        return picture


class CollageHead(nn.Module):
    """The numbers of a collage predicted from features, and the picture that it codes.

    Source: Poli et al., "Self-Similarity Priors: Neural Collages as Differentiable Fractal
    Representations", NeurIPS 2022, section 5.2 (the generative model); overlapping ranges and
    local domains are ours.
    """

    def __init__(self, width: int, channels: int, side: int, grid: int, config: CollageHeadConfig):
        """Make the head.

        Args:
            width: channels of the features.
            channels: of the picture.
            side: of the picture.
            grid: rows and columns of the features and of the ranges.
        """
        super().__init__()
        size = side // grid
        overlap = size // 2 if config.overlap is None else config.overlap
        geometry = Geometry(
            (size, size),
            tuple((size * d, size * d) for d in config.domains),
            overlap=overlap,
            local=config.local,
        )
        aux_blocks = min(config.aux_blocks, math.prod(geometry.block_size) - 1)
        self.side = side
        self.operator = CollageOperator(
            geometry,
            channels,
            aux_blocks=aux_blocks,
            bound=config.bound,
            iterations=config.iterations,
            gradient="unroll",
        )
        numbers = self.operator.parameter_count_per_range(side, side)
        self.hidden = nn.Linear(width, config.hidden)
        self.numbers = nn.Linear(config.hidden, numbers)
        values = aux_blocks * channels * math.prod(geometry.block_size)
        self.own_aux = nn.Linear(width, values) if config.latent_aux and aux_blocks else None
        if self.own_aux is not None:
            nn.init.zeros_(self.own_aux.weight)
            nn.init.zeros_(self.own_aux.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return pictures, (B, channels, side, side), of features, (B, width, grid, grid)."""
        size, operator = (self.side, self.side), self.operator
        params = self.collages(features)
        return solve(params, operator.geometry, size, **operator.options)

    def collages(self, features: Tensor) -> CollageParameters:
        """Return the collages that features code."""
        features = F.silu(features)
        raw = self.numbers(F.silu(self.hidden(features.movedim(1, -1)))).movedim(-1, 1)
        params = self.operator.parameters_from(raw)
        if self.own_aux is None:
            return params
        shared = cast(Tensor, params.aux)
        own = self.own_aux(features.mean((2, 3))).view(-1, *shared.shape)
        return params._replace(aux=shared + own)

    def render(self, features: Tensor, scale: float | Fraction) -> Tensor:
        """Return pictures at ``scale`` times the side, (B, channels, S, S), at their fixed point.

        Errors as ``selfsame.collage.operator.module.render``.
        """
        size = (self.side, self.side)
        return render(self.collages(features), self.operator.geometry, size, scale)

    def detail(self, features: Tensor) -> Tensor:
        """Return how much detail pictures have that appears only when they are enlarged, (B,); see
        ``selfsame.collage.operator.module.hidden_detail``."""
        size, operator = (self.side, self.side), self.operator
        params = self.collages(features)
        return hidden_detail(params, operator.geometry, size, **operator.options)
