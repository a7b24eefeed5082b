"""Doodles: made-up pictures of strokes, patches and fractals, for networks to learn from.

They stand for all that a person may want as a fractal, and belong to no data set. Doodle i of a
seed is a function of (seed, i).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.samples.random import sample_anderson_farrell

Array = NDArray[np.float64]

FRACTALS = 0.15
"""Share of pictures that are fractals."""

_PATCHES = 0.3
_BOTH = 0.1
# Shares of the rest that are patches, and patches with strokes.

_JOINED = 0.6
"""Share of strokes that touch the one before."""

_FRACTAL_POINTS = 4000
_PIECES = 12
"""Straight pieces that stand for a curve."""

_ALONG = np.linspace(0, 1, _PIECES + 1)[:, None]

_EMPTY_CELLS = 12
"""A picture with less ink than so many pixels is drawn again."""


def doodles(seed: int, indices: Sequence[int], side: int) -> NDArray[np.float32]:
    """Return pictures (B, side, side) of 0 and 1, the figure being 1; never an empty one.

    Args:
        seed: 0 .. 2^63 - 1.
        indices: from 0 on.
        side: pixels.
    """
    pictures = np.zeros((len(indices), side, side), np.float32)
    for picture, index in zip(pictures, indices, strict=True):
        rng = np.random.Generator(np.random.Philox(key=np.array([seed, index], np.uint64)))
        while picture.sum() < _EMPTY_CELLS:
            if rng.random() < FRACTALS:
                picture[:] = _fractal(rng, side)
            else:
                picture[:] = _drawing(rng, side)
    return pictures


def _fractal(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    system = sample_anderson_farrell(1, seed=int(rng.integers(2**62)))[0]
    drawn = render_batch(
        [system], (side, side), points=_FRACTAL_POINTS, seed=int(rng.integers(2**62)), threads=1
    )
    return (np.asarray(drawn[0]) > 0).astype(np.float32)


def _drawing(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    what = rng.random()
    patches = [_patch(rng) for _ in range(1 + rng.geometric(0.4))] if what < _PATCHES else []
    curves: list[Array] = []
    for _ in range(0 if what < _PATCHES - _BOTH else rng.geometric(0.3)):
        curve = _curve(rng)
        if curves and rng.random() < _JOINED:
            curve = curve + (rng.choice(curves[-1]) - rng.choice(curve))
        curves.append(curve)
    lines = np.concatenate([*patches, *curves])
    low, high = lines.min(0), lines.max(0)
    # Fitted into a box of its own within the window, mostly in its own proportions.
    half = rng.uniform(0.6, 0.97, 2)
    scale = half / np.maximum((high - low) / 2, 1e-3)
    if rng.random() < 0.8:
        scale[:] = scale.min()
    middle, place = (low + high) / 2, rng.uniform(-1, 1, 2) * (0.97 - half) * rng.random()

    def placed(line: Array) -> Array:
        return np.ascontiguousarray((line - middle) * scale + place)

    cells = np.zeros((side, side), np.bool_)
    for number, patch in enumerate(patches):
        _fill(cells, placed(patch), number == 0 or rng.random() < 0.75)
    radius = rng.uniform(0.04, 0.14)
    for curve in curves:
        erased = bool(patches) and rng.random() < 0.5
        _stroke(cells, placed(curve), radius * rng.uniform(0.8, 1.25), not erased)
    return cells.astype(np.float32)


def _curve(rng: np.random.Generator) -> Array:
    """Return the points (P, 2) of an arc, a line or a Bézier curve, about 1 in size."""
    t = _ALONG
    start = rng.uniform(-1, 1, 2)
    kind = rng.random()
    if kind < 0.3:
        axes = rng.uniform(0.2, 0.8, 2)
        angle = rng.uniform(0, 2 * math.pi) + t * rng.uniform(0.4, 1.1) * 2 * math.pi
        return _turned(rng, np.concatenate([np.cos(angle), np.sin(angle)], 1) * axes) + start
    if kind < 0.5:
        return start + t * rng.normal(0, 0.8, 2)
    steps = rng.normal(0, 0.9, (3, 2))
    a, b, c, d = start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, 0)])
    s = 1 - t
    bezier: Array = s**3 * a + 3 * s**2 * t * b + 3 * s * t**2 * c + t**3 * d
    return bezier


def _patch(rng: np.random.Generator) -> Array:
    """Return the corners (P, 2) of a polygon: a quadrangle, a star or a blob."""
    start = rng.uniform(-0.7, 0.7, 2)
    kind = rng.random()
    if kind < 0.5:
        half = rng.uniform(0.15, 0.8, 2)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        corners = corners + rng.normal(0, 0.12, (4, 2))
        return corners + start if rng.random() < 0.5 else _turned(rng, corners) + start
    count = int(rng.integers(3, 9)) if kind < 0.75 else 3 * _PIECES
    angle = 2 * math.pi * np.arange(count) / count
    if kind < 0.75:
        radius = rng.uniform(0.2, 0.9, count)
    else:
        waves = np.arange(1, 6)
        phase, size = rng.uniform(0, 2 * math.pi, 5), rng.normal(0, 0.35, 5) / waves
        radius = 0.5 + (size * np.cos(np.outer(angle, waves) + phase)).sum(1)
        radius = np.abs(radius) + 0.05
    corners = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    return _turned(rng, corners) + start


def _turned(rng: np.random.Generator, points: Array) -> Array:
    angle = rng.uniform(0, 2 * math.pi)
    cos, sin = math.cos(angle), math.sin(angle)
    turned: Array = points @ np.array([[cos, sin], [-sin, cos]])
    return turned


def _fill(cells: NDArray[np.bool_], corners: Array, value: bool) -> None:
    """Set the pixels whose centres lie inside a polygon, by the even-odd rule."""
    x, y = _centers(len(cells))
    inside = np.zeros(cells.shape, np.bool_)
    for (x0, y0), (x1, y1) in zip(np.roll(corners, 1, 0), corners, strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    cells[inside] = value


def _stroke(cells: NDArray[np.bool_], points: Array, radius: float, value: bool) -> None:
    """Set the pixels whose centres lie nearer than ``radius`` to a line."""
    x, y = _centers(len(cells))
    for (x0, y0), (dx, dy) in zip(points[:-1], np.diff(points, axis=0), strict=True):
        # Only the rows that the piece can reach.
        near = (y[:, 0] - y0 >= min(0.0, dy) - radius) & (y[:, 0] - y0 <= max(0.0, dy) + radius)
        across, down = x - x0, y[near] - y0
        along = np.clip((across * dx + down * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        distance = (across - along * dx) ** 2 + (down - along * dy) ** 2
        cells[near] = np.where(distance < radius * radius, value, cells[near])


def _centers(side: int) -> tuple[Array, Array]:
    """Return the places of pixels in [-1, 1], (1, side) to the right and (side, 1) upwards."""
    places = (2 * np.arange(side) + 1) / side - 1
    return places[None], -places[:, None]
