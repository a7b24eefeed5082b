"""A Dask cluster on this machine."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


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
