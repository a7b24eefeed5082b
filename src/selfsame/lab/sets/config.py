"""The settings of a learned set of fractals, without torch."""

import math
from dataclasses import dataclass

from selfsame.errors import InputError
from selfsame.ifs.fit.config import PAPER, PAPER_MAPS, PAPER_POINTS, PAPER_SIZE
from selfsame.training.settings import TrainSettings

LOSSES = ("gan", "sliced-wasserstein", "energy")
"""The losses that have a name; any callable is one as well."""

TRAINING = TrainSettings(
    steps=10_000,
    batch=50,
    lr=0.02,
    warmup_steps=0,
    final_fraction=0.05,
    betas=(0.5, 0.9),
    gradient_clip=None,
    ema_decay=0.0,
    precision="float32",
    log_every=100,
    checkpoint_every=500,
)
"""How a set is learned unless told otherwise."""


@dataclass(frozen=True)
class FractalSetConfig:
    """What a set of fractals is, and how its pictures are drawn.

    The defaults are those of the method of Tu et al. 2023, see ``selfsame.ifs.fit.config.PAPER``.

    Attributes:
        fractals: K, the systems of the set.
        maps: of each system.
        side: of the pictures, pixels.
        points: of each picture, one random sequence.
        sigma: bandwidth σ of a point's Gaussian ``exp(-d²/σ)``, pixels².
        clamp: clamp pictures to [0, 1].
        window: half the side of the picture, in units of the plane.
        largest_singular: bound on every singular value, below 1.
        gradient_clip: longest gradient of either parameter tensor of one system; longer ones are
            shortened, others are left out where they are not finite. None shortens none.
        noise: standard deviation of noise added to the matrix parameters.
        noise_every: steps between two additions of noise.
        noise_steps: steps after which no noise is added.
        drawn: how many of the set each step draws, by chance; None, and smaller sets: all.
    Raises:
        InputError: a value out of its range.
    """

    fractals: int = 100
    maps: int = PAPER_MAPS
    side: int = PAPER_SIZE
    points: int = PAPER_POINTS
    sigma: float = 1.0
    clamp: bool = True
    window: float = PAPER.window
    largest_singular: float = PAPER.largest_singular
    gradient_clip: float | None = PAPER.gradient_clip
    noise: float = 0.0
    noise_every: int = PAPER.noise_every
    noise_steps: int = 0
    drawn: int | None = 50

    def __post_init__(self) -> None:
        whole = {
            "fractals": (1, 100_000),
            "maps": (1, 4096),
            "side": (4, 512),
            "points": (1, 1_000_000),
            "noise_every": (1, 10**9),
            "noise_steps": (0, 10**9),
            "drawn": (1, 100_000),
        }
        for name, (low, high) in whole.items():
            value = getattr(self, name)
            if name == "drawn" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"{name} must be a whole number within {low}..{high}: got {value!r}"
                )
        numbers = {
            "sigma": (0.01, 1e4),
            "window": (1e-3, 1e3),
            "largest_singular": (0.01, 0.999),
            "gradient_clip": (1e-9, 1e9),
            "noise": (0, 10),
        }
        for name, (least, most) in numbers.items():
            value = getattr(self, name)
            if not (name == "gradient_clip" and value is None):
                check_real(name, value, least, most)
        if not isinstance(self.clamp, bool):
            raise InputError(f"clamp must be true or false: got {self.clamp!r}")


@dataclass(frozen=True)
class SetObjective:
    """What tells a set of fractals from pictures.

    Attributes:
        loss: of ``LOSSES``.
        critic_rate: learning rate of the discriminator relative to that of the fractals.
        pool: the discriminator sees means over squares of so many pixels.
        instance_noise: standard deviation of the noise on what it sees.
        r1: weight of the discriminator's squared gradient at real pictures.
        projections: directions of ``sliced-wasserstein``, drawn anew in each step.
    Raises:
        InputError: a value out of its range.
    """

    loss: str = "gan"
    critic_rate: float = 0.05
    pool: int = 2
    instance_noise: float = 0.1
    r1: float = 0.0
    projections: int = 512

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"loss must be one of {', '.join(LOSSES)}: got {self.loss!r}")
        check_real("critic_rate", self.critic_rate, 0, 1e3)
        check_real("instance_noise", self.instance_noise, 0, 10)
        check_real("r1", self.r1, 0, 1e6)
        for name, most in (("pool", 64), ("projections", 10**6)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise InputError(f"{name} must be a whole number within 1..{most}: got {value!r}")


def check_real(name: str, value: object, least: float, most: float) -> None:
    """Raise ``InputError`` unless ``value`` is a finite number within ``least..most``."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not least <= value <= most:  # type: ignore[arg-type,operator]
        raise InputError(f"{name} must be a number within {least:g}..{most:g}: got {value!r}")
