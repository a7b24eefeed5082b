"""1p-frac: one fractal, whose small perturbations are the classes."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Range
from selfsame.errors import InputError
from selfsame.fractals.drawing.stamps import PATTERNS, WHITE, patch_rows, stamped
from selfsame.fractals.randomness import uniforms, whole
from selfsame.fractals.recipes.base import PointRecipe, Share
from selfsame.ifs.limits import Points
from selfsame.ifs.render.batch import SystemArrays, stack_systems
from selfsame.ifs.samples.random import filling_rate, sample_anderson_farrell
from selfsame.ifs.system import IFS
from selfsame.run.progress import Progress
from selfsame.run.threads import run_shares

MAPS = 2
SIGMA_WIDTH = 0.1
"""How far above ``sigma`` the sigma factor of the fractal may lie."""

LEAST_RATE = 0.05
"""Share of set pixels that the fractal and every perturbation of it has."""

MAX_TRIES = 1000

_PATCHES, _PERTURBATIONS = 5, 1000  # purposes of random numbers; attempt t takes the second + t


@dataclass(frozen=True, eq=False, kw_only=True)
class OneParameter(PointRecipe):
    """One fractal of two maps; class c is the fractal with every parameter times a factor of its
    own, uniform in [1 - delta, 1 + delta].

    Pictures of one class differ in the points of their chaos game and in the patch.

    Attributes:
        points: of each picture.
        delta: strength of the perturbation.
        sigma: sigma factor of the fractal, 3.5 (the most complex) to 3.9.
    Source: Nakamura et al. 2024, "Scaling Backwards: Minimal Synthetic Pre-training?".
    """

    name: ClassVar[str] = "1p"
    points: Points = 100_000
    delta: Share = 0.1
    sigma: Annotated[float, Range(3.5, 4 - SIGMA_WIDTH)] = 3.5

    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        base = find_fractal(self.seed, self.sigma)
        weights = np.ones((self.classes, MAPS, 6))
        missing = np.arange(self.classes)
        for attempt in range(MAX_TRIES):
            u = uniforms(self.seed, _PERTURBATIONS + attempt, missing, MAPS * 6)
            weights[missing] = 1 + self.delta * (2 * u.reshape(-1, MAPS, 6) - 1)
            systems = [_perturbed(base, weights[label]) for label in missing]
            rates = run_shares(partial(filling_rate, seed=self.seed), systems, self.threads)
            bad = np.array(rates) < LEAST_RATE
            missing = missing[bad]
            if progress is not None:
                progress(self.classes - len(missing), self.classes)
            if len(missing) == 0:
                return stack_systems([_perturbed(base, each) for each in weights])
        raise InputError(
            f"{len(missing)} of {self.classes} perturbations fill less than {LEAST_RATE} of their "
            f"picture: lower delta, {self.delta}, or take another seed"
        )

    @property
    def channels(self) -> int:
        return 1

    def instance_parameters(self, index: int) -> dict[str, Any]:
        return {"patch": patch_rows(int(self._patterns(self.checked_indices([index]))[0]))}

    def _patterns(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        return 1 + whole(uniforms(self.seed, _PATCHES, indices, 1)[:, 0], PATTERNS)

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        points = self._point_pictures(self.systems.take(indices // self.instances), indices)
        n = len(indices)
        return stamped(
            points,
            np.arange(n),
            self._patterns(indices),
            np.zeros(n, np.int64),
            white=WHITE,
            threads=self.threads,
        )


def find_fractal(seed: int, sigma: float) -> IFS:
    """Return the first system of two maps that ``sample_anderson_farrell`` draws with a sigma
    factor of sigma to sigma + ``SIGMA_WIDTH``, and that fills ``LEAST_RATE`` of its picture.

    Raises:
        InputError: there is none among the first ``MAX_TRIES``.
    """
    for start in range(MAX_TRIES):
        (system,) = sample_anderson_farrell(1, seed=seed, start=start, maps=(MAPS, MAPS))
        singular = np.linalg.svd(system.matrices, compute_uv=False)
        factor = float((singular * [1, 2]).sum())
        if sigma <= factor <= sigma + SIGMA_WIDTH and filling_rate(system, seed=seed) >= LEAST_RATE:
            return system
    raise InputError(f"no fractal of sigma factor {sigma} fills its picture: take another seed")


def _perturbed(base: IFS, weights: NDArray[np.float64]) -> IFS:
    """Return a system with parameters a to f times ``weights`` (N, 6); probabilities stay."""
    return IFS(
        base.matrices * weights[:, :4].reshape(-1, 2, 2),
        base.offsets * weights[:, 4:],
        base.probabilities,
    )
