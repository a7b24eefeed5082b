"""Losses between a set of drawn pictures and a set of real ones.

Anything callable is one: ``loss(fakes (K, C, H, W), reals (M, C, H, W)) -> scalar``,
differentiable in the fakes. An ``Adversary`` has parameters of its own, which are trained along.
Random numbers may come from torch's own generator, which the trainer seeds in each step.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.lab.sets.config import SetObjective
from selfsame.training.task import Metrics


class Adversary(nn.Module, ABC):
    """A loss with parameters of its own.

    Attributes:
        lr_multiplier: their learning rate relative to that of the fractals.
    """

    lr_multiplier: float = 1.0

    @abstractmethod
    def losses(self, fakes: Tensor, reals: Tensor) -> tuple[Tensor, Tensor, Metrics]:
        """Return the loss of the fakes, that of the own parameters, and scalars to log.

        The second must not depend on where the fakes come from: detach them.
        """


SetLoss = Callable[[Tensor, Tensor], Tensor] | Adversary


class AdversarialLoss(Adversary):
    """The non-saturating loss of a generator, and that of the discriminator that it faces.

    It logs ``seen_real`` and ``seen_fake``, the mean probability of being real that the critic
    gives to either set.

    Attributes:
        critic: pictures (B, C, H / pool, W / pool) to logits (B, 1), high for real ones.

    Args:
        pool: the critic sees means over squares of so many pixels: that single points made a
            picture should not be what tells it from a real one.
        instance_noise: standard deviation of the noise on all that the critic sees, which also
            keeps the sets from being told apart at once.
        r1: weight of the critic's squared gradient at real pictures.
    Source: Goodfellow et al. 2014; instance noise: Sønderby et al. 2017; R1: Mescheder et al. 2018.
    """

    def __init__(
        self,
        critic: nn.Module,
        *,
        lr_multiplier: float = 1.0,
        pool: int = 1,
        instance_noise: float = 0.0,
        r1: float = 0.0,
    ) -> None:
        super().__init__()
        SetObjective(critic_rate=lr_multiplier, pool=pool, instance_noise=instance_noise, r1=r1)
        self.critic, self.pool = critic, pool
        self.lr_multiplier, self.instance_noise, self.r1 = lr_multiplier, instance_noise, r1

    def losses(self, fakes: Tensor, reals: Tensor) -> tuple[Tensor, Tensor, Metrics]:
        """Return the loss of the generator, that of the critic, and what it saw."""
        fakes, reals = self._seen(fakes), self._seen(reals)
        reals = reals.detach().requires_grad_(self.r1 > 0)
        of_real = self.critic(reals)
        of_fake = self.critic(fakes.detach())
        critic_loss = F.softplus(-of_real).mean() + F.softplus(of_fake).mean()
        measures = {
            "seen_real": of_real.detach().sigmoid().mean(),
            "seen_fake": of_fake.detach().sigmoid().mean(),
        }
        if self.r1 > 0:
            (slope,) = torch.autograd.grad(of_real.sum(), reals, create_graph=True)
            critic_loss = critic_loss + self.r1 / 2 * slope.square().sum((1, 2, 3)).mean()
        return F.softplus(-self.critic(fakes)).mean(), critic_loss, measures

    def _seen(self, pictures: Tensor) -> Tensor:
        seen = F.avg_pool2d(pictures, self.pool) if self.pool > 1 else pictures
        if self.instance_noise == 0:
            return seen
        return seen + self.instance_noise * torch.randn_like(seen)


def sliced_wasserstein(
    fakes: Tensor,
    reals: Tensor,
    *,
    projections: int = 512,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the squared sliced 2-Wasserstein distance of two sets, a scalar.

    The mean over random directions of the exact squared distance of what lies along them, times
    the number of values of a picture: for sets of one picture each, their squared distance, in
    the mean.

    Args:
        fakes, reals: (K, ...) and (M, ...), K and M at will.
        projections: directions.
        generator: for them, on the device of the sets; None takes torch's own.
    Source: Bonneel et al. 2015, Sliced and Radon Wasserstein barycenters.
    """
    one, other = fakes.flatten(1), reals.flatten(1)
    directions = torch.randn(
        one.shape[1], projections, generator=generator, device=one.device, dtype=one.dtype
    )
    directions = directions / directions.norm(dim=0)
    along_one = (one @ directions).sort(0).values
    along_other = (other @ directions).sort(0).values
    first, second, weight = _common_quantiles(len(one), len(other))
    squared = (along_one[first] - along_other[second]).square().mean(1)
    cost: Tensor = one.shape[1] * (torch.from_numpy(weight).to(squared) * squared).sum()
    return cost


def _common_quantiles(count: int, other: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how the mass of ``count`` sorted points is moved to ``other`` ones on a line.

    Piece i goes from point ``first[i]`` to ``second[i]`` with mass ``weight[i]``; the masses sum
    to 1. Whole multiples of 1 / (count · other), so that nothing is lost to rounding.
    """
    ends = np.union1d(np.arange(count + 1) * other, np.arange(other + 1) * count)
    return ends[:-1] // other, ends[:-1] // count, np.diff(ends) / (count * other)


def energy_distance(fakes: Tensor, reals: Tensor) -> Tensor:
    """Return an unbiased estimate of the energy distance of two sets of two or more, a scalar.

    2 E‖x - y‖ - E‖x - x'‖ - E‖y - y'‖, x fake and y real, norms over the square root of the
    number of values; it may fall below 0.

    Source: Székely and Rizzo 2013.
    """
    one, other = fakes.flatten(1), reals.flatten(1)
    if len(one) < 2 or len(other) < 2:
        raise InputError(f"sets must have two pictures at least: got {len(one)} and {len(other)}")
    between = torch.cdist(one, other).mean()
    distance: Tensor = 2 * between - _mean_distance(one) - _mean_distance(other)
    return distance / float(one.shape[1] ** 0.5)


def _mean_distance(points: Tensor) -> Tensor:
    """Return the mean distance of two different ones of (K, D)."""
    return torch.cdist(points, points).sum() / (len(points) * (len(points) - 1))


def make_set_loss(objective: SetObjective, side: int) -> SetLoss:
    """Return the loss that an objective names, for grey pictures of ``side`` pixels.

    The weights of a discriminator, a LeNet, are drawn from torch's own generator.
    """
    if objective.loss == "sliced-wasserstein":
        return lambda fakes, reals: sliced_wasserstein(
            fakes, reals, projections=objective.projections
        )
    if objective.loss == "energy":
        return energy_distance
    from selfsame.lab.networks.architectures import make_network

    # What comes last in memory makes the convolutions of so few channels faster by half on a CPU.
    critic = make_network("lenet", classes=1, channels=1, side=side // objective.pool)
    return AdversarialLoss(
        critic.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        lr_multiplier=objective.critic_rate,
        pool=objective.pool,
        instance_noise=objective.instance_noise,
        r1=objective.r1,
    )
