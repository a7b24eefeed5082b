"""Tasks on the workers of a Dask cluster."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from selfsame.errors import InputError
from selfsame.run.executor import WorkerDiedError

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

_TIMEOUT = "10s"
_TASKS_PER_THREAD = 2  # so that none waits for this machine

_PATIENCE_SECONDS = 3.0
"""After so long without news it is looked whether there are workers at all."""


@dataclass(frozen=True)
class Cluster:
    """The workers of a Dask scheduler, machines that have this package.

    A task whose worker dies goes to another one; after Dask's limit of such deaths (its setting
    ``distributed.scheduler.allowed-failures``) it is lost. Without workers the tasks wait.

    Attributes:
        scheduler: "tcp://host:port".
        note: called with a sentence when there are no workers.
    """

    scheduler: str
    note: Callable[[str], object] | None = None

    def threads_each(self, tasks: int) -> int | None:
        """See ``Executor``: a worker has as many tasks at a time as it has threads."""
        return 1

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T]
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        """See ``Executor``.

        Raises:
            MissingExtraError: Dask is not installed.
            InputError: no scheduler answers at that address, or it went away.
            What ``function`` raises.
        """
        from distributed import Client

        try:
            client = Client(self.scheduler, timeout=_TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers at {self.scheduler} ({error}); give the address that "
                "`dask scheduler` prints"
            ) from error
        with client:
            yield from self._run(client, function, tasks)

    def _run(
        self, client: "Client", function: Callable[[T], R], tasks: Sequence[T]
    ) -> Iterator[tuple[T, R | WorkerDiedError]]:
        from distributed import KilledWorker

        waiting, running = deque(tasks), dict[Any, T]()
        finished: SimpleQueue[Future] = SimpleQueue()
        told = False
        while waiting or running:
            threads = self._threads(client)
            # Not all at once: tasks may be large, and the scheduler holds them in memory.
            while waiting and len(running) < _TASKS_PER_THREAD * max(1, threads):
                future = client.submit(function, waiting[0], pure=False)
                running[future] = waiting.popleft()
                future.add_done_callback(finished.put)
            try:
                future = finished.get(timeout=_PATIENCE_SECONDS)
            except Empty:
                if threads == 0 and not told and self.note is not None:
                    self.note(
                        f"{self.scheduler} has no workers: the work waits until there are some; "
                        f"start one with `dask worker {self.scheduler}`"
                    )
                told = threads == 0
                continue
            if future.cancelled():
                raise self._went_away()
            task, error = running.pop(future), future.exception()
            if isinstance(error, KilledWorker):
                yield task, WorkerDiedError("the workers died, perhaps for lack of memory")
            else:
                yield task, future.result()

    def _threads(self, client: "Client") -> int:
        """Return how many threads the workers have."""
        try:
            return sum(client.nthreads().values())
        except OSError as error:
            raise self._went_away() from error

    def _went_away(self) -> InputError:
        return InputError(
            f"the Dask scheduler at {self.scheduler} went away; what is finished is kept: run the "
            "same command again once there is one"
        )
