"""The collage operator as a module: a network's output in, the picture that it codes out."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from selfsame.collage.operator.fixed_point import solve
from selfsame.collage.operator.functional import CollageParameters, collage_step, limit_weights
from selfsame.collage.operator.geometry import Geometry, Size
from selfsame.errors import InputError


class CollageOperator(nn.Module):
    """Turns raw numbers per range, as a network writes them, into collages and their pictures.

    Attributes:
        geometry: where ranges and domains lie.
        channels: C of the pictures.
        bound: below 1; the collages contract by it at least, whatever the raw numbers.
        aux: learned auxiliary blocks, (A, C, h, w), shared by all pictures; None without.
        options: what ``fixed_point.solve`` takes: gradient, iterations, tolerance.
    """

    aux: nn.Parameter | None

    def __init__(
        self,
        geometry: Geometry,
        channels: int = 3,
        *,
        aux_blocks: int = 0,
        bound: float = 0.9,
        **options: Any,
    ) -> None:
        """Make the operator; auxiliary blocks start as the lowest cosines, equal in all channels.

        Raises:
            InputError: an argument is out of range.
        """
        super().__init__()
        if channels < 1 or not 0 < bound < 1:
            raise InputError(
                f"channels must be at least 1 and bound between 0 and 1: got {channels}, {bound}"
            )
        most = math.prod(geometry.block_size) - 1
        if not 0 <= aux_blocks <= most:
            raise InputError(f"aux_blocks must be 0 to {most}, all cosines: got {aux_blocks}")
        self.geometry, self.channels = geometry, channels
        self.bound, self.options = bound, options
        start = _lowest_cosines(aux_blocks, geometry.block_size)[:, None]
        self.aux = nn.Parameter(start.repeat(1, channels, 1, 1)) if aux_blocks else None

    def parameter_count_per_range(self, height: int, width: int) -> int:
        """Return how many numbers code one range of a picture of this size.

        Weights of the domains, weights of the auxiliary blocks, a bias per channel. With shared
        domains it grows with the picture.
        """
        aux = 0 if self.aux is None else len(self.aux)
        return self.geometry.domain_count(height, width) + aux + self.channels

    def parameters_from(self, raw: Tensor) -> CollageParameters:
        """Return the collages that raw numbers code.

        Args:
            raw: (B, P, rows, columns), P as ``parameter_count_per_range``, any numbers: weights of
                the domains before ``limit_weights`` and of the auxiliary blocks, for all channels;
                the bias of each channel.
        Raises:
            InputError: another count P.
        """
        size = self._size(raw)
        domains = self.geometry.domain_count(*size)
        aux = 0 if self.aux is None else len(self.aux)
        lengths = (domains, aux, self.channels)
        weights, mixing, bias = raw.flatten(2).split_with_sizes(lengths, dim=1)
        return CollageParameters(
            limit_weights(weights[:, None], self.bound),
            bias,
            None if self.aux is None else mixing[:, None],
            self.aux,
        )

    def forward(self, raw: Tensor) -> Tensor:
        """Return the pictures, (B, C, H, W), that raw numbers code; see ``parameters_from``."""
        return solve(self.parameters_from(raw), self.geometry, self._size(raw), **self.options)

    def _size(self, raw: Tensor) -> Size:
        if raw.ndim != 4:
            raise InputError(f"raw must be (B, P, rows, columns): got {tuple(raw.shape)}")
        height, width = self.geometry.range_size
        size = raw.shape[2] * height, raw.shape[3] * width
        count = self.parameter_count_per_range(*size)
        if raw.shape[1] != count:
            raise InputError(
                f"raw must have {count} numbers per range for pictures of {size[0]}x{size[1]}: "
                f"got {raw.shape[1]}"
            )
        return size


def collage_loss(target: Tensor, params: CollageParameters, geometry: Geometry) -> Tensor:
    """Return the mean squared change of the targets by one application of their collages.

    It needs no iteration. The collage theorem bounds what decoding differs by from the targets,
    ``greatest change / (1 - bound)``, in the maximum norm; of mean squares the same holds in
    practice, not strictly.

    Args:
        target: pictures, (B, C, H, W).
    Source: Barnsley 1988; Poli et al. 2022, section 3.
    """
    return (collage_step(target, params, geometry) - target).square().mean()


def _lowest_cosines(count: int, size: Size) -> Tensor:
    """Return (count, h, w): the cosines of lowest frequency but the constant, of power 1."""
    waves = []
    for n in size:
        places = torch.arange(n, dtype=torch.float64) + 0.5
        waves.append(torch.cos(math.pi / n * torch.arange(n)[:, None] * places))
    pairs = [(i, j) for i in range(size[0]) for j in range(size[1])][1:]
    pairs.sort(key=lambda p: (p[0] / size[0]) ** 2 + (p[1] / size[1]) ** 2)
    blocks = torch.empty(count, *size)
    for block, (i, j) in zip(blocks, pairs, strict=False):
        wave = waves[0][i][:, None] * waves[1][j]
        block.copy_(wave / wave.square().mean().sqrt())
    return blocks
