"""Work in processes of its own, and the memory that a process takes."""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def in_new_process(work: Callable[..., T], *arguments: object) -> T:
    """Return what a function returns in a process that does nothing else."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def resident_mib() -> float:
    """Return what this process holds in memory, in MiB; Linux."""
    return _status_mib("VmRSS")


def peak_mib() -> float:
    """Return the most resident memory that this process has had, in MiB.

    Linux tells it for the process itself; elsewhere what a parent had before the process
    started may count too.
    """
    try:
        return _status_mib("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _status_mib(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
