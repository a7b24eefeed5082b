"""Data sets of fractals made by the workers of a Dask cluster."""

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from selfsame.errors import InputError, MissingExtraError
from selfsame.fractals.files.cluster import run_on_cluster
from selfsame.fractals.files.layout import Layout
from selfsame.fractals.files.write import write_dataset
from selfsame.run.processes import WorkerDiedError
from support.small_recipe import noise

LAYOUT = Layout("webdataset", (0.6, 0.2, 0.2), 2)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def fail(number: int) -> int:
    raise LookupError(number)


def double(number: int) -> int:
    return 2 * number


def die(_: int) -> None:
    os._exit(7)


@pytest.fixture(scope="module")
def cluster() -> Any:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        host="127.0.0.1",
        silence_logs="ERROR",
    ) as started:
        yield started


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_worker_killed_midway_costs_nothing(tmp_path, cluster) -> None:
    killed = []

    def kill(done: int) -> None:
        if done and not killed:
            pids = [worker.pid for worker in cluster.workers.values()]
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    recipe = noise(pause=0.05)
    address = cluster.scheduler_address
    written = write_dataset(recipe, tmp_path / "out", LAYOUT, scheduler=address, progress=kill)
    assert killed
    assert (written.made, written.kept) == (30, 0)
    write_dataset(noise(), tmp_path / "here", LAYOUT, jobs=1)
    assert tree(tmp_path / "out") == tree(tmp_path / "here")


@pytest.mark.slow
def test_a_cluster_is_like_processes(cluster, monkeypatch) -> None:
    found = dict(run_on_cluster(double, range(9), cluster.scheduler_address))
    assert found == {n: 2 * n for n in range(9)}
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)  # else four have to die
    ((task, result),) = run_on_cluster(die, [5], cluster.scheduler_address)
    assert task == 5
    assert isinstance(result, WorkerDiedError)
    with pytest.raises(LookupError, match="1"):
        list(run_on_cluster(fail, [1], cluster.scheduler_address))
    assert list(run_on_cluster(fail, [], cluster.scheduler_address)) == []


def test_no_scheduler_is_an_error(monkeypatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("selfsame.fractals.files.cluster._TIMEOUT", "0.2s")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but nobody listens
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
            list(run_on_cluster(fail, [1], address))
    with pytest.raises(InputError, match="no Dask scheduler answers at nonsense://"):
        list(run_on_cluster(fail, [1], "nonsense://here"))


def test_dask_is_an_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'selfsame\[cluster\]'"):
        list(run_on_cluster(fail, [1], "tcp://127.0.0.1:1"))
