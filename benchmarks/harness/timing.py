"""Seconds of several runs of one thing."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from selfsame.errors import InputError


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of one thing: the median, the extremes and every run."""

    median_s: float
    min_s: float
    max_s: float
    runs_s: list[float]


def measure(
    work: Callable[[], object],
    *,
    warm_up: int = 1,
    runs: int = 5,
    synchronise: Callable[[], object] | None = None,
) -> Timing:
    """Call ``work`` ``warm_up`` times unseen, then ``runs`` times against the wall clock.

    Args:
        synchronise: called inside the timed region after the work, for devices that only
            queue it (``torch.cuda.synchronize``).
    Raises:
        InputError: ``runs`` below 1 or ``warm_up`` below 0.
    """
    if runs < 1 or warm_up < 0:
        raise InputError(f"runs must be >= 1 and warm_up >= 0: got {runs}, {warm_up}")
    seconds = []
    for index in range(warm_up + runs):
        begin = time.perf_counter()
        work()
        if synchronise is not None:
            synchronise()
        if index >= warm_up:
            seconds.append(time.perf_counter() - begin)
    return Timing(statistics.median(seconds), min(seconds), max(seconds), seconds)
