"""A model that learns: its optimisers, its precision, and one update after the other."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from selfsame.errors import DivergedError, InputError
from selfsame.training.batches import Batch
from selfsame.training.distributed import Processes
from selfsame.training.precision import autocast, faster_precision
from selfsame.training.schedule import learning_rate_factor
from selfsame.training.settings import TrainSettings
from selfsame.training.task import Loss, Metrics, TaskBase
from selfsame.training.updates import Updates

MOST_SKIPS = 100
"""So many updates left out in a row mean that the training will not recover."""


class Learner:
    """The part of a training that a checkpoint holds.

    Attributes:
        model: with the newest weights.
        precision: that losses are computed in; None: still to be chosen, at the first update.
    """

    def __init__(self, task: TaskBase, settings: TrainSettings, processes: Processes) -> None:
        self._task, self._settings, self._processes = task, settings, processes
        self.model = task.model.to(processes.device)
        self.precision: str | None = None if settings.precision == "auto" else settings.precision
        self._updates = {
            name: Updates(groups, settings, processes) for name, groups in task.optimizers().items()
        }
        self._alike = False

    def update(self, step: int, batch: Batch) -> Metrics:
        """Do step ``step``; return scalars to log of it, on the device.

        Args:
            batch: this process's share.
        """
        batch = _moved(batch, self._processes.device)
        if not self._alike:  # not before a checkpoint is loaded
            self._processes.spread(self.model.parameters())
            self._alike = True
        self._processes.spread(self.model.buffers())
        if self.precision is None:
            self.precision = faster_precision(
                lambda precision: self._try(step, batch, precision), self._processes
            )
        self._task.begin_step(step)
        lr = self._set_learning_rate(step)
        metrics: dict[str, torch.Tensor | float] = {}
        alone = len(self._updates) == 1
        for loss in self._losses(step, batch, self.precision):
            updates, prefix = self._updates[loss.optimizer], "" if alone else f"{loss.optimizer}_"
            torch.autograd.backward(loss.value, inputs=None if alone else updates.parameters)
            norm = updates.take()
            metrics |= {f"{prefix}loss": loss.value, **loss.metrics}
            metrics[f"{prefix}gradient_norm"] = norm
        return {**metrics, "lr": lr}

    def skipped(self, step: int) -> int:
        """Return how many updates have been left out because of their gradient.

        Args:
            step: how many have been done.
        Raises:
            DivergedError: ``MOST_SKIPS`` or more in a row were.
        """
        total = 0
        for updates in self._updates.values():
            own, in_a_row = updates.skipped()
            if in_a_row >= MOST_SKIPS:
                limit = self._settings.gradient_skip or float("inf")
                raise DivergedError(
                    f"the {in_a_row} gradients up to step {step - 1} were not finite or longer "
                    f"than {limit:g}; lower lr, or raise gradient_skip"
                )
            total += own
        return total

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """Yield the model as it is to be used: with averaged weights where averages are kept."""
        with ExitStack() as stack:
            for updates in self._updates.values():
                stack.enter_context(updates.averaged())
            yield self.model

    def finish(self) -> None:
        """Leave the model as it is to be used."""
        for updates in self._updates.values():
            if updates.average is not None:
                updates.average.apply()

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "updates": {name: updates.state_dict() for name, updates in self._updates.items()},
            "precision": self.precision,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state of a checkpoint; before the first update.

        Raises:
            InputError: the state is that of another model.
        """
        try:
            self.model.load_state_dict(state["model"])
            for name, updates in self._updates.items():
                updates.load_state_dict(state["updates"][name])
        except (RuntimeError, ValueError, KeyError) as error:
            raise InputError(
                f"the checkpoint is of another model: {error}; use the same model, or start anew"
            ) from error
        self.precision = state["precision"]

    def _losses(self, step: int, batch: Batch, precision: str) -> Iterator[Loss]:
        """Yield the losses of a step, each with all gradients cleared before it."""
        self.model.train()
        generator = _seeded(self._settings.seed, step, self._processes)
        losses = iter(self._task.losses(batch, step, generator))
        while True:
            self.model.zero_grad(set_to_none=True)
            with autocast(self._processes.device, precision):
                loss = next(losses, None)
            if loss is None:
                return
            yield loss

    def _try(self, step: int, batch: Batch, precision: str) -> None:
        """Compute the gradients of a step; the model stays as it is."""
        before = [buffer.clone() for buffer in self.model.buffers()]
        for loss in self._losses(step, batch, precision):
            torch.autograd.backward(loss.value)
        with torch.no_grad():
            for buffer, value in zip(self.model.buffers(), before, strict=True):
                buffer.copy_(value)

    def _set_learning_rate(self, step: int) -> float:
        settings = self._settings
        lr = settings.lr * learning_rate_factor(
            step,
            settings.steps,
            warmup_steps=settings.warmup_steps,
            final_fraction=settings.final_fraction,
        )
        for updates in self._updates.values():
            updates.set_learning_rate(lr)
        return lr


def _moved(batch: Batch, device: torch.device) -> Batch:
    """Return a batch on the device; one in pinned memory is copied while the work goes on."""
    if isinstance(batch, tuple):
        return tuple(part.to(device, non_blocking=True) for part in batch)
    return batch.to(device, non_blocking=True)


def _seeded(seed: int, step: int, processes: Processes) -> torch.Generator:
    """Return the noise of a step, and seed torch for what takes no generator, such as dropout."""
    entropy = np.random.SeedSequence([seed, step, processes.rank])
    own, shared = (int(number) for number in entropy.generate_state(2, np.uint64) >> 1)
    torch.manual_seed(shared)
    return torch.Generator(processes.device).manual_seed(own)
