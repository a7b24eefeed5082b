"""A very deep VAE: latents at several resolutions, inferred top-down, and a head that draws.

The encoder goes up from the picture to ever coarser features. The decoder comes down from a
learned constant; each of its stochastic blocks reads a latent, from the prior that the block
predicts from what is above it, or, when a picture is coded, from a posterior that sees the
encoder's features as well.

Source: Child, "Very Deep VAEs Generalize Autoregressive Models and Can Outperform Them on Images",
ICLR 2021. Levels are joined by strided convolutions rather than by pooling, so that few suffice.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError, SettingError
from selfsame.io.model_file import Pretrained
from selfsame.priors.vdvae.config import Level, VdvaeConfig
from selfsame.priors.vdvae.heads import CollageHead, PlainHead
from selfsame.priors.vdvae.likelihoods import Bernoulli, DiscretizedLogisticMixture

MAX_LOG_STD = 5.0
"""Standard deviations lie between e^-5 and e^5; without a bound a training soon meets infinity."""


class Normal(NamedTuple):
    """A diagonal normal distribution: mean and log of the standard deviation, (B, Z, s, s)."""

    mean: Tensor
    log_std: Tensor

    def sample(self, generator: torch.Generator, temperature: float = 1.0) -> Tensor:
        """Return a sample, differentiable by both parameters.

        Args:
            temperature: factor on the standard deviation; 0 returns the mean.
        """
        mean = self.mean
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return mean + temperature * self.log_std.exp() * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """Return the logarithm of the density at ``z`` of each element, in nats."""
        deviation = (z - self.mean) * (-self.log_std).exp()
        return -0.5 * (deviation.square() + math.log(2 * math.pi)) - self.log_std

    def divergence_from(self, prior: "Normal") -> Tensor:
        """Return the Kullback-Leibler divergence KL(self || prior) of each element, in nats.

        ``log σp - log σq + (σq² + (μq - μp)²) / (2 σp²) - 1/2``
        """
        spread = (2 * (self.log_std - prior.log_std)).exp()
        shift = ((self.mean - prior.mean) * (-prior.log_std).exp()).square()
        return prior.log_std - self.log_std + 0.5 * (spread + shift - 1)


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


class Pointwise(nn.Linear):
    """A linear map of the channels of every pixel: a 1x1 convolution, faster on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class ConvNet(nn.Sequential):
    """Three convolutions through a bottleneck, each after a SiLU; the middle one looks around."""

    def __init__(self, width: int, middle: int, out: int, side: int) -> None:
        around = nn.Conv2d(middle, middle, 3, padding=1) if side > 1 else Pointwise(middle, middle)
        super().__init__(
            nn.SiLU(),
            Pointwise(width, middle),
            nn.SiLU(),
            around,
            nn.SiLU(),
            Pointwise(middle, out),
        )

    def scale_last(self, factor: float) -> None:
        """Multiply the last weights, before training; the last bias becomes 0."""
        last = cast(Pointwise, self[-1])
        with torch.no_grad():
            last.weight.mul_(factor)
            last.bias.zero_()


class Residual(nn.Module):
    """Features plus what a ``ConvNet`` makes of them."""

    def __init__(self, level: Level, bottleneck: float) -> None:
        super().__init__()
        self.net = ConvNet(level.width, _middle(level, bottleneck), level.width, level.side)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, x + self.net(x))


class StochasticBlock(nn.Module):
    """A latent between features: its prior, its posterior, and what it adds.

    The network of the prior updates the features as well, as a residual block; that of the next
    block is what makes use of this block's latent.
    """

    def __init__(self, level: Level, bottleneck: float) -> None:
        super().__init__()
        width, latents, middle = level.width, level.latents, _middle(level, bottleneck)
        self.width, self.latents = width, latents
        self.prior = ConvNet(width, middle, 2 * latents + width, level.side)
        self.posterior = ConvNet(width, middle, 2 * latents, level.side)
        self.project = Pointwise(latents, width)

    def prior_of(self, x: Tensor) -> tuple[Normal, Tensor]:
        """Return the prior that features (B, C, s, s) imply, and the features it leaves."""
        mean, log_std, rest = self.prior(x).split([self.latents, self.latents, self.width], 1)
        return _normal(mean, log_std), x + rest

    def posterior_of(self, x: Tensor, seen: Tensor) -> Normal:
        """Return the posterior that features and the encoder's features imply, alike in shape."""
        return _normal(*self.posterior(x + seen).chunk(2, 1))

    def read(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the features after a latent."""
        return cast(Tensor, x + self.project(z))


class Shrink(nn.Module):
    """Features of a finer level as those of a coarser one: a linear map of each square."""

    def __init__(self, fine: Level, coarse: Level) -> None:
        super().__init__()
        self.ratio = fine.side // coarse.side
        self.map = Pointwise(fine.width * self.ratio**2, coarse.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, coarse width, s, s) of (B, fine width, s·ratio, s·ratio)."""
        return cast(Tensor, self.map(F.pixel_unshuffle(F.silu(x), self.ratio)))


class Enlarge(nn.Module):
    """Features of a coarser level as those of a finer one: a linear map to each square."""

    def __init__(self, coarse: Level, fine: Level) -> None:
        super().__init__()
        self.ratio = fine.side // coarse.side
        self.map = Pointwise(coarse.width, fine.width * self.ratio**2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, fine width, s·ratio, s·ratio) of (B, coarse width, s, s)."""
        enlarged = F.pixel_shuffle(self.map(F.silu(x)), self.ratio)
        return enlarged.contiguous(memory_format=torch.channels_last)


class Vdvae(Pretrained):
    """A very deep VAE.

    Attributes:
        config: its shape.
        likelihood: what the head's output means.
    """

    file_format = "selfsame vdvae 1"
    config_type = VdvaeConfig
    home = "selfsame.priors.vdvae"
    made_by = "selfsame train vdvae"

    config: VdvaeConfig

    def __init__(self, config: VdvaeConfig) -> None:
        super().__init__()
        self.config = config
        self.likelihood: Bernoulli | DiscretizedLogisticMixture
        if config.likelihood == "bernoulli":
            self.likelihood = Bernoulli(config.channels)
        else:
            self.likelihood = DiscretizedLogisticMixture(config.channels, config.mixtures)
        levels = config.levels
        finest = levels[-1]
        factor = config.side // finest.side
        reach = max(factor // 2, 1)
        self.stem = nn.Conv2d(config.channels, finest.width, factor + 2 * reach, factor, reach)
        self.up = nn.ModuleList(
            nn.Sequential(
                *(Residual(level, config.bottleneck) for _ in range(level.encoder_blocks))
            )
            for level in levels
        )
        pairs = list(itertools.pairwise(levels))
        self.shrink = nn.ModuleList(Shrink(fine, coarse) for coarse, fine in pairs)
        self.start = nn.Parameter(torch.zeros(1, levels[0].width, levels[0].side, levels[0].side))
        self.down = nn.ModuleList(
            nn.ModuleList(
                StochasticBlock(level, config.bottleneck) for _ in range(level.decoder_blocks)
            )
            for level in levels
        )
        self.enlarge = nn.ModuleList(Enlarge(coarse, fine) for coarse, fine in pairs)
        self.finish = nn.ModuleList(Residual(level, config.bottleneck) for level in levels)
        channels = self.likelihood.parameters
        self.head: CollageHead | PlainHead
        if config.head == "collage":
            self.head = CollageHead(
                finest.width, channels, config.side, finest.side, config.collage
            )
        else:
            self.head = PlainHead(finest.width, config.plain_width, channels, factor)
        # Priors begin as standard normal, residuals small.
        for module in self.modules():
            if isinstance(module, Residual):
                module.net.scale_last(self.block_count**-0.5)
            elif isinstance(module, StochasticBlock):
                module.prior.scale_last(0)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def least_tensors(cls, config: VdvaeConfig) -> int:
        """Return how many levels and blocks there are: each has a tensor at least."""
        return sum(1 + level.encoder_blocks + level.decoder_blocks for level in config.levels)

    @property
    def block_count(self) -> int:
        """How many stochastic blocks there are."""
        return sum(level.decoder_blocks for level in self.config.levels)

    @property
    def latent_shapes(self) -> list[tuple[int, int, int]]:
        """(Z, s, s) of each stochastic block's latent, coarse to fine."""
        return [
            (level.latents, level.side, level.side)
            for level in self.config.levels
            for _ in range(level.decoder_blocks)
        ]

    def infer(
        self, pictures: Tensor, generator: torch.Generator, temperature: float = 1.0
    ) -> Inference:
        """Return the latents of pictures, drawn from their posteriors.

        Args:
            pictures: (B, channels, side, side) in [0, 1].
            temperature: factor on the standard deviation of every posterior; 0 takes the means.
        Raises:
            InputError: pictures of another size.
        """
        shape = (self.config.channels, self.config.side, self.config.side)
        if pictures.ndim != 4 or pictures.shape[1:] != shape:
            raise InputError(f"pictures must be (B, {shape}): got {tuple(pictures.shape)}")
        features_of_levels = zip(self._ascend(pictures), self.config.levels, strict=True)
        seen = [x for x, level in features_of_levels for _ in range(level.decoder_blocks)]
        latents: list[Latent] = []

        def choose(number: int, block: StochasticBlock, x: Tensor, prior: Normal) -> Tensor:
            posterior = block.posterior_of(x, seen[number])
            z = posterior.sample(generator, temperature)
            latents.append(Latent(z, posterior, prior))
            return z

        features = self._descend(len(pictures), choose)
        return Inference(features, latents)

    def decode(self, noise: Sequence[Tensor]) -> Tensor:
        """Return the features, (B, C, s, s), of latents given by their places in the priors.

        Args:
            noise: of each block ``(z - mean) / std``, where mean and standard deviation are those
                of its prior after the latents above it; (B, Z, s, s), see ``latent_shapes``.
        """

        def choose(number: int, block: StochasticBlock, x: Tensor, prior: Normal) -> Tensor:
            return prior.mean + prior.log_std.exp() * noise[number]

        return self._descend(len(noise[0]), choose)

    def draw(self, features: Tensor) -> Tensor:
        """Return the likelihood's parameters, (B, P, side, side), that features imply."""
        return _precise(self.head(features))

    def render(self, features: Tensor, scale: float | Fraction = 1) -> Tensor:
        """Return mean pictures at ``scale`` times the side, (B, channels, S, S) in [0, 1].

        Raises:
            InputError: a scale other than 1 of a model with the plain head.
        """
        if scale == 1:
            return self.likelihood.mean(self.draw(features))
        if not isinstance(self.head, CollageHead):
            raise SettingError(f"a model with the plain head draws at scale 1 only: got {scale}")
        return self.likelihood.mean(self.head.render(features, scale))

    def _ascend(self, pictures: Tensor) -> list[Tensor]:
        """Return the encoder's features of every level, coarse to fine."""
        x = self.stem(2 * pictures - 1)
        seen = []
        for number in reversed(range(len(self.up))):
            x = self.up[number](x)
            seen.append(x)
            if number:
                x = self.shrink[number - 1](x)
        return seen[::-1]

    def _descend(self, count: int, choose: Choice) -> Tensor:
        x = self.start.expand(count, -1, -1, -1)
        number = 0
        for level, blocks in enumerate(self.down):
            if level:
                x = self.enlarge[level - 1](x)
            for block in cast(nn.ModuleList, blocks):
                assert isinstance(block, StochasticBlock)
                prior, x = block.prior_of(x)
                x = block.read(x, choose(number, block, x, prior))
                number += 1
            x = self.finish[level](x)
        return x


def _normal(mean: Tensor, log_std: Tensor) -> Normal:
    """Return a distribution of what a network says, bounded, in single precision at least."""
    mean, log_std = _precise(mean), _precise(log_std)
    return Normal(mean, MAX_LOG_STD * (log_std / MAX_LOG_STD).tanh())


def _precise(x: Tensor) -> Tensor:
    """Return numbers in single precision at least: autocast makes half ones of them."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _middle(level: Level, bottleneck: float) -> int:
    return max(1, round(level.width * bottleneck))
