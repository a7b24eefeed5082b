"""In which order the samples of a set come: each once per epoch, drawn anew for every epoch."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError

ORDER = 0
"""Stream of random numbers of orders; other streams have other counters under the same key."""

_KEPT_EPOCHS = 4
"""Threads work a few batches ahead; more than two epochs at a time only in tiny sets."""


class Epochs:
    """The samples as one endless stream, epoch after epoch; a batch is the next ``batch`` of them.

    So one batch can hold the end of an epoch and the start of the next. What is drawn depends on
    the seed, the step and the place in the batch, not on which process draws it. Safe to call from
    several threads.

    Args:
        count: samples of the set.
        batch: samples of a step, of all processes together.
    """

    def __init__(self, count: int, batch: int) -> None:
        self.count, self.batch = count, batch
        self._order = lru_cache(_KEPT_EPOCHS)(self._drawn_order)

    def numbers(self, seed: int, step: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which samples are at some places of the batch of a step.

        Raises:
            InputError: a place beyond the batch.
        """
        if len(places) and not (places.min() >= 0 and places.max() < self.batch):
            raise InputError(
                f"indices must lie within 0..{self.batch - 1}, the batch that these samples "
                f"were set up for: got {places.min()}..{places.max()}"
            )
        epochs, inside = np.divmod(step * self.batch + places, self.count)
        numbers = np.empty_like(inside)
        for epoch in np.unique(epochs):
            now = epochs == epoch
            numbers[now] = self._order(seed, int(epoch))[inside[now]]
        return numbers

    def _drawn_order(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """Return all samples' numbers as they come in an epoch."""
        random = np.random.Generator(philox(seed, ORDER, epoch, 0))
        return random.permutation(self.count).astype(np.int64, copy=False)


def philox(seed: int, stream: int, step: int, block: int) -> np.random.Philox:
    """Return a generator whose numbers are a function of all four."""
    return np.random.Philox(key=seed, counter=[block, step, 0, stream])
