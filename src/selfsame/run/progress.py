"""How far long work has come, and the wish that it end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from selfsame.errors import SelfsameError


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
    """Yield a progress that a bar on stderr shows, after half a second and on terminals only.

    Args:
        label: of the bar, until the work gives one.
        quiet: show nothing.
    """
    from tqdm import tqdm

    with tqdm(total=0, desc=label, disable=quiet or None, delay=0.5) as bar:

        def show(done: float, total: float, label: str) -> None:
            if label:
                bar.set_description(label, refresh=False)
            if total == 1:  # a fraction, in percent
                done, total = 100 * done, 100
            bar.total = int(total)
            bar.update(int(done) - bar.n)

        yield Progress(show)
