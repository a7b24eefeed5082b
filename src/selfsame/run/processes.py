"""Tasks in spawned processes of one thread each."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from selfsame.run.executor import Local, WorkerDiedError
from selfsame.run.threads import limit_threads

T = TypeVar("T")
R = TypeVar("R")

_BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Read once, when numpy is loaded: must be set before a process starts."""


class Processes(Local):
    """Up to ``jobs`` spawned processes.

    If a process dies, the tasks under way are tried again one by one, so that only the one that
    kills its process is lost.
    """

    def spread(
        self, function: Callable[[T], R], tasks: Sequence[T], jobs: int
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """See ``Local``."""
        waiting = deque(tasks)
        while waiting:
            suspects: list[T] = []
            yield from _pooled(function, waiting, min(jobs, len(waiting)), suspects)
            for task in suspects:
                culprit: list[T] = []
                yield from _pooled(function, deque([task]), 1, culprit)
                if culprit:
                    yield task, WorkerDiedError("the process died, perhaps for lack of memory")


def _pooled(
    function: Callable[[T], R], waiting: deque[T], jobs: int, suspects: list[T]
) -> Iterator[tuple[T, R]]:
    """Run tasks until none is waiting or a process dies; the tasks then under way become
    ``suspects``."""
    running: dict[Future[R], T] = {}
    with _executor(jobs) as pool:
        while running or (waiting and not suspects):
            try:
                # Twice as many as processes, so that none waits for this one.
                while waiting and not suspects and len(running) < 2 * jobs:
                    running[pool.submit(function, waiting[0])] = waiting[0]
                    waiting.popleft()
            except BrokenProcessPool:
                suspects += [waiting.popleft(), *running.values()]
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(task)
                else:
                    yield task, future.result()


@contextmanager
def _executor(jobs: int) -> Iterator[ProcessPoolExecutor]:
    before = {name: os.environ.get(name) for name in _BLAS_THREADS}
    os.environ.update(dict.fromkeys(_BLAS_THREADS, "1"))
    context = multiprocessing.get_context("spawn")  # forking threads of BLAS hangs
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _prepare() -> None:
    """Set a new process up: one thread, no life after its parent's, Ctrl-C left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
