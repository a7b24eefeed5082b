"""A very deep VAE: latents at several resolutions, inferred top-down, and a head that draws.

The encoder goes up from the picture to ever coarser features. The decoder comes down from a
learned constant; each of its stochastic blocks reads a latent, from the prior that the block
predicts from what is above it, or, when a picture is coded, from a posterior that sees the
encoder's features as well.

Source: Child, "Very Deep VAEs Generalize Autoregressive Models and Can Outperform Them on Images",
ICLR 2021. Levels are joined by strided convolutions rather than by pooling, so that few suffice.
"""

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.priors.config import Level, VdvaeConfig
from selfsame.priors.gaussian import gaussian_sample
from selfsame.priors.heads import CollageHead, PlainHead
from selfsame.priors.likelihoods import PictureLikelihood, likelihood_of


class Normal(NamedTuple):
    """A diagonal normal distribution: mean and log of the standard deviation, (B, Z, s, s)."""

    mean: Tensor
    log_std: Tensor


class Latent(NamedTuple):
    """What one stochastic block inferred: its sample, and where it came from."""

    z: Tensor
    posterior: Normal
    prior: Normal


class Inference(NamedTuple):
    """Pictures, coded: the input of the head, (B, C, s, s), and the latents, coarse to fine."""

    features: Tensor
    latents: list[Latent]


Choice = Callable[[int, "StochasticBlock", Tensor, Normal], Tensor]
"""Returns the latent of a block: its number, itself, the features before it, its prior."""


class ConvNet(nn.Sequential):
    """Three convolutions through a bottleneck, each after a SiLU; the middle one looks around."""

    def __init__(self, width: int, middle: int, out: int, side: int) -> None:
        kernel = 3 if side > 1 else 1
        super().__init__(
            nn.SiLU(),
            nn.Conv2d(width, middle, 1),
            nn.SiLU(),
            nn.Conv2d(middle, middle, kernel, padding=kernel // 2),
            nn.SiLU(),
            nn.Conv2d(middle, out, 1),
        )

    def scale_last(self, factor: float) -> None:
        """Multiply the last weights, before training."""
        last = cast(nn.Conv2d, self[-1])
        with torch.no_grad():
            last.weight.mul_(factor)
            cast(Tensor, last.bias).zero_()


class StochasticBlock(nn.Module):
    """A latent between features: prior, posterior, and what reads it."""

    def __init__(self, level: Level, bottleneck: float) -> None:
        super().__init__()
        width, latents, side = level.width, level.latents, level.side
        middle = max(1, round(width * bottleneck))
        self.width, self.latents = width, latents
        self.prior = ConvNet(width, middle, 2 * latents + width, side)
        self.posterior = ConvNet(2 * width, middle, 2 * latents, side)
        self.project = nn.Conv2d(latents, width, 1)
        self.residual = ConvNet(width, middle, width, side)

    def prior_of(self, x: Tensor) -> tuple[Normal, Tensor]:
        """Return the prior that features (B, C, s, s) imply, and the features it leaves."""
        mean, log_std, rest = self.prior(x).split([self.latents, self.latents, self.width], 1)
        return Normal(mean, log_std), x + rest

    def posterior_of(self, x: Tensor, seen: Tensor) -> Normal:
        """Return the posterior that features and the encoder's features imply, alike in shape."""
        return Normal(*self.posterior(torch.cat([x, seen], 1)).chunk(2, 1))

    def read(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the features after a latent."""
        x = x + self.project(z)
        return cast(Tensor, x + self.residual(x))


class Vdvae(nn.Module):
    """A very deep VAE.

    Attributes:
        config: its shape.
        likelihood: what the head's output means.
        name: what it is called: that of a shipped model or of its file.
    """

    def __init__(self, config: VdvaeConfig) -> None:
        super().__init__()
        self.config, self.name = config, "vdvae"
        self.likelihood: PictureLikelihood = likelihood_of(config)
        levels = config.levels
        finest = levels[-1]
        factor = config.side // finest.side
        reach = max(factor // 2, 1)
        self.stem = nn.Conv2d(config.channels, finest.width, factor + 2 * reach, factor, reach)
        self.up = nn.ModuleList(_residuals(level, config.bottleneck) for level in levels)
        pairs = list(itertools.pairwise(levels))
        self.shrink = nn.ModuleList(
            nn.Conv2d(fine.width, coarse.width, fine.side // coarse.side, fine.side // coarse.side)
            for coarse, fine in pairs
        )
        self.start = nn.Parameter(torch.zeros(1, levels[0].width, levels[0].side, levels[0].side))
        self.down = nn.ModuleList(
            nn.ModuleList(
                StochasticBlock(level, config.bottleneck) for _ in range(level.decoder_blocks)
            )
            for level in levels
        )
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(
                coarse.width, fine.width, fine.side // coarse.side, fine.side // coarse.side
            )
            for coarse, fine in pairs
        )
        channels = self.likelihood.parameters
        self.head: CollageHead | PlainHead
        if config.head == "collage":
            self.head = CollageHead(
                finest.width, channels, config.side, finest.side, config.collage
            )
        else:
            self.head = PlainHead(finest.width, config.plain_width, channels, factor)
        self._scale_residuals()

    @property
    def block_count(self) -> int:
        """How many stochastic blocks there are."""
        return sum(level.decoder_blocks for level in self.config.levels)

    def infer(self, pictures: Tensor, generator: torch.Generator) -> Inference:
        """Return the latents of pictures, drawn from their posteriors.

        Args:
            pictures: (B, channels, side, side) in [0, 1].
        Raises:
            InputError: pictures of another size.
        """
        shape = (self.config.channels, self.config.side, self.config.side)
        if pictures.ndim != 4 or pictures.shape[1:] != shape:
            raise InputError(f"pictures must be (B, {shape}): got {tuple(pictures.shape)}")
        seen = self._ascend(pictures)
        latents: list[Latent] = []

        def choose(number: int, block: StochasticBlock, x: Tensor, prior: Normal) -> Tensor:
            posterior = block.posterior_of(x, seen[self._level_of(number)])
            z = gaussian_sample(*posterior, generator)
            latents.append(Latent(z, posterior, prior))
            return z

        features = self._descend(len(pictures), choose)
        return Inference(features, latents)

    def sample(
        self,
        count: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        latents: Sequence[Tensor] = (),
    ) -> Tensor:
        """Return features of pictures that the model makes up, (count, C, s, s).

        Args:
            temperature: factor on the standard deviation of every prior; 0 takes the means.
            latents: of the first, coarsest blocks, (count, Z, s, s) each; the rest is drawn.
        """

        def choose(number: int, block: StochasticBlock, x: Tensor, prior: Normal) -> Tensor:
            if number < len(latents):
                return latents[number]
            return gaussian_sample(*prior, generator, temperature)

        return self._descend(count, choose)

    def draw(self, features: Tensor) -> Tensor:
        """Return the likelihood's parameters, (B, P, side, side), that features imply."""
        return cast(Tensor, self.head(features))

    def render(self, features: Tensor, scale: float | Fraction = 1) -> Tensor:
        """Return mean pictures at ``scale`` times the side, (B, channels, S, S) in [0, 1].

        Raises:
            InputError: a scale other than 1 of a model with the plain head.
        """
        if scale == 1:
            return self.likelihood.mean(self.draw(features))
        if not isinstance(self.head, CollageHead):
            raise InputError(f"a model with the plain head draws at scale 1 only: got {scale}")
        return self.likelihood.mean(self.head.render(features, scale))

    def _ascend(self, pictures: Tensor) -> list[Tensor]:
        """Return the encoder's features of every level, coarse to fine."""
        x = self.stem(2 * pictures - 1)
        seen = []
        for number in reversed(range(len(self.up))):
            x = self.up[number](x)
            seen.append(x)
            if number:
                x = self.shrink[number - 1](F.silu(x))
        return seen[::-1]

    def _descend(self, count: int, choose: Choice) -> Tensor:
        x = self.start.expand(count, -1, -1, -1)
        number = 0
        for level, blocks in enumerate(self.down):
            if level:
                x = self.enlarge[level - 1](F.silu(x))
            for block in cast(nn.ModuleList, blocks):
                assert isinstance(block, StochasticBlock)
                prior, x = block.prior_of(x)
                x = block.read(x, choose(number, block, x, prior))
                number += 1
        return x

    def _level_of(self, number: int) -> int:
        """Return the level of a stochastic block."""
        for level, blocks in enumerate(self.down):
            number -= len(cast(nn.ModuleList, blocks))
            if number < 0:
                return level
        raise IndexError(number)

    def _scale_residuals(self) -> None:
        """Begin with priors that are standard normal and residuals that are small."""
        nets = [module.net for module in self.up.modules() if isinstance(module, _Residual)]
        for net in nets:
            net.scale_last(len(nets) ** -0.5)
        for block in self.down.modules():
            if isinstance(block, StochasticBlock):
                block.prior.scale_last(0)
                block.residual.scale_last(self.block_count**-0.5)


class _Residual(nn.Module):
    """Features plus what a ``ConvNet`` makes of them."""

    def __init__(self, level: Level, bottleneck: float) -> None:
        super().__init__()
        middle = max(1, round(level.width * bottleneck))
        self.net = ConvNet(level.width, middle, level.width, level.side)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, x + self.net(x))


def _residuals(level: Level, bottleneck: float) -> nn.Sequential:
    return nn.Sequential(*(_Residual(level, bottleneck) for _ in range(level.encoder_blocks)))
