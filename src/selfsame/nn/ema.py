"""The running average of weights, which usually is better than the weights.

By hand rather than ``torch.optim.swa_utils.AveragedModel``: that copies the whole model, frozen
parts and all, has no decay that grows, and counts on the host, so that an update which the device
left out could not be left out of the average without waiting for the device.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """The exponential moving average of parameters.

    The decay grows from 2/11 to ``decay``, by ``(1 + t) / (10 + t)`` after t updates, so that the
    first random weights are forgotten soon.

    Attributes:
        values: the averages, in the order of the parameters.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self._parameters = list(parameters)
        self.values = [parameter.detach().clone() for parameter in self._parameters]
        self._decay = decay
        device = self.values[0].device if self.values else None
        self._updates = torch.zeros((), dtype=torch.float64, device=device)

    @torch.no_grad()
    def update(self, counts: Tensor) -> None:
        """Move the averages towards the parameters; nothing waits for the device.

        Args:
            counts: true or false, on the device: whether this update is one.
        """
        self._updates += counts
        decay = ((1 + self._updates) / (10 + self._updates)).clamp(max=self._decay)
        fraction = ((1 - decay) * counts).float()
        for value, parameter in zip(self.values, self._parameters, strict=True):
            value.lerp_(parameter, fraction.to(value.dtype))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the parameters have their averages for a while."""
        weights = [parameter.detach().clone() for parameter in self._parameters]
        self.apply()
        try:
            yield
        finally:
            self.apply(weights)

    @torch.no_grad()
    def apply(self, values: list[Tensor] | None = None) -> None:
        """Give the parameters their averages, or other values."""
        for parameter, value in zip(self._parameters, values or self.values, strict=True):
            parameter.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"values": self.values, "updates": int(self._updates)}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state of a checkpoint."""
        for value, loaded in zip(self.values, state["values"], strict=True):
            value.copy_(loaded)
        self._updates.fill_(state["updates"])
