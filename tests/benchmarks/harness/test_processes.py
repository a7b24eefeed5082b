"""Processes of their own and the memory that they take."""

import numpy as np

from benchmarks.harness.processes import in_new_process, peak_mib


def test_peak_memory_is_that_of_a_process_of_its_own() -> None:
    base, peak = in_new_process(_take_memory, 64)
    assert peak - base > 60
    # This process's own memory, whatever it is, is no part of it.
    ballast = np.ones(96 << 17)
    other, _ = in_new_process(_take_memory, 1)
    assert other < base + 30
    assert ballast.nbytes == 96 << 20


def _take_memory(mebibytes: int) -> tuple[float, float]:
    base = peak_mib()
    block = np.ones(mebibytes << 17)
    return base, peak_mib() + 0 * block[0]
