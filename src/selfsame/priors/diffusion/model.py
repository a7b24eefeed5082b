"""A diffusion of the tokens of a latent space, with what it was trained for."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.io.model_file import Pretrained
from selfsame.priors.conditioning.readers import Readers
from selfsame.priors.diffusion.backbone import (
    UNCONDITIONAL,
    Backbone,
    Condition,
    grid_places,
    masked,
)
from selfsame.priors.diffusion.config import DiffusionConfig, NetworkConfig
from selfsame.priors.diffusion.likelihood import Bound, variational_bound
from selfsame.priors.diffusion.prediction import Denoiser, Estimate, x0_of
from selfsame.priors.diffusion.samplers import Noise
from selfsame.priors.diffusion.schedules import (
    Level,
    Schedule,
    chain_times,
    per_sample,
    schedule_named,
)

_MOST_NOISE = 10.0
"""Bound of log(sigma / alpha) as the network is told it: beyond, one of them is next to nothing."""

_LEAST_DEVIATION = 1e-4
"""Of a number that hardly varies in the data: it is not blown up to noise of its rounding, and half
precision can hold it."""


class TokenNetwork(Pretrained):
    """A network on noisy tokens, standardised: each number has mean 0 and deviation 1 in the data.

    Attributes:
        config: its shape, and the latent space that it belongs to.
        mean, std: of each number of a token in the data, (D,).
        places: of the tokens, or patches of them, on the grid, (T, 2), or None.
    """

    home: ClassVar[str] = "selfsame.priors.diffusion"
    config: NetworkConfig
    mean: Tensor
    std: Tensor
    places: Tensor | None

    def __init__(self, config: NetworkConfig, backbone: Backbone) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone
        self.register_buffer("mean", torch.zeros(config.numbers))
        self.register_buffer("std", torch.ones(config.numbers))
        places = None
        if config.grid is not None:
            places = grid_places(*(side // config.patch for side in config.grid))
        self.register_buffer("places", places, persistent=False)

    @classmethod
    def least_tensors(cls, config: Any) -> int:
        """Return a number of tensors that the blocks have at least."""
        return 10 * int(config.depth)

    @torch.no_grad()
    def learn_scale(self, values: Tensor, mask: Tensor | None = None) -> None:
        """Take mean and deviation from data, (N, T, D); they are not trained.

        Args:
            mask: which tokens there are, (N, T).
        Raises:
            InputError: no token at all, or numbers that are not finite.
        """
        rows = values.reshape(-1, values.shape[-1]) if mask is None else values[mask]
        rows = rows.double()
        if not len(rows) or not bool(rows.isfinite().all()):
            raise InputError("latents to learn from must be finite, and there must be some")
        self.mean.copy_(rows.mean(0))
        self.std.copy_(rows.std(0, unbiased=False).clamp(min=_LEAST_DEVIATION))

    def standardised(self, values: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return latents, (B, T, D), as the network has them; 0 where there is no token."""
        return masked((values - self.mean) / self.std, mask)

    def restored(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return latents of their own units; 0 where there is no token."""
        return masked(x * self.std + self.mean, mask)

    def inputs_of(self, z: Tensor, level: Level) -> tuple[Tensor, Tensor]:
        """Return what the backbone is given: tokens of unit variance, and the noise as a number.

        Args:
            z: noisy data, (B, T, D), at a level, () or (B,).
        """
        tokens = z / per_sample(level.scale, z)
        noise = (level.sigma.log() - level.alpha.log()).clamp(-_MOST_NOISE, _MOST_NOISE)
        return tokens, noise.to(z).expand(len(z))


class DiffusionModel(TokenNetwork):
    """A diffusion of tokens.

    Attributes:
        schedule: of signal and noise.
        counts: how often a sample has 1, 2 ... T tokens, for each class and at last for all
            together, (classes + 1, T), in rows of sum 1; None: always T.
        directions: of semantic vectors, (A, S), along which attributes grow, see
            ``selfsame.priors.conditioning.attributes``; None: there are no such vectors.
    """

    file_format = "selfsame diffusion 1"
    config_type = DiffusionConfig
    made_by = "selfsame train diffusion"

    config: DiffusionConfig
    counts: Tensor | None
    directions: Tensor | None

    def __init__(self, config: DiffusionConfig) -> None:
        outputs = config.numbers * (2 if config.learned_variance else 1)
        super().__init__(config, Backbone(config, outputs))
        self.readers = Readers(
            config.context, config.tokens, config.numbers, config.text, config.semantic
        )
        self.schedule: Schedule = schedule_named(config.schedule, config.zero_terminal)
        directions = None
        if config.semantic is not None:
            directions = torch.zeros(len(config.attributes), config.semantic.numbers)
        self.register_buffer("directions", directions)
        even = torch.full((config.classes + 1, config.tokens), 1 / config.tokens)
        self.register_buffer("counts", even if config.counted else None)

    @torch.no_grad()
    def learn_counts(self, mask: Tensor, labels: Tensor | None = None) -> None:
        """Take from data how many tokens samples have; it is not trained.

        Args:
            mask: which tokens there are, (N, T), one at least of each sample.
            labels: classes, (N,), of a model that has some.
        """
        assert self.counts is not None
        classes, tokens = self.config.classes, self.config.tokens
        found = F.one_hot(mask.sum(1) - 1, tokens).double()
        table = found.sum(0, keepdim=True)
        if labels is not None and classes:
            of_class = found.new_zeros(classes, tokens).index_add(0, labels, found)
            # Of a class that never came nothing is known but what all are like.
            of_class = torch.where(of_class.sum(1, keepdim=True) > 0, of_class, table)
            table = torch.cat([of_class, table])
        self.counts.copy_(table / table.sum(1, keepdim=True))

    def condition(
        self, labels: Tensor | None = None, given: Mapping[str, Tensor] | None = None
    ) -> Condition:
        """Return what samples are made for, in the terms of the network.

        Args:
            labels: classes, (B,), -1 for none.
            given: what is read, by name, see ``selfsame.priors.conditioning.readers``.
        Raises:
            InputError: the model does not read it.
        """
        read = self.readers(given or {})
        return Condition(labels) if read is None else Condition(labels, *read)

    def semantic(self, values: Tensor) -> Tensor:
        """Return the semantic vectors, (B, numbers), of latents, (B, T, D), in their own units.

        Raises:
            InputError: the model has none.
        """
        if self.config.semantic is None:
            raise InputError(f"{self.name} was trained without semantic vectors")
        found: Tensor = self.readers.semantic(self.standardised(values))
        return found

    @cached_property
    def chain(self) -> Level:
        """Levels of the discrete process, from the least noise to the most, (chain + 1,)."""
        return self.schedule.level(chain_times(self.schedule, self.config.chain))

    def forward(
        self,
        z: Tensor,
        level: Level,
        condition: Condition = UNCONDITIONAL,
        *,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the network's prediction, (B, T, D), and the fraction of ``Estimate`` or None.

        Args:
            z: noisy data, standardised, (B, T, D), at a level, () or (B,).
            mask: which tokens there are, (B, T).
        """
        tokens, noise = self.inputs_of(z, level)
        output = self.backbone(tokens, noise, condition, positions=self.places, mask=mask).to(z)
        if not self.config.learned_variance:
            return output, None
        prediction, raw = output.chunk(2, -1)
        return prediction, (raw + 1) / 2  # in the middle before training

    def denoiser(
        self, condition: Condition = UNCONDITIONAL, *, mask: Tensor | None = None
    ) -> Denoiser:
        """Return the denoiser of samples under a condition; arguments as of ``forward``."""

        def denoise(z: Tensor, level: Level) -> Estimate:
            output, fraction = self(z, level, condition, mask=mask)
            x0 = x0_of(self.config.prediction, output, z, level)
            return Estimate(masked(x0, mask), fraction)

        return denoise

    @torch.no_grad()
    def bound(
        self,
        values: Tensor,
        noise: Noise,
        condition: Condition = UNCONDITIONAL,
        *,
        mask: Tensor | None = None,
    ) -> Bound:
        """Return the variational bound of latents, (B, T, D), in nats in their own units.

        It is that of the discrete process: ``chain`` evaluations of the network.

        Args:
            mask: which tokens there are, (B, T): the bound is that of their numbers, given which.
        """
        x = self.standardised(values, mask)
        bound = variational_bound(self.denoiser(condition, mask=mask), x, self.chain, noise, mask)
        tokens = values.shape[1] if mask is None else mask.sum(1)
        return bound._replace(reconstruction=bound.reconstruction + tokens * self.std.log().sum())


def same_scale(one: TokenNetwork, other: TokenNetwork) -> bool:
    """Return whether two networks standardise latents alike, but for the rounding of files."""
    pairs = ((one.mean, other.mean), (one.std, other.std))
    return one.config.numbers == other.config.numbers and all(
        torch.allclose(a.cpu(), b.cpu(), rtol=2e-3, atol=2e-3 * float(one.std.max()))
        for a, b in pairs
    )
