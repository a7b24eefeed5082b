"""The three engines of one executor: all give the same, errors come through or are caught."""

import threading
from collections.abc import Iterator

import pytest

from selfsame.errors import InputError
from selfsame.run.cluster import Cluster
from selfsame.run.executor import Executor, Failure, WorkerDiedError, attempt_all, make_executor
from selfsame.run.processes import Processes
from selfsame.run.threads import Threads, limited_threads, thread_count


def square(number: int) -> int:
    return number * number


def halve(number: int) -> float:
    if number == 3:
        raise LookupError
    if number == 4:
        raise LookupError("no half of 4")
    return number / 2


@pytest.mark.parametrize("executor", [Threads(), Threads(1), Threads(3), Processes(1)])
def test_every_task_comes_back_once_with_its_result(executor: Executor) -> None:
    found = list(executor.run(square, range(20)))
    assert len(found) == 20
    assert dict(found) == {n: n * n for n in range(20)}
    assert list(executor.run(square, [])) == []


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)
    found = dict(Threads(3).run(lambda n: (together.wait() >= 0, n), range(3)))
    assert found == {n: (True, n) for n in range(3)}


def test_threads_keep_the_limit_of_whoever_starts_them() -> None:
    with limited_threads(3):
        found = dict(Threads(2).run(lambda _: thread_count(None), range(4)))
    assert found == dict.fromkeys(range(4), 3)


def test_one_error_ends_the_run_unless_it_is_attempted() -> None:
    for executor in (Threads(2), Threads(1), Processes(1)):
        with pytest.raises(LookupError, match=r"^$|no half of 4"):
            list(executor.run(halve, range(6)))
        found = dict(attempt_all(executor, halve, range(6)))
        assert found.pop(3) == Failure("LookupError")
        assert found.pop(4) == Failure("no half of 4")
        assert found == {n: n / 2 for n in (0, 1, 2, 5)}


def test_an_attempt_goes_to_another_process() -> None:
    found = dict(attempt_all(Processes(2), halve, [2, 3]))
    assert found == {2: 1.0, 3: Failure("LookupError")}


def test_a_dead_worker_is_a_failure_of_its_task() -> None:
    class Deadly(Processes):
        def run(self, function, tasks) -> Iterator:  # type: ignore[no-untyped-def]
            for task in tasks:
                yield task, WorkerDiedError("the process died") if task else function(task)

    found = dict(attempt_all(Deadly(), square, range(2)))
    assert found == {0: 0, 1: Failure("the process died")}


def test_only_one_task_at_a_time_has_all_cores() -> None:
    assert make_executor(jobs=2).threads_each(5) == 1
    assert make_executor(jobs=2).threads_each(1) is None
    assert make_executor("threads", jobs=1).threads_each(5) is None
    assert Cluster("tcp://a:1").threads_each(1) == 1


def test_engines_are_made_by_name() -> None:
    assert make_executor(jobs=4) == Processes(4)
    assert make_executor("threads") == Threads(None)
    assert make_executor("dask", scheduler="tcp://a:1") == Cluster("tcp://a:1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "mpi"}, "engine must be one of processes, threads, dask: got 'mpi'"),
        ({"engine": "dask"}, "needs the address of a scheduler"),
        ({"scheduler": "tcp://a:1"}, "no other takes one"),
        ({"engine": "dask", "scheduler": "tcp://a:1", "jobs": 2}, "dask takes no jobs"),
    ],
)
def test_unusable_executors_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_executor(**arguments)


@pytest.mark.parametrize("kind", [Threads, Processes])
@pytest.mark.parametrize("jobs", [0, 257, 1.5, True])
def test_unusable_jobs_are_refused(kind: type, jobs: object) -> None:
    with pytest.raises(InputError, match=r"jobs must be a whole number within 1\.\.256 or None"):
        kind(jobs)
