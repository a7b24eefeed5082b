"""FractalDB: categories found by their filling rate, and the grid of a thousand instances."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Range
from selfsame.fractals.drawing.stamps import (
    PATTERNS,
    WHITE,
    colored,
    patch_rows,
    stamped,
)
from selfsame.fractals.randomness import uniforms
from selfsame.fractals.recipes.base import Interval, PointRecipe, Share
from selfsame.ifs.limits import Points
from selfsame.ifs.render.batch import SystemArrays, stack_systems
from selfsame.ifs.samples.random import FILLING_RATE, search_fractaldb
from selfsame.run.progress import Progress

STEPS = (-2, -1, 1, 2)
VARIATIONS = 1 + 6 * len(STEPS)
"""The category itself, and each of the parameters a to f times 1 + each step × the interval."""

FLIPS = 4
PATCHES = 10
MAX_INSTANCES = VARIATIONS * FLIPS * PATCHES

_PATTERNS = 1  # purposes of random numbers
_STRIDE = 7


@dataclass(frozen=True, eq=False, kw_only=True)
class FractalDB(PointRecipe):
    """FractalDB-k: 25 variations × 4 flips × 10 patches of each category.

    Attributes:
        points: of each picture.
        color: every point gets a random colour; otherwise pictures are grey.
        interval: of the factors: 0.1 for 0.8, 0.9, 1.1 and 1.2.
        rate: the filling rate of the categories.
    Source: Kataoka et al. 2020, "Pre-training without Natural Images".
    """

    name: ClassVar[str] = "fractaldb"
    instances: Annotated[int, Range(1, MAX_INSTANCES)]
    points: Points = 100_000
    color: bool = False
    interval: Interval = 0.1
    rate: Share = FILLING_RATE

    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        found = search_fractaldb(
            self.classes, seed=self.seed, rate=self.rate, threads=self.threads, progress=progress
        )
        return stack_systems(found)

    @property
    def channels(self) -> int:
        return 3 if self.color else 1

    def instance_parameters(self, index: int) -> dict[str, Any]:
        instance = self.checked_indices([index]) % self.instances
        variation, flip, patch = (int(part[0]) for part in grid_place(instance))
        games = np.array([self.label(index) * VARIATIONS + variation])
        if self._escaped(self._points(games))[0]:
            variation = 0
        return {
            "variation": variation,
            "weights": variation_weights(self.interval)[variation].tolist(),
            "flip_horizontal": bool(flip & 1),
            "flip_vertical": bool(flip & 2),
            "patch": patch_rows(int(self._patterns()[patch])),
        }

    def _patterns(self) -> NDArray[np.int64]:
        """Return the ten patches of this seed, different ones of the 511 that are not empty."""
        order = np.argsort(uniforms(self.seed, _PATTERNS, [0], PATTERNS)[0], kind="stable")
        return 1 + order[:PATCHES]

    def _points(self, games: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._point_pictures(self._varied(games), games)

    @staticmethod
    def _escaped(points: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which variations ran off to infinity; they are drawn as the category itself."""
        return np.asarray(points.max(axis=(1, 2)) == 0)

    def _varied(self, games: NDArray[np.int64]) -> SystemArrays:
        """Return a category with a variation for each ``label · VARIATIONS + variation``: factors
        apply to all maps, probabilities stay."""
        systems = self.systems.take(games // VARIATIONS)
        weights = variation_weights(self.interval)[games % VARIATIONS]
        return systems._replace(
            matrices=systems.matrices * weights[:, None, :4].reshape(-1, 1, 2, 2),
            offsets=systems.offsets * weights[:, None, 4:],
        )

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        labels = indices // self.instances
        variations, flips, patches = grid_place(indices % self.instances)
        # One chaos game serves all flips and patches of a variation.
        games, sources = np.unique(labels * VARIATIONS + variations, return_inverse=True)
        points = self._points(games)
        escaped = np.flatnonzero(self._escaped(points))
        points[escaped] = self._points(games[escaped] // VARIATIONS * VARIATIONS)
        patterns = self._patterns()[patches]
        if self.color:
            return colored(
                points,
                sources,
                patterns,
                flips,
                seed=self.seed,
                streams=games[sources],
                threads=self.threads,
            )
        return stamped(points, sources, patterns, flips, white=WHITE, threads=self.threads)


def grid_place(
    instances: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return variation, flip and patch of each instance, a bijection of 0..999 to their grid.

    The first few instances already have different variations, flips and patches.
    """
    # 25 and 4 have no common factor: a hundred instances meet every pair of them once.
    pair = instances % (VARIATIONS * FLIPS)
    variation = (_STRIDE * pair) % VARIATIONS
    return variation, pair % FLIPS, (pair + instances // (VARIATIONS * FLIPS)) % PATCHES


def variation_weights(interval: float) -> NDArray[np.float64]:
    """Return the factors of a, b, c, d, e, f in each variation, (25, 6); the first are all 1."""
    weights = np.ones((VARIATIONS, 6))
    for parameter in range(6):
        for i, step in enumerate(STEPS):
            weights[1 + parameter * len(STEPS) + i, parameter] = 1 + step * interval
    return weights
