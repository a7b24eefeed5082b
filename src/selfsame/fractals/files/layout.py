"""How the pictures of a recipe lie in files: formats, splits, and the shards of the work.

A shard is what one process makes at a time. Shards follow from the recipe and the layout alone,
never from the number of processes.

``folder``: ``[SPLIT/]LABEL/INSTANCE.png``, numbers of at least five digits; a shard is a range of
indices. ``webdataset``: ``[SPLIT/]SHARD.tar``, numbers of six digits; the pictures of a split in
an order drawn from the seed, because readers of shards shuffle no further than a small buffer.
"""

import math
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError
from selfsame.fractals.randomness import random_words, shuffled
from selfsame.fractals.recipes.base import Recipe

Format = Literal["folder", "webdataset"]

SPLITS = ("train", "val", "test")
"""Names of the splits, in the order of their shares."""

SUM_TOLERANCE = 1e-6

STAGING = ".partial"
"""Folder of a data set in which files are written before they are renamed into place."""

SIDECARS = ("README.md", "classes.json", "classes.safetensors", "labels.jsonl", "dataset.json")
FORMER = ("shards.jsonl",)
"""What an earlier version left of a run that was killed."""

_SPLIT_FOLDER = re.compile("|".join(SPLITS))
_CLASS_FOLDER = re.compile(r"\d{5,}")
_FILE = re.compile(r"\d{5,}\.png|\d{6,}\.tar")

_SPLIT = 7  # purpose of random numbers
_ORDER = 1 << 40  # number of the permutation of a split; its place is added


@dataclass(frozen=True)
class Layout(Checked):
    """The files of a data set.

    Attributes:
        format: of the files.
        split: shares of train, val and test, or None for a data set in one piece.
        shard_size: most pictures of a shard, a .tar file or what one process does at a time.
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
        raise SettingError(
            f"fractions must be three numbers of 0..1 with sum 1, of {', '.join(SPLITS)}: "
            f"got {fractions}"
        )
    return [round(instances * sum(numbers[:k])) for k in (1, 2)]


def plan_shards(recipe: Recipe, layout: Layout) -> list[Shard]:
    """Return the shards of a data set, in order.

    Raises:
        InputError: a split that leaves a class without a picture.
    """
    total, size = len(recipe), layout.shard_size
    parts = None if layout.split is None else _parts(recipe, layout.split)
    if layout.format == "folder":
        return _cut("", np.arange(total), parts, size)
    if parts is None:
        return _cut("", shuffled(np.arange(total), total, recipe.seed, _ORDER), None, size)
    shards = []
    for part, name in enumerate(SPLITS):
        own = np.flatnonzero(parts == part)
        if len(own):
            order = shuffled(np.arange(len(own)), len(own), recipe.seed, _ORDER + 1 + part)
            shards += _cut(f"{name}/", own[order], np.full(len(own), part, np.int8), size)
    return shards


def _cut(
    folder: str, indices: NDArray[np.int64], parts: NDArray[np.int8] | None, size: int
) -> list[Shard]:
    """Return shards of ``size`` pictures in the order of ``indices``."""
    return [
        Shard(
            f"{folder}{first // size:06d}",
            indices[first : first + size],
            None if parts is None else parts[first : first + size],
        )
        for first in range(0, len(indices), size)
    ]


def _parts(recipe: Recipe, split: tuple[float, float, float]) -> NDArray[np.int8]:
    """Return the split of every picture, checked: without all classes in every split, readers
    that number the folders they find would disagree on the labels."""
    parts = split_of(recipe, split)
    for part, share in enumerate(split):
        labels = np.flatnonzero(parts == part) // recipe.instances
        if share > 0 and len(np.unique(labels)) < recipe.classes:
            raise SettingError(
                f"split {','.join(f'{s:g}' for s in split)} leaves classes of "
                f"{recipe.instances} pictures without one in {SPLITS[part]}; make more instances"
            )
    return parts


def clear_dataset(folder: Path) -> None:
    """Remove the pictures of the data set in a folder and what lies beside them; other files stay.

    So does the ledger, by which what a kill leaves is still known as a data set.
    """
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    _clear_numbered(folder)
    for name in (*SIDECARS, *FORMER):
        (folder / name).unlink(missing_ok=True)


def _clear_numbered(folder: Path) -> None:
    """Remove pictures and shards here and in folders of splits and classes; then those folders."""
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if _SPLIT_FOLDER.fullmatch(entry.name) or _CLASS_FOLDER.fullmatch(entry.name):
                _clear_numbered(Path(entry.path))
                with suppress(OSError):  # not empty: something of others lies there
                    os.rmdir(entry.path)
        elif _FILE.fullmatch(entry.name):
            os.unlink(entry.path)
