"""Rounding that can be trained through, and an estimate of the bits that levels take.

The coder of files adapts to what it codes and works on integers; the model of it is learned, in
floating point, and serves training and refinement only. No file depends on it.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LOG_SCALE_LIMIT = 6.0
"""Scales of the Laplace distributions stay within exp(±6) levels: beyond, bits have no gradient."""

_LEAST_PROBABILITY = 1e-9


class RateModel(nn.Module):
    """Bits of quantised levels: a Laplace distribution each, its scale from what was coded before.

    The scale of a number depends on the magnitudes of all numbers of the ranges to the left, above,
    above left and above right, and on those of the same range that come before it in the order of
    coding (the highest frequency first, luma before chroma). A bias is predicted from those of the
    ranges around it.
    """

    biases: Tensor
    is_level: Tensor
    earlier: Tensor

    def __init__(self, numbers: int, biases: tuple[int, ...], hidden: int = 96) -> None:
        """
        Args:
            numbers: K, numbers per range.
            biases: which of them are biases, one per plane.
            hidden: width of the network that reads the ranges around.
        """
        super().__init__()
        self.register_buffer("biases", torch.tensor(biases), persistent=False)
        is_level = torch.ones(numbers)
        is_level[list(biases)] = 0
        self.register_buffer("is_level", is_level[:, None, None], persistent=False)
        earlier = torch.zeros(numbers, numbers)
        ends = [*biases[1:], numbers]
        for start, end in zip(biases, ends, strict=True):
            earlier[start:end, :start] = 1
            earlier[start:end, start:end] = torch.triu(torch.ones(end - start, end - start), 1)
        self.register_buffer("earlier", earlier, persistent=False)
        start_scales = torch.full((numbers,), -1.5)
        start_scales[list(biases)] = 2.0
        self.log_scale = nn.Parameter(start_scales)
        self.same = nn.Parameter(torch.full((4, numbers), 0.1))
        self.within = nn.Parameter(torch.zeros(numbers, numbers))
        self.read = nn.Conv2d(4 * numbers, hidden, 1)
        self.write = nn.Conv2d(hidden, numbers, 1)
        nn.init.zeros_(self.write.weight)
        self.prediction = nn.Parameter(torch.tensor([0.5, 0.5, 0.0, 0.0]).repeat(len(biases), 1))

    def forward(self, values: Tensor, levels: Tensor) -> Tensor:
        """Return the bits of each number, (B, K, rows, columns).

        Args:
            values: the numbers in steps, rounded or with uniform noise of ±½ in place of it.
            levels: rounded, without a gradient: what the decoder knows.
        """
        magnitudes = torch.log2(1 + levels.abs()) * self.is_level
        around = _neighbours(magnitudes)
        read = self.write(F.gelu(self.read(torch.cat(around, 1))))
        same = sum(m * s[:, None, None] for m, s in zip(around, self.same, strict=True))
        within = F.conv2d(magnitudes, (self.within * self.earlier)[..., None, None])
        log_scale = self.log_scale[:, None, None] + read + same + within

        left, up, corner, right = _neighbours(levels[:, self.biases])
        steepness = 0.25 * torch.log2(1 + (left - corner).abs() + (up - corner).abs())
        log_scale = log_scale.index_add(1, self.biases, steepness)
        p = self.prediction[..., None, None]
        expected = left * p[:, 0] + up * p[:, 1] + corner * p[:, 2] + right * p[:, 3]
        # The first row and column have one neighbour only.
        expected = torch.cat([left[..., :1, :], expected[..., 1:, :]], 2)
        expected = torch.cat([up[..., :1], expected[..., 1:]], 3)
        return laplace_bits(values.index_add(1, self.biases, -expected), log_scale)


def laplace_bits(values: Tensor, log_scale: Tensor) -> Tensor:
    """Return ``-log2`` of the mass of a Laplace distribution within ±½ of each value."""
    scale = torch.exp(log_scale.clamp(-_LOG_SCALE_LIMIT, _LOG_SCALE_LIMIT))
    distance = values.abs()
    mass = _laplace_cdf((0.5 - distance) / scale) - _laplace_cdf((-0.5 - distance) / scale)
    return -torch.log2(mass.clamp(min=_LEAST_PROBABILITY))


def _laplace_cdf(x: Tensor) -> Tensor:
    tail = 0.5 * torch.exp(-x.abs())
    return torch.where(x < 0, tail, 1 - tail)


def _neighbours(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what lies left, above, above left and above right of each range; 0 outside."""
    rows, columns = x.shape[-2:]
    padded = F.pad(x, (1, 1, 1, 0))
    above, here = padded[..., :rows, :], padded[..., 1:, :]
    return (
        here[..., :columns],
        above[..., 1 : columns + 1],
        above[..., :columns],
        above[..., 2:],
    )


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


def round_straight_through(x: Tensor) -> Tensor:
    """Return ``x`` rounded; the gradient passes as if it were not.

    Source: Bengio et al. 2013, "Estimating or propagating gradients through stochastic neurons".
    """
    return _Round.apply(x)  # type: ignore[no-untyped-call,no-any-return]


def soft_threshold(x: Tensor, threshold: Tensor) -> Tensor:
    """Return ``x`` moved towards 0 by ``threshold``, and 0 if it is smaller: rounding it then has a
    dead zone that wide."""
    return torch.sign(x) * torch.relu(x.abs() - threshold)
