"""Where batches come from, and preparing them ahead of their use."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Protocol, TypeAlias

import torch

Batch: TypeAlias = torch.Tensor | tuple[torch.Tensor, ...] | Mapping[str, torch.Tensor]
"""Samples stacked; a tuple or a mapping where there is more than one tensor of each, as pictures
and labels."""


def changed(batch: Batch, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
    """Return a batch with every tensor changed."""
    if isinstance(batch, Mapping):
        return {name: change(part) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(change(part) for part in batch)
    return change(batch)


class Batches(Protocol):
    """Samples by number, without any state: what lets a training be resumed and split up."""

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> Batch:
        """Return samples ``indices`` of the batch of a step, stacked, on the CPU.

        A pure function of its arguments; called from several threads.
        """
        ...


@contextmanager
def prepared_batches(
    data: Batches,
    seed: int,
    steps: range,
    indices: Sequence[int],
    workers: int,
    *,
    pinned: bool = False,
) -> Iterator[Iterator[Batch]]:
    """Yield an iterator over the batches of ``steps``, made ahead by ``workers`` threads.

    Each thread is up to two batches ahead. 0 workers make each batch when it is asked for.

    Args:
        pinned: in memory that a CUDA device can copy from while the work goes on.
    """

    def make(step: int) -> Batch:
        batch = data.batch(seed, step, indices)
        return changed(batch, torch.Tensor.pin_memory) if pinned else batch

    if workers == 0:
        yield map(make, steps)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
    todo = iter(steps)

    def ahead() -> Iterator[Batch]:
        pending = deque(pool.submit(make, step) for step in islice(todo, 2 * workers))
        while pending:
            yield pending.popleft().result()
            pending.extend(pool.submit(make, step) for step in islice(todo, 1))

    try:
        yield ahead()
    finally:
        pool.shutdown(cancel_futures=True)
