"""The file of learned tables that ``selfsame.coding.slots.load_tables`` reads, written."""

from pathlib import Path

import numpy as np

from selfsame.coding.slots import Tables
from selfsame.io.files import atomic_file

CONFIDENCE = 24
"""Most decisions that a learned probability counts for: pictures differ, so a slot soon follows
its own."""


def save_tables(path: Path, models: Tables) -> None:
    """Write the file that ``load_tables`` reads; probabilities lose the 6 bits of 22 that do not
    matter, counts end at ``CONFIDENCE``."""
    slots, weights = models
    with atomic_file(path) as stream:
        np.savez_compressed(
            stream,
            probabilities=(slots >> np.uint32(16)).astype(np.uint16),
            counts=np.minimum(slots & np.uint32(1023), CONFIDENCE).astype(np.uint8),
            weights=weights.astype(np.int32),
        )
