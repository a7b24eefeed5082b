"""One optimiser of a training: its parameters, their gradients, and the average of its weights.

Nothing here waits for the device: whether an update is taken is decided there, and read when the
log is written.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from selfsame.nn.ema import WeightAverage
from selfsame.training.distributed import Processes
from selfsame.training.settings import TrainSettings
from selfsame.training.task import ParameterGroup


class Updates:
    """AdamW on some parameters, with gradients clipped or left out."""

    def __init__(
        self, groups: Sequence[ParameterGroup], settings: TrainSettings, processes: Processes
    ) -> None:
        self._settings, self._processes = settings, processes
        tables = _optimizer_groups(groups, settings)
        self._optimizer = torch.optim.AdamW(
            tables, lr=settings.lr, betas=settings.betas, fused=True
        )
        self.parameters = [parameter for table in tables for parameter in table["params"]]
        decay = settings.ema_decay
        self.average = WeightAverage(self.parameters, decay) if decay else None
        # Updates left out: all of them, and those in a row up to now.
        self._skipped = torch.zeros(2, dtype=torch.int64, device=processes.device)

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate, before the groups' multipliers."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group["lr_multiplier"]

    def take(self) -> Tensor:
        """Update the parameters by the gradients they have; return the norm of these, a scalar.

        The mean of the gradients of all processes is taken, so that they stay alike.
        """
        settings = self._settings
        self._processes.average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, settings.gradient_clip or float("inf"))
        accepted = norm < (settings.gradient_skip or float("inf"))  # not of NaN and infinity
        # As torch.amp.GradScaler tells a fused optimiser to leave an update out, on the device.
        self._optimizer.found_inf = (~accepted).float()  # type: ignore[attr-defined]
        self._optimizer.step()
        if self.average is not None:
            self.average.update(accepted)
        self._skipped += 1
        self._skipped *= torch.stack([torch.ones_like(accepted), ~accepted])
        self._skipped[0] -= accepted.long()
        return norm

    def skipped(self) -> tuple[int, int]:
        """Return how many updates were left out, in all and in a row; waits for the device."""
        total, in_a_row = self._skipped.tolist()
        return total, in_a_row

    def averaged(self) -> AbstractContextManager[None]:
        """Let the parameters have their averages for a while, where these are kept."""
        return nullcontext() if self.average is None else self.average.in_place()

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint, but for the parameters."""
        return {
            "optimizer": self._optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "skipped": list(self.skipped()),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state of a checkpoint.

        Raises:
            ValueError: it is of other parameters.
        """
        self._optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self._skipped.copy_(torch.tensor(state["skipped"]))


def _optimizer_groups(
    groups: Sequence[ParameterGroup], settings: TrainSettings
) -> list[dict[str, Any]]:
    """Return the parameter groups of an optimiser.

    Frozen parameters are left out; those of one dimension, which are biases and gains, do not
    decay. Each group keeps its ``lr_multiplier``.
    """
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
