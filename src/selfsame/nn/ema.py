"""The running average of a model's weights, which usually is better than the weights."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


class WeightAverage:
    """The exponential moving average of a model's weights.

    The decay grows from 2/11 to ``decay``, by ``(1 + t) / (10 + t)`` after t updates, so that the
    first random weights are forgotten soon. Buffers are copied, not averaged.

    Attributes:
        model: a copy of the model with the averaged weights, in evaluation mode.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards the weights of ``model``."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        averages, weights = dict(self.model.named_parameters()), dict(model.named_parameters())
        for name, average in averages.items():
            average.lerp_(weights[name], 1 - decay)
        buffers = dict(model.named_buffers())
        for name, buffer in self.model.named_buffers():
            buffer.copy_(buffers[name])

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"model": self.model.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self.model.load_state_dict(state["model"])
        self.updates = state["updates"]
