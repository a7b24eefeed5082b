"""One thread for each matrix product of numpy.

Searches deal their own shares of small products out to threads. A BLAS that starts threads
of its own for each of them would only get in their way.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np

_NAMES = [
    (f"{prefix}openblas_get_num_threads{suffix}", f"{prefix}openblas_set_num_threads{suffix}")
    for prefix in ("scipy_", "")
    for suffix in ("64_", "")
]

_lock = Lock()
_inside = 0
_before: list[int] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the OpenBLAS of numpy's wheels use one thread; any other BLAS is left as it is.

    The setting holds for the whole process until the last of those inside has left.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _before[:] = [get() for get, _ in _libraries()]
            for _, put in _libraries():
                put(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                for (_, put), threads in zip(_libraries(), _before, strict=True):
                    put(threads)


@cache
def _libraries() -> list[tuple[Callable[[], int], Callable[[int], None]]]:
    """Return how to get and set the threads of each OpenBLAS that comes with numpy."""
    package = Path(np.__file__).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs")
    found = []
    for path in sorted(p for folder in folders for p in folder.glob("*openblas*")):
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for get, put in _NAMES:
            if hasattr(library, get) and hasattr(library, put):
                found.append((getattr(library, get), getattr(library, put)))
                break
    return found
