"""Intervals by the bootstrap, over groups of things that are alike."""

from typing import NamedTuple

import numpy as np

from benchmarks.harness.types import Array

DRAWS = 200

DEVIATIONS = 1.96
"""Of a normal law: 95 % lie within so many to both sides."""


class Interval(NamedTuple):
    """A figure, and between which values it lies with 95 % confidence."""

    value: float
    low: float
    high: float


def resamples(groups: Array, draws: int, seed: int) -> list[Array]:
    """Return draws of things with replacement, each the numbers of the things in it.

    Args:
        groups: what each thing belongs to, (N,). Whole groups are drawn, as many as there are:
            things that are alike tell less than their number.
    """
    _, which = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(which == group) for group in range(which.max() + 1)]
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(members), size=(draws, len(members)))
    return [np.concatenate([members[group] for group in one]) for one in chosen]


def interval(value: float, drawn: Array) -> Interval:
    """Return the interval of a figure from what it is on draws, (draws,).

    The normal one, about the figure: distances of sets grow where things are there twice, so their
    draws lie to one side.
    """
    half = DEVIATIONS * float(np.std(drawn, ddof=1))
    return Interval(value, value - half, value + half)
