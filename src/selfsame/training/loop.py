"""The training loop: any model, any loss, one process or many, stopped and resumed at will.

Step t is a pure function of the weights, the seed and t: its batch and its noise are drawn from
(seed, t), not from a stream that has a position. A resumed training therefore repeats exactly what
an uninterrupted one does.
"""

import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from selfsame.checked import Checked
from selfsame.io.files import make_folder, remove_unfinished
from selfsame.run.progress import Progress
from selfsame.training.batches import Batches, prepared_batches
from selfsame.training.checkpoint import (
    check_same,
    latest_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)
from selfsame.training.distributed import Processes, join_processes
from selfsame.training.interruption import caught_signals
from selfsame.training.learner import Learner
from selfsame.training.logs import TrainingLog
from selfsame.training.settings import TrainSettings
from selfsame.training.task import Metrics, TaskBase, joint_means

CHECKPOINTS = "checkpoints"

AGREE_EVERY = 10
"""Steps after which several processes tell each other of signals: each time they wait for each
other."""


@dataclass(frozen=True)
class TrainResult:
    """How a training ended.

    Attributes:
        step: updates done.
        finished: whether these are all.
        stopped_by: ``SIGTERM`` or ``SIGINT`` if a signal ended it, or came while it ended.
        metrics: the newest logged values.
        validation: the newest values of ``validate``.
        skipped: updates left out because of their gradient.
        precision: that the losses were computed in; None before the first update.
        seconds: spent on these steps, by earlier calls as well.
        notes: what a person should know (damaged checkpoints), a sentence each.
    """

    step: int
    finished: bool
    stopped_by: str | None
    metrics: dict[str, float]
    validation: dict[str, float]
    skipped: int
    precision: str | None
    seconds: float
    notes: tuple[str, ...] = ()


def train(
    task: TaskBase,
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
    Ctrl-C ends it at once. Under ``torchrun`` every process calls this function, and a signal ends
    all of them within ``AGREE_EVERY`` steps.

    Args:
        data: see ``selfsame.training.batches``.
        folder: gets ``log.jsonl``, ``checkpoints`` and, with tensorboardX, ``tensorboard``.
        config: what else the result depends on (model, data), settings or ready for JSON; a resumed
            training must have the same.
        resume: go on from the newest checkpoint in ``folder``; otherwise all of them are deleted.
        progress: of steps; its label has the newest logged values.
        stop_after: stop after so many steps of this call, with a checkpoint.
    Raises:
        InputError: the folder holds a training with other settings or cannot be written, no such
            device, or a batch that the processes cannot share.
        DivergedError: too many updates in a row had to be left out.
    """
    with (
        join_processes(settings.device) as processes,
        _own_torch_state(processes.device),
        caught_signals() as caught,
    ):
        run = _Run(task, data, settings, Path(folder), config or {}, processes)
        run.begin(resume)
        try:
            run.go(caught, progress, stop_after)
        finally:
            run.close()
        run.learner.finish()
        if run.stopped_by is None and caught:  # since the last step: not to be lost on the caller
            run.stopped_by = caught[0].name
    return TrainResult(
        step=run.step,
        finished=run.step == settings.steps,
        stopped_by=run.stopped_by,
        metrics=run.metrics,
        validation=run.validation,
        skipped=run.skipped,
        precision=run.learner.precision,
        seconds=run.seconds,
        notes=tuple(run.notes),
    )


class _Run:
    """A training in progress."""

    def __init__(
        self,
        task: TaskBase,
        data: Batches,
        settings: TrainSettings,
        folder: Path,
        config: Mapping[str, Any],
        processes: Processes,
    ) -> None:
        self.task, self.data, self.settings = task, data, settings
        self.folder, self.processes = folder, processes
        self.tables = {name: part for name, part in config.items() if isinstance(part, Checked)}
        shown = {name: table.as_dict() for name, table in self.tables.items()}
        self.identity = {"settings": settings.identity(), "config": {**config, **shown}}
        self.indices = processes.share(settings.batch)
        self.learner = Learner(task, settings, processes)
        self.step, self.skipped, self.seconds = 0, 0, 0.0
        self.metrics: dict[str, float] = {}
        self.validation: dict[str, float] = {}
        self.stopped_by: str | None = None
        self.notes: list[str] = []
        self.log: TrainingLog | None = None

    def begin(self, resume: bool) -> None:
        """Load the newest checkpoint, if any, and open the log."""
        checkpoints = self.folder / CHECKPOINTS
        if self.processes.leads:
            make_folder(self.folder, "a training needs a folder")
            if not resume:
                remove_checkpoints(checkpoints)
            remove_unfinished(checkpoints)
        self.processes.wait()
        state = latest_checkpoint(checkpoints, self.notes.append)
        if state is not None:
            check_same(self._completed(state["identity"]), self.identity, self.folder)
            self.step, self.seconds = state["step"], state["seconds"]
            self.metrics, self.validation = state["metrics"], state["validation"]
            self.learner.load_state_dict(state["learner"])
            self.skipped = self.learner.skipped(self.step)
        if self.processes.leads:
            self.log = TrainingLog(self.folder, after=self.step if state else -1)
            about = {
                "torch": torch.__version__,
                "device": str(self.processes.device),
                "processes": self.processes.ranks,
                "notes": self.notes,
            }
            values = {**about, **self.identity, "settings": self.settings.as_dict()}
            self.log.write("start", self.step, values)

    def _completed(self, before: dict[str, Any]) -> dict[str, Any]:
        """Return the identity of a checkpoint with the settings that an earlier version did not
        know of, which were as they are by default."""
        config = before["config"]
        known = {
            name: type(table)().as_dict() | config[name]
            for name, table in self.tables.items()
            if isinstance(config.get(name), dict)
        }
        return {
            "settings": TrainSettings().identity() | before["settings"],
            "config": config | known,
        }

    def go(
        self, caught: list[signal.Signals], progress: Progress | None, stop_after: int | None
    ) -> None:
        """Train to the end, a signal or ``stop_after`` steps."""
        settings, means = self.settings, _LogMeans()
        last = settings.steps
        if stop_after is not None:
            last = min(last, self.step + stop_after)
        since = time.perf_counter()
        begun = since - self.seconds
        with prepared_batches(
            self.data,
            settings.seed,
            range(self.step, last),
            self.indices,
            settings.workers,
            pinned=self.processes.device.type == "cuda",
        ) as batches:
            for batch in batches:
                means.add(self.learner.update(self.step, batch))
                self.step += 1
                if self._due(settings.log_every):
                    now = time.perf_counter()
                    rate = means.steps / (now - since)
                    self._log(means.take(self.processes), rate)
                    since = now
                if self._due(settings.validate_every):
                    self._validate()
                self._look_for_signals(caught)
                stop = self.stopped_by is not None or self.step == last
                self.seconds = time.perf_counter() - begun
                if stop or self._due(settings.checkpoint_every):
                    self._save()
                if progress is not None:
                    newest = (f"{name} {value:.4g}" for name, value in self.metrics.items())
                    progress(self.step, settings.steps, ", ".join(newest))
                if stop:
                    break

    def close(self) -> None:
        """Close the log."""
        if self.log is not None:
            self.log.close()

    def _due(self, every: int) -> bool:
        """Return whether what is done every so many steps, and at the end, is due."""
        return self.step == self.settings.steps or (every > 0 and self.step % every == 0)

    def _look_for_signals(self, caught: list[signal.Signals]) -> None:
        """Note a signal; all processes must stop at the same step, whichever got it first."""
        if self.processes.ranks == 1 or self.step % AGREE_EVERY == 0:
            number = self.processes.largest(caught[0] if caught else 0)
            if number:
                self.stopped_by = signal.Signals(number).name

    def _log(self, means: dict[str, float], rate: float) -> None:
        self.metrics, self.skipped = means, self.learner.skipped(self.step)
        if self.log is not None:
            values = {
                **means,
                "skipped": self.skipped,
                "precision": self.learner.precision,
                "steps_per_second": rate,
            }
            self.log.write("train", self.step, values)

    def _validate(self) -> None:
        """Measure the model, each process on its own samples."""
        with self.learner.averaged() as model, torch.no_grad():
            shard = slice(self.processes.rank, None, self.processes.ranks)
            means = self.task.validate(model.eval(), shard)
        self.validation = joint_means(self.processes.gathered(means))
        if self.log is not None and self.validation:
            self.log.write("validation", self.step, self.validation)

    def _save(self) -> None:
        if self.processes.leads:
            state = {
                "identity": self.identity,
                "learner": self.learner.state_dict(),
                "metrics": self.metrics,
                "validation": self.validation,
                "seconds": self.seconds,
            }
            save_checkpoint(self.folder / CHECKPOINTS, self.step, state, keep=self.settings.keep)
        self.processes.wait()


@dataclass
class _LogMeans:
    """Means of metrics since the last line of the log, each over the steps that have it; nothing
    leaves the device before."""

    sums: dict[str, torch.Tensor] = field(default_factory=dict)
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, metrics: Metrics) -> None:
        for name, value in metrics.items():
            detached = torch.as_tensor(value).detach().float()
            self.sums[name] = self.sums[name] + detached if name in self.sums else detached
        self.counts.update(metrics.keys())
        self.steps += 1

    def take(self, processes: Processes) -> dict[str, float]:
        """Return the means over steps and processes, and start anew."""
        sums = self.sums.items()
        each = [value.to(processes.device) / self.counts[name] for name, value in sums]
        means = dict(zip(self.sums, processes.mean(torch.stack(each)).tolist(), strict=True))
        self.sums, self.steps, self.counts = {}, 0, Counter()
        return means


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
