"""The labelled pictures of ``lenet.py``, and the sources that its finished work depends on."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.priors.digits import made_pictures
from selfsame.datasets import Pictures, read_pictures
from selfsame.errors import InputError

MNIST = "mnist"
FEW_SHOT = {"fashion-mnist": "fashion_mnist_600.npz", "kmnist": "kmnist_200.npz"}
HELD_OUT = 10_000
"""The last of MNIST's training pictures: with ``--dev`` they are tested on, never otherwise."""

DEV_POOL = 600
"""Of these, the ones that take the place of the small sets."""

PAD = 2
"""MNIST's 28 pixels become the 32 of LeNet-5 and of the sets of fractals."""

QUICK_TRAIN, QUICK_TEST, QUICK_POOL = 200, 100, 60

SOURCES = {
    "learning": ("lab/sets/*.py", "training/*.py", "ifs/render/splat.py", "ifs/fit/*.py"),
    "networks": (
        "lab/networks/architectures.py",
        "lab/probe/classification.py",
        "training/*.py",
        "fractals/**/*.py",
        "ifs/render/batch.py",
        "ifs/chaos/*.py",
    ),
    "probes": ("lab/probe/probes.py", "lab/probe/logistic.py", "datasets/labelled.py"),
}
"""Finished work of each kind counts only while these files of the package are the same."""


class Data(NamedTuple):
    """All pictures of a run, 32×32 and grey.

    Attributes:
        train, test: what features are probed on; the set of fractals is learned from ``train``.
        few_shot: small sets by name.
    """

    train: Pictures
    test: Pictures
    few_shot: Mapping[str, Pictures]

    def fingerprints(self) -> list[str]:
        """Return digests of all sets."""
        return [part.fingerprint for part in (self.train, self.test, *self.few_shot.values())]


def load_data(options: argparse.Namespace) -> Data:
    """Return the pictures of ``--data``, a folder with mnist.npz and the small sets; without it
    lines that are drawn on the spot.

    Raises:
        InputError: a file is missing, or what ``read_pictures`` finds wrong.
    """
    if options.data is None:
        train, test = made_pictures(QUICK_TRAIN, 0), made_pictures(QUICK_TEST, 1)
        return Data(padded(train), padded(test), {"lines": padded(made_pictures(QUICK_POOL, 2))})
    folder: Path = options.data
    needed = [folder / "mnist.npz", *(folder / name for name in FEW_SHOT.values())]
    if missing := [path.name for path in needed if not path.is_file()]:
        raise InputError(f"--data must be a folder with {', '.join(missing)}: got {folder}")
    train = padded(read_pictures(needed[0], "train"))
    if options.dev:
        cut = len(train) - HELD_OUT
        train, test = part(train, 0, cut), part(train, cut, len(train))
        data = Data(train, test, {"held out": part(test, 0, DEV_POOL)})
    else:
        small = {name: padded(read_pictures(folder / file)) for name, file in FEW_SHOT.items()}
        data = Data(train, padded(read_pictures(needed[0], "test")), small)
    if not options.quick:
        return data
    return Data(
        part(data.train, 0, QUICK_TRAIN),
        part(data.test, 0, QUICK_TEST),
        data.few_shot,
    )


def padded(pictures: Pictures) -> Pictures:
    """Return pictures with a black border of ``PAD`` pixels."""
    border = ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0))
    return Pictures(np.pad(pictures.images, border), pictures.labels, pictures.classes)


def part(pictures: Pictures, first: int, last: int) -> Pictures:
    """Return the labelled pictures from ``first`` up to ``last``, or as many as there are."""
    assert pictures.labels is not None
    return Pictures(pictures.images[first:last], pictures.labels[first:last], pictures.classes)
