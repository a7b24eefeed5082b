"""Dimensions that follow from the maps alone, without a picture."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.ifs.geometry.bounds import STRICTLY_BELOW_ONE
from selfsame.ifs.system import IFS

Array = NDArray[np.float64]

MAX_DIMENSION = 1e9
"""Where the search for a root ends; reached only by norms within 1e-8 of 1."""


def similarity_dimension(system: IFS) -> float:
    """Return Moran's D that solves ``Σ s_i^D = 1``, s_i the largest singular value of map i.

    For similitudes whose images do not overlap (open set condition) it is the Hausdorff and the
    box-counting dimension of the attractor; with overlaps, and for other affine maps, it is an
    upper bound of both and may exceed d. A single map gives 0.

    Raises:
        InputError: a map has a norm of 1 or more; see ``affinity_dimension``.
    Source: Moran 1946; Hutchinson 1981, section 5.
    """
    scales = np.linalg.norm(system.matrices, ord=2, axis=(1, 2))
    if scales.max() > STRICTLY_BELOW_ONE:
        raise InputError(
            f"the similarity dimension needs norms below 1: got {scales.max():g}; "
            "affinity_dimension looks at compositions of maps"
        )
    logs = np.log(scales[scales > 0])
    return _root(lambda s: float(np.exp(s * logs).sum()))


def affinity_dimension(system: IFS, *, max_words: int = 20_000) -> float:
    """Return an upper bound of the attractor's box-counting dimension that knows of flat maps.

    Falconer's singular value function of a matrix with ``σ1 ≥ σ2 ≥ …`` is
    ``φ^s = σ1 ⋯ σm σ(m+1)^(s-m)`` with ``m = ⌊s⌋ < d``, and ``|det A|^(s/d)`` from d on. For each
    length k the s with ``Σ φ^s(A_w) = 1`` over all words w of k maps bounds the affinity
    dimension from above; the smallest of those that ``max_words`` affords is returned. For
    similitudes it equals ``similarity_dimension``. It may exceed d where the images overlap.

    Raises:
        InputError: no length within reach makes every composition contract.
    Source: Falconer 1988, "The Hausdorff dimension of self-affine fractals".
    """
    maps = system.matrices
    products, best = maps, np.inf
    while True:
        sigma = np.linalg.svd(products, compute_uv=False)
        if sigma.max() <= STRICTLY_BELOW_ONE:
            with np.errstate(divide="ignore"):
                best = min(best, _root(_singular_value_sum(np.log(sigma))))
        if len(products) * len(maps) > max_words or len(maps) == 1:
            break
        products = (products[:, None] @ maps).reshape(-1, *maps.shape[1:])
    if not np.isfinite(best):
        raise InputError(
            f"no composition length within {max_words} words contracts: "
            f"the largest singular value of a map is {system.contraction:g}"
        )
    return float(best)


def _singular_value_sum(logs: Array) -> Callable[[float], float]:
    """Return ``s -> Σ φ^s`` for the logarithms (M, d) of singular values, -inf for zeros."""
    d = logs.shape[1]

    def total(s: float) -> float:
        exponents = np.clip(s - np.arange(d), 0, 1) if s < d else np.full(d, s / d)
        used = exponents > 0  # keeps 0 · -inf out
        return float(np.exp(logs[:, used] @ exponents[used]).sum())

    return total


def _root(total: Callable[[float], float]) -> float:
    """Return the root of ``total(s) = 1`` for a decreasing function, 0 if there is none."""
    low, high = 0.0, 1.0
    if total(np.nextafter(0.0, 1.0)) <= 1:
        return 0.0
    while total(high) > 1:
        low, high = high, 2 * high
        if high > MAX_DIMENSION:
            return float(high)
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if total(middle) > 1 else (low, middle)
    return float((low + high) / 2)
