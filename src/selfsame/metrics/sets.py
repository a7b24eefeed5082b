"""How far two sets of feature vectors lie apart, to compare generated pictures with real ones.

The features are whatever a classifier makes of pictures; distances compare only where the features
are the same classifier's and the sets of the same sizes.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError

DEGREE = 3
"""Of the polynomial kernel, as in the source of ``kernel_distance``."""

Features = NDArray[np.float64]

_ROWS_AT_ONCE = 500
"""Features whose distances to all others are held at a time."""


class KernelDistance(NamedTuple):
    """A kernel distance.

    Attributes:
        mean: the unbiased estimate of the squared distance; about zero, and as often below, where
            the distributions are the same.
        standard_error: of that estimate.
    """

    mean: float
    standard_error: float


class PrecisionRecall(NamedTuple):
    """How much of each set lies where the other is.

    Attributes:
        precision: share of the made ones among the real ones: how good they are.
        recall: share of the real ones among the made ones: how varied these are.
    """

    precision: float
    recall: float


def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Return the squared Fréchet distance of the normal distributions fitted to two sets.

    ``|μ1 - μ2|² + tr(C1 + C2 - 2 (C1 C2)^½)``, squared as the literature reports it. It grows with
    fewer features: compare sets of the same sizes. Covariances may lack rank.

    Args:
        first, second: features, (N1, D) and (N2, D), at least 2 each.
    Raises:
        InputError: other shapes, or numbers that are not finite.
    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
    Equilibrium", NeurIPS 2017.
    """
    a, b = _checked(first, second)
    shift = a.mean(0) - b.mean(0)
    ra, rb = _root_of_covariance(a), _root_of_covariance(b)
    # With C = RᵀR the eigenvalues of C1 C2 are the squares of the singular values of R1 R2ᵀ: their
    # roots are found as they are, without a root of rounding errors.
    overlap = np.linalg.svd(ra @ rb.T, compute_uv=False).sum()
    distance = shift @ shift + np.square(ra).sum() + np.square(rb).sum() - 2 * overlap
    return max(float(distance), 0.0)


def kernel_distance(
    first: ArrayLike, second: ArrayLike, rng: np.random.Generator, subset: int = 1000
) -> KernelDistance:
    """Return the squared maximum mean discrepancy of two sets under ``(x·y / D + 1)³``.

    Both sets are shuffled and dealt into as many parts as ``subset`` allows, and the unbiased
    estimates of the pairs of parts averaged. No feature is in two parts, so that the estimates are
    independent and their spread gives the standard error.

    Args:
        first, second: features, (N1, D) and (N2, D).
        rng: shuffles.
        subset: least features of a part, at least 2; two parts at least of each set.
    Raises:
        InputError: other shapes, too few features, or numbers that are not finite.
    Source: Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018, where the
    parts are drawn anew each time and may overlap.
    """
    a, b = _checked(first, second)
    parts = min(len(a), len(b)) // subset if subset >= 2 else 0
    if parts < 2:
        raise InputError(
            "subset must be at least 2 and at most half of each set: got "
            f"{subset} for {len(a)} and {len(b)} features"
        )
    pairs = zip(
        np.array_split(rng.permutation(a), parts),
        np.array_split(rng.permutation(b), parts),
        strict=True,
    )
    estimates = [_squared_discrepancy(x, y) for x, y in pairs]
    return KernelDistance(
        float(np.mean(estimates)), float(np.std(estimates, ddof=1)) / math.sqrt(parts)
    )


def precision_recall(real: ArrayLike, made: ArrayLike, neighbours: int = 3) -> PrecisionRecall:
    """Return precision and recall of what was made, by nearest neighbours.

    A set's region is the balls about its features that reach to their ``neighbours``-th nearest of
    the same set. Two sets of one distribution have less than 1 of both, and the more the larger
    they are: compare sets of the same sizes, and with another set of real ones.

    Args:
        real, made: features, (N1, D) and (N2, D), more than ``neighbours`` each.
    Raises:
        InputError: other shapes, too few features, or numbers that are not finite.
    Source: Kynkäänniemi, Karras, Laine, Lehtinen and Aila, "Improved Precision and Recall Metric
    for Assessing Generative Models", NeurIPS 2019.
    """
    a, b = _checked(real, made)
    if not 1 <= neighbours < min(len(a), len(b)):
        raise InputError(
            "neighbours must be at least 1 and fewer than the features of each set: got "
            f"{neighbours} for {len(a)} and {len(b)} features"
        )
    return PrecisionRecall(_share_within(b, a, neighbours), _share_within(a, b, neighbours))


def _share_within(points: Features, region: Features, neighbours: int) -> float:
    """Return the share of points, (N1, D), in a ball of the region's features, (N2, D)."""
    # The nearest of a feature is itself, at distance 0.
    parts = [
        np.partition(_squared_distances(rows, region), neighbours, axis=1)[:, neighbours]
        for rows in _parts(region)
    ]
    reach = np.concatenate(parts)
    found = [(_squared_distances(rows, region) <= reach).any(1) for rows in _parts(points)]
    return float(np.concatenate(found).mean())


def _parts(features: Features) -> list[Features]:
    return np.array_split(features, -(-len(features) // _ROWS_AT_ONCE))


def _squared_distances(x: Features, y: Features) -> Features:
    distances: Features = np.square(x).sum(1)[:, None] + np.square(y).sum(1) - 2 * x @ y.T
    return distances


def _squared_discrepancy(x: Features, y: Features) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy."""
    within = [
        (kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1))
        for kernel in (_kernel(x, x), _kernel(y, y))
    ]
    return float(sum(within) - 2 * _kernel(x, y).mean())


def _kernel(x: Features, y: Features) -> Features:
    kernel: Features = (x @ y.T / x.shape[1] + 1) ** DEGREE
    return kernel


def _root_of_covariance(features: Features) -> Features:
    """Return R with RᵀR the covariance, at most (D, D)."""
    deviations = (features - features.mean(0)) / math.sqrt(len(features) - 1)
    root: Features = np.linalg.qr(deviations).R
    return root


def _checked(first: ArrayLike, second: ArrayLike) -> tuple[Features, Features]:
    """Return both sets in float64."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    alike = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[1] >= 1
    if not alike or min(len(a), len(b)) < 2:
        raise InputError(
            f"features must be (N1, D) and (N2, D), at least 2 of each: got {a.shape} and {b.shape}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("features must be finite numbers; got some that are not")
    return a, b
