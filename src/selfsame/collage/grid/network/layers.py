"""What encoder and decoder are built of."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.nn.transformer import TransformerBlock

GROUPS = 8
"""Of channels that are normalised together."""


def norm(channels: int) -> nn.GroupNorm:
    """Return a normalisation over groups of channels, of some channels each: of a grid of one
    cell nothing would be left of a channel by itself."""
    most = max(1, min(GROUPS, channels // 4))
    return nn.GroupNorm(next(n for n in range(most, 0, -1) if channels % n == 0), channels)


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity, which is all that a new block does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(channels), norm(channels)])
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape, (B, C, h, w)."""
        y = self.first(F.silu(self.norms[0](x)))
        return x + self.second(F.silu(self.norms[1](y)))  # type: ignore[no-any-return]


HEAD_WIDTH = 32
"""Features that a head of a mixer has about."""


class Mixer(nn.Module):
    """Transformer blocks over the cells of a grid, each of which knows its place.

    Args:
        channels: of the features.
        rows: of the grid, and columns.
        blocks: how many.
    """

    def __init__(self, channels: int, rows: int, blocks: int) -> None:
        super().__init__()
        heads = max(n for n in range(1, channels // HEAD_WIDTH + 2) if channels % n == 0)
        self.places = nn.Parameter(0.02 * torch.randn(rows * rows, channels))
        self.blocks = nn.ModuleList(TransformerBlock(channels, heads) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape, (B, C, rows, rows)."""
        tokens = x.flatten(2).mT + self.places
        for block in self.blocks:
            tokens = block(tokens)
        return tokens.mT.reshape(x.shape)


def widths(width: int, halvings: int) -> list[int]:
    """Return the channels at each resolution, from the finest on."""
    return [width * min(4, 1 << k) for k in range(halvings + 1)]


class Down(nn.Sequential):
    """Features to grids of half the resolution, again and again."""

    def __init__(self, width: int, halvings: int, blocks: int) -> None:
        layers: list[nn.Module] = []
        channels = widths(width, halvings)
        for k, count in enumerate(channels):
            layers += [ResidualBlock(count) for _ in range(blocks)]
            if k < halvings:
                layers.append(nn.Conv2d(count, channels[k + 1], 4, stride=2, padding=1))
        super().__init__(*layers)


class Up(nn.Sequential):
    """Features to twice the resolution, again and again."""

    def __init__(self, width: int, doublings: int, blocks: int) -> None:
        layers: list[nn.Module] = []
        channels = widths(width, doublings)
        for k in range(doublings, -1, -1):
            layers += [ResidualBlock(channels[k]) for _ in range(blocks)]
            if k > 0:
                layers.append(nn.Conv2d(channels[k], 4 * channels[k - 1], 3, padding=1))
                layers.append(nn.PixelShuffle(2))
        super().__init__(*layers)
