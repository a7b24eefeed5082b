"""Threads: shares of work, tasks, and a limit for the compiled kernels."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from selfsame.errors import InputError
from selfsame.run.executor import Local, WorkerDiedError

T = TypeVar("T")
R = TypeVar("R")


def thread_count(threads: int | None) -> int:
    """Return ``threads``, or the number of processor cores that this process may use.

    Raises:
        InputError: below 1.
    """
    if threads is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if threads < 1:
        raise InputError(f"threads must be at least 1: got {threads}")
    return threads


def run_shares(work: Callable[[T], R], shares: Iterable[T], threads: int | None) -> list[R]:
    """Return ``[work(share) for share in shares]``, computed by ``threads`` threads."""
    parts = list(shares)
    workers = min(thread_count(threads), len(parts))
    if workers <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, parts))


class Threads(Local):
    """Up to ``jobs`` threads of this process."""

    def spread(
        self, function: Callable[[T], R], tasks: Sequence[T], jobs: int
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """See ``Local``."""
        waiting, running = deque(tasks), dict[Future[R], T]()
        pool = ThreadPoolExecutor(jobs)
        try:
            while waiting or running:
                while waiting and len(running) < 2 * jobs:  # so that none waits for this one
                    task = waiting.popleft()
                    running[pool.submit(function, task)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def limited_threads(threads: int | None) -> Iterator[None]:
    """Let compiled kernels use at most ``threads`` threads; None changes nothing.

    Raises:
        InputError: below 1.
    """
    if threads is not None and threads < 1:
        raise InputError(f"threads must be at least 1: got {threads}")
    import numba

    before = numba.get_num_threads()
    available: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(before if threads is None else min(threads, available))
    try:
        yield
    finally:
        numba.set_num_threads(before)
