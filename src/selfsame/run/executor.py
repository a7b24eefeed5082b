"""Many independent tasks, on threads, on local processes or on a cluster: one way for all three.

==========  =====================================================  =================================
engine      where a task runs                                      what a death costs
==========  =====================================================  =================================
threads     in this process                                        everything
processes   in spawned processes of one thread each                the task that dies, and only that
dask        on the workers of a Dask cluster                       nothing until a task has killed
                                                                   several workers; then that task
==========  =====================================================  =================================

A task and its result are sent by pickle, so that a task names files by absolute paths; the machines
of a cluster have to share the folders that they lie in.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Protocol, TypeVar

from selfsame.checked import Checked, Range
from selfsame.errors import SelfsameError, SettingError

T = TypeVar("T")
R = TypeVar("R")

Jobs = Annotated[int, Range(1, 256)]
ENGINES = ("processes", "threads", "dask")


class WorkerDiedError(SelfsameError, RuntimeError):
    """The process that worked on a task ended, killed for memory for example."""


class Executor(Protocol):
    """Where tasks run."""

    def threads_each(self, tasks: int) -> int | None:
        """Return how many threads each of so many tasks should use; None: all cores, since one at a
        time runs, in this process."""
        ...

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T]
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """Yield each task with what ``function`` makes of it, in the order in which they finish.

        Args:
            function: one of a module, or an instance of a class of a module.
        Raises:
            What ``function`` raises; tasks that were not begun are dropped.
        """
        ...


@dataclass(frozen=True)
class Local(Checked, ABC):
    """Several tasks at a time on this machine; with one job, or for one task, in this process.

    Attributes:
        jobs: how many at a time, default one per core.
    """

    jobs: Jobs | None = None

    def threads_each(self, tasks: int) -> int | None:
        """See ``Executor``."""
        return None if _jobs_of(self.jobs, tasks) == 1 else 1

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T]
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """See ``Executor``."""
        jobs = _jobs_of(self.jobs, len(tasks))
        if jobs > 1:
            yield from self.spread(function, tasks, jobs)
        else:
            yield from ((task, function(task)) for task in tasks)

    @abstractmethod
    def spread(
        self, function: Callable[[T], R], tasks: Sequence[T], jobs: int
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """Return what ``run`` yields, from so many tasks at a time."""


def make_executor(
    engine: str = ENGINES[0],
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    note: Callable[[str], object] | None = None,
) -> Executor:
    """Return the executor of an engine.

    Args:
        jobs: of threads and processes: how many, default one per core.
        scheduler: of Dask: its address, such as "tcp://host:8786".
        note: called with a sentence where somebody should know why nothing happens.
    Raises:
        InputError: no such engine, or an argument that it does not have or lacks.
    """
    if engine not in ENGINES:
        raise SettingError(f"engine must be one of {', '.join(ENGINES)}: got {engine!r}")
    if (engine == "dask") != (scheduler is not None):
        raise SettingError("engine dask needs the address of a scheduler, and no other takes one")
    if engine == "dask":
        if jobs is not None:
            raise SettingError(
                "engine dask takes no jobs: its workers decide how many run at a time"
            )
        from selfsame.run.cluster import Cluster

        assert scheduler is not None
        return Cluster(scheduler, note)
    if engine == "threads":
        from selfsame.run.threads import Threads

        return Threads(jobs)
    from selfsame.run.processes import Processes

    return Processes(jobs)


@dataclass(frozen=True)
class Failure:
    """What became of a task that raised, or whose worker died."""

    error: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Return what an error says, or its name if it says nothing."""
        return cls(str(error) or type(error).__name__)


def attempt_all(
    executor: Executor, function: Callable[[T], R], tasks: Sequence[T]
) -> Iterator[tuple[T, R | Failure]]:
    """Yield each task with its result or its failure: one bad task does not stop the rest."""
    for task, result in executor.run(partial(_attempted, function), tasks):
        yield task, Failure(str(result)) if isinstance(result, WorkerDiedError) else result


def _jobs_of(jobs: int | None, tasks: int) -> int:
    """Return how many of so many tasks run at a time; ``jobs`` None: one per core."""
    from selfsame.run.threads import core_count

    return max(1, min(jobs or core_count(), tasks))


def _attempted(function: Callable[[T], R], task: T) -> R | Failure:
    try:
        return function(task)
    except Exception as error:  # whatever damaged input provokes
        return Failure.of(error)
