"""The settings of a training, checked once."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from selfsame.errors import InputError
from selfsame.run.device import CHOICES as DEVICES

PRECISIONS = ("auto", "float32", "bfloat16")

FREE_TO_CHANGE = frozenset(
    {"device", "workers", "log_every", "validate_every", "checkpoint_every", "keep"}
)
"""Settings that a resumed training may change: none of them is part of what is computed."""


@dataclass(frozen=True)
class TrainSettings:
    """How a model is trained.

    Attributes:
        steps: updates of the weights.
        batch: samples of an update, all processes together.
        lr: largest learning rate; see ``selfsame.training.schedule``.
        warmup_steps: steps over which the learning rate rises from 0.
        final_fraction: the cosine schedule ends at this fraction of ``lr``; 1 keeps it constant.
        weight_decay: AdamW's decoupled decay, on weights of two and more dimensions only.
        betas: Adam's two rates.
        gradient_clip: longer gradients are shortened to this norm; None leaves them.
        gradient_skip: an update whose gradient is longer than this is left out; None: only one
            that is not finite.
        ema_decay: rate of the running average of the weights; 0 keeps none.
        seed: of the batches and the noise.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        precision: ``float32``, ``bfloat16`` (autocast; weights and updates stay in float32), or
            ``auto``: the one in which the first step is faster, timed, and kept when the training
            goes on. Not the default: times decide, so that a seed would not always give the same.
        log_every: steps between two lines of the log, which hold means over these steps.
        validate_every: steps between two validations; 0: one at the end.
        checkpoint_every: steps between two checkpoints; one is always written at the end.
        keep: newest checkpoints that are kept.
        workers: threads that prepare the next batches; 0: none, batches are made when needed.
    Raises:
        InputError: a value out of its range.
    """

    steps: int = 100_000
    batch: int = 32
    lr: float = 1e-3
    warmup_steps: int = 500
    final_fraction: float = 0.01
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.99)
    gradient_clip: float | None = 1.0
    gradient_skip: float | None = None
    ema_decay: float = 0.999
    seed: int = 0
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    log_every: int = 50
    validate_every: int = 1000
    checkpoint_every: int = 1000
    keep: int = 2
    workers: int = 1

    def __post_init__(self) -> None:
        whole = {
            "steps": (1, 10**9),
            "batch": (1, 10**6),
            "warmup_steps": (0, 10**9),
            "seed": (0, 2**63 - 1),
            "log_every": (1, 10**9),
            "validate_every": (0, 10**9),
            "checkpoint_every": (1, 10**9),
            "keep": (1, 10**6),
            "workers": (0, 256),
        }
        for name, (low, high) in whole.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"{name} must be a whole number within {low}..{high}: got {value!r}"
                )
        numbers: dict[str, tuple[float, float]] = {
            "lr": (0, 1e3),
            "final_fraction": (0, 1),
            "weight_decay": (0, 1e3),
            "gradient_clip": (1e-12, 1e12),
            "gradient_skip": (1e-12, 1e12),
            "ema_decay": (0, 0.9999999),
        }
        for name, (lowest, highest) in numbers.items():
            _check_number(name, getattr(self, name), lowest, highest)
        if not isinstance(self.betas, list | tuple) or len(self.betas) != 2:
            raise InputError(f"betas must be two numbers: got {self.betas!r}")
        object.__setattr__(self, "betas", tuple(self.betas))
        for beta in self.betas:
            _check_number("betas", beta, 0, 0.9999999)
        if self.precision not in PRECISIONS:
            raise InputError(
                f"precision must be one of {', '.join(PRECISIONS)}: got {self.precision!r}"
            )
        if str(self.device).split(":")[0] not in DEVICES:
            raise InputError(f"device must be one of {', '.join(DEVICES)}: got {self.device!r}")

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "TrainSettings":
        """Return the settings that a mapping of options describes.

        Raises:
            InputError: an unknown option, or as for the class.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise InputError(f"unknown option {name!r}; allowed are {', '.join(known)}")
        return cls(**options)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings, ready for JSON."""
        return {**asdict(self), "betas": list(self.betas)}

    def identity(self) -> dict[str, Any]:
        """Return the settings that a resumed training must share with its beginning."""
        return {name: value for name, value in self.as_dict().items() if name not in FREE_TO_CHANGE}


def _check_number(name: str, value: Any, low: float, high: float) -> None:
    if value is None and name.startswith("gradient_"):
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{name} must be a finite number: got {value!r}")
    if not low <= value <= high:
        raise InputError(f"{name} must lie within {low:g}..{high:g}: got {value:g}")
