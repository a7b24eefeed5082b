import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.logs import read_log
from support import SUPPORT
from support.toy_task import SETTINGS

SCRIPT = str(SUPPORT / "toy_task.py")
NOISE = "0.1"
PATIENCE_SECONDS = 120.0


def start(folder: Path, pause: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, SCRIPT, str(folder), str(pause), NOISE],
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_checkpoint(process: "subprocess.Popen[str]", folder: Path, step: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(found >= step for found, _ in checkpoints(folder / "checkpoints")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def final_state(folder: Path) -> dict:
    ((step, path), *_) = checkpoints(folder / "checkpoints")
    assert step == SETTINGS.steps
    return load_checkpoint(path)["learner"]


@pytest.mark.slow
def test_a_killed_training_goes_on_as_if_nothing_had_been(tmp_path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted = start(whole, 0)

    process = start(killed, 0.02)
    wait_for_checkpoint(process, killed, 10)
    time.sleep(0.03)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert checkpoints(killed / "checkpoints")[0][0] < SETTINGS.steps

    process = start(killed, 0.02)
    wait_for_checkpoint(process, killed, 20)
    os.kill(process.pid, signal.SIGTERM)
    text = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0
    step = checkpoints(killed / "checkpoints")[0][0]
    assert text.startswith(f"SIGTERM {step} ")
    assert 20 <= step < SETTINGS.steps

    texts = [p.communicate(timeout=PATIENCE_SECONDS)[0] for p in (start(killed, 0), uninterrupted)]
    assert texts[0] == texts[1]
    assert texts[0].startswith("None 40 ")
    one, other = final_state(whole), final_state(killed)
    for name, value in one["model"].items():
        assert torch.equal(value, other["model"][name]), name
    averages = [s["updates"]["model"]["average"]["values"] for s in (one, other)]
    assert all(torch.equal(a, b) for a, b in zip(*averages, strict=True))
    steps = [line["step"] for line in read_log(killed) if line["kind"] == "train"]
    assert steps == [10, 20, 30, 40]
