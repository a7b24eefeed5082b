"""How probable a picture is, given what a head drew."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.priors.vdvae.logistic_mixture import DiscretizedLogisticMixture


class PictureLikelihood(Protocol):
    """A distribution of pictures, (B, C, H, W) in [0, 1], given parameters, (B, P, H, W)."""

    parameters: int
    """P, parameters per pixel."""

    def log_prob(self, pictures: Tensor, parameters: Tensor) -> Tensor:
        """Return the log-probability of each picture, (B,), in nats."""
        ...

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pictures, (B, C, H, W) in [0, 1]."""
        ...

    def sample(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        """Return pictures drawn, (B, C, H, W) in [0, 1]."""
        ...


class Bernoulli:
    """Pixels that are 0 or 1, each by a logit."""

    def __init__(self, channels: int) -> None:
        self.parameters = channels

    def log_prob(self, pictures: Tensor, parameters: Tensor) -> Tensor:
        """See ``PictureLikelihood``; values between 0 and 1 give the cross entropy."""
        losses = F.binary_cross_entropy_with_logits(parameters, pictures, reduction="none")
        return -losses.flatten(1).sum(1)

    def mean(self, parameters: Tensor) -> Tensor:
        """See ``PictureLikelihood``."""
        return parameters.sigmoid()

    def sample(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        """See ``PictureLikelihood``."""
        return torch.bernoulli(parameters.sigmoid(), generator=generator)


def likelihood_of(config: VdvaeConfig) -> PictureLikelihood:
    """Return the likelihood of a model's shape."""
    if config.likelihood == "bernoulli":
        return Bernoulli(config.channels)
    return DiscretizedLogisticMixture(config.channels, config.mixtures)
