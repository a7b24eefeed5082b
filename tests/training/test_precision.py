"""In which precision losses are computed, and how it is chosen."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from selfsame.training import Task, train
from selfsame.training import precision as module
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.distributed import Processes
from selfsame.training.logs import read_log
from selfsame.training.precision import faster_precision
from support.toy_task import SETTINGS, ToyData, ToyTask


class Watching(ToyTask):
    """Notes in what its model computes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.dtype] = []

    def loss(self, batch, step, generator):
        loss, metrics = super().loss(batch, step, generator)
        self.seen.append(self.model(batch).dtype)
        return loss, {**metrics, "plain": 1.5}


def force(monkeypatch, choice: str) -> None:
    """Let the clock say that a precision is the faster one."""
    times = iter(2 * [1.0, 0.5 if choice == "bfloat16" else 1.0] * (1 + module.TRIALS))
    original = module.seconds_of

    def seconds_of(work, device) -> float:
        original(work, device)
        return next(times)

    monkeypatch.setattr(module, "seconds_of", seconds_of)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_losses_are_computed_as_asked_and_weights_stay_in_float32(tmp_path, precision) -> None:
    task = Watching()
    result = train(task, ToyData(), replace(SETTINGS, steps=2, precision=precision), tmp_path)
    assert task.seen == [getattr(torch, precision)] * 2
    assert {value.dtype for value in task.model.state_dict().values()} == {torch.float32}
    assert (result.precision, result.metrics["plain"]) == (precision, 1.5)


def test_float32_is_the_default() -> None:
    assert SETTINGS.precision == "float32"  # a seed then gives the same bytes, whatever the clock


@pytest.mark.parametrize("choice", ["float32", "bfloat16"])
def test_the_faster_one_is_chosen_once_and_kept(tmp_path, monkeypatch, choice) -> None:
    settings = replace(SETTINGS, precision="auto")
    force(monkeypatch, choice)
    task = Watching()
    result = train(task, ToyData(), settings, tmp_path, stop_after=3)
    trials = 2 * (1 + module.TRIALS)
    assert task.seen[:trials] == [torch.float32, torch.bfloat16] * (trials // 2)
    assert task.seen[trials:] == [getattr(torch, choice)] * 3
    assert result.precision == choice
    state = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0][1])
    assert state["learner"]["precision"] == choice
    # Whatever the clock says now.
    force(monkeypatch, "float32" if choice == "bfloat16" else "bfloat16")
    again = Watching()
    train(again, ToyData(), settings, tmp_path, stop_after=2)
    assert again.seen == [getattr(torch, choice)] * 2
    assert read_log(tmp_path)[-1]["kind"] == "start"


@pytest.mark.parametrize("choice", ["float32", "bfloat16"])
def test_timing_leaves_no_trace(tmp_path, monkeypatch, choice) -> None:
    """Batch norms and noise included: the weights are those of a training told its precision."""

    class Normed(Task):
        def __init__(self) -> None:
            torch.manual_seed(0)
            self.model = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Dropout(0.3))

        def loss(self, batch, step, generator):
            noisy = batch + torch.randn(batch.shape, generator=generator)
            return self.model(noisy).square().mean(), {}

    force(monkeypatch, choice)
    timed, told = Normed(), Normed()
    train(timed, ToyData(), replace(SETTINGS, steps=4, precision="auto"), tmp_path / "timed")
    train(told, ToyData(), replace(SETTINGS, steps=4, precision=choice), tmp_path / "told")
    for name, value in timed.model.state_dict().items():
        assert torch.equal(value, told.model.state_dict()[name]), name


@pytest.mark.parametrize(("ratio", "choice"), [(0.5, "bfloat16"), (0.95, "float32")])
def test_bfloat16_must_be_worth_it(monkeypatch, ratio, choice) -> None:
    clock = [0.0]

    def trial(precision: str) -> None:
        clock[0] += ratio if precision == "bfloat16" else 1.0

    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    assert faster_precision(trial, Processes(0, 1, torch.device("cpu"))) == choice


def test_batches_for_cuda_are_pinned_and_others_are_not(monkeypatch) -> None:
    from selfsame.training.batches import prepared_batches

    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(1) or self)
    for workers in (0, 1):
        for wanted in (False, True):
            pinned.clear()
            with prepared_batches(
                ToyData(), 0, range(3), range(2), workers, pinned=wanted
            ) as batches:
                assert len(list(batches)) == 3
            assert len(pinned) == 3 * wanted
