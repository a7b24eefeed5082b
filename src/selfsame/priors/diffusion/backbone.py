"""The network: a transformer over tokens whose blocks are modulated by the time and the condition.

With places it knows where a token lies; without, tokens are a set, and the outputs of permuted
tokens are the outputs permuted.

Source: Peebles and Xie, "Scalable Diffusion Models with Transformers", ICCV 2023 (adaLN-Zero); one
layer of modulation for all blocks, to which each adds its own numbers, Chen et al., "PixArt-alpha",
ICLR 2024 (adaLN-single); the normed queries and keys Dehghani et al., ICML 2023.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.nn.transformer import Attention, normed, precise
from selfsame.priors.diffusion.config import NetworkConfig

_WAVES = 32
"""Frequencies of a number's embedding, a sine and a cosine each."""

_TIME_RATES = (0.05, 20.0)
"""Radians per unit of log(sigma / alpha), of the slowest and the fastest wave: whole ranges of 20,
and differences of a few percent."""

_PLACE_RATES = (0.02, 3.0)
"""Radians per place of the grid, likewise: grids of 150 places, and neighbours."""

NO_LABEL = -1


class Condition(NamedTuple):
    """What samples are made for, of a batch; anything may be missing.

    Attributes:
        labels: classes, (B,), whole numbers; -1: none.
        context: tokens to look at, (B, L, E).
        context_mask: which of them there are, (B, L); None: all.
    """

    labels: Tensor | None = None
    context: Tensor | None = None
    context_mask: Tensor | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> "Condition":
        """Return the condition with every tensor changed."""
        return Condition(*(None if part is None else change(part) for part in self))

    def hidden(self, which: Tensor) -> "Condition":
        """Return the condition without that of some samples, (B,) of true or false."""
        labels = self.labels
        if labels is not None:
            labels = labels.masked_fill(which, NO_LABEL)
        mask = self.context_mask
        if self.context is not None:
            if mask is None:
                mask = which.new_ones(self.context.shape[:2])
            mask = mask & ~which[:, None]
        return Condition(labels, self.context, mask)


UNCONDITIONAL = Condition()


class Backbone(nn.Module):
    """Tokens to tokens, at a time, under a condition.

    Args:
        config: its shape.
        outputs: numbers of an output token; 0: there is no last layer, ``features`` alone are
            wanted.
    """

    def __init__(self, config: NetworkConfig, outputs: int) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.enter = nn.Linear(config.patch**2 * config.numbers, width)
        self.time = nn.Sequential(nn.Linear(2 * _WAVES, width), nn.SiLU(), nn.Linear(width, width))
        if config.grid is not None:
            self.place = nn.Linear(4 * _WAVES, width)
        if config.classes:
            self.classes = nn.Embedding(config.classes + 1, width)  # the last: no label
            nn.init.normal_(self.classes.weight, std=0.02)
        if config.context:
            self.context = nn.Linear(config.context, width)
            self.pooled = nn.Linear(width, width)
            self.nothing = nn.Parameter(0.02 * torch.randn(width))  # always there to be looked at
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.modulate_blocks = zero_linear(width, 6 * width)
        if outputs:
            self.modulate = zero_linear(width, 2 * width)
            self.leave = zero_linear(width, config.patch**2 * outputs)

    def forward(
        self,
        tokens: Tensor,
        noise: Tensor,
        condition: Condition = UNCONDITIONAL,
        *,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return a token for every token, (B, T, outputs); 0 before training, and where none is.

        Args:
            tokens: (B, T, D), of about unit variance.
            noise: ``log(sigma / alpha)`` of each sample, (B,), finite.
            positions: rows and columns of the tokens about the centre of their grid, (T, 2) or
                (B, T, 2), see ``grid_places``; needed with a grid; of patches, where there are any.
            mask: which tokens there are, (B, T); the others are not looked at.
        Raises:
            InputError: tokens, positions or a condition that the network is not made for.
        """
        x, given = self._trunk(tokens, noise, condition, positions, mask)
        shift, scale = self.modulate(F.silu(given))[:, None].chunk(2, -1)
        left = self.leave(normed(x) * (1 + scale) + shift)
        return masked(from_patches(left, self.config), mask)

    def features(
        self,
        tokens: Tensor,
        noise: Tensor,
        condition: Condition = UNCONDITIONAL,
        *,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the normed features of every token, or patch, (B, T, width); arguments as of
        ``forward``."""
        return masked(normed(self._trunk(tokens, noise, condition, positions, mask)[0]), mask)

    def _trunk(
        self,
        tokens: Tensor,
        noise: Tensor,
        condition: Condition,
        positions: Tensor | None,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Return the features of the tokens, and what the blocks were modulated by, (B, width)."""
        self._check(tokens, condition, positions)
        if mask is not None and self.config.patch > 1:
            raise InputError("this network sees tokens in patches: all of a grid must be there")
        x = precise(self.enter(to_patches(tokens, self.config)))
        given = self.time(waves(noise[:, None], *_TIME_RATES))
        if positions is not None:
            x = x + self.place(waves(positions.to(tokens), *_PLACE_RATES))
        if self.config.classes:
            given = given + self.classes(self._labels(condition, tokens))
        seen, seen_mask = None, None
        if self.config.context:
            seen, seen_mask, pooled = self._context(condition, len(tokens))
            given = given + pooled
        attended = None if mask is None else mask[:, None, None, :]
        shared = precise(self.modulate_blocks(F.silu(given)))
        for block in self.blocks:
            x = block(x, shared, attended, seen, seen_mask)
        return x, given

    def _labels(self, condition: Condition, tokens: Tensor) -> Tensor:
        none = self.config.classes
        if condition.labels is None:
            return torch.full((len(tokens),), none, device=tokens.device)
        return torch.where(condition.labels < 0, none, condition.labels)

    def _context(self, condition: Condition, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is looked at, (B, 1 + L, width), whether it is there, (B, 1, 1, 1 + L), and
        the mean of the context, (B, width), 0 of none."""
        nothing = self.nothing.expand(count, 1, -1)
        there = torch.ones(count, 1, dtype=torch.bool, device=nothing.device)
        if condition.context is None:
            return nothing, there[:, None, None], torch.zeros_like(nothing[:, 0])
        tokens = self.context(condition.context)
        mask = condition.context_mask
        if mask is None:
            mask = there.expand(-1, tokens.shape[1])
        share = mask[..., None].to(tokens)
        mean = (tokens * share).sum(1) / share.sum(1).clamp(min=1)
        some = mask.any(1, keepdim=True).to(tokens)
        seen = torch.cat([nothing.to(tokens), masked(tokens, mask)], 1)
        return seen, torch.cat([there, mask], 1)[:, None, None], some * self.pooled(F.silu(mean))

    def _check(self, tokens: Tensor, condition: Condition, positions: Tensor | None) -> None:
        config = self.config
        if tokens.ndim != 3 or tokens.shape[2] != config.numbers:
            raise InputError(f"latents must be (B, T, {config.numbers}): got {tuple(tokens.shape)}")
        if (positions is None) != (config.grid is None):
            wanted = "no positions: its tokens are a set" if config.grid is None else "positions"
            raise InputError(f"this network needs {wanted}")
        if condition.labels is not None and not config.classes:
            raise InputError("this network knows no classes: give no labels")
        context = condition.context
        if context is not None and (not config.context or context.shape[2] != config.context):
            raise InputError(
                f"this network reads a context of {config.context} numbers a token: got "
                f"{context.shape[2]}"
            )


class Block(nn.Module):
    """Attention among the tokens, to the context if there is one, and a network on each token;
    each a residual, of nothing before training."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.expansion * config.width
        self.modulation = nn.Parameter(torch.zeros(6 * width))
        self.attend = Attention(width, config.heads)
        self.look = Attention(width, config.heads) if config.context else None
        if self.look is not None:
            nn.init.zeros_(self.look.leave.weight)
        self.think = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width)
        )

    def forward(
        self,
        x: Tensor,
        shared: Tensor,
        mask: Tensor | None,
        seen: Tensor | None,
        seen_mask: Tensor | None,
    ) -> Tensor:
        """Return features, (B, T, width), of features.

        Args:
            shared: what modulates all blocks, (B, 6 · width).
            mask, seen_mask: which tokens are looked at, (B, 1, 1, T) and (B, 1, 1, L).
            seen: tokens of the context, (B, L, width).
        """
        parts = (shared + self.modulation)[:, None].chunk(6, -1)
        shift, scale, gate, shift_after, scale_after, gate_after = parts
        turned = normed(x) * (1 + scale) + shift
        x = x + gate * self.attend(turned, turned, mask)
        if self.look is not None and seen is not None:
            x = x + self.look(normed(x), seen, seen_mask)
        return cast(
            Tensor, x + gate_after * self.think(normed(x) * (1 + scale_after) + shift_after)
        )


def waves(numbers: Tensor, slowest: float, fastest: float) -> Tensor:
    """Return sines and cosines of numbers, (..., n), as (..., 2 n · _WAVES).

    Args:
        slowest, fastest: radians per unit; in between a geometric progression.
    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
    """
    exponents = torch.linspace(math.log(slowest), math.log(fastest), _WAVES).to(numbers)
    angles = (numbers[..., None] * exponents.exp()).flatten(-2)
    return torch.cat([angles.sin(), angles.cos()], -1)


def grid_places(rows: int, columns: int) -> Tensor:
    """Return the places of a grid, row by row, (rows · columns, 2), about its centre.

    Units are places; a larger grid has the places of a smaller one in its middle.
    """
    row = torch.arange(rows) - (rows - 1) / 2
    column = torch.arange(columns) - (columns - 1) / 2
    return torch.stack(torch.meshgrid(row, column, indexing="ij"), -1).reshape(-1, 2)


def to_patches(tokens: Tensor, config: NetworkConfig) -> Tensor:
    """Return tokens of a grid, (B, T, D), patch by patch, (B, T / p², p² · D)."""
    p = config.patch
    if config.grid is None or p == 1:
        return tokens
    rows, columns = config.grid
    grid = tokens.reshape(len(tokens), rows // p, p, columns // p, p, -1)
    return grid.transpose(2, 3).reshape(len(tokens), rows * columns // p**2, -1)


def from_patches(patches: Tensor, config: NetworkConfig) -> Tensor:
    """Return the tokens of patches: the inverse of ``to_patches``."""
    p = config.patch
    if config.grid is None or p == 1:
        return patches
    rows, columns = config.grid
    grid = patches.reshape(len(patches), rows // p, columns // p, p, p, -1)
    return grid.transpose(2, 3).reshape(len(patches), rows * columns, -1)


def masked(tokens: Tensor, mask: Tensor | None) -> Tensor:
    """Return tokens, (B, T, D), with 0 where there is none, by a mask, (B, T)."""
    return tokens if mask is None else tokens.masked_fill(~mask[..., None], 0)


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """Return a linear layer that says 0 before training."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
