"""What can be trained: a model with a loss, or with several losses against each other."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from selfsame.io.model_file import Pretrained

Metrics = Mapping[str, torch.Tensor | float]

MODEL = "model"
"""What a task with one optimiser calls it."""

_ALIKE = 0.8
"""Names so much alike are taken for one that is misspelt."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with a learning rate of their own.

    Attributes:
        parameters: no two groups share one; what is in no group is not trained.
        lr_multiplier: factor on the learning rate.
    """

    parameters: Sequence[nn.Parameter]
    lr_multiplier: float = 1.0


@dataclass(frozen=True)
class Loss:
    """What one optimiser minimises.

    Attributes:
        optimizer: a key of ``TaskBase.optimizers``.
        value: a scalar.
        metrics: scalars to log.
    """

    optimizer: str
    value: torch.Tensor
    metrics: Metrics = field(default_factory=dict)


@dataclass(frozen=True)
class Means:
    """Means over some samples.

    Attributes:
        values: by name.
        samples: how many they are of.
    """

    values: Mapping[str, float]
    samples: int


class TaskBase(ABC):
    """A model and its losses. Most tasks are a ``Task``, which has one.

    A public method whose name is nearly that of one below, but not quite, is refused when the class
    is made: it would never be called.

    Attributes:
        model: what is trained; always the same object.
    """

    model: nn.Module

    @abstractmethod
    def losses(self, batch: Any, step: int, generator: torch.Generator) -> Iterator[Loss]:
        """Yield the losses of a batch, one after the other.

        After each its optimiser updates its parameters, by the gradient of this loss alone; then
        this goes on. A loss thus must not have been computed from parameters that an earlier one
        of the same step has moved: compute it after, or from detached numbers.

        Args:
            batch: what the data gave, see ``selfsame.training.batches``, on the device of the
                model.
            step: number of the update, from 0.
            generator: for all noise of the step, on the same device.
        """

    @abstractmethod
    def optimizers(self) -> Mapping[str, Sequence[ParameterGroup]]:
        """Return what each optimiser trains; no two share a parameter."""

    def begin_step(self, step: int) -> None:  # noqa: B027
        """Do what is due before update ``step``, from 0; by default nothing."""

    def validate(self, model: nn.Module, shard: slice) -> Means:
        """Measure the model that is given, in evaluation mode; by default nothing.

        Args:
            shard: which samples are this process's; the means of all processes are put together.
        """
        return Means({}, 0)

    def export(self, path: str | Path, card: Mapping[str, Any] | None = None) -> None:
        """Write what was trained; by default the model, to a folder.

        Args:
            card: what people should know of it, ready for JSON.
        """
        if not isinstance(self.model, Pretrained):
            raise TypeError(f"{type(self).__name__} must say how its model is exported")
        self.model.save_pretrained(path, card)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__ == __name__:
            return
        known = [name for name in dir(Task) if not name.startswith("_")]
        for name in vars(cls):
            close = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
            if close and name not in known and not name.startswith("_"):
                raise TypeError(f"{cls.__name__}.{name} is never called: is it {close[0]}?")


class Task(TaskBase):
    """A model with one loss."""

    @abstractmethod
    def loss(
        self, batch: Any, step: int, generator: torch.Generator
    ) -> tuple[torch.Tensor, Metrics]:
        """Return the loss of a batch, a scalar, and scalars to log; arguments as of ``losses``."""

    def parameter_groups(self) -> Sequence[ParameterGroup]:
        """Return the parts of the model with settings of their own; by default all are one."""
        return [ParameterGroup(list(self.model.parameters()))]

    def losses(self, batch: Any, step: int, generator: torch.Generator) -> Iterator[Loss]:
        """Yield the one loss."""
        value, metrics = self.loss(batch, step, generator)
        yield Loss(MODEL, value, metrics)

    def optimizers(self) -> Mapping[str, Sequence[ParameterGroup]]:
        """Return the one optimiser's groups."""
        return {MODEL: self.parameter_groups()}


def joint_means(parts: Sequence[Means]) -> dict[str, float]:
    """Return the means over the samples of all parts."""
    own = [part for part in parts if part.samples]
    if len(own) == 1:  # not to round what needs no rounding
        return dict(own[0].values)
    total = sum(part.samples for part in own)
    names = own[0].values if own else ()
    return {name: sum(p.values[name] * p.samples for p in own) / total for name in names}
