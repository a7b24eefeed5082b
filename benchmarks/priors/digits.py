"""Labelled grey pictures: MNIST, or lines that are drawn on the spot."""

import argparse
import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from selfsame.datasets import Pictures, read_pictures
from selfsame.datasets.batches import evaluation_pictures
from selfsame.errors import InputError

QUICK_TRAIN, QUICK_TEST = 400, 200

MADE_CLASSES = 10

MADE_SEED = 5


class Data(NamedTuple):
    """The two splits of a labelled set of grey pictures."""

    train: Pictures
    test: Pictures
    name: str


def load_data(options: argparse.Namespace) -> Data:
    """Return the pictures of ``--data``: a file or folder with the splits train and test, or a
    folder with ``mnist.npz``; without it a few lines, drawn on the spot.

    Raises:
        InputError: not grey, no labels, or what ``read_pictures`` finds wrong.
    """
    path: Path | None = options.data
    if path is None:
        return Data(made_pictures(QUICK_TRAIN, 0), made_pictures(QUICK_TEST, 1), "made")
    if (path / "mnist.npz").is_file():
        path = path / "mnist.npz"
    train, test = (read_pictures(path, split=split) for split in ("train", "test"))
    for pictures in (train, test):
        if pictures.images.shape[3] != 1 or pictures.labels is None:
            raise InputError(f"--data must hold grey pictures with labels: {path} does not")
    if options.quick:
        train, test = _first(train, QUICK_TRAIN), _first(test, QUICK_TEST)
    return Data(train, test, path.name)


def made_pictures(count: int, number: int) -> Pictures:
    """Return soft lines of ``MADE_CLASSES`` directions, 28×28: data for runs without any.

    Args:
        number: of the set; different sets have different pictures.
    """
    rng = np.random.default_rng([MADE_SEED, number])
    labels = np.arange(count) % MADE_CLASSES
    angle = (labels + rng.uniform(-0.3, 0.3, count)) * np.pi / MADE_CLASSES
    row, column = np.mgrid[:28, :28] - 13.5
    across = np.sin(angle)[:, None, None] * column - np.cos(angle)[:, None, None] * row
    along = np.cos(angle)[:, None, None] * column + np.sin(angle)[:, None, None] * row
    offset = rng.uniform(-2, 2, (count, 1, 1))
    value = np.clip(2 - abs(across - offset), 0, 1) * np.clip(9 - abs(along), 0, 1)
    return Pictures(np.rint(255 * value).astype(np.uint8)[..., None], labels.astype(np.int64))


def _first(pictures: Pictures, count: int) -> Pictures:
    assert pictures.labels is not None
    return Pictures(pictures.images[:count], pictures.labels[:count], pictures.classes)


def binarised(pictures: Pictures, seed: int) -> Tensor:
    """Return pictures drawn as zeros and ones, (N, 1, S, S), by their brightness."""
    return evaluation_pictures(pictures, "static", seed)


def fingerprint_of(pictures: Tensor) -> str:
    """Return a short hash of pictures."""
    return hashlib.sha256(pictures.contiguous().numpy()).hexdigest()[:12]
