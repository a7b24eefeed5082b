import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from selfsame.run.executor import WorkerDiedError
from selfsame.run.processes import Processes
from selfsame.run.threads import thread_count

SLEEPER = """
import os, sys, time
from pathlib import Path
from selfsame.run.processes import Processes

def sleep(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)

if __name__ == "__main__":
    list(Processes(2).run(sleep, sys.argv[1:]))
"""


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def threads(_: int) -> tuple[str | None, str | None, int]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return *(os.environ.get(name) for name in names), thread_count(None)


def die_at_3(number: int) -> int:
    if number == 3:
        os._exit(7)
    return number


def die() -> None:
    os._exit(7)


def fail(number: int) -> int:
    raise LookupError(number)


def test_one_job_stays_in_this_process_and_in_order() -> None:
    found = list(Processes(1).run(square, [3, 1, 2]))
    assert found == [(n, (n * n, os.getpid())) for n in (3, 1, 2)]
    assert list(Processes(3).run(square, [])) == []


def test_jobs_run_elsewhere_and_none_is_lost(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    found = dict(Processes(2).run(square, range(7)))
    assert {n: value for n, (value, _) in found.items()} == {n: n * n for n in range(7)}
    assert os.getpid() not in {pid for _, pid in found.values()}
    assert dict(Processes(2).run(threads, [0, 1])) == dict.fromkeys((0, 1), ("1", "1", 1))
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_a_task_that_kills_its_process_is_lost_alone() -> None:
    found = dict(Processes(2).run(die_at_3, range(6)))
    assert isinstance(found.pop(3), WorkerDiedError)
    assert found == {n: n for n in (0, 1, 2, 4, 5)}


def test_processes_that_cannot_even_start_end_the_run(monkeypatch) -> None:
    monkeypatch.setattr("selfsame.run.processes._prepare", die)
    found = dict(Processes(2).run(square, range(3)))
    assert sorted(found) == [0, 1, 2]
    assert all(isinstance(result, WorkerDiedError) for result in found.values())


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_of_the_function_come_through(jobs) -> None:
    with pytest.raises(LookupError, match=r"[12]"):
        list(Processes(jobs).run(fail, [1, 2]))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processes_do_not_outlive_a_killed_parent(tmp_path) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    marks = [tmp_path / "a", tmp_path / "b"]
    parent = subprocess.Popen([sys.executable, script, *marks])
    try:
        wait_for(lambda: all(mark.exists() and mark.read_text() for mark in marks))
        pids = [int(mark.read_text()) for mark in marks]
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_for(lambda: not any(is_running(pid) for pid in pids))


def is_running(pid: int) -> bool:
    """Whether a process lives; one that nobody waits for may stay as a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def wait_for(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
