import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from selfsame.errors import InputError
from selfsame.training import train
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.distributed import Processes
from selfsame.training.logs import read_log
from support import SUPPORT
from support.toy_task import SETTINGS, ToyData, ToyTask

SCRIPT = str(SUPPORT / "toy_task.py")


def start(folder: Path, pause: str, noise: str) -> list["subprocess.Popen[str]"]:
    """Start the toy in two processes as ``torchrun`` would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(folder), pause, noise],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def finish(processes: list["subprocess.Popen[str]"]) -> list[list[str]]:
    """Return the words that each printed."""
    try:
        texts = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0]
    return [text.split() for text in texts]


@pytest.mark.slow
def test_two_processes_train_what_one_does_with_the_joint_batch(tmp_path) -> None:
    two, one = tmp_path / "two", tmp_path / "one"
    first, second = finish(start(two, "0", "0"))
    assert first[:2] == ["None", "40"]
    assert first == second  # the sum of all weights, to the last digit, in both processes
    train(ToyTask(noise=0, dropout=0), ToyData(), SETTINGS, one)
    states = [load_checkpoint(checkpoints(f / "checkpoints")[0][1])["learner"] for f in (one, two)]
    for name, value in states[0]["model"].items():
        torch.testing.assert_close(states[1]["model"][name], value, atol=1e-5, rtol=1e-4)
    measured = [[x for x in read_log(f) if x["kind"] == "validation"] for f in (one, two)]
    assert len(measured[1]) == 2
    for alone, both in zip(*measured, strict=True):
        assert both["sample"] == alone["sample"] == 4.5  # half of the samples each
        assert both["sum"] == pytest.approx(alone["sum"], abs=1e-4)
    losses = [[x["loss"] for x in read_log(f) if x["kind"] == "train"] for f in (one, two)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.slow
def test_a_signal_to_one_process_stops_all_at_the_same_step(tmp_path) -> None:
    processes = start(tmp_path, "0.03", "0.1")
    until = time.monotonic() + 120
    while not checkpoints(tmp_path / "checkpoints"):
        assert time.monotonic() < until
        time.sleep(0.01)
    processes[1].send_signal(signal.SIGTERM)
    first, second = finish(processes)
    assert first == second
    assert first[0] == "SIGTERM"
    assert checkpoints(tmp_path / "checkpoints")[0][0] == int(first[1]) < SETTINGS.steps


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    processes = Processes(1, 3, torch.device("cpu"))
    assert processes.share(12) == range(4, 8)
    with pytest.raises(InputError, match="multiple of the 3 processes: got 10"):
        processes.share(10)


def test_more_processes_than_cuda_devices_are_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="process 1 of this machine needs a CUDA device"):
        train(ToyTask(), ToyData(), replace(SETTINGS, device="cuda"), tmp_path)
