"""How the pictures of a recipe lie in files: formats, splits, and the shards of the work.

A shard is what one process makes at a time. Shards follow from the recipe and the layout alone,
never from the number of processes.

``folder``: ``[SPLIT/]LABEL/INSTANCE.png``, numbers of at least five digits; a shard is a range of
indices. ``webdataset``: ``[SPLIT/]SHARD.tar``, numbers of six digits; the pictures of a split in
an order drawn from the seed, because readers of shards shuffle no further than a small buffer.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Checked, Range
from selfsame.errors import InputError
from selfsame.fractals.order import shuffled
from selfsame.fractals.recipes.base import Recipe
from selfsame.fractals.split import SPLITS, split_of

Format = Literal["folder", "webdataset"]

_ORDER = 1 << 40  # number of the permutation of a split; its place is added


@dataclass(frozen=True)
class Layout(Checked):
    """The files of a data set.

    Attributes:
        format: ``folder`` or ``webdataset``.
        split: shares of train, val and test, or None for a data set in one piece.
        shard_size: most pictures of a shard.
    """

    format: Format = "folder"
    split: tuple[float, float, float] | None = None
    shard_size: Annotated[int, Range(1, 1_000_000)] = 1000


@dataclass(frozen=True, eq=False)
class Shard:
    """Some pictures of a recipe.

    Attributes:
        name: with the folder of its split if it has one, without a suffix.
        indices: (n,) int64, in the order in which they are written.
        parts: (n,) int8, places in ``SPLITS``; None without a split.
    """

    name: str
    indices: NDArray[np.int64]
    parts: NDArray[np.int8] | None


def plan_shards(recipe: Recipe, layout: Layout) -> list[Shard]:
    """Return the shards of a data set, in order.

    Raises:
        InputError: a split that leaves a class without a picture.
    """
    total, size = len(recipe), layout.shard_size
    parts = None if layout.split is None else _parts(recipe, layout.split)
    if layout.format == "folder":
        return [
            Shard(
                f"{first // size:06d}",
                np.arange(first, min(first + size, total)),
                None if parts is None else parts[first : first + size],
            )
            for first in range(0, total, size)
        ]
    if parts is None:
        return _shuffled_shards(recipe, np.arange(total), None, size)
    return [
        shard
        for part in range(len(SPLITS))
        for shard in _shuffled_shards(recipe, np.flatnonzero(parts == part), part, size)
    ]


def _shuffled_shards(
    recipe: Recipe, chosen: NDArray[np.int64], part: int | None, size: int
) -> list[Shard]:
    """Return the shards of one split, its pictures in the order that the seed gives."""
    number = _ORDER + (0 if part is None else 1 + part)
    folder = "" if part is None else f"{SPLITS[part]}/"
    order = chosen
    if len(chosen):
        order = chosen[shuffled(np.arange(len(chosen)), len(chosen), recipe.seed, number)]
    shards = []
    for first in range(0, len(chosen), size):
        indices = order[first : first + size]
        parts = None if part is None else np.full(len(indices), part, np.int8)
        shards.append(Shard(f"{folder}{first // size:06d}", indices, parts))
    return shards


def _parts(recipe: Recipe, split: tuple[float, float, float]) -> NDArray[np.int8]:
    """Return the split of every picture, checked: without all classes in every split, readers
    that number the folders they find would disagree on the labels."""
    parts = split_of(recipe, split)
    for part, share in enumerate(split):
        labels = np.flatnonzero(parts == part) // recipe.instances
        if share > 0 and len(np.unique(labels)) < recipe.classes:
            raise InputError(
                f"split {','.join(f'{s:g}' for s in split)} leaves classes of "
                f"{recipe.instances} pictures without one in {SPLITS[part]}; make more instances"
            )
    return parts
