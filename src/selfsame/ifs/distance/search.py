"""The leaf of a recursion that is nearest to each point, by branch and bound.

The leaves j levels below a node lie in a ball around the image of one centre; a subtree whose
ball is farther than the best leaf so far cannot win. Neighbouring points mostly share their
leaf, so each search starts from the winner of the point before it.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame._native import ifs as native
from selfsame.ifs.code import PrimitiveKind
from selfsame.ifs.distance.settings import check_leaves
from selfsame.run.threads import thread_count

Array = NDArray[np.float64]


def nearest_leaves(
    scale: Array,
    linear: Array,
    offset: Array,
    depth: int,
    kind: PrimitiveKind,
    shape: Array,
    points: Array,
) -> tuple[NDArray[np.int64], Array]:
    """Return the word of the leaf nearest to each point, and the signed distance to it.

    Args:
        scale: (N,). linear: (N, 2, 2), orthogonal. offset: (N, 2).
        depth: letters of a leaf's word, at least 0.
        kind, shape: the primitive (``field.signed_distance``).
        points: (P, 2); the search is fastest where neighbours follow each other.
    Returns:
        words (P,) int64, letters as digits to base N, the outermost map first; and distances
        (P,), negative inside a leaf. The same for every number of threads.
    Raises:
        InputError: too many leaves.
    """
    count = len(scale)
    check_leaves(count, depth)
    if kind == "segment":
        center = (shape[:2] + shape[2:4]) / 2
        reach = float(np.hypot(*(shape[2:4] - shape[:2])) / 2 + shape[4])
    else:
        center = shape[:2]
        reach = float(shape[2] if kind == "disk" else np.hypot(shape[2], shape[3]))
    moved = np.linalg.norm(scale[:, None] * (linear @ center) + offset - center, axis=1)
    radii = [reach]
    for _ in range(depth):
        radii.append(float((moved + scale * radii[-1]).max()))
    # Of each node scale, linear part and offset of its word's composition, and a ball that holds
    # the leaves below; those of level j follow ``starts[j]`` in the order of their words.
    s, L, b = np.ones(1), np.eye(2)[None], np.zeros((1, 2))
    frames, balls, starts = [], [], [0]
    for level in range(depth + 1):
        if level > 0:
            b = (s[:, None, None] * (offset @ L.swapaxes(1, 2)) + b[:, None]).reshape(-1, 2)
            L = (L[:, None] @ linear).reshape(-1, 2, 2)
            s = (s[:, None] * scale).reshape(-1)
        frames.append(np.concatenate([s[:, None], L.reshape(-1, 4), b], axis=1))
        middle = s[:, None] * (L @ center) + b
        balls.append(np.concatenate([middle, s[:, None] * radii[depth - level]], axis=1))
        starts.append(starts[-1] + len(s))
    words, distances = np.empty(len(points), np.int64), np.empty(len(points))
    native.nearest_leaves(
        count,
        np.array(starts),
        np.concatenate(frames),
        np.concatenate(balls),
        kind,
        shape,
        points,
        words,
        distances,
        thread_count(None),
    )
    return words, distances
