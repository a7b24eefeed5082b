"""Where the attractor of a system lies: a ball and a box, by compositions of its maps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    maps_A, maps_b = system.matrices, system.offsets
    closed: list[tuple[Array, Array, Array]] = []
    A, b, seen = maps_A, maps_b, len(maps_A)
    while True:
        norms = np.linalg.norm(A, ord=2, axis=(1, 2))
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
