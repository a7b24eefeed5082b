"""Labelled sets to measure a network on, and how they are split into pictures to learn and to test.

All splits are drawn class by class, so that every class has its share.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from selfsame.datasets import Pictures, read_pictures
from selfsame.datasets.fitting import Mode
from selfsame.datasets.readers import unseen_split
from selfsame.errors import InputError, SettingError

TEST_SHARE = 0.2
"""Of every class of a set without a test split, drawn anew for each seed and draw."""

FOLDS = 5
MOST_FOLDED = 5000
"""Above so many pictures one of the folds is validation enough."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Square pictures with labels 0 .. classes - 1.

    Attributes:
        learned: the split train, or all there is.
        tested: the split test, or None.
        classes: C; names are those of the set, or its numbers.
    """

    learned: Pictures
    tested: Pictures | None
    classes: tuple[str, ...]

    @property
    def side(self) -> int:
        return int(self.learned.images.shape[1])

    @property
    def channels(self) -> int:
        return int(self.learned.images.shape[3])

    def split(
        self, seed: int, draw: int, *, shots: int | None = None, limit: int | None = None
    ) -> tuple[Pictures, Pictures]:
        """Return the pictures to learn from and those to test on, of one draw.

        The latter are the test split; without one, all that is left beside ``shots``, or a fifth
        of every class.

        Args:
            seed, draw: what the split is drawn from.
            shots: pictures of each class to learn from; None: all.
            limit: at most so many pictures to learn from, of all classes in their shares.
        Raises:
            InputError: a class has too few pictures, ``limit`` leaves it none, or nothing is left
                to test on.
        """
        chosen, rest = self.masks(seed, draw, shots=shots, limit=limit)
        tested = self.learned.chosen(rest) if self.tested is None else self.tested
        return self.learned.chosen(chosen), tested

    def masks(
        self, seed: int, draw: int, *, shots: int | None = None, limit: int | None = None
    ) -> tuple[Mask, Mask]:
        """Return which pictures of ``learned`` are learned and tested; arguments as of ``split``.

        None are tested if there is a test split.
        """
        labels = label_array(self.learned)
        ranks = class_ranks(labels, np.random.default_rng([seed, draw]))
        sizes = np.bincount(labels)
        shares = (ranks + 0.5) / sizes[labels]
        if shots is not None:
            least = int(sizes.argmin())
            if shots < 1 or shots > sizes[least]:
                raise SettingError(
                    f"shots must be 1..{sizes[least]}, the pictures of the smallest class, "
                    f"{self.classes[least]!r}: got {shots}"
                )
            chosen = ranks < shots
        else:
            chosen = shares >= (TEST_SHARE if self.tested is None else 0)
        rest = ~chosen if self.tested is None else np.zeros(len(labels), bool)
        if self.tested is None and not rest.any():
            raise InputError(
                f"no picture is left to test on, of {len(labels)} pictures of {len(sizes)} "
                "classes; take fewer shots, or a set with a test split"
            )
        if limit is not None and limit < chosen.sum():
            places = np.flatnonzero(chosen)
            kept = places[np.argsort(shares[places], kind="stable")[:limit]]
            chosen = np.zeros(len(labels), bool)
            chosen[kept] = True
        missing = np.setdiff1d(np.arange(len(sizes)), labels[chosen])
        if len(missing):
            raise SettingError(
                f"limit {limit} leaves class {self.classes[missing[0]]!r} no picture to learn "
                "from; raise it"
            )
        return chosen, rest


def read_labelled(
    path: str | os.PathLike[str],
    side: int | None = None,
    mode: Mode | None = None,
    label: str | None = None,
) -> LabelledSet:
    """Return a labelled set from an ``.npz`` or idx file or a folder; docs/datasets.md.

    Args:
        side, mode, label: as of ``read_pictures``.
    Raises:
        InputError: pictures without labels, not square, of fewer than two classes, or of a class
            that is tested and not learned; or as ``read_pictures``.
        FormatError: as ``read_pictures``.
    """
    has_test = unseen_split(path) == "test"
    learned = read_pictures(path, "train", side, mode, label)
    tested = read_pictures(path, "test", side, mode, label) if has_test else None
    for split, pictures in (("train", learned), ("test", tested)):
        if pictures is not None and pictures.labels is None:
            raise InputError(
                f"{path} has no labels for its split {split}: have one sub-folder per class, an "
                "array of labels beside the pictures, or a column of the set chosen as its label "
                "(docs/datasets.md)"
            )
    height, width = learned.images.shape[1:3]
    if height != width:
        raise InputError(
            f"{path} has pictures of {width}x{height} pixels: networks take squares; give a side "
            f"of at most {min(height, width)}"
        )
    if tested is not None and tested.images.shape[1:] != learned.images.shape[1:]:
        raise InputError(
            f"the splits of {path} have pictures of the shapes {learned.images.shape[1:]} and "
            f"{tested.images.shape[1:]}; give side and mode to make them alike"
        )
    numbers = np.unique(label_array(learned))
    if tested is not None and not np.isin(label_array(tested), numbers).all():
        unknown = np.setdiff1d(label_array(tested), numbers)
        raise InputError(f"{path} tests classes that it has none of to learn: {unknown.tolist()}")
    if len(numbers) < 2:
        raise InputError(f"{path} has pictures of one class: two or more can be told apart")
    names = tuple(
        str(number) if learned.classes is None else learned.classes[number] for number in numbers
    )
    return LabelledSet(
        _renumbered(learned, numbers),
        None if tested is None else _renumbered(tested, numbers),
        names,
    )


def class_ranks(labels: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Return the place of each picture in a random order of its class, from 0."""
    shuffled = random.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    starts = np.searchsorted(labels[order], labels[order])
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels)) - starts
    return ranks


def validation_folds(labels: NDArray[np.int64], random: np.random.Generator) -> Sequence[Mask]:
    """Return which pictures each fold of a validation holds out: five folds, one of large sets.

    A class of a single picture is held out by none; of all classes such, there are no folds.
    """
    ranks = class_ranks(labels, random)
    several = np.bincount(labels)[labels] > 1
    count = FOLDS if len(labels) <= MOST_FOLDED else 1
    folds = [several & (ranks % FOLDS == k) for k in range(count)]
    return [fold for fold in folds if fold.any()]


def label_array(pictures: Pictures) -> NDArray[np.int64]:
    """Return the labels of pictures that have some, (N,)."""
    assert pictures.labels is not None
    return pictures.labels


def _renumbered(pictures: Pictures, numbers: NDArray[np.int64]) -> Pictures:
    labels = np.searchsorted(numbers, label_array(pictures))
    return replace(pictures, labels=labels, classes=None)
