"""Threads of the compiled kernels."""

from collections.abc import Iterator
from contextlib import contextmanager

import numba

from selfsame.errors import InputError


@contextmanager
def limited_threads(threads: int | None) -> Iterator[None]:
    """Let compiled kernels use at most ``threads`` threads; None changes nothing.

    Raises:
        InputError: below 1.
    """
    if threads is not None and threads < 1:
        raise InputError(f"threads must be at least 1: got {threads}")
    before = numba.get_num_threads()
    available: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(before if threads is None else min(threads, available))
    try:
        yield
    finally:
        numba.set_num_threads(before)
