"""The models that a range coder starts from, as the compiled core takes them.

A family of codes ships the state that its models have at the start of every stream, learned from
pictures, as an ``.npz`` of three arrays: ``probabilities`` (slots,) uint16, ``counts`` (slots,)
uint8, ``weights`` (sets, inputs).
"""

from importlib import resources

import numpy as np
from numpy.typing import NDArray

from selfsame._native.coding import MAX_INPUTS

Tables = tuple[NDArray[np.uint32], NDArray[np.int32]]
"""Slots (22 bits of probability that a bit is 1, 10 bits of count) and mixing weights, (sets,
``MAX_INPUTS``) in 16.16 fixed point."""


def untrained_tables(slots: int, weight_sets: int) -> Tables:
    """Return slots of probability one half, and equal weights."""
    weights = np.full((weight_sets, MAX_INPUTS), 65536 * 3 // 10, np.int32)
    return np.full(slots, 1 << 31, np.uint32), weights


def load_tables(package: str, name: str) -> Tables:
    """Return the tables that a file of ``package`` holds."""
    with (
        resources.files(package).joinpath(name).open("rb") as stream,
        np.load(stream, allow_pickle=False) as archive,
    ):
        packed = archive["probabilities"].astype(np.uint32) << 16
        return packed | archive["counts"], archive["weights"].astype(np.int32)
