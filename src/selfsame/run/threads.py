"""Threads: how many, shares of work, tasks."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Annotated, TypeVar

from selfsame.checked import Range, checked
from selfsame.run.executor import Local, WorkerDiedError

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

ThreadCount = Annotated[int, Range(1, 1024)]

_limit: ContextVar[int | None] = ContextVar("limit of threads", default=None)


def core_count() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count(threads: int | None) -> int:
    """Return ``threads``, or for None the limit that is in force, or the number of cores.

    Raises:
        InputError: not as ``ThreadCount``.
    """
    if threads is None:
        return _limit.get() or core_count()
    count: int = checked("threads", threads, ThreadCount)
    return count


def limit_threads(threads: int) -> None:
    """Let what is computed from here on take ``threads`` where it is not told how many.

    Raises:
        InputError: as ``thread_count``.
    """
    _limit.set(thread_count(threads))


def run_shares(work: Callable[[T], R], shares: Iterable[T], threads: int | None) -> list[R]:
    """Return ``[work(share) for share in shares]``, computed by ``threads`` threads."""
    parts = list(shares)
    workers = min(thread_count(threads), len(parts))
    if workers <= 1:
        return [work(part) for part in parts]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, parts))


class Threads(Local):
    """Up to ``jobs`` threads of this process."""

    def spread(
        self, function: Callable[[T], R], tasks: Sequence[T], jobs: int
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """See ``Local``."""
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

        waiting = deque(tasks)
        running: dict[Future[R], T] = {}
        pool = ThreadPoolExecutor(jobs)
        try:
            while waiting or running:
                while waiting and len(running) < 2 * jobs:  # so that none waits for this one
                    task = waiting.popleft()
                    running[pool.submit(copy_context().run, function, task)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def limited_threads(threads: int | None) -> Iterator[None]:
    """Do as ``limit_threads`` within a block; None changes nothing.

    Raises:
        InputError: as ``thread_count``.
    """
    before = _limit.set(_limit.get() if threads is None else thread_count(threads))
    try:
        yield
    finally:
        _limit.reset(before)
