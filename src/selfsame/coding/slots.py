"""The slots of a range coder: their layout, and the state that coding starts from.

A family of codes lays out its slots and sets of mixing weights once, as constants, and ships the
state that they have at the start of every stream, learned from pictures, as an ``.npz`` of three
arrays: ``probabilities`` (slots,) uint16, ``counts`` (slots,) uint8, ``weights`` (sets, inputs).
"""

from importlib import resources

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.range_coder import MAX_INPUTS

Tables = tuple[NDArray[np.uint32], NDArray[np.int64]]
"""Slots and mixing weights, as ``range_coder.new_coder`` takes them."""


class Layout:
    """Hands out ranges of slots, or of sets of weights."""

    def __init__(self) -> None:
        self.size = 0

    def take(self, *shape: int) -> int:
        """Return the first of as many places as an array of this shape has."""
        start = self.size
        self.size += int(np.prod(shape))
        return start


def class_table(bounds: list[int], size: int) -> NDArray[np.uint8]:
    """Return for 0 to ``size - 1`` how many of the rising ``bounds`` each number reaches."""
    return np.searchsorted(bounds, np.arange(size), side="right").astype(np.uint8)


def untrained_tables(slots: int, weight_sets: int) -> Tables:
    """Return slots of probability one half, and equal weights."""
    weights = np.full((weight_sets, MAX_INPUTS), 65536 * 3 // 10, np.int64)
    return np.full(slots, 1 << 31, np.uint32), weights


def load_tables(package: str, name: str, slots: int, weight_sets: int) -> Tables:
    """Return the tables that a file of ``package`` holds, or untrained ones if it has none."""
    source = resources.files(package).joinpath(name)
    if not source.is_file():
        return untrained_tables(slots, weight_sets)
    with source.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        packed = archive["probabilities"].astype(np.uint32) << 16
        return packed | archive["counts"], archive["weights"].astype(np.int64)
