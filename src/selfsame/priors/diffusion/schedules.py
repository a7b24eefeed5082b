"""Signal and noise over time: ``z = alpha(t) x + sigma(t) epsilon``, t from 0 (data) to 1 (noise).

All of it in double precision: near the data ``1 - alpha²`` is a small difference.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from selfsame.errors import SettingError
from selfsame.priors.diffusion.config import ScheduleName, Spacing

_FIRST = 1e-3
"""Time of the least noise of schedules that have none at time 0: there the bound is infinite, and
errors of a network are divided by zero."""


class Level(NamedTuple):
    """How much signal and how much noise there is; tensors of one shape, one number per level.

    Of the samples of a batch: (B,). Of steps, from noise to data: (K + 1,).
    """

    alpha: Tensor
    sigma: Tensor

    @property
    def log_snr(self) -> Tensor:
        """``log(alpha² / sigma²)``; infinite where one of them is 0."""
        return 2 * (self.alpha.log() - self.sigma.log())

    @property
    def scale(self) -> Tensor:
        """Standard deviation of a noisy number whose data have 1: the root of alpha² + sigma²."""
        return torch.hypot(self.alpha, self.sigma)

    def at(self, index: int | slice | Tensor) -> "Level":
        """Return some of the levels."""
        return Level(self.alpha[index], self.sigma[index])


def per_sample(coefficient: Tensor, values: Tensor) -> Tensor:
    """Return numbers of a level, () or (B,), so that they multiply values, (B, ...)."""
    if coefficient.ndim == 0:
        return coefficient.to(values)
    return coefficient.to(values).reshape(-1, *[1] * (values.ndim - 1))


def noisy(x: Tensor, epsilon: Tensor, level: Level) -> Tensor:
    """Return ``alpha x + sigma epsilon`` of data and noise, (B, ...), at a level, () or (B,)."""
    return per_sample(level.alpha, x) * x + per_sample(level.sigma, x) * epsilon


class Schedule(ABC):
    """Levels by time. The log SNR falls strictly.

    Attributes:
        first: the time of the least noise that is used, at which there is some.
        fades: whether hardly any noise is left at time 0, so that the last step to data can be as
            long as the others.
    """

    first: float = 0.0
    fades: bool = True

    @abstractmethod
    def level(self, time: Tensor) -> Level:
        """Return the levels at times in [0, 1], in double precision."""

    @abstractmethod
    def time(self, log_snr: Tensor) -> Tensor:
        """Return the times at which the log SNR is this, in double precision.

        Beyond the ends of the schedule: the nearest end.
        """


class _Preserving(Schedule):
    """A schedule with ``alpha² + sigma² = 1``, told by the log of its signal."""

    @abstractmethod
    def log_alpha(self, time: Tensor) -> Tensor:
        """Return log alpha at times in double precision."""

    @abstractmethod
    def time_of_log_alpha(self, log_alpha: Tensor) -> Tensor:
        """Return the times of ``log_alpha``, in [0, 1]."""

    def level(self, time: Tensor) -> Level:
        log_alpha = self.log_alpha(time.double())
        return Level(log_alpha.exp(), (-torch.expm1(2 * log_alpha)).sqrt())

    def time(self, log_snr: Tensor) -> Tensor:
        # alpha² = sigmoid(log SNR) where the variance is kept.
        log_alpha = torch.nn.functional.logsigmoid(log_snr.double()) / 2
        return self.time_of_log_alpha(log_alpha).clamp(0, 1)


@dataclass(frozen=True)
class LinearBeta(_Preserving):
    """DDPM's: noise is added at a rate ``beta`` that rises linearly.

    ``log alpha = -(low t + (high - low) t² / 2) / 2``, to which the thousand steps of the paper,
    betas from 0.0001 to 0.02, converge.

    Attributes:
        low, high: the rate at times 0 and 1.
    Source: Ho, Jain and Abbeel, NeurIPS 2020; in continuous time Song et al., ICLR 2021.
    """

    low: float = 0.1
    high: float = 20.0
    first: float = _FIRST

    def log_alpha(self, time: Tensor) -> Tensor:
        return -0.5 * time * (self.low + 0.5 * (self.high - self.low) * time)

    def time_of_log_alpha(self, log_alpha: Tensor) -> Tensor:
        # The positive root of (high - low) t² / 2 + low t + 2 log alpha = 0, without cancellation.
        total = -2 * log_alpha
        root = (self.low**2 + 2 * (self.high - self.low) * total).sqrt()
        return 2 * total / (self.low + root)


@dataclass(frozen=True)
class Cosine(_Preserving):
    """A quarter of a cosine: ``alpha = cos(angle)``, the angle linear in time.

    Attributes:
        offset: of the time at which the angle would be 0, so that the first noise is not too small.
        rest: share of the quarter that is left at the end: some signal, as the largest beta of
            0.999 leaves in the paper.
    Source: Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", ICML 2021.
    """

    offset: float = 0.008
    rest: float = 0.002

    @property
    def _ends(self) -> tuple[float, float]:
        quarter = math.pi / 2
        return quarter * self.offset / (1 + self.offset), quarter * (1 - self.rest)

    def log_alpha(self, time: Tensor) -> Tensor:
        low, high = self._ends
        return (low + (high - low) * time).cos().log()

    def time_of_log_alpha(self, log_alpha: Tensor) -> Tensor:
        low, high = self._ends
        # Of the sine, which is exact where the cosine is near 1.
        angle = torch.atan2((-torch.expm1(2 * log_alpha)).sqrt(), log_alpha.exp())
        return (angle - low) / (high - low)


@dataclass(frozen=True)
class ZeroTerminal(_Preserving):
    """A schedule that keeps the variance, its signal shifted and stretched: none is left at time 1,
    and as much as before at time 0.

    Source: Lin, Liu, Li and Yang, "Common Diffusion Noise Schedules and Sample Steps are Flawed",
    WACV 2024.
    """

    base: _Preserving

    @property
    def first(self) -> float:  # type: ignore[override]
        """That of the schedule underneath."""
        return self.base.first

    @property
    def _ends(self) -> tuple[Tensor, Tensor]:
        start, end = self.base.log_alpha(torch.tensor([0.0, 1.0], dtype=torch.float64)).exp()
        return start, end

    def log_alpha(self, time: Tensor) -> Tensor:
        start, end = self._ends
        alpha = (self.base.log_alpha(time).exp() - end) * (start / (start - end))
        return torch.where(time < 1, alpha, 0.0).log()

    def time_of_log_alpha(self, log_alpha: Tensor) -> Tensor:
        start, end = self._ends
        alpha = log_alpha.exp() * (start - end) / start + end
        return self.base.time_of_log_alpha(alpha.log())


@dataclass(frozen=True)
class Flow(Schedule):
    """The straight way: ``alpha = 1 - t``, ``sigma = t``.

    Source: Liu, Gong and Liu, "Flow Straight and Fast"; Lipman et al., "Flow Matching for
    Generative Modeling"; both ICLR 2023.
    """

    first: float = _FIRST

    def level(self, time: Tensor) -> Level:
        time = time.double()
        return Level(1 - time, time)

    def time(self, log_snr: Tensor) -> Tensor:
        return torch.sigmoid(-log_snr.double() / 2)


@dataclass(frozen=True)
class _Exploding(Schedule):
    """The signal stays, ``alpha = 1``, the noise grows.

    Attributes:
        low, high: sigma at times 0 and 1; of data of standard deviation 1.
    """

    fades = False
    low: float
    high: float

    @abstractmethod
    def sigma(self, time: Tensor) -> Tensor:
        """Return sigma at times in double precision."""

    def level(self, time: Tensor) -> Level:
        sigma = self.sigma(time.double())
        return Level(torch.ones_like(sigma), sigma)

    def time(self, log_snr: Tensor) -> Tensor:
        return self._time_of_log_sigma(-log_snr.double() / 2).clamp(0, 1)

    @abstractmethod
    def _time_of_log_sigma(self, log_sigma: Tensor) -> Tensor:
        """Return the times of ``log(sigma)``, perhaps beyond the ends."""


@dataclass(frozen=True)
class Karras(_Exploding):
    """EDM's levels: ``sigma^(1 / rho)`` is linear in time, so that small sigmas are close together.

    Source: Karras, Aittala, Aila and Laine, "Elucidating the Design Space of Diffusion-Based
    Generative Models", NeurIPS 2022.
    """

    low: float = 0.002
    high: float = 80.0
    rho: float = 7.0

    @property
    def _ends(self) -> tuple[float, float]:
        return math.pow(self.low, 1 / self.rho), math.pow(self.high, 1 / self.rho)

    def sigma(self, time: Tensor) -> Tensor:
        low, high = self._ends
        return (low + (high - low) * time).pow(self.rho)

    def _time_of_log_sigma(self, log_sigma: Tensor) -> Tensor:
        low, high = self._ends
        return ((log_sigma / self.rho).exp() - low) / (high - low)


@dataclass(frozen=True)
class Geometric(_Exploding):
    """Levels in a geometric progression, as annealed Langevin sampling descends them.

    Source: Song and Ermon, "Generative Modeling by Estimating Gradients of the Data Distribution",
    NeurIPS 2019.
    """

    low: float = 0.01
    high: float = 50.0

    def sigma(self, time: Tensor) -> Tensor:
        low, high = math.log(self.low), math.log(self.high)
        return (low + (high - low) * time).exp()

    def _time_of_log_sigma(self, log_sigma: Tensor) -> Tensor:
        low, high = math.log(self.low), math.log(self.high)
        return (log_sigma - low) / (high - low)


_SCHEDULES: dict[ScheduleName, Callable[[], Schedule]] = {
    "linear": LinearBeta,
    "cosine": Cosine,
    "flow": Flow,
    "karras": Karras,
    "geometric": Geometric,
}


def schedule_named(name: ScheduleName, zero_terminal: bool = False) -> Schedule:
    """Return a schedule.

    Raises:
        InputError: ``zero_terminal`` of a schedule that does not keep the variance.
    """
    schedule = _SCHEDULES[name]()
    if not zero_terminal:
        return schedule
    if not isinstance(schedule, _Preserving):
        raise SettingError(f"the schedule {name} cannot be given a zero terminal SNR")
    return ZeroTerminal(schedule)


def chain_times(schedule: Schedule, steps: int) -> Tensor:
    """Return the times of the discrete process, from the least noise to the most, (steps + 1,)."""
    return torch.linspace(schedule.first, 1, steps + 1, dtype=torch.float64)


def sampling_levels(schedule: Schedule, steps: int, spacing: Spacing = "time") -> Level:
    """Return the levels that a sampler passes, from noise to data, (steps + 1,).

    As many evaluations of the denoiser as there are steps. Of a schedule that fades the levels are
    even in time; else they go from the most noise to the least, and then to none.

    Args:
        spacing: even in time, or in log SNR from the most noise to the least.
    Raises:
        InputError: even in log SNR, of a schedule at whose end it is infinite.
    """
    times = torch.linspace(1, schedule.first, steps, dtype=torch.float64)
    if spacing == "log-snr":
        low, high = schedule.level(times.new_tensor([1, schedule.first])).log_snr.tolist()
        if not math.isfinite(low):
            raise SettingError(
                "spacing log-snr needs some signal at the end of the schedule; take time"
            )
        times = schedule.time(torch.linspace(low, high, steps, dtype=torch.float64))
    elif schedule.fades:
        times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)[:-1]
    level = schedule.level(times)
    return Level(
        torch.cat([level.alpha, times.new_ones(1)]), torch.cat([level.sigma, times.new_zeros(1)])
    )
