"""Train, val and test parts of a data set, of which every class has the same share."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError
from selfsame.fractals.randomness import random_words
from selfsame.fractals.recipes.base import Recipe

SPLITS = ("train", "val", "test")
"""Names of the splits, in the order of their shares."""

SUM_TOLERANCE = 1e-6

_SPLIT = 7  # purpose of random numbers


def split_of(
    recipe: Recipe, fractions: Sequence[float], indices: ArrayLike | None = None
) -> NDArray[np.int8]:
    """Return the part of each picture, (n,) places in ``SPLITS``.

    In every class as many pictures are train, val and test, as near to their fractions as whole
    numbers allow; which ones is a random choice by (seed, label, instance).

    Args:
        fractions: of train, val and test, not below 0, sum 1.
        indices: None for all pictures.
    Raises:
        InputError: no such fractions or index.
    """
    bounds = np.array(_bounds(fractions, recipe.instances))
    chosen = recipe.checked_indices(np.arange(len(recipe)) if indices is None else indices)
    labels, rows = np.unique(chosen // recipe.instances, return_inverse=True)
    members = labels[:, None] * recipe.instances + np.arange(recipe.instances)
    words = random_words(recipe.seed, _SPLIT, members.ravel(), 1).reshape(members.shape)
    # The rank of each member within its class: the inverse of the order.
    ranks = np.argsort(np.argsort(words, axis=1, kind="stable"), axis=1)
    own = ranks[rows, chosen % recipe.instances]
    return np.searchsorted(bounds, own, side="right").astype(np.int8)


def _bounds(fractions: Sequence[float], instances: int) -> list[int]:
    """Return at which rank val and test begin."""
    numbers = [float(fraction) for fraction in fractions]
    if (
        len(numbers) != len(SPLITS)
        or not all(0 <= number <= 1 for number in numbers)
        or abs(math.fsum(numbers) - 1) > SUM_TOLERANCE
    ):
        raise InputError(
            f"fractions must be three numbers of 0..1 with sum 1, of {', '.join(SPLITS)}: "
            f"got {fractions}"
        )
    return [round(instances * sum(numbers[:k])) for k in (1, 2)]
