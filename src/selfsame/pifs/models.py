"""The models that coding starts from: probabilities and mixing weights learned from photographs."""

from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from selfsame.bitstream.range_coder import MAX_INPUTS
from selfsame.pifs import contexts as c

CONFIDENCE = 24
"""Most decisions that a learned probability counts for: pictures differ, so a slot soon follows
its own."""

_FILE = "models.npz"


def untrained_models() -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return slots of probability one half, and equal weights."""
    slots = np.full(c.SLOTS, (1 << 31) | 0, np.uint32)
    weights = np.full((c.WEIGHT_SETS, MAX_INPUTS), 65536 * 3 // 10, np.int64)
    return slots, weights


@cache
def initial_models() -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the slots and weights of ``Coder`` at the start of a stream; do not change them."""
    source = resources.files("selfsame.pifs").joinpath(_FILE)
    if not source.is_file():
        return untrained_models()
    with source.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        slots = np.zeros(c.SLOTS, np.uint32)
        slots[:] = archive["probabilities"].astype(np.uint32) << 16
        slots |= archive["counts"].astype(np.uint32)
        return slots, archive["weights"].astype(np.int64)
