"""How far long work has come, and the wish that it end."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NoReturn

from selfsame.errors import SelfsameError

if TYPE_CHECKING:
    from tqdm import tqdm

DELAY = 0.5
"""Seconds until a bar is shown."""


class CancelledError(SelfsameError):
    """Work ended early because ``Progress.cancel`` was called; what is finished is kept."""

    def __init__(self) -> None:
        super().__init__("cancelled")


class Progress:
    """What long work calls with how far it is; whoever listens may end the work by it.

    Args:
        show: called with what is done, the total of it, and a word for the work ("" if there is
            none).
    """

    def __init__(self, show: Callable[[float, float, str], object] | None = None) -> None:
        self._show = show
        self._cancelled = threading.Event()

    def __call__(self, done: float, total: float = 1.0, label: str = "") -> None:
        """Tell that ``done`` of ``total`` is done, without a total the fraction of it.

        A later call never has less of the same total.

        Raises:
            CancelledError: ``cancel`` was called.
        """
        if self._cancelled.is_set():
            raise CancelledError
        if self._show is not None:
            self._show(done, total, label)

    def cancel(self) -> None:
        """End the work at its next call, from any thread."""
        self._cancelled.set()

    def part(self, before: float, total: float, share: float | None = None) -> "Progress":
        """Return the progress of a part of the work: what it does comes on top of ``before``, and
        ``total`` is that of the whole.

        Args:
            share: how much of the whole the part is, if it counts in other units.
        """

        def show(done: float, of: float, label: str) -> None:
            self(before + (done if share is None else done * share / of), total, label)

        return Progress(show)


@contextmanager
def shown_progress(label: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Yield a progress that a bar on stderr shows, after ``DELAY`` and on terminals only.

    Args:
        label: of the bar, until the work gives one.
        quiet: show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    begin = time.time()
    with ExitStack() as stack:
        bar: tqdm[NoReturn] | None = None

        def show(done: float, total: float, word: str) -> None:
            nonlocal bar
            if bar is None:
                if time.time() < begin + DELAY:
                    return
                from tqdm import tqdm  # most commands end before it would be loaded

                bar = stack.enter_context(tqdm(total=0, desc=label))
                bar.start_t = begin
            if word:
                bar.set_description(word, refresh=False)
            if total == 1:  # a fraction, in percent
                done, total = 100 * done, 100
            bar.total = int(total)
            bar.update(int(done) - bar.n)

        yield Progress(show)
