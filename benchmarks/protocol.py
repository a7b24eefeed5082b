"""How a fitted IFS is judged: the evaluation of "Learning Fractals by Gradient Descent".

A code is judged by its numbers alone (matrices, offsets, probabilities, viewport); nothing
here calls the library's renderers, so they cannot flatter themselves. Plain numpy.

The paper's measure: draw 100 sequences of 300 maps, follow each from the fixed point of the
first map, put ``exp(-d²)`` (d in pixels) on every point of a 32×32 picture, clamp the sum to
[0, 1] and take the mean squared error to the target; the figure quoted is the minimum over
the 100 (Tu et al. 2023, section on experiments). We add the mean over the 100, and measures
of the converged picture that no single draw of 300 points can flatter.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.datasets import list_pictures, read_pictures
from selfsame.datasets.readers import set_kind, unseen_split
from selfsame.errors import InputError
from selfsame.io.pictures import Picture, picture_from_pillow, resize_picture
from selfsame.metrics.pictures import chamfer_px, density_sse, iou

Array = NDArray[np.float64]

SIDE = 32
THRESHOLD = 0.2
"""After resizing, pixels brighter than this belong to the target."""
SEQUENCES = 100
POINTS = 300
SIGMA = 1.0
MASK_LEVEL = 0.5
"""A rendering's pixels at least this bright count as set; never chosen with the target."""

SETS = {
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion_mnist_600.npz",
    "kmnist": "kmnist_200.npz",
}
"""Name of each set and the file in the data folder that holds it."""

SPLITS = ("test", "dev", "all")

DEV_PER_CLASS = 10
"""Half of the smallest set; what the method was developed on lies within it."""

_CONVERGED_CHAINS = 400
_CONVERGED_BURN_IN = 50
_FAR_PX = 1e4
"""Points are held within this distance of the picture, so that none overflows."""


class Target(NamedTuple):
    """A target picture: ``image`` (32, 32) of exact zeros and ones, float32."""

    name: str
    label: int
    image: Picture


@dataclass(frozen=True)
class Score:
    """What one code gets on one target.

    Attributes:
        min_mse, mean_mse: over the 100 sequences; the first is the paper's figure.
        best_iou: the best IoU of any of the 100 pictures, each thresholded at 0.5.
        iou, chamfer_px: of the converged picture's mask with the target.
        density_sse: between the converged point density and the target scaled to sum 1.
    """

    min_mse: float
    mean_mse: float
    best_iou: float
    iou: float
    chamfer_px: float
    density_sse: float


def target_mask(picture: Picture) -> Picture:
    """Return a picture (H, W) or (H, W, 3) as the (32, 32) target of zeros and ones."""
    if picture.ndim == 3:
        from PIL import Image

        picture = picture_from_pillow(
            Image.fromarray(np.rint(picture * 255).astype(np.uint8)), "grey"
        )
    small = resize_picture(picture, (SIDE, SIDE))
    return (small > THRESHOLD).astype(np.float32)


def find_sets(path: Path | None) -> dict[str, Path | None]:
    """Return name and path of every set of targets at ``path``.

    A folder with the files of ``SETS`` gives those that are there; any other folder of
    pictures, ``.npz`` or picture is one set; no path at all gives the made pictures.

    Raises:
        InputError: nothing there.
    """
    if path is None:
        return {"made": None}
    if not path.exists():
        raise InputError(
            f"--data must name a folder with {', '.join(SETS.values())}, a folder of pictures,"
            f" an .npz or a picture: there is no {path}"
        )
    known = {name: path / file for name, file in SETS.items() if (path / file).is_file()}
    return {**known} or {path.stem: path}


def made_pictures(side: int) -> dict[str, Picture]:
    """Return four silhouettes (side, side) that need no data: disk, ring, cross, gasket."""
    row, column = (np.mgrid[:side, :side] + 0.5) / side * 2 - 1
    radius = np.hypot(row, column)
    cell = np.arange(side) * 64 // side
    masks = {
        "disk": radius < 0.7,
        "ring": (radius < 0.8) & (radius > 0.5),
        "cross": (abs(row * column) < 0.1) & (radius < 0.8),
        "gasket": (cell[:, None] & cell[::-1]) == 0,
    }
    return {name: mask.astype(np.float32) for name, mask in masks.items()}


def select_targets(path: Path | None, split: str, count: int | None) -> list[Target]:
    """Return targets of a set, the same ones every time, balanced over its classes.

    The first ``DEV_PER_CLASS`` pictures of each class are for tuning (``dev``), the others for
    reporting (``test``); within a split the classes take turns, each in the order of the file.
    MNIST's training pictures are never used.

    Args:
        path: an ``.npz`` with ``images`` and, where it has classes, ``labels`` (or
            ``test_images`` and ``test_labels``), or a picture, or a folder of pictures; None
            for ``made_pictures``.
        count: how many; None for every picture of the split.
    Raises:
        InputError: no such split, unreadable file, or fewer pictures than asked for.
    """
    if split not in SPLITS:
        raise InputError(f"split must be one of {', '.join(SPLITS)}: got {split!r}")
    if count is not None and count < 1:
        raise InputError(f"the number of targets must be at least 1: got {count}")
    stem = "made" if path is None else path.stem
    pictures, labels = _read_set(path)
    turn = np.empty(len(labels), np.int64)  # the how-manieth of its class each picture is
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    order = np.lexsort((labels, turn))
    if split != "all":
        order = order[(turn[order] < DEV_PER_CLASS) == (split == "dev")]
    if len(order) < (count or 1):
        raise InputError(f"{stem} has {len(order)} {split} targets: {count or 1} asked for")
    return [
        Target(f"{stem}-{index}", int(labels[index]), target_mask(pictures[index]))
        for index in order[:count]
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose targets: ``--targets`` and ``--split``."""
    parser.add_argument("--targets", type=int, default=30, help="of each known set")
    parser.add_argument("--split", choices=SPLITS, default="test", help="of each known set")


def targets_of(name: str, path: Path | None, options: argparse.Namespace) -> list[Target]:
    """Return the targets that the options ask of a set: all of a set of the user's own."""
    if name in SETS:
        count = min(2, options.targets) if options.quick else options.targets
        return select_targets(path, options.split, count)
    return select_targets(path, "all", None)[: 2 if options.quick else None]


def _read_set(path: Path | None) -> tuple[list[Picture], NDArray[np.int64]]:
    if path is None:
        pictures = list(made_pictures(SIDE).values())
        return pictures, np.zeros(len(pictures), np.int64)
    split = unseen_split(path)
    pictures = [named.read() for named in list_pictures(path, split)]
    labels = None if set_kind(path) == "folder" else read_pictures(path, split).labels
    return pictures, np.zeros(len(pictures), np.int64) if labels is None else labels


def sample_points(
    matrices: Array,
    offsets: Array,
    probabilities: Array,
    generator: np.random.Generator,
    *,
    sequences: int = SEQUENCES,
    points: int = POINTS,
    burn_in: int = 0,
) -> Array:
    """Return (sequences, points, 2) points of the plane, visited by independent chains.

    Every chain starts at the fixed point of the first map and takes ``burn_in`` steps before
    its first recorded point; the start itself is not recorded.
    """
    A, b = np.asarray(matrices, np.float64), np.asarray(offsets, np.float64)
    cumulative = np.cumsum(np.asarray(probabilities, np.float64))
    drawn = generator.random((burn_in + points, sequences)) * cumulative[-1]
    indices = np.minimum(np.searchsorted(cumulative, drawn, side="right"), len(A) - 1)
    # The pseudo-inverse also serves a map without a unique fixed point.
    start = np.linalg.pinv(np.eye(2) - A[0]) @ b[0]
    x, y = np.full(sequences, start[0]), np.full(sequences, start[1])
    visited = np.empty((points, sequences, 2))
    limit = 1e12
    for t, chosen in enumerate(indices):
        M, c = A[chosen], b[chosen]
        x, y = (
            M[:, 0, 0] * x + M[:, 0, 1] * y + c[:, 0],
            M[:, 1, 0] * x + M[:, 1, 1] * y + c[:, 1],
        )
        x, y = np.clip(x, -limit, limit), np.clip(y, -limit, limit)
        if t >= burn_in:
            visited[t - burn_in, :, 0], visited[t - burn_in, :, 1] = x, y
    return np.ascontiguousarray(visited.transpose(1, 0, 2))


def to_pixels(points: Array, viewport: tuple[float, float, float, float], side: int) -> Array:
    """Return plane points (..., 2) as (column, row) in pixels of a square picture; y is up."""
    x_min, y_min, x_max, y_max = viewport
    u = (points[..., 0] - x_min) / (x_max - x_min) * side
    v = (y_max - points[..., 1]) / (y_max - y_min) * side
    return np.clip(np.stack([u, v], axis=-1), -_FAR_PX, _FAR_PX)


def splat(pixels: Array, side: int = SIDE, sigma: float = SIGMA) -> Array:
    """Return clamped pictures (S, side, side) of points (S, P, 2) in pixels.

    ``exp(-(dx² + dy²) / sigma)`` is a product of a function of the column and one of the
    row, so each picture is one matrix product over its points.
    """
    centre = np.arange(side) + 0.5
    across = np.exp(-((centre - pixels[..., 0, None]) ** 2) / sigma)
    down = np.exp(-((centre - pixels[..., 1, None]) ** 2) / sigma)
    pictures = np.matmul(down.transpose(0, 2, 1), across)
    return np.asarray(np.minimum(pictures, 1.0), np.float64)


def histogram(pixels: Array, side: int = SIDE) -> Array:
    """Return how many of the points (..., 2) fall in each pixel, (side, side)."""
    column, row = np.floor(pixels[..., 0]).ravel(), np.floor(pixels[..., 1]).ravel()
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    flat = (row[inside] * side + column[inside]).astype(np.int64)
    return np.bincount(flat, minlength=side * side).reshape(side, side).astype(np.float64)


def sequence_errors(pictures: Array, target: Picture) -> Array:
    """Return the mean squared error (S,) of every picture (S, side, side)."""
    return np.asarray(((pictures - target) ** 2).mean(axis=(1, 2)), np.float64)


def min_mse(
    matrices: Array,
    offsets: Array,
    probabilities: Array,
    viewport: tuple[float, float, float, float],
    target: Picture,
    *,
    seed: int = 0,
) -> float:
    """Return the paper's figure alone, equal to ``score(...).min_mse`` and ten times cheaper."""
    points = sample_points(matrices, offsets, probabilities, _generator(seed))
    return float(sequence_errors(splat(to_pixels(points, viewport, SIDE)), target).min())


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 0x5E1F])


def score(
    matrices: Array,
    offsets: Array,
    probabilities: Array,
    viewport: tuple[float, float, float, float],
    target: Picture,
    *,
    seed: int = 0,
    burn_in: int = 0,
) -> Score:
    """Return the score of a code on a target (32, 32); see the module's text.

    Raises:
        InputError: a number is not finite, or the target has another shape.
    """
    if target.shape != (SIDE, SIDE):
        raise InputError(f"the protocol's targets are {SIDE}x{SIDE}: got {target.shape}")
    for name, value in (("matrices", matrices), ("offsets", offsets), ("viewport", viewport)):
        if not np.isfinite(np.asarray(value)).all():
            raise InputError(f"{name} must be finite: found NaN or infinity")
    system = (matrices, offsets, probabilities, _generator(seed))
    pixels = to_pixels(sample_points(*system, burn_in=burn_in), viewport, SIDE)
    pictures = splat(pixels)
    errors = sequence_errors(pictures, target)
    wanted = target > 0.5
    long_run = sample_points(*system, sequences=_CONVERGED_CHAINS, burn_in=_CONVERGED_BURN_IN)
    converged = to_pixels(long_run, viewport, SIDE)
    mask = splat(converged).mean(axis=0) >= MASK_LEVEL
    return Score(
        min_mse=float(errors.min()),
        mean_mse=float(errors.mean()),
        best_iou=max(iou(picture >= MASK_LEVEL, wanted) for picture in pictures),
        iou=iou(mask, wanted),
        chamfer_px=chamfer_px(mask, wanted),
        density_sse=density_sse(histogram(converged), target),
    )


def mean_score(scores: list[Score]) -> dict[str, float]:
    """Return the mean of every measure; infinite if one code's converged mask is empty."""
    return {
        name: float(np.mean([getattr(one, name) for one in scores]))
        for name in Score.__dataclass_fields__
    }
