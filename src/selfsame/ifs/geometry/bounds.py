"""Where the attractor of a system lies and how it spreads: contraction, bounds, moments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError
from selfsame.ifs.system import IFS

Array = NDArray[np.float64]

MAX_WORDS = 20_000
"""Most compositions of maps that one call looks at: about a megabyte and 50 milliseconds."""

STRICTLY_BELOW_ONE = 1 - 1e-9
"""A norm up to here counts as below 1; the distance covers the rounding of long products."""

ROUNDING = 1e-12
"""Relative slack added to bounds, so that rounding cannot put a point outside."""


@dataclass(frozen=True)
class Cover:
    """Compositions ``f_w = f_w1 ∘ … ∘ f_wk`` such that every infinite word begins with exactly one.

    The attractor is the union of its images under them, as it is under the maps themselves.

    Attributes:
        matrices: (M, d, d).
        offsets: (M, d).
        norms: (M,), largest singular values.
    """

    matrices: Array
    offsets: Array
    norms: Array


def word_cover(system: IFS, norm: float, *, max_words: int = MAX_WORDS) -> Cover | None:
    """Return the shortest compositions of maps whose norm is at most ``norm``.

    Args:
        norm: in (0, 1).
        max_words: most compositions to look at.
    Returns:
        None if ``max_words`` did not suffice, as for a system that is not contractive.
    """
    if not 0 < norm < 1:
        raise InputError(f"norm must be within (0, 1): got {norm}")
    maps_A, maps_b = system.matrices, system.offsets
    closed: list[tuple[Array, Array, Array]] = []
    A, b, seen = maps_A, maps_b, len(maps_A)
    while True:
        norms = _norms(A)
        short = norms <= norm
        closed.append((A[short], b[short], norms[short]))
        A, b = A[~short], b[~short]
        if len(A) == 0:
            return Cover(*(np.concatenate(part) for part in zip(*closed, strict=True)))
        seen += len(A) * len(maps_A)
        if seen > max_words or norms.max() > 1e100:  # expanding: the next products overflow
            return None
        b = ((A @ maps_b.T).swapaxes(1, 2) + b[:, None]).reshape(-1, system.dimension)
        A = (A[:, None] @ maps_A).reshape(-1, *maps_A.shape[1:])


def is_eventually_contractive(system: IFS, *, max_words: int = MAX_WORDS) -> bool:
    """Return whether compositions of the maps shrink, even if a single map does not.

    True exactly if every long enough composition was seen to have a norm below 1; then there
    is one compact attractor (Hutchinson 1981, applied to the compositions). ``max_words``
    bounds the search, so that False may also mean: hardly contractive.
    ``system.contraction < 1`` is the plain, stronger property.
    """
    return word_cover(system, STRICTLY_BELOW_ONE, max_words=max_words) is not None


def joint_spectral_radius(
    matrices: ArrayLike, *, tolerance: float = 1e-3, max_words: int = MAX_WORDS
) -> tuple[float, float]:
    """Return a lower and an upper bound of the joint spectral radius of some matrices.

    It is the largest rate ``lim ‖A_w1 … A_wk‖^(1/k)`` at which products can grow. Below 1 every
    composition contracts in the end.

    Args:
        matrices: (N, d, d).
        tolerance: the search ends once the bounds are this near to each other, or ...
        max_words: ... once it has looked at so many products.
    Source: Gripenberg 1996, "Computing the joint spectral radius": branch and bound, where a
        product is dropped as soon as a prefix grows no faster than lower bound + tolerance.
    """
    A = np.asarray(matrices, np.float64)
    if A.ndim != 3 or A.shape[1] != A.shape[2] or 0 in A.shape or not np.isfinite(A).all():
        raise InputError(f"matrices must be finite and (N, d, d): got {A.shape}")
    scale = float(_norms(A).max())
    if scale == 0:
        return 0.0, 0.0
    A = A / scale  # so that long products neither overflow nor vanish early
    products, rates = A, _norms(A)
    lower, upper, seen = 0.0, 1.0, len(A)
    length = 1
    while True:
        radii = np.abs(np.linalg.eigvals(products)).max(axis=1)
        lower = max(lower, float(radii.max()) ** (1 / length))
        # Every product beyond this level has a prefix that grows at most at this rate.
        upper = min(upper, max(lower + tolerance, float(rates.max())))
        keep = rates > lower + tolerance
        products, rates = products[keep], rates[keep]
        if len(products) == 0:
            return scale * lower, scale * max(lower, min(upper, lower + tolerance))
        seen += len(products) * len(A)
        if seen > max_words:
            return scale * lower, scale * max(lower, upper)
        length += 1
        products = (products[:, None] @ A).reshape(-1, *A.shape[1:])
        rates = np.minimum(np.repeat(rates, len(A)), _norms(products) ** (1 / length))


def bounding_ball(system: IFS, *, max_words: int = MAX_WORDS) -> tuple[Array, float]:
    """Return the centre (d,) and radius of a ball that contains the attractor, nearly tight.

    All maps count, whatever their probability. A ball is right if every composition of a cover
    maps it into itself: ``r ≥ ‖f_w(c) - c‖ + ‖A_w‖ r``. The centre is searched for, the radius
    follows from it, so that the ball is right wherever the search ends.

    Raises:
        InputError: the system is not contractive, even eventually.
    """
    return _ball(_fine_cover(system, max_words))


def bounding_box(system: IFS, *, max_words: int = MAX_WORDS) -> tuple[Array, Array]:
    """Return the lowest and highest corner, (d,) each, of a box that contains the attractor.

    The box of the images of the bounding ball under a cover; errors as in ``bounding_ball``.
    """
    cover = _fine_cover(system, max_words)
    center, radius = _ball(cover)
    centers = cover.matrices @ center + cover.offsets
    # The image of a ball is an ellipsoid; along axis i it reaches ‖row i of A‖ · r.
    reach = np.linalg.norm(cover.matrices, axis=2) * radius
    low, high = (centers - reach).min(axis=0), (centers + reach).max(axis=0)
    slack = ROUNDING * (radius + np.abs(centers).max())
    return low - slack, high + slack


def invariant_moments(system: IFS) -> tuple[Array, Array]:
    """Return mean (d,) and covariance (d, d) of the chaos game's points, in closed form.

    With ``v_i = A_i m + b_i - m``, the mean solves ``m = Σ p_i (A_i m + b_i)`` and the covariance
    ``C = Σ p_i (A_i C A_iᵀ + v_i v_iᵀ)``: two linear systems of d and d² unknowns.

    Raises:
        InputError: there is no finite second moment: the spectral radius of
            ``Σ p_i A_i ⊗ A_i`` is not below 1.
    """
    A, b, p, d = system.matrices, system.offsets, system.probabilities, system.dimension
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("n,nij,nkl->ikjl", p, A, A).reshape(d * d, d * d)
    if not np.isfinite(squares).all() or np.abs(np.linalg.eigvals(squares)).max() >= 1:
        raise InputError(
            "the system has no finite second moment: its maps expand on average; "
            "shrink the matrices or give expanding maps a smaller probability"
        )
    mean = np.linalg.solve(np.eye(d) - np.einsum("n,nij->ij", p, A), p @ b)
    v = A @ mean + b - mean
    spread = np.einsum("n,ni,nj->ij", p, v, v).reshape(d * d)
    covariance = np.linalg.solve(np.eye(d * d) - squares, spread).reshape(d, d)
    return mean, (covariance + covariance.T) / 2


def _fine_cover(system: IFS, max_words: int) -> Cover:
    """Return the cover of the shortest norms that ``max_words`` affords."""
    cover = word_cover(system, STRICTLY_BELOW_ONE, max_words=max_words)
    if cover is None:
        raise InputError(
            f"the system is not contractive (largest singular value {system.contraction:g}, and "
            "longer compositions do not shrink either); its attractor may be unbounded"
        )
    norm = 0.5
    while norm > 0.005 and (finer := word_cover(system, norm, max_words=max_words)) is not None:
        cover = finer
        norm /= 2
    return cover


def _ball(cover: Cover) -> tuple[Array, float]:
    center = np.zeros(cover.offsets.shape[1])
    for _ in range(20):  # towards the middle of the attractor, wherever it lies
        images = cover.matrices @ center + cover.offsets
        center = (images.min(axis=0) + images.max(axis=0)) / 2

    def reach(c: Array) -> Array:
        moved = np.linalg.norm(cover.matrices @ c + cover.offsets - c, axis=1)
        return np.asarray(moved / (1 - cover.norms), np.float64)

    # Badoiu and Clarkson's steps towards the farthest point, of shrinking length: the largest
    # reach is a convex function of the centre.
    best, radius = center, float(reach(center).max())
    for step in range(2, 80):
        distances = reach(center)
        far = int(distances.argmax())
        if distances[far] < radius:
            best, radius = center, float(distances[far])
        image = cover.matrices[far] @ center + cover.offsets[far]
        center = center + (image - center) / step
    slack = ROUNDING * (radius + float(np.linalg.norm(best)))
    return best, radius + slack


def _norms(matrices: Array) -> Array:
    """Return the largest singular value of each matrix, (M,)."""
    return np.asarray(np.linalg.norm(matrices, ord=2, axis=(1, 2)), np.float64)
