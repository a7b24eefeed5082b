"""The settings of a training, checked once."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from selfsame.checked import Checked, Range, Seed
from selfsame.errors import SettingError
from selfsame.run.device import CHOICES as DEVICES

Precision = Literal["auto", "float32", "bfloat16"]
Optimizer = Literal["adamw", "muon"]
Decay = Annotated[float, Range(0, 0.9999999)]
Length = Annotated[float, Range(1e-12, 1e12)]

FREE_TO_CHANGE = frozenset(
    {"device", "workers", "log_every", "validate_every", "checkpoint_every", "keep"}
)
"""Settings that a resumed training may change: none of them is part of what is computed."""


@dataclass(frozen=True)
class TrainSettings(Checked):
    """How a model is trained.

    Attributes:
        steps: updates of the weights.
        batch: samples of an update, all processes together.
        lr: largest learning rate.
        warmup_steps: steps over which the learning rate rises from 0.
        final_fraction: the cosine along which it falls ends at this fraction of ``lr``; 1 keeps it
            constant.
        optimizer: ``adamw``, or ``muon``, which takes the weights of linear layers and
            convolutions and leaves the rest to AdamW: fewer steps, which take longer with small
            batches.
        weight_decay: decoupled decay, on weights of two and more dimensions only.
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

    steps: Annotated[int, Range(1, 10**9)] = 100_000
    batch: Annotated[int, Range(1, 10**6)] = 32
    lr: Annotated[float, Range(0, 1000, open_low=True)] = 1e-3
    warmup_steps: Annotated[int, Range(0, 10**9)] = 500
    final_fraction: Annotated[float, Range(0, 1)] = 0.01
    optimizer: Optimizer = "adamw"
    weight_decay: Annotated[float, Range(0, 1e3)] = 0.0
    betas: tuple[Decay, Decay] = (0.9, 0.99)
    gradient_clip: Length | None = 1.0
    gradient_skip: Length | None = None
    ema_decay: Decay = 0.999
    seed: Seed = 0
    device: str = "auto"
    precision: Precision = "float32"
    log_every: Annotated[int, Range(1, 10**9)] = 50
    validate_every: Annotated[int, Range(0, 10**9)] = 1000
    checkpoint_every: Annotated[int, Range(1, 10**9)] = 1000
    keep: Annotated[int, Range(1, 10**6)] = 2
    workers: Annotated[int, Range(0, 256)] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.device.split(":")[0] not in DEVICES:
            raise SettingError(f"device must be one of {', '.join(DEVICES)}: got {self.device!r}")

    def identity(self) -> dict[str, Any]:
        """Return the settings that a resumed training must share with its beginning."""
        return {name: value for name, value in self.as_dict().items() if name not in FREE_TO_CHANGE}

    def learning_rate(self, step: int) -> float:
        """Return the learning rate at ``step``, 0 to ``steps - 1``.

        It rises in equal steps to ``lr``, which step ``warmup_steps`` has, and falls along half a
        cosine to its final fraction, which the last step has. A warm-up as long as the training
        never ends.

        Source: Loshchilov and Hutter 2017, SGDR, without restarts.
        """
        if step < self.warmup_steps:
            return self.lr * ((step + 1) / (self.warmup_steps + 1))
        fall = self.steps - 1 - self.warmup_steps
        fraction = (step - self.warmup_steps) / fall if fall > 0 else 0.0
        cosine = (1 + math.cos(math.pi * min(1, fraction))) / 2
        return self.lr * (self.final_fraction + (1 - self.final_fraction) * cosine)
