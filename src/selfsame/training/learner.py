"""A model that learns: its optimisers, its precision, and one update after the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from selfsame.errors import DivergedError, InputError
from selfsame.nn.ema import WeightAverage
from selfsame.training.batches import Batch, changed
from selfsame.training.distributed import Processes
from selfsame.training.muon import Muon, matrices
from selfsame.training.precision import autocast, faster_precision
from selfsame.training.settings import TrainSettings
from selfsame.training.task import Loss, Metrics, ParameterGroup, TaskBase

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
        for_muon = matrices(self.model) if settings.optimizer == "muon" else ()
        self._updates = {
            name: Updates(groups, settings, processes, for_muon)
            for name, groups in task.optimizers().items()
        }
        self._alike = False

    def update(self, step: int, batch: Batch) -> Metrics:
        """Do step ``step``; return scalars to log of it, on the device.

        Args:
            batch: this process's share.
        """
        device = self._processes.device
        # One in pinned memory is copied while the work goes on.
        batch = changed(batch, lambda part: part.to(device, non_blocking=True))
        if not self._alike:  # not before a checkpoint is loaded
            self._processes.spread(self.model.parameters())
            self._alike = True
        self._processes.spread(self.model.buffers())
        if self.precision is None:
            self.precision = faster_precision(
                lambda precision: self._try(step, batch, precision), self._processes
            )
        self._task.begin_step(step)
        lr = self._settings.learning_rate(step)
        metrics: dict[str, torch.Tensor | float] = {}
        alone = len(self._updates) == 1
        for loss in self._losses(step, batch, self.precision):
            updates, prefix = self._updates[loss.optimizer], "" if alone else f"{loss.optimizer}_"
            torch.autograd.backward(loss.value, inputs=None if alone else updates.parameters)
            norm = updates.take(lr)
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
                if updates.average is not None:
                    stack.enter_context(updates.average.in_place())
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


class Updates:
    """AdamW on some parameters, Muon on others, with gradients clipped or left out."""

    def __init__(
        self,
        groups: Sequence[ParameterGroup],
        settings: TrainSettings,
        processes: Processes,
        for_muon: Iterable[nn.Parameter] = (),
    ) -> None:
        """
        Args:
            for_muon: parameters that are Muon's, as far as they are in the groups.
        """
        self._settings, self._processes = settings, processes
        tables = _optimizer_groups(groups, settings)
        self.parameters = [parameter for table in tables for parameter in table["params"]]
        of_muon, of_adam = _split(tables, for_muon)
        self._optimizers: dict[str, torch.optim.AdamW | Muon] = {}
        if of_adam:
            self._optimizers["optimizer"] = torch.optim.AdamW(
                of_adam, lr=settings.lr, betas=settings.betas, fused=True
            )
        if of_muon:
            self._optimizers["muon"] = Muon(of_muon, settings.lr)
        decay = settings.ema_decay
        self.average = WeightAverage(self.parameters, decay) if decay else None
        # Updates left out: all of them, and those in a row up to now.
        self._skipped = torch.zeros(2, dtype=torch.int64, device=processes.device)

    def take(self, lr: float) -> Tensor:
        """Update the parameters by the gradients they have; return the norm of these, a scalar.

        The mean of the gradients of all processes is taken, so that they stay alike. Nothing waits
        for the device: whether the update is taken is decided there.

        Args:
            lr: learning rate, before the groups' multipliers.
        """
        settings = self._settings
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = lr * group["lr_multiplier"]
        self._processes.average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, settings.gradient_clip or float("inf"))
        accepted = norm < (settings.gradient_skip or float("inf"))  # not of NaN and infinity
        left_out = (~accepted).float()
        for optimizer in self._optimizers.values():
            # As torch.amp.GradScaler tells a fused optimiser to leave an update out, on the device.
            optimizer.found_inf = left_out  # type: ignore[union-attr]
            optimizer.step()
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

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint, but for the parameters."""
        return {
            **{name: optimizer.state_dict() for name, optimizer in self._optimizers.items()},
            "average": None if self.average is None else self.average.state_dict(),
            "skipped": list(self.skipped()),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state of a checkpoint.

        Raises:
            ValueError: it is of other parameters.
        """
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state[name])
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
        for decays in (True, False):
            chosen = [p for p in group.parameters if p.requires_grad and (p.ndim > 1) == decays]
            if chosen:
                result.append(
                    {
                        "params": chosen,
                        "lr_multiplier": group.lr_multiplier,
                        "weight_decay": settings.weight_decay if decays else 0.0,
                    }
                )
    return result


def _split(
    tables: Sequence[dict[str, Any]], chosen: Iterable[nn.Parameter]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the groups of chosen parameters, and those of the others; none are empty."""
    known = {id(parameter) for parameter in chosen}
    parts: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for table in tables:
        for part, wanted in zip(parts, (True, False), strict=True):
            own = [p for p in table["params"] if (id(p) in known) == wanted]
            if own:
                part.append({**table, "params": own})
    return parts


def _seeded(seed: int, step: int, processes: Processes) -> torch.Generator:
    """Return the noise of a step, and seed torch for what takes no generator, such as dropout."""
    entropy = np.random.SeedSequence([seed, step, processes.rank])
    own, shared = (int(number) for number in entropy.generate_state(2, np.uint64) >> 1)
    torch.manual_seed(shared)
    return torch.Generator(processes.device).manual_seed(own)
