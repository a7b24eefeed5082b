"""In which precision losses are computed, and which one is faster here."""

import time
from collections.abc import Callable
from functools import partial

import torch

from selfsame.training.distributed import Processes

TRIALS = 3
"""Steps in either precision that are timed, after one that is not."""

WORTH = 0.9
"""bfloat16 is chosen if it takes at most so much of the time, for what it costs in accuracy."""


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which losses are computed: weights and updates stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def faster_precision(trial: Callable[[str], None], processes: Processes) -> str:
    """Return the precision in which steps are faster here; the same in all processes.

    Args:
        trial: does a step in a precision, and nothing that lasts.
    """
    seconds = {"float32": float("inf"), "bfloat16": float("inf")}
    for number in range(1 + TRIALS):
        for precision in seconds:
            taken = seconds_of(partial(trial, precision), processes.device)
            if number:  # the first sets things up
                seconds[precision] = min(seconds[precision], taken)
    ratio = torch.tensor(seconds["bfloat16"] / seconds["float32"], device=processes.device)
    return "bfloat16" if float(processes.mean(ratio)) <= WORTH else "float32"


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that some work takes, on the device too."""
    _finish(device)
    begin = time.perf_counter()
    work()
    _finish(device)
    return time.perf_counter() - begin


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
