"""FractalDB: categories found by their filling rate, and the grid of a thousand instances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.datasets.fractals.randomness import uniforms
from selfsame.datasets.fractals.recipe import Recipe, check_whole
from selfsame.errors import InputError
from selfsame.ifs.batch import SystemArrays, render_batch, stack_systems
from selfsame.ifs.limits import check_points
from selfsame.ifs.sampling import FILLING_PADDING, FILLING_RATE, FILLING_SIZE, search_fractaldb

FACTORS = (0.8, 0.9, 1.1, 1.2)
VARIATIONS = 1 + 6 * len(FACTORS)
"""The category itself, and each of the parameters a to f times each factor."""

FLIPS = 4
PATCHES = 10
MAX_INSTANCES = VARIATIONS * FLIPS * PATCHES

WHITE = 127
"""Grey value of FractalDB's pictures, on black."""

_PATTERNS = 1  # purposes of random numbers
_STRIDE = 7


@dataclass(frozen=True, eq=False, kw_only=True)
class FractalDB(Recipe):
    """FractalDB-k: 25 variations × 4 flips × 10 patches of each category.

    Attributes:
        points: of each picture.
        color: every point gets a random colour; otherwise pictures are grey.
        rate: the filling rate of the categories.
    Source: Kataoka et al. 2020, "Pre-training without Natural Images".
    """

    name: ClassVar[str] = "fractaldb"
    points: int = 100_000
    color: bool = False
    rate: float = FILLING_RATE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("instances", self.instances, 1, MAX_INSTANCES)
        check_points(self.points)

    @property
    def channels(self) -> int:
        return 3 if self.color else 1

    def options(self) -> dict[str, Any]:
        return {"points": self.points, "color": self.color, "rate": self.rate}

    def instance_parameters(self, index: int) -> dict[str, Any]:
        instance = self._checked([index]) % self.instances
        variation, flip, patch = (int(part[0]) for part in grid_place(instance))
        pattern = int(self._patterns()[patch])
        return {
            "variation": variation,
            "weights": variation_weights()[variation].tolist(),
            "flip_horizontal": bool(flip & 1),
            "flip_vertical": bool(flip & 2),
            "patch": [[(pattern >> (3 * i + j)) & 1 for j in range(3)] for i in range(3)],
        }

    def _patterns(self) -> NDArray[np.int64]:
        """Return the ten patches of this seed, different ones of the 511 that are not empty."""
        order = np.argsort(uniforms(self.seed, _PATTERNS, [0], 511)[0], kind="stable")
        return 1 + order[:PATCHES]

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        from selfsame.datasets.fractals.stamps import colored, stamped

        labels = indices // self.instances
        variations, flips, patches = grid_place(indices % self.instances)
        # One chaos game serves all flips and patches of a variation.
        games, sources = np.unique(labels * VARIATIONS + variations, return_inverse=True)
        drawn = render_batch(
            varied(self.systems.take(games // VARIATIONS), games % VARIATIONS),
            (self.side, self.side),
            self.points,
            stretch=True,
            margin=FILLING_PADDING / (FILLING_SIZE - 2 * FILLING_PADDING),
            seed=self.seed,
            streams=games,
            dtype=np.uint8,
            threads=self.threads,
            allow_escape=True,
        )
        points = np.asarray(drawn, np.uint8)
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


def make_fractaldb(
    *,
    classes: int,
    instances: int,
    side: int,
    seed: int,
    systems: SystemArrays | None = None,
    points: int = 100_000,
    color: bool = False,
    rate: float = FILLING_RATE,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> FractalDB:
    """Return the recipe of FractalDB; ``systems`` spares the search for categories.

    Args:
        rate, progress: as in ``search_fractaldb``.
    """
    if systems is None:
        check_whole("classes", classes, 1, 2**31)
        found = search_fractaldb(classes, seed=seed, rate=rate, threads=threads, progress=progress)
        systems = stack_systems(found)
    if not isinstance(color, bool):
        raise InputError(f"color must be True or False: got {color!r}")
    return FractalDB(
        side=side,
        classes=classes,
        instances=instances,
        seed=seed,
        systems=systems,
        points=points,
        color=color,
        rate=rate,
        threads=threads,
    )


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


def variation_weights() -> NDArray[np.float64]:
    """Return the factors of a, b, c, d, e, f in each variation, (25, 6); the first are all 1."""
    weights = np.ones((VARIATIONS, 6))
    for parameter in range(6):
        for i, factor in enumerate(FACTORS):
            weights[1 + parameter * len(FACTORS) + i, parameter] = factor
    return weights


def varied(systems: SystemArrays, variations: NDArray[np.int64]) -> SystemArrays:
    """Return each system with its variation: the factors apply to all maps, the probabilities
    stay."""
    weights = variation_weights()[variations]
    return systems._replace(
        matrices=systems.matrices * weights[:, None, :4].reshape(-1, 1, 2, 2),
        offsets=systems.offsets * weights[:, None, 4:],
    )
