"""Tokens that look at each other.

Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017; the normed queries and keys
Dehghani et al., "Scaling Vision Transformers to 22 Billion Parameters", ICML 2023.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TransformerBlock(nn.Module):
    """Attention among the tokens and a network on each token; each a residual, of nothing before
    training.

    Args:
        width: features of a token.
        heads: of the attention; they divide the width.
        expansion: hidden features over the width.
    """

    def __init__(self, width: int, heads: int, expansion: int = 2) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attend = Attention(width, heads)
        self.think = nn.Sequential(
            nn.Linear(width, expansion * width), nn.SiLU(), nn.Linear(expansion * width, width)
        )
        for last in (self.attend.leave, self.think[-1]):
            for parameter in cast(nn.Linear, last).parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return features of the same shape, (B, T, width).

        Args:
            mask: which tokens are looked at, (B, 1, 1, T), at least one of each sample.
        """
        turned = self.norms[0](x)
        x = x + self.attend(turned, turned, mask)
        return cast(Tensor, x + self.think(self.norms[1](x)))


class Attention(nn.Module):
    """Tokens that look at tokens, with several heads whose queries and keys are normed."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.query_norm = nn.RMSNorm(width // heads, eps=1e-6)
        self.key_norm = nn.RMSNorm(width // heads, eps=1e-6)
        self.leave = nn.Linear(width, width)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, seen: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, T, width) of tokens, (B, T, width), that look at others, (B, L, width).

        Args:
            mask: which of the others are looked at, (B, 1, 1, L).
        """
        key, value = (self._split(part) for part in self.key_value(seen).chunk(2, -1))
        query = self.query_norm(precise(self._split(self.query(x))))
        key = self.key_norm(precise(key))
        mixed = attention(query, key, value, mask)
        return cast(Tensor, self.leave(mixed.transpose(1, 2).flatten(2)))

    def _split(self, x: Tensor) -> Tensor:
        """Return (B, heads, T, width / heads) of (B, T, width)."""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Return the values that queries look at, (B, heads, T, d), in the precision of the values; on
    a CPU in single precision, where the gradient in bfloat16 takes ten times as long."""
    if value.device.type != "cpu":
        query, key = query.to(value), key.to(value)
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(query, key, value.to(query), attn_mask=mask)


def precise(x: Tensor) -> Tensor:
    """Return numbers in single precision at least: autocast makes half ones of them."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def normed(x: Tensor) -> Tensor:
    """Return features of mean 0 and variance 1 in each token, in single precision at least."""
    return F.layer_norm(precise(x), x.shape[-1:], eps=1e-6)
