"""A training that is killed in the middle."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from selfsame.training.checkpoint import checkpoints

PATIENCE_SECONDS = 300.0


def kill_training(words: Sequence[object], folder: Path, steps: int) -> None:
    """Run ``selfsame train`` in a process and kill it once it has done 5 of its steps.

    Args:
        words: of the command, after ``train``.
        folder: of the training; it has a checkpoint for every step.
    """
    process = subprocess.Popen([sys.executable, "-m", "selfsame", "train", *map(str, words)])
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(step >= 5 for step, _ in checkpoints(folder / "checkpoints")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert 5 <= checkpoints(folder / "checkpoints")[0][0] < steps
