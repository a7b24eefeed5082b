"""Labelled pictures that are easy to tell apart, and a small fractal data set."""

from pathlib import Path

import numpy as np

from selfsame.datasets import Pictures
from selfsame.fractals import Recipe, make_recipe

SIDE = 16


def toy_pictures(count: int, classes: int = 3, seed: int = 0, channels: int = 1) -> Pictures:
    """Return noisy pictures; class c has a bright square in its own corner."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = random.integers(0, 60, (count, SIDE, SIDE, channels)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = 8 * (label // 2), 8 * (label % 2)
        image[top : top + 7, left : left + 7] += 150
    return Pictures(images, labels.astype(np.int64))


def toy_archive(path: Path, *, learned: int = 30, tested: int | None = 12) -> Path:
    """Write such pictures as ``.npz``, with a test split unless ``tested`` is None."""
    parts = {"train": toy_pictures(learned)}
    if tested is not None:
        parts["test"] = toy_pictures(tested, seed=1)
    arrays = {f"{name}_images": part.images for name, part in parts.items()}
    np.savez(path, **arrays, **{f"{name}_labels": part.labels for name, part in parts.items()})
    return path


def small_recipe(name: str = "anderson-farrell", **options: object) -> Recipe:
    """Return four classes of small pictures of few points."""
    values = {"classes": 4, "instances": 5, "side": SIDE, "points": 100, "threads": 1, **options}
    return make_recipe(name, **values)
