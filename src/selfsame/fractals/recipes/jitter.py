"""Small changes of systems, by which the pictures of a class differ.

A change that would make a map expand (a singular value above 1) is drawn again, a few times; then
the system stays as it is. So systems that contract still do.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.render.batch import SystemArrays

Array = NDArray[np.float64]

ATTEMPTS = 4
"""Draws after which a system stays unchanged, as in Anderson and Farrell's released code."""


def scaled_map(systems: SystemArrays, u: Array, factors: tuple[float, float]) -> SystemArrays:
    """Return each system with all six parameters of one of its maps times one factor.

    Args:
        systems: n of them.
        u: (n, ATTEMPTS, 2), uniform: which map, and the factor.
        factors: least and largest factor.
    Source: Anderson and Farrell 2022, "Improving Fractal Pre-training".
    """
    least, largest = factors
    chosen = np.floor(u[:, :, 0] * systems.counts[:, None]).astype(np.int64)
    factor = least + u[:, :, 1] * (largest - least)
    hit = np.arange(systems.matrices.shape[1]) == chosen[:, :, None]
    weights = np.where(hit, factor[:, :, None], 1.0)
    return _first_contracting(systems, np.broadcast_to(weights[..., None], (*weights.shape, 6)))


def scaled_entries(systems: SystemArrays, u: Array, interval: float) -> SystemArrays:
    """Return each system with one parameter of each map times a factor, one for all maps.

    Args:
        systems: n of them.
        u: (n, ATTEMPTS, 1 + M), uniform: the factor, one of 1 - 2 i, 1 - i, 1, 1 + i, 1 + 2 i,
            and which parameter of each map.
        interval: i.
    Source: the released code of Anderson and Farrell 2022 (``fractaldb`` jitter).
    """
    factor = 1 + interval * (np.floor(5 * u[:, :, 0]) - 2)
    chosen = np.floor(6 * u[:, :, 1:]).astype(np.int64)
    hit = np.arange(6) == chosen[..., None]
    return _first_contracting(systems, np.where(hit, factor[:, :, None, None], 1.0))


def scaled_parameters(systems: SystemArrays, u: Array, delta: float) -> SystemArrays:
    """Return each system with every parameter times its own factor of [1 - delta, 1 + delta].

    Probabilities stay: those of a fern's stem, which has no area, are no matter of areas.

    Args:
        u: (n, ATTEMPTS, M, 6), uniform.
    """
    changed = _first_contracting(systems, 1 + delta * (2 * u - 1))
    return changed._replace(probabilities=systems.probabilities)


def area_probabilities(matrices: Array, counts: NDArray[np.int64]) -> Array:
    """Return (n, M) probabilities ∝ ``|det A|``, uniform if all are zero."""
    used = np.arange(matrices.shape[1]) < counts[:, None]
    a, b, c, d = np.moveaxis(matrices.reshape(*matrices.shape[:2], 4), 2, 0)
    area = np.where(used, np.abs(a * d - b * c), 0.0)
    area = np.where(area.sum(axis=1, keepdims=True) > 0, area, used)
    return cast(Array, area / area.sum(axis=1, keepdims=True))


def largest_singular_values(matrices: Array) -> Array:
    """Return the operator norms of 2 × 2 matrices (..., 2, 2)."""
    a, b, c, d = np.moveaxis(matrices.reshape(*matrices.shape[:-2], 4), -1, 0)
    return cast(Array, (np.hypot(a + d, b - c) + np.hypot(a - d, b + c)) / 2)


def _first_contracting(systems: SystemArrays, weights: Array) -> SystemArrays:
    """Return each system with its parameters a, b, c, d, e, f times the first of its weights, (n,
    ATTEMPTS, M, 6), that let it contract, and the probabilities ∝ ``|det A|``."""
    shape = (*weights.shape[:3], 2, 2)
    changed = systems.matrices[:, None] * weights[..., :4].reshape(shape)
    # A map that expanded before may go on to, but not more.
    limits = np.maximum(1.0, largest_singular_values(systems.matrices))
    good: NDArray[np.bool_] = np.all(largest_singular_values(changed) <= limits[:, None], axis=2)
    rows = np.arange(len(good))
    first = weights[rows, np.argmax(good, axis=1)]
    found = np.any(good, axis=1)
    chosen = np.where(found[:, None, None], first, 1.0)
    matrices = systems.matrices * chosen[..., :4].reshape(systems.matrices.shape)
    return systems._replace(
        matrices=matrices,
        offsets=systems.offsets * chosen[..., 4:],
        probabilities=area_probabilities(matrices, systems.counts),
    )
