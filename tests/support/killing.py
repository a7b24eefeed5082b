"""A training killed in the middle, and a Dask cluster on this machine whose workers are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

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


@contextmanager
def local_cluster(workers: int) -> Iterator[Any]:
    """Yield a cluster of so many processes of one thread; the test is skipped without Dask."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=":0",
        host="127.0.0.1",
        silence_logs="ERROR",
    ) as started:
        yield started


def kill_one(cluster: Any) -> int:
    """Kill a worker of a cluster, and return its process."""
    pid: int = next(iter(cluster.workers.values())).pid
    os.kill(pid, signal.SIGKILL)
    return pid
