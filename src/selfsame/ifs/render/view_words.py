"""Which compositions of the maps can reach a window: rendering a small part of an attractor
without making the points of the rest."""

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.ifs.chaos.games import start_points
from selfsame.ifs.code import Viewport
from selfsame.ifs.geometry.bounds import bounding_ball
from selfsame.ifs.render.points import Maps
from selfsame.ifs.system import IFS

MAX_VIEW_WORDS = 4096
"""Most compositions kept; beyond it they stay coarser, which costs points, not correctness."""

WORTHWHILE = 0.5
"""Above this share of the measure the plain chaos game is as fast."""


def view_words(system: IFS, maps: Maps, viewport: Viewport) -> tuple[Maps, float] | None:
    """Return compositions whose images of the attractor cover all of it that is in view.

    A point of the invariant measure within the union of these images is ``f_w(x)`` with x of the
    whole measure and w chosen by its probability; so ``x -> f_w(x)`` samples the measure
    restricted to them. Exact, whatever the zoom.

    Args:
        system: the planar system.
        maps: the same with or without colour coordinates.
        viewport: the window.
    Returns:
        The compositions with their probabilities, and the sum of these (0 with no compositions if
        the window is empty); None where restriction does not pay or the maps do not contract.
    """
    ball = _quick_ball(system)
    if ball is None:
        return None
    center, radius = ball
    middle = np.array([viewport.x_min + viewport.x_max, viewport.y_min + viewport.y_max]) / 2
    half = np.array([viewport.width, viewport.height]) / 2
    if (np.abs(center - middle) + radius <= half).all():
        return None
    small = float(np.hypot(*half)) / 2
    A0, b0, p0 = (array[maps[2] > 0] for array in maps)
    dimension = b0.shape[1]
    A, b, p = np.eye(dimension)[None], np.zeros((1, dimension)), np.ones(1)
    while True:
        reach = np.linalg.norm(A[:, :2, :2], ord=2, axis=(1, 2)) * radius
        gap = np.abs(A[:, :2, :2] @ center + b[:, :2] - middle) - half
        # The larger coordinate, not the hypotenuse: it does not overflow, and keeps a little more.
        seen = np.maximum(gap, 0).max(axis=1) <= reach
        A, b, p, reach = A[seen], b[seen], p[seen], reach[seen]
        large = reach > small
        if not large.any() or len(A) + large.sum() * (len(A0) - 1) > MAX_VIEW_WORDS:
            break
        child_b = ((A[large] @ b0.T).swapaxes(1, 2) + b[large][:, None]).reshape(-1, dimension)
        child_A = (A[large][:, None] @ A0).reshape(-1, dimension, dimension)
        child_p = (p[large][:, None] * p0).reshape(-1)
        A = np.concatenate([A[~large], child_A])
        b = np.concatenate([b[~large], child_b])
        p = np.concatenate([p[~large], child_p])
    mass = float(p.sum())
    if mass > WORTHWHILE:
        return None
    return (A, b, p), mass


def _quick_ball(system: IFS) -> tuple[NDArray[np.float64], float] | None:
    """Return centre and radius of a ball around the attractor, perhaps a few times too large.

    The tight one of ``geometry`` takes longer than a small picture.
    """
    s = system.contraction
    if s < 0.98:
        center = start_points(system.matrices, system.offsets, system.probabilities)
        moved = np.linalg.norm(system.matrices @ center + system.offsets - center, axis=1)
        norms = np.linalg.norm(system.matrices, ord=2, axis=(1, 2))
        # Each f_i maps the ball into itself if |f_i(c) - c| + s_i r <= r.
        return center, float((moved / (1 - norms)).max()) * (1 + 1e-9)
    try:
        return bounding_ball(system, max_words=2000)
    except InputError:
        return None
