"""The network that looks at a picture once: ConvMixer over the responses of linear filters.

Where a ConvMixer embeds patches of pixels, this one embeds the responses of the filters that would
find a collage's numbers if its blocks were orthogonal; what comes out corrects them. An untrained
network corrects nothing, and coding works from the first step on.

Source: Trockman and Kolter, "Patches are all you need?", 2022.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvMixer(nn.Module):
    """Corrections to the levels of a collage, and the dead zones to round them with.

    ``forward(levels, quality)``: levels (B, K, rows, columns) in quantiser steps, quality (B,) the
    log2 of the steps' scale. Returns the corrections, shaped as levels and in steps, and the
    logarithms of factors for the dead zones. Any module of this signature can stand in for it.
    """

    def __init__(self, numbers: int, width: int, depth: int, kernel: int = 5) -> None:
        """
        Args:
            numbers: K, numbers per range.
            width: channels of the hidden layers.
            depth: how many of them.
            kernel: ranges in a row that one depthwise layer sees, odd.
        """
        super().__init__()
        self.embed = nn.Conv2d(numbers, width, 1)
        self.condition = nn.Linear(2, width * (depth + 1))
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in range(depth))
        self.depthwise = nn.ModuleList(
            nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width) for _ in range(depth)
        )
        self.pointwise = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(depth))
        self.head = nn.Conv2d(width, 2 * numbers, 1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    def forward(self, levels: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        conditions = self.condition(torch.stack([quality, quality**2], 1) / 2)
        first, *rest = conditions[..., None, None].chunk(len(self.norms) + 1, 1)
        hidden = self.embed(_asinh(levels)) + first
        layers = zip(self.norms, self.depthwise, self.pointwise, rest, strict=True)
        for norm, depthwise, pointwise, condition in layers:
            hidden = hidden + pointwise(F.gelu(depthwise(norm(hidden)) + condition))
        corrections, dead_zones = self.head(F.gelu(hidden)).chunk(2, 1)
        return corrections, dead_zones


def _asinh(x: Tensor) -> Tensor:
    """Return what ``torch.asinh`` does, which takes five times as long on a processor."""
    squared = x * x
    return torch.sign(x) * torch.log1p(x.abs() + squared / (1 + torch.sqrt(1 + squared)))
