"""What a diffusion is made of, how it is trained and how it is sampled: settings, without torch."""

from dataclasses import dataclass
from typing import Annotated, Literal

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError
from selfsame.priors.conditioning.config import (
    MAX_WIDTH,
    SemanticConfig,
    TextConfig,
    check_heads,
)

ScheduleName = Literal["linear", "cosine", "flow", "karras", "geometric"]
Prediction = Literal["epsilon", "x0", "v", "score", "edm", "velocity"]
Weighting = Literal["own", "epsilon", "x0", "v", "min-snr", "sigmoid"]
TimeDistribution = Literal["uniform", "logit-normal", "log-normal", "discrete"]
Spacing = Literal["time", "log-snr"]
Variance = Literal["small", "large", "learned"]
SamplerName = Literal["ddpm", "ddim", "heun", "dpm-solver", "langevin"]

PRESERVING = ("linear", "cosine")
"""Schedules that keep the variance, alpha² + sigma² = 1, and can be given a zero terminal SNR."""

MAX_TOKENS = 1 << 12
MAX_CHAIN = 10_000

Count = Annotated[int, Range(1, MAX_WIDTH)]
Share = Annotated[float, Range(0, 1)]
Strength = Annotated[float, Range(0, 1, open_low=True)]
"""Of samples that are to be like a picture: how much of the way from noise to data they go."""


@dataclass(frozen=True)
class NetworkConfig(Checked):
    """A transformer over the tokens of a latent space, and which space that is.

    Attributes:
        tokens: T, of a sample; the most of them where sets differ in size.
        numbers: D, of a token.
        grid: rows and columns of the tokens, row by row; None: they are an unordered set.
        patch: side of the squares of tokens that the network sees as one, as vision transformers do
            with pixels: fewer tokens are faster.
        width: features of a token, or patch, within the network.
        depth: blocks.
        heads: of the attention; they divide the width.
        expansion: hidden features of a block over its width.
        classes: that samples may belong to; 0: there are none.
        class_names: of all classes, or of none.
        context: numbers of a token of the context; 0: no context is read.
        space: name of the latent space that the tokens are of.
        space_digest: its fingerprint, hexadecimal.
    Raises:
        InputError: a value out of its range, or values that do not go together.
    """

    tokens: Annotated[int, Range(1, MAX_TOKENS)] = 16
    numbers: Count = 8
    grid: Annotated[tuple[int, int], Range(1, MAX_TOKENS)] | None = None
    patch: Annotated[int, Range(1, 64)] = 1
    width: Count = 192
    depth: Annotated[int, Range(1, 1000)] = 4
    heads: Count = 4
    expansion: Annotated[int, Range(1, 64)] = 4
    classes: Annotated[int, Range(0, 1_000_000)] = 0
    class_names: tuple[str, ...] = ()
    context: Annotated[int, Range(0, MAX_WIDTH)] = 0
    space: str = ""
    space_digest: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.grid is not None and self.grid[0] * self.grid[1] != self.tokens:
            raise SettingError(
                f"grid must have as many places as there are tokens: got {self.grid[0]} by "
                f"{self.grid[1]} for {self.tokens}"
            )
        if self.patch > 1 and (self.grid is None or any(side % self.patch for side in self.grid)):
            told = "a set" if self.grid is None else f"{self.grid[0]} by {self.grid[1]}"
            raise SettingError(
                f"patch must divide rows and columns of a grid: got {self.patch} for {told}"
            )
        check_heads(self.width, self.heads)
        if self.class_names and len(self.class_names) != self.classes:
            raise SettingError(
                f"class_names must name all classes or none: got {len(self.class_names)} for "
                f"{self.classes}"
            )


@dataclass(frozen=True)
class DiffusionConfig(NetworkConfig):
    """A diffusion of tokens: its network, its noise and what the network predicts.

    Attributes:
        prediction: what the network's output means, see ``selfsame.priors.diffusion.prediction``.
        schedule: of signal and noise, see ``selfsame.priors.diffusion.schedules``.
        zero_terminal: the schedule is rescaled so that at its end no signal is left.
        chain: steps of the discrete process, for its bound and for learned variances.
        learned_variance: the network says the variance of each number's step, too.
        counted: samples differ in how many tokens they have; the model knows how often each number
            comes in each class.
        text, semantic: readers of what samples are made for besides classes; None: there is none.
            Their tokens have ``context`` numbers.
        attributes: names of what semantic vectors can be changed by.
    """

    prediction: Prediction = "velocity"
    schedule: ScheduleName = "flow"
    zero_terminal: bool = False
    chain: Annotated[int, Range(2, MAX_CHAIN)] = 1000
    learned_variance: bool = False
    counted: bool = False
    text: TextConfig | None = None
    semantic: SemanticConfig | None = None
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.context and (self.text is not None or self.semantic is not None):
            raise SettingError("context must be above 0 where something is read: got 0")
        if self.attributes and self.semantic is None:
            raise SettingError("attributes are of semantic vectors: semantic must say of which")
        if self.semantic is not None and self.counted:
            raise SettingError(
                "semantic is of tokens that are all there, and counted says they are not"
            )
        if self.zero_terminal and self.schedule not in PRESERVING:
            raise SettingError(
                f"zero_terminal is for the schedules {', '.join(PRESERVING)}: got {self.schedule!r}"
            )
        if self.prediction in ("epsilon", "score") and (
            self.zero_terminal or self.schedule == "flow"
        ):
            raise SettingError(
                f"prediction {self.prediction!r} says nothing of the data where no signal is left: "
                "take x0, v, edm or velocity, or another schedule without zero_terminal"
            )


@dataclass(frozen=True)
class ClassifierConfig(NetworkConfig):
    """A classifier of noisy tokens.

    Attributes:
        schedule, zero_terminal: the noise that it knows, as of ``DiffusionConfig``.
    """

    classes: Annotated[int, Range(2, 1_000_000)] = 2
    schedule: ScheduleName = "flow"
    zero_terminal: bool = False


@dataclass(frozen=True)
class DiffusionObjective(Checked):
    """What is minimised, and at which times.

    Attributes:
        times: distribution of the times, see ``selfsame.priors.diffusion.prediction.draw_times``.
        times_mean, times_std: of the normal distribution behind ``logit-normal`` (of the logit of
            the time) and ``log-normal`` (of ``log(sigma / alpha)``).
        weighting: of the times, see ``selfsame.priors.diffusion.prediction.loss_weight``.
        drop: share of samples whose label and context are hidden, for guidance.
        variance_weight: of the variational bound, in nats per number, where variances are learned.
    """

    times: TimeDistribution = "logit-normal"
    times_mean: Annotated[float, Range(-20, 20)] = 0.0
    times_std: Annotated[float, Range(0, 20, open_low=True)] = 1.0
    weighting: Weighting = "own"
    drop: Share = 0.1
    variance_weight: Annotated[float, Range(0, 1e6)] = 1e-3


@dataclass(frozen=True)
class SamplerSettings(Checked):
    """How samples are made.

    Attributes:
        sampler: see ``selfsame.priors.diffusion.samplers``.
        steps: from noise to data; levels of noise for ``langevin``.
        spacing: of the steps, even in time or in log SNR.
        guidance: 1 follows the condition, 0 does not know of it, more goes further in the same
            direction: away from the model without its condition or from a weaker model; with a
            classifier its weight.
        interval: noise over signal, from above the first to the second, where guidance acts; None:
            everywhere.
        eta: of ``ddim``: 0 adds no noise, 1 as much as ``ddpm``.
        variance: of a step of ``ddpm``.
        repeats: steps of ``langevin`` at each level.
        step_size: of ``langevin``, over the variance of the noise.
    """

    sampler: SamplerName = "heun"
    steps: Annotated[int, Range(1, MAX_CHAIN)] = 25
    spacing: Spacing = "time"
    guidance: Annotated[float, Range(0, 1000)] = 1.0
    interval: Annotated[tuple[float, float], Range(0)] | None = None
    eta: Share = 0.0
    variance: Variance = "small"
    repeats: Annotated[int, Range(1, 10_000)] = 20
    step_size: Annotated[float, Range(0, 2, open_low=True)] = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interval is not None and self.interval[0] >= self.interval[1]:
            raise SettingError(
                f"interval must rise: got {self.interval[0]:g} to {self.interval[1]:g}"
            )
