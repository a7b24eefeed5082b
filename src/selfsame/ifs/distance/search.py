"""The leaf of a recursion that is nearest to each point, by branch and bound.

The leaves j levels below a node lie in a ball around the image of one centre; a subtree whose
ball is farther than the best leaf so far cannot win. Neighbouring points mostly share their
leaf, so each search starts from the winner of the point before it.
"""

import math
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.ifs.code import PrimitiveKind
from selfsame.ifs.distance.settings import check_leaves

_CHUNK = 1024  # points that share a chain of starting leaves; fixed, so threads change nothing
_KINDS: dict[PrimitiveKind, int] = {"disk": 0, "rectangle": 1, "segment": 2}

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
    _search(
        np.ascontiguousarray(points),
        count,
        np.array(starts),
        np.concatenate(frames),
        np.concatenate(balls),
        _KINDS[kind],
        np.ascontiguousarray(shape),
        words,
        distances,
    )
    return words, distances


@njit(cache=True, inline="always")
def _leaf_distance(frame: Any, kind: int, shape: Any, px: float, py: float) -> float:
    s = frame[0]
    dx, dy = px - frame[5], py - frame[6]
    # The inverse of an orthogonal matrix is its transpose.
    x = (frame[1] * dx + frame[3] * dy) / s
    y = (frame[2] * dx + frame[4] * dy) / s
    if kind == 0:
        d = math.sqrt((x - shape[0]) ** 2 + (y - shape[1]) ** 2) - shape[2]
    elif kind == 1:
        c, n = math.cos(shape[4]), math.sin(shape[4])
        x, y = x - shape[0], y - shape[1]
        bx, by = abs(c * x + n * y) - shape[2], abs(c * y - n * x) - shape[3]
        ox, oy = max(bx, 0.0), max(by, 0.0)
        d = math.sqrt(ox * ox + oy * oy) + min(max(bx, by), 0.0)
    else:
        ax, ay = shape[2] - shape[0], shape[3] - shape[1]
        x, y = x - shape[0], y - shape[1]
        t = (x * ax + y * ay) / (ax * ax + ay * ay + 1e-24)
        t = min(max(t, 0.0), 1.0)
        d = math.sqrt((x - t * ax) ** 2 + (y - t * ay) ** 2) - shape[4]
    return float(s * d)


@njit(cache=True, parallel=True)
def _search(
    points: Any,
    count: int,
    starts: Any,
    frames: Any,
    balls: Any,
    kind: int,
    shape: Any,
    words: Any,
    distances: Any,
) -> None:
    depth = len(starts) - 2
    first_leaf = starts[depth]
    for chunk in prange((len(points) + _CHUNK - 1) // _CHUNK):
        word = np.zeros(depth + 1, np.int64)
        child = np.zeros(depth + 1, np.int64)
        winner = 0
        for p in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, len(points))):
            x, y = points[p, 0], points[p, 1]
            best = _leaf_distance(frames[first_leaf + winner], kind, shape, x, y)
            level = 0
            child[0] = 0
            while level >= 0 and depth > 0:
                if child[level] == count:
                    level -= 1
                    continue
                below = word[level] * count + child[level]
                child[level] += 1
                node = starts[level + 1] + below
                reach = best + balls[node, 2]
                dx, dy = x - balls[node, 0], y - balls[node, 1]
                if reach <= 0 or dx * dx + dy * dy >= reach * reach:
                    continue
                if level + 1 == depth:
                    d = _leaf_distance(frames[node], kind, shape, x, y)
                    if d < best:
                        best, winner = d, below
                else:
                    level += 1
                    word[level] = below
                    child[level] = 0
            words[p] = winner
            distances[p] = best
