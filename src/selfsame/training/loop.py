"""The training loop: any model, any loss, one process or many, stopped and resumed at will.

Step t is a pure function of the weights, the seed and t: its batch and its noise are drawn from
(seed, t), not from a stream that has a position. A resumed training therefore repeats exactly what
an uninterrupted one does.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from selfsame.errors import DivergedError
from selfsame.files import make_folder
from selfsame.training.batches import Batches, prepared_batches
from selfsame.training.checkpoint import (
    check_same,
    latest_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)
from selfsame.training.distributed import Processes, join_processes
from selfsame.training.ema import WeightAverage
from selfsame.training.logs import TrainingLog
from selfsame.training.schedule import learning_rate_factor
from selfsame.training.settings import TrainSettings

CHECKPOINTS = "checkpoints"
MOST_SKIPS = 100
"""So many updates left out in a row mean that the training will not recover."""

Metrics = dict[str, torch.Tensor]
Progress = Callable[[int, Mapping[str, float]], None]


class Task(Protocol):
    """What is trained: a model and its loss.

    Two more methods are used where a task has them: ``validate(model) -> dict[str, float]``
    measures the model it is given, in evaluation mode, and ``parameter_groups() ->
    list[ParameterGroup]`` gives parts of the model settings of their own.
    """

    model: nn.Module

    def loss(self, batch: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, Metrics]:
        """Return the loss of a batch, a scalar, and scalars to log.

        Args:
            batch: what the data gave, on the device.
            generator: for all noise of the step, on the device.
        """
        ...


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with a learning rate and weight decay of their own.

    Attributes:
        parameters: no two groups share one.
        lr_multiplier: factor on the learning rate.
        weight_decay: None: as ``TrainSettings`` says.
    """

    parameters: Sequence[nn.Parameter]
    lr_multiplier: float = 1.0
    weight_decay: float | None = None


@dataclass(frozen=True)
class TrainResult:
    """How a training ended.

    Attributes:
        step: updates done.
        finished: whether these are all.
        stopped_by: ``SIGTERM`` or ``SIGINT`` if a signal ended it.
        metrics: the newest logged values.
        validation: the newest values of ``validate``.
        skipped: updates left out because of their gradient.
        seconds: of this call.
        notes: what a person should know (damaged checkpoints), a sentence each.
    """

    step: int
    finished: bool
    stopped_by: str | None
    metrics: dict[str, float]
    validation: dict[str, float]
    skipped: int
    seconds: float
    notes: tuple[str, ...] = ()


def train(
    task: Task,
    data: Batches,
    settings: TrainSettings,
    folder: Path,
    *,
    config: Mapping[str, Any] | None = None,
    resume: bool = True,
    progress: Progress | None = None,
    stop_after: int | None = None,
) -> TrainResult:
    """Train ``task.model`` and return how it went; the model then holds the averaged weights.

    SIGTERM and Ctrl-C end the training after the step in progress, with a checkpoint; a second
    Ctrl-C ends it at once. Under ``torchrun`` every process calls this function.

    Args:
        data: see ``selfsame.training.batches``.
        folder: gets ``log.jsonl``, ``checkpoints`` and, with TensorBoard, ``tensorboard``.
        config: what else the result depends on (model, data), ready for JSON; a resumed training
            must have the same.
        resume: go on from the newest checkpoint in ``folder``; otherwise all of them are deleted.
        progress: called after every step with the steps done and the newest logged values.
        stop_after: stop after so many steps of this call, with a checkpoint.
    Raises:
        InputError: the folder holds a training with other settings or cannot be written, or no
            such device.
        DivergedError: ``MOST_SKIPS`` updates in a row had to be left out.
    """
    with join_processes(settings.device) as processes, _own_torch_state(processes.device):
        run = _Run(task, data, settings, Path(folder), config or {}, processes)
        run.begin(resume)
        with closing(run), _signals() as caught:
            return run.go(caught, progress or (lambda done, values: None), stop_after)


class _Loss(nn.Module):
    """The loss as a module, so that it can be wrapped for several processes."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.model = task.model
        self._loss = task.loss

    def forward(
        self, batch: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, Metrics]:
        return self._loss(batch, generator)


@dataclass
class _Means:
    """Means of metrics since the last line of the log; nothing leaves the device before."""

    sums: Metrics = field(default_factory=dict)
    steps: int = 0

    def add(self, metrics: Metrics) -> None:
        for name, value in metrics.items():
            value = torch.as_tensor(value).detach().float()
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.steps += 1

    def take(self, processes: Processes) -> dict[str, float]:
        """Return the means over steps and processes, and start anew."""
        device = processes.device
        stacked = torch.stack([value.to(device) for value in self.sums.values()]) / self.steps
        values = processes.mean(stacked).tolist()
        names, self.sums, self.steps = list(self.sums), {}, 0
        return dict(zip(names, values, strict=True))


class _Run:
    """A training in progress."""

    def __init__(
        self,
        task: Task,
        data: Batches,
        settings: TrainSettings,
        folder: Path,
        config: Mapping[str, Any],
        processes: Processes,
    ) -> None:
        self.task, self.data, self.settings, self.folder = task, data, settings, folder
        self.identity = {"settings": settings.identity(), "config": dict(config)}
        self.processes = processes
        self.indices = processes.share(settings.batch)
        self.model = task.model.to(processes.device)
        self.optimizer = torch.optim.AdamW(
            _optimizer_groups(task, settings), lr=settings.lr, betas=settings.betas
        )
        self.average = WeightAverage(self.model, settings.ema_decay) if settings.ema_decay else None
        self.step = self.skipped = self.skipped_in_a_row = 0
        self.metrics: dict[str, float] = {}
        self.validation: dict[str, float] = {}
        self.notes: list[str] = []
        self.log: TrainingLog | None = None

    def begin(self, resume: bool) -> None:
        """Load the newest checkpoint, if any, and open the log."""
        checkpoints = self.folder / CHECKPOINTS
        if self.processes.leads:
            make_folder(self.folder, "a training needs a folder")
            if not resume:
                remove_checkpoints(checkpoints)
        self.processes.wait()
        state = latest_checkpoint(checkpoints, self.notes.append)
        if state is not None:
            check_same(state["identity"], self.identity, self.folder)
            self._load(state)
        # Only now: wrapping shares the weights of process 0 with the others.
        self.loss = self.processes.wrap(_Loss(self.task))
        if self.processes.leads:
            self.log = TrainingLog(self.folder, after=self.step if state else -1)
            values = {"torch": torch.__version__, "device": str(self.processes.device)}
            about = {**values, "processes": self.processes.ranks, **self.identity}
            self.log.write("start", self.step, {**about, "notes": self.notes})

    def go(self, caught: list[str], progress: Progress, stop_after: int | None) -> TrainResult:
        """Train to the end, a signal or ``stop_after`` steps."""
        settings, means = self.settings, _Means()
        last = settings.steps
        if stop_after is not None:
            last = min(last, self.step + stop_after)
        start = since = time.perf_counter()
        with prepared_batches(
            self.data, settings.seed, range(self.step, last), self.indices, settings.workers
        ) as batches:
            for batch in batches:
                means.add(self._update(batch))
                self.step += 1
                if self._due(settings.log_every):
                    now = time.perf_counter()
                    rate = means.steps / (now - since)
                    self._log(means.take(self.processes), rate)
                    since = now
                if self._due(settings.validate_every):
                    self._validate()
                stop = self.processes.largest(bool(caught)) or self.step == last
                if stop or self._due(settings.checkpoint_every):
                    self._save()
                progress(self.step, self.metrics)
                if stop:
                    break
        if self.average is not None:
            self.model.load_state_dict(self.average.model.state_dict())
        return TrainResult(
            step=self.step,
            finished=self.step == settings.steps,
            stopped_by=caught[0] if caught else None,
            metrics=self.metrics,
            validation=self.validation,
            skipped=self.skipped,
            seconds=time.perf_counter() - start,
            notes=tuple(self.notes),
        )

    def close(self) -> None:
        if self.log is not None:
            self.log.close()

    def _due(self, every: int) -> bool:
        """Return whether something done every so many steps, and at the end, is due."""
        return self.step == self.settings.steps or (every > 0 and self.step % every == 0)

    def _update(self, batch: torch.Tensor) -> Metrics:
        """Do one step; return what to log of it."""
        settings, device = self.settings, self.processes.device
        entropy = np.random.SeedSequence([settings.seed, self.step, self.processes.rank])
        noise_seed, torch_seed = (int(n) for n in entropy.generate_state(2, np.uint64) >> 1)
        generator = torch.Generator(device).manual_seed(noise_seed)
        torch.manual_seed(torch_seed)  # for what takes no generator, such as dropout
        factor = learning_rate_factor(
            self.step,
            settings.steps,
            warmup_steps=settings.warmup_steps,
            final_fraction=settings.final_fraction,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = settings.lr * factor * group["lr_multiplier"]
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=_half(settings, device)):
            loss, metrics = self.loss(batch.to(device, non_blocking=True), generator)
        loss.backward()
        longest = settings.gradient_clip if settings.gradient_clip is not None else float("inf")
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), longest)
        length = float(norm)
        limit = settings.gradient_skip if settings.gradient_skip is not None else float("inf")
        # Not "length > limit": NaN has to be left out too. Equal in all processes, as norm is.
        if length < limit:
            self.optimizer.step()
            if self.average is not None:
                self.average.update(self.model)
            self.skipped_in_a_row = 0
        else:
            self.skipped += 1
            self.skipped_in_a_row += 1
            if self.skipped_in_a_row >= MOST_SKIPS:
                raise DivergedError(
                    f"the last {MOST_SKIPS} gradients were not finite or longer than "
                    f"{limit:g} (step {self.step}); lower lr, or raise gradient_skip"
                )
        lr = torch.tensor(settings.lr * factor)
        return {"loss": loss, **metrics, "gradient_norm": norm, "lr": lr}

    def _log(self, means: dict[str, float], rate: float) -> None:
        self.metrics = means
        if self.log is not None:
            values = {**means, "skipped": self.skipped, "steps_per_second": rate}
            self.log.write("train", self.step, values)

    def _validate(self) -> None:
        """Measure the averaged weights, in the first process only."""
        validate = getattr(self.task, "validate", None)
        if validate is not None and self.log is not None:
            model = self.average.model if self.average is not None else self.model.eval()
            with torch.no_grad():
                self.validation = dict(validate(model))
            self.log.write("validation", self.step, self.validation)
        self.processes.wait()

    def _save(self) -> None:
        if self.processes.leads:
            state = {
                "identity": self.identity,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": None if self.average is None else self.average.state_dict(),
                "skipped": [self.skipped, self.skipped_in_a_row],
                "validation": self.validation,
            }
            save_checkpoint(self.folder / CHECKPOINTS, self.step, state, keep=self.settings.keep)
        self.processes.wait()

    def _load(self, state: Mapping[str, Any]) -> None:
        self.step = state["step"]
        self.skipped, self.skipped_in_a_row = state["skipped"]
        self.validation = state["validation"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])


def _optimizer_groups(task: Task, settings: TrainSettings) -> list[dict[str, Any]]:
    """Return AdamW's groups; parameters of one dimension (biases, gains) do not decay."""
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


def _half(settings: TrainSettings, device: torch.device) -> bool:
    """Return whether the loss is computed in bfloat16."""
    if settings.precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return settings.precision == "bfloat16"


@contextmanager
def _own_torch_state(device: torch.device) -> Iterator[None]:
    """Keep the caller's random state and cuDNN's choices; choose algorithms that repeat."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


@contextmanager
def _signals() -> Iterator[list[str]]:
    """Yield a list that gets the name of a caught SIGTERM or SIGINT; the next one ends at once."""
    caught: list[str] = []
    before: dict[signal.Signals, Any] = {}

    def catch(number: int, frame: FrameType | None) -> None:
        caught.append(signal.Signals(number).name)
        for each, handler in before.items():
            signal.signal(each, handler)

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, catch)
    except ValueError:  # only the main thread may; elsewhere signals are the caller's
        pass
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
