"""Tasks on a Dask cluster: deaths, no workers, no scheduler."""

import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from selfsame.errors import InputError, MissingExtraError
from selfsame.run import cluster as clusters
from selfsame.run.cluster import Cluster
from selfsame.run.executor import Failure, WorkerDiedError, attempt_all
from support.absence import finders_without
from support.clusters import local_cluster


def fail(number: int) -> int:
    raise LookupError(number)


def double(number: int) -> int:
    return 2 * number


def die(_: int) -> None:
    os._exit(7)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with local_cluster(2) as started:
        yield started


@pytest.mark.slow
def test_a_cluster_is_like_processes(cluster, monkeypatch) -> None:
    executor = Cluster(cluster.scheduler_address)
    assert dict(executor.run(double, range(9))) == {n: 2 * n for n in range(9)}
    with pytest.raises(LookupError, match="1"):
        list(executor.run(fail, [1]))
    assert dict(attempt_all(executor, fail, [1, 2])) == {1: Failure("1"), 2: Failure("2")}
    assert list(executor.run(fail, [])) == []
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)  # else four have to die
    ((task, result),) = executor.run(die, [5])
    assert task == 5
    assert isinstance(result, WorkerDiedError)


@pytest.mark.slow
def test_no_workers_are_told_once_and_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(clusters, "_PATIENCE_SECONDS", 0.2)
    with local_cluster(0) as cluster:
        told: list[str] = []

        def note(text: str) -> None:
            told.append(text)
            cluster.scale(1)

        address = cluster.scheduler_address
        assert dict(Cluster(address, note).run(double, range(3))) == {0: 0, 1: 2, 2: 4}
    (text,) = told
    assert text.startswith(f"{address} has no workers: the work waits")


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_run(monkeypatch) -> None:
    monkeypatch.setattr(clusters, "_TIMEOUT", "2s")
    with local_cluster(1) as cluster:
        results = Cluster(cluster.scheduler_address).run(double, range(50))
        next(results)
        cluster.close()
        with pytest.raises(
            InputError, match=r"the Dask scheduler at .* went away; what is finished"
        ):
            list(results)


def test_no_scheduler_is_an_error(monkeypatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "_TIMEOUT", "0.2s")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but nobody listens
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
            list(Cluster(address).run(fail, [1]))
    with pytest.raises(InputError, match="no Dask scheduler answers at nonsense://"):
        list(Cluster("nonsense://here").run(fail, [1]))


def test_dask_is_an_extra(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "distributed", raising=False)
    monkeypatch.setattr(sys, "meta_path", finders_without("distributed"))
    with pytest.raises(MissingExtraError, match=r"the package distributed: .* '\.\[cluster\]'"):
        list(Cluster("tcp://127.0.0.1:1").run(fail, [1]))
