"""What can be trained: a model with a loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from selfsame.training.settings import TrainSettings

Metrics = Mapping[str, torch.Tensor | float]


class Task(Protocol):
    """A model and its loss.

    Three more methods are used where a task has them: ``validate(model) -> dict[str, float]``
    measures the model it is given, in evaluation mode, ``parameter_groups() ->
    list[ParameterGroup]`` gives parts of the model settings of their own, and ``begin_step(step)``
    is called before the loss of every update, with its number, from 0.
    """

    @property
    def model(self) -> nn.Module:
        """What is trained; always the same object."""
        ...

    def loss(self, batch: Any, generator: torch.Generator) -> tuple[torch.Tensor, Metrics]:
        """Return the loss of a batch, a scalar, and scalars to log.

        Args:
            batch: what the data gave, a tensor or a tuple of them, on the device of the model.
            generator: for all noise of the step, on the same device.
        """
        ...


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with a learning rate and a weight decay of their own.

    Attributes:
        parameters: no two groups share one; what is in no group is not trained.
        lr_multiplier: factor on the learning rate.
        weight_decay: None: as ``TrainSettings`` says.
    """

    parameters: Sequence[nn.Parameter]
    lr_multiplier: float = 1.0
    weight_decay: float | None = None


class LossModule(nn.Module):
    """The loss of a task as a module, which can be wrapped for several processes."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.model = task.model
        self._loss = task.loss

    def forward(self, batch: Any, generator: torch.Generator) -> tuple[torch.Tensor, Metrics]:
        """Return what ``task.loss`` returns."""
        return self._loss(batch, generator)


def optimizer_groups(task: Task, settings: TrainSettings) -> list[dict[str, Any]]:
    """Return the parameter groups of an optimiser.

    Parameters of one dimension, which are biases and gains, do not decay. Each group keeps its
    ``lr_multiplier``.
    """
    own = getattr(task, "parameter_groups", None)
    groups = own() if own is not None else [ParameterGroup(list(task.model.parameters()))]
    result = []
    for group in groups:
        decay = settings.weight_decay if group.weight_decay is None else group.weight_decay
        for decays in (True, False):
            chosen = [p for p in group.parameters if p.requires_grad and (p.ndim > 1) == decays]
            if chosen:
                result.append(
                    {
                        "params": chosen,
                        "lr_multiplier": group.lr_multiplier,
                        "weight_decay": decay if decays else 0.0,
                    }
                )
    return result
