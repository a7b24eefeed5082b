"""Starting layouts: which similitudes are learned, from which start, with which primitive.

``squares:n``   n² squares in a grid over the figure's box, no rotation; leaf: a rectangle.
``segments:N``  a chain of N segments, each the image of the segment from the chain's start to
                its end; leaf: that segment with a thickness (Koch-like curves).
``free:N``      N similitudes with any rotation; leaf: a disk. ``free:N:mirror`` mirrors every
                second one.

The parameters of a layout are a dict of tensors; sizes and scales are learned as logarithms.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.code import PrimitiveKind
from selfsame.ifs.distance.settings import Layout
from selfsame.ifs.distance.target import Target

Parameters = dict[str, Tensor]
Array = NDArray[np.float64]

SCALES = (1e-3, 0.95)
"""Bounds of a learned scale: no map vanishes, all contract."""

SIZES = (1e-4, 100.0)
"""Bounds of the primitive's learned sizes, in picture widths.

A leaf is smaller by the scale of its word: a line one pixel thick at depth 6 needs a thick start.
"""

BACKGROUND_COST = 10.0
"""A path along the figure may cross gaps, at this price per unit of length."""

MIN_LENGTH = 1e-9
"""Shorter segments have no direction; lengths are floored here, in plane units."""


@dataclass(frozen=True)
class Similitudes:
    """N maps ``x -> scale * linear @ x + offset`` that multiply every distance by ``scale``.

    Attributes:
        scale: (N,), positive.
        linear: (N, 2, 2), orthogonal: a rotation or a reflection.
        offset: (N, 2).
    """

    scale: Tensor
    linear: Tensor
    offset: Tensor

    def __len__(self) -> int:
        return len(self.scale)

    @property
    def matrices(self) -> Tensor:
        """(N, 2, 2), scale and linear part together."""
        return self.scale[:, None, None] * self.linear


def initial_parameters(
    layout: Layout, target: Target, depth: int, rng: np.random.Generator, jitter: float
) -> Parameters:
    """Return a start read off the figure: its box, its longest path, or clusters of its pixels.

    Args:
        depth: of the recursion; the thickness of a segment depends on it.
        jitter: standard deviation of the noise on every position, in picture widths.
    Returns:
        float64 tensors on the CPU.
    """
    figure, half_pixel = target.figure_points, target.pixel / 2

    def noise(array: Array) -> Array:
        return array + jitter * rng.standard_normal(array.shape)

    if layout.kind == "squares":
        low, high = figure.min(axis=0) - half_pixel, figure.max(axis=0) + half_pixel
        n = layout.number
        cell = (np.indices((n, n)).reshape(2, -1).T + 0.5) / n
        start = {
            "center": (low + high) / 2,
            "log_half": np.log((high - low) / 2),
            "centers": noise(low + cell * (high - low)),
            "log_scale": np.full(n * n, -math.log(n)),
        }
    elif layout.kind == "segments":
        points = noise(_even_points(_longest_path(target), layout.number + 1))
        lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
        scale = lengths / max(float(np.linalg.norm(points[-1] - points[0])), target.pixel)
        leaves_length = scale.sum() ** (depth - 1) * lengths.sum() if depth else lengths.sum()
        leaf = max(half_pixel, len(figure) * target.pixel**2 / (2 * leaves_length))
        start = {
            "points": points,
            "log_thickness": np.array(math.log(leaf) - depth * math.log(scale.mean())),
        }
    else:
        means, shares = _clusters(figure, layout.number, rng)
        start = {
            "center": figure.mean(axis=0),
            "log_radius": np.array(math.log(math.sqrt(len(figure) / math.pi) * target.pixel)),
            "centers": noise(means),
            "log_scale": np.log(np.sqrt(shares)),
            "angle": rng.uniform(-math.pi, math.pi, layout.number),
        }
        if layout.mirror:
            start["mirror"] = (np.arange(layout.number) % 2).astype(float)
    parameters = {name: torch.tensor(value, dtype=torch.float64) for name, value in start.items()}
    bound_parameters(parameters)
    return parameters


def learned(parameters: Parameters) -> list[str]:
    """Return the names of the parameters that descend; a mirror flag does not."""
    return [name for name in parameters if name != "mirror"]


def build_maps(layout: Layout, parameters: Parameters) -> tuple[Similitudes, PrimitiveKind, Tensor]:
    """Return the similitudes and the primitive (kind, numbers) that parameters stand for."""
    p = parameters
    if layout.kind == "squares":
        scale, angle = p["log_scale"].exp(), p["center"].new_zeros(1)
        upright = torch.eye(2).to(scale).expand(len(scale), 2, 2)
        maps = Similitudes(scale, upright, p["centers"] - scale[:, None] * p["center"])
        return maps, "rectangle", torch.cat([p["center"], p["log_half"].exp(), angle])
    if layout.kind == "segments":
        points = p["points"]
        base = torch.stack([points[0], points[-1]])
        maps = similitudes_from_segments(base, torch.stack([points[:-1], points[1:]], dim=1))
        thickness = p["log_thickness"].exp().reshape(1)
        return maps, "segment", torch.cat([base.reshape(4), thickness])
    mirror = p["mirror"] > 0.5 if "mirror" in p else None
    maps = similitudes_about(p["log_scale"].exp(), p["angle"], p["center"], p["centers"], mirror)
    return maps, "disk", torch.cat([p["center"], p["log_radius"].exp().reshape(1)])


def similitudes_about(
    scale: Tensor, angle: Tensor, pivot: Tensor, images: Tensor, reflect: Tensor | None = None
) -> Similitudes:
    """Return the similitudes that turn by ``angle``, scale, and send ``pivot`` to ``images``.

    Args:
        scale: (N,), positive.
        angle: (N,), radians, anticlockwise.
        pivot: (2,).
        images: (N, 2).
        reflect: (N,) bool; those maps first mirror at the x axis. None: no map does.
    """
    c, s = torch.cos(angle), torch.sin(angle)
    sign = torch.ones_like(c) if reflect is None else torch.where(reflect, -1.0, 1.0).to(c)
    linear = torch.stack(
        [torch.stack([c, -s * sign], dim=-1), torch.stack([s, c * sign], dim=-1)], dim=-2
    )
    return Similitudes(scale, linear, images - scale[:, None] * (linear @ pivot))


def similitudes_from_segments(base: Tensor, segments: Tensor) -> Similitudes:
    """Return the orientation-preserving similitudes that send one segment to each of N others.

    Args:
        base: (2, 2), start and end.
        segments: (N, 2, 2), start and end of the images.
    Raises:
        InputError: the base has no length.
    """
    u = base[1] - base[0]
    v = segments[:, 1] - segments[:, 0]
    square = (u * u).sum()
    if not float(square.detach()) > MIN_LENGTH**2:
        raise InputError(f"the base segment must have a length: got {base.tolist()}")
    # v = s R u; with complex numbers s e^{i angle} = v / u.
    real = (v * u).sum(dim=-1) / square
    imaginary = (v[:, 1] * u[0] - v[:, 0] * u[1]) / square
    scale = torch.sqrt(real**2 + imaginary**2 + (MIN_LENGTH**2))
    c, s = real / scale, imaginary / scale
    linear = torch.stack([torch.stack([c, -s], dim=-1), torch.stack([s, c], dim=-1)], dim=-2)
    return Similitudes(scale, linear, segments[:, 0] - scale[:, None] * (linear @ base[0]))


def without_map(layout: Layout, parameters: Parameters, index: int) -> Parameters | None:
    """Return the parameters without one map, or None where the layout cannot lose one."""
    if layout.kind == "segments" or len(parameters["log_scale"]) <= 2:
        return None
    per_map = ("centers", "log_scale", "angle", "mirror")
    keep = [i for i in range(len(parameters["log_scale"])) if i != index]
    return {
        name: value[keep].clone() if name in per_map else value.clone()
        for name, value in parameters.items()
    }


def bound_parameters(parameters: Parameters) -> None:
    """Clamp scales and sizes to their bounds, in place."""
    with torch.no_grad():
        for name, value in parameters.items():
            if name.startswith("log_"):
                low, high = SCALES if name == "log_scale" else SIZES
                value.clamp_(math.log(low), math.log(high))


def _longest_path(target: Target) -> Array:
    """Return the points (K, 2) of the shortest path, along the figure, between its far ends."""
    figure = target.figure_points
    angles = np.arange(180) * math.pi / 180
    along = figure @ np.stack([np.cos(angles), np.sin(angles)])
    best = int(np.argmax(along.max(axis=0) - along.min(axis=0)))
    flat = np.flatnonzero(target.mask)
    first, last = int(flat[along[:, best].argmin()]), int(flat[along[:, best].argmax()])
    if first == last:  # a single pixel
        return np.stack([figure[0], figure[0] + [target.pixel, 0]])
    height, width = target.mask.shape
    index = np.arange(height * width).reshape(height, width)
    cost = np.where(target.mask, 1.0, BACKGROUND_COST)
    edges = []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = np.s_[: height - dy, max(0, -dx) : width - max(0, dx)]
        b = np.s_[dy:, max(0, dx) : width - max(0, -dx)]
        edges.append((index[a], index[b], math.hypot(dx, dy) * (cost[a] + cost[b]) / 2))
    i, j, weight = (np.concatenate([e[k].ravel() for e in edges]) for k in range(3))
    graph = coo_array((weight, (i, j)), shape=(height * width,) * 2).tocsr()
    _, previous = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
    path = [last]
    while path[-1] != first:
        path.append(int(previous[path[-1]]))
    return target.points[path[::-1]]


def _even_points(path: Array, count: int) -> Array:
    """Return ``count`` points at equal lengths along a path, ends included."""
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], count)
    return np.stack([np.interp(at, lengths, path[:, k]) for k in range(2)], axis=1)


def _clusters(points: Array, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return means (count, 2) and shares (count,) of clusters of points (k-means)."""
    means = points[rng.choice(len(points), count, replace=len(points) < count)].copy()
    for _ in range(20):
        nearest = ((points[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        sizes = np.bincount(nearest, minlength=count)
        for k in range(2):
            sums = np.bincount(nearest, points[:, k], minlength=count)
            means[:, k] = np.where(sizes > 0, sums / np.maximum(sizes, 1), means[:, k])
    return means, np.maximum(sizes, 1) / len(points)
