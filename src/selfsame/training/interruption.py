"""Ending a training on purpose, without losing what it has done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def caught_signals() -> Iterator[list[signal.Signals]]:
    """Yield a list that gets the first SIGTERM or SIGINT; a second one acts at once.

    Outside the main thread, where no signals arrive, the list stays empty.
    """
    caught: list[signal.Signals] = []
    before: dict[signal.Signals, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def catch(number: int, frame: FrameType | None) -> None:
        caught.append(signal.Signals(number))
        restore()

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, catch)
    except ValueError:  # only the main thread may set handlers
        before.clear()
    try:
        yield caught
    finally:
        restore()
