"""Shards made by the workers of a Dask cluster."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from selfsame.errors import InputError, MissingExtraError
from selfsame.run.processes import WorkerDiedError

T = TypeVar("T")
R = TypeVar("R")

_TIMEOUT = "10s"
_TASKS_PER_THREAD = 2  # so that none waits for this machine


def run_on_cluster(
    function: Callable[[T], R], tasks: Sequence[T], scheduler: str
) -> Iterator[tuple[T, R | WorkerDiedError]]:
    """Yield each task with what ``function`` makes of it, in the order in which they finish.

    Like ``selfsame.run.processes.run_tasks``, on machines that have this package. A task whose
    worker dies goes to another one; after Dask's limit of such deaths it is lost.

    Args:
        scheduler: "tcp://host:port".
    Raises:
        MissingExtraError: Dask is not installed.
        InputError: no scheduler answers at that address.
        What ``function`` raises.
    """
    try:
        from distributed import Client, Future, KilledWorker, as_completed
    except ImportError as error:
        raise MissingExtraError(
            "a scheduler needs Dask: pip install 'selfsame[cluster]'"
        ) from error
    try:
        client = Client(scheduler, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {scheduler} ({error}); give the address that "
            "`dask scheduler` prints"
        ) from error
    waiting = deque(tasks)
    running: dict[Future, T] = {}
    done = as_completed(loop=client.loop)
    with client:
        while waiting or running:
            # Tasks carry their recipe: all at once would fill the memory of the scheduler.
            most = _TASKS_PER_THREAD * max(1, sum(client.nthreads().values()))
            while waiting and len(running) < most:
                task = waiting.popleft()
                future = client.submit(function, task, pure=False)
                running[future] = task
                done.add(future)
            future = next(done)
            task = running.pop(future)
            if isinstance(future.exception(), KilledWorker):
                yield task, WorkerDiedError("the workers died, perhaps for lack of memory")
            else:
                yield task, future.result()
