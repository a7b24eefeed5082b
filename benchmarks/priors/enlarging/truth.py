"""Pictures that are known at four times the size at which they are coded."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness.types import Array, Bytes
from selfsame.collage.operator.resampling import area_resize
from selfsame.datasets import Pictures, read_pictures
from selfsame.datasets.drawn.emoji import kin_of
from selfsame.errors import InputError

FINEST = 4
"""Times that the truth is as fine as the pictures that are coded."""

TRAIN_PICTURES = 2000
"""Of the training pictures, for the networks that describe patches and as a floor."""

TELL = ("styles", "groups", "characters")
"""Columns whose values patches are told by, where the set has them."""

MADE_SIDE, MADE_TRAIN, MADE_TEST = 16, 40, 12
"""Made pictures: the side at which they are coded, and how many there are."""


class Truth(NamedTuple):
    """Pictures, (N, 4S, 4S, C), S the side at which they are coded.

    Attributes:
        train: some of the pictures that models may have learned.
        test: of which they have seen neither one nor its kin.
        name: of the set.
    """

    train: Pictures
    test: Pictures
    name: str

    @property
    def side(self) -> int:
        """S, in pixels."""
        return self.test.images.shape[1] // FINEST


def load_truth(options: argparse.Namespace) -> Truth:
    """Return the pictures of ``--data``; without it, or in a quick run without spaces of such
    pictures, a few shapes, made on the spot.

    Raises:
        InputError: pictures that are not square, or whose side is no multiple of four; or what
            ``read_pictures`` finds wrong.
    """
    path: Path | None = options.data
    if path is None or (options.quick and not options.space):
        return Truth(made_pictures(MADE_TRAIN, 0), made_pictures(MADE_TEST, 1), "made")
    train, test = (read_pictures(path, split=split) for split in ("train", "test"))
    height, width = test.images.shape[1:3]
    if height != width or height % FINEST:
        raise InputError(
            f"--data must hold squares of {FINEST} times the side that is coded: {path} has "
            f"pictures of {width}x{height}"
        )
    count = len(test) if options.count is None else options.count
    return Truth(train.spread(TRAIN_PICTURES), test.spread(count), path.name)


def made_pictures(count: int, number: int) -> Pictures:
    """Return disks and bars of any colour on white, two ``groups`` of them.

    Args:
        number: of the set; different sets have different pictures.
    """
    rng = np.random.default_rng([7, number])
    side = FINEST * MADE_SIDE
    row, column = np.mgrid[:side, :side] + 0.5
    images = np.full((count, side, side, 3), 255, np.uint8)
    for picture, image in enumerate(images):
        top, left = rng.uniform(0.35, 0.65, 2) * side
        size = rng.uniform(0.15, 0.3) * side
        far = np.hypot(row - top, column - left) if picture % 2 else abs(row - top + column - left)
        inside = np.clip(size - far, 0, 1)[..., None]
        image[:] = np.rint(255 - inside * rng.integers(80, 255, 3))
    groups = np.where(np.arange(count) % 2, "disks", "bars")
    return Pictures(images, columns={"groups": groups})


def kin(pictures: Pictures) -> Array:
    """Return what pictures share with those that are much like them, (N,): the concept of emoji,
    the family of glyphs; else each is its own."""
    if "concepts" in pictures.columns:
        return np.array([kin_of(str(concept)) for concept in pictures.columns["concepts"]])
    if "families" in pictures.columns:
        return np.asarray(pictures.columns["families"])
    return np.arange(len(pictures))


def told(truth: Truth, columns: list[str] | None) -> tuple[Array, Array, int]:
    """Return the classes that patches are told by: of the training pictures, of the test pictures
    (-1: none that is among the former), and how many there are.

    Args:
        columns: whose values together make a class; None: ``TELL``, or the labels of the set.
    Raises:
        InputError: no such column, neither columns nor labels, or test pictures of other classes.
    """
    known = truth.train.columns
    names = [name for name in TELL if name in known] if columns is None else columns
    if missing := [name for name in names if name not in known]:
        raise InputError(f"--tell: no column {missing[0]}; there are {', '.join(known) or 'none'}")
    parts = []
    for pictures in (truth.train, truth.test):
        if names:
            values = zip(*(pictures.columns[name].tolist() for name in names), strict=True)
            parts.append([repr(value) for value in values])
        elif pictures.labels is not None:
            parts.append([repr(label) for label in pictures.labels.tolist()])
        else:
            raise InputError("patches are told by labels or columns: name some, --tell COLUMN")
    classes = {value: number for number, value in enumerate(sorted(set(parts[0])))}
    train, test = (np.array([classes.get(value, -1) for value in part]) for part in parts)
    if (test < 0).all():
        raise InputError(
            "no test picture is of a class of the training pictures: tell patches by other columns,"
            " --tell COLUMN"
        )
    return train, test, len(classes)


def as_tensor(images: Bytes) -> Tensor:
    """Return pictures, (N, H, W, C) bytes, as (N, C, H, W) in [0, 1]."""
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return torch.from_numpy(planes).float() / 255


def reduced(fine: Tensor, scale: int) -> Tensor:
    """Return pictures that are ``FINEST`` times as fine as those that are coded, averaged down to
    ``scale`` times as fine."""
    side = fine.shape[-1] // FINEST * scale
    return area_resize(fine, (side, side))
