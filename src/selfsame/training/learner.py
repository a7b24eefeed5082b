"""A model that learns: its optimiser, the average of its weights, and one update of both."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from selfsame.errors import DivergedError, InputError
from selfsame.nn.ema import WeightAverage
from selfsame.training.batches import Batch
from selfsame.training.distributed import Processes
from selfsame.training.schedule import learning_rate_factor
from selfsame.training.settings import TrainSettings
from selfsame.training.task import LossModule, Metrics, Task, optimizer_groups

MOST_SKIPS = 100
"""So many updates left out in a row mean that the training will not recover."""


class Learner:
    """The part of a training that a checkpoint holds.

    Attributes:
        model: with the newest weights.
        skipped: updates left out because of their gradient.
    """

    def __init__(self, task: Task, settings: TrainSettings, processes: Processes) -> None:
        self._task, self._settings, self._processes = task, settings, processes
        self.model = task.model.to(processes.device)
        groups = optimizer_groups(task, settings)
        self._optimizer = torch.optim.AdamW(
            groups, lr=settings.lr, betas=settings.betas, fused=True
        )
        self._trained = [parameter for group in groups for parameter in group["params"]]
        decay = settings.ema_decay
        self._average = WeightAverage(self.model, decay) if decay else None
        self._half = _computes_in_half(settings.precision, processes.device)
        self.skipped = 0
        self._skipped_in_a_row = 0
        self._loss: nn.Module | None = None

    @property
    def best(self) -> nn.Module:
        """The model to be used: with averaged weights where an average is kept."""
        return self._average.model if self._average is not None else self.model

    def update(self, step: int, batch: Batch) -> Metrics:
        """Do step ``step``; return scalars to log of it, on the device.

        Args:
            batch: this process's share.
        Raises:
            DivergedError: ``MOST_SKIPS`` updates in a row had to be left out.
        """
        settings = self._settings
        if self._loss is None:
            # Not before a checkpoint is loaded: wrapping gives all processes the weights of one.
            self._loss = self._processes.wrap(LossModule(self._task))
        begin_step = getattr(self._task, "begin_step", None)
        if begin_step is not None:
            begin_step(step)
        lr = self._set_learning_rate(step)
        self.model.train()
        self.model.zero_grad(set_to_none=True)
        device = self._processes.device
        generator = _seeded(settings.seed, step, self._processes)
        with torch.autocast(device.type, torch.bfloat16, enabled=self._half):
            loss, metrics = self._loss(_moved(batch, device), generator)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._trained, settings.gradient_clip or float("inf"))
        if self._accepts(float(norm), step):
            self._optimizer.step()
            if self._average is not None:
                self._average.update(self.model)
        return {"loss": loss, **metrics, "gradient_norm": norm, "lr": lr}

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "skipped": self.skipped,
            "skipped_in_a_row": self._skipped_in_a_row,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state of a checkpoint; before the first update.

        Raises:
            InputError: the state is that of another model.
        """
        try:
            self.model.load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"the checkpoint is of another model: {error}; use the same model, or start anew"
            ) from error
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self.skipped = state["skipped"]
        self._skipped_in_a_row = state["skipped_in_a_row"]

    def _set_learning_rate(self, step: int) -> float:
        settings = self._settings
        lr = settings.lr * learning_rate_factor(
            step,
            settings.steps,
            warmup_steps=settings.warmup_steps,
            final_fraction=settings.final_fraction,
        )
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group["lr_multiplier"]
        return lr

    def _accepts(self, norm: float, step: int) -> bool:
        """Return whether the update is done; the same in all processes, as the norm is."""
        limit = self._settings.gradient_skip or float("inf")
        if norm < limit:  # false for NaN and infinity as well
            self._skipped_in_a_row = 0
            return True
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row >= MOST_SKIPS:
            raise DivergedError(
                f"the {MOST_SKIPS} gradients up to step {step} were not finite or longer than "
                f"{limit:g}; lower lr, or raise gradient_skip"
            )
        return False


def _moved(batch: Batch, device: torch.device) -> Batch:
    if isinstance(batch, tuple):
        return tuple(part.to(device) for part in batch)
    return batch.to(device)


def _seeded(seed: int, step: int, processes: Processes) -> torch.Generator:
    """Return the noise of a step, and seed torch for what takes no generator, such as dropout."""
    entropy = np.random.SeedSequence([seed, step, processes.rank])
    own, shared = (int(number) for number in entropy.generate_state(2, np.uint64) >> 1)
    torch.manual_seed(shared)
    return torch.Generator(processes.device).manual_seed(own)


def _computes_in_half(precision: str, device: torch.device) -> bool:
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return precision == "bfloat16"
