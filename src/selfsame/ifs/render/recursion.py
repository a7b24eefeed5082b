"""Depth-limited pictures of a 2-D IFS: a shape drawn at every leaf of the recursion.

The picture of depth k is the union of the images of one primitive under all N**k words of
maps. Each tile of the picture walks the tree of words depth first, leaving out subtrees whose
bounding ball misses the tile; a subtree below the resolution becomes a dot. The images of a
disk, segment or rectangle are convex, so a leaf meets each line of samples in one interval;
the union is taken exactly on 8 × 8 samples per pixel, which neither darkens the seams between
abutting leaves nor thickens overlaps, as blending of anti-aliased leaves would.
"""

import math
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Primitive, Viewport
from selfsame.ifs.geometry.bounds import bounding_ball
from selfsame.ifs.render.scanlines import (
    CAPSULE,
    PARALLELOGRAM,
    SAMPLES,
    count_samples,
    draw_dot,
    draw_shape,
    is_full,
)
from selfsame.ifs.system import IFS

TILE = 256
"""Side of a tile in pixels: its samples (512 KiB) stay in a core's cache."""

DOT_PX = 0.25
"""A subtree whose bounding ball is narrower than this many pixels is drawn as a dot.

Where ``hairline`` widens every leaf anyway, half of ``hairline`` if that is more.
"""

COVERED_PX = 2.0
"""A subtree whose bounding ball is narrower than this is left out if its box is full already."""

THINNEST_PX = 1 / 64
"""Least width of any leaf: keeps singular images finite, far below the sample spacing."""

MAX_LEVELS = 20_000
"""Deeper recursions are cut here; a subtree vanishes long before if the maps contract."""

MAX_NODES = 4_000_000_000
"""Most nodes of one picture, and at least ``MAX_TILE_NODES`` per tile: about two minutes."""

MAX_TILE_NODES = 50_000_000

Array = NDArray[np.float64]


def render_recursion(
    system: IFS,
    primitive: Primitive | None,
    depth: int,
    size: tuple[int, int],
    viewport: Viewport,
    *,
    hairline: float = 1.0,
) -> NDArray[np.float32]:
    """Return how much of each pixel the recursion of ``depth`` levels covers.

    Args:
        system: N affine maps of the plane; singular ones and non-similitudes are welcome.
        primitive: the leaf; None takes a disk that holds the attractor.
        depth: levels of the recursion, at least 0 (the primitive alone). Contracting maps
            reach the resolution of the picture soon; any greater depth costs nothing more.
        size: (width, height) in pixels.
        viewport: the window of the plane that the picture shows.
        hairline: least width of a leaf in pixels. At 1 curves and dust stay visible at every
            resolution; 0 shows the area truly covered.
    Returns:
        (H, W) float32 in [0, 1], in steps of 1/64; the same for every number of threads.
    Raises:
        InputError: a 3-D system, an unusable size, viewport or depth, a system that does not
            contract where ``primitive`` is None, or a tree that would take minutes because
            the overlapping maps contract slowly.
    """
    if system.dimension != 2:
        raise InputError(f"render_recursion draws 2-D systems: got dimension {system.dimension}")
    view = IFSCode(system, viewport, size).viewport  # raises on an unusable viewport or size
    if depth < 0:
        raise InputError(f"depth must be at least 0: got {depth}")
    if not 0 <= hairline <= 1000:
        raise InputError(f"hairline must be within 0..1000 pixels: got {hairline}")
    if primitive is None:
        center, radius = bounding_ball(system)
        primitive = Primitive("disk", (*center, radius))
    kind, shape, middle, reach = _shape(primitive)
    center = _tree_center(system, middle)
    radii = _subtree_radii(system, center, reach + math.dist(center, middle), depth)
    if not np.isfinite(radii).all() or radii.max() > 1e100:
        raise InputError(
            f"the maps do not contract (largest singular value {system.contraction:.3g}): "
            f"depth {depth} leaves every bound; use a smaller depth"
        )
    width, height = (int(side) for side in size)
    # The plane in units of samples, y down as the rows are.
    sx, sy = width * SAMPLES / view.width, height * SAMPLES / view.height
    to_samples = np.array([sx, 0.0, 0.0, -sy, -sx * view.x_min, sy * view.y_max])
    picture = np.empty((height, width), np.float32)
    tiles = -(-width // TILE) * -(-height // TILE)
    complete = _draw(
        np.ascontiguousarray(system.matrices.reshape(-1, 4)),
        np.ascontiguousarray(system.offsets),
        to_samples,
        kind,
        shape,
        center,
        radii,
        max(float(hairline), THINNEST_PX) * SAMPLES / 2,
        max(MAX_TILE_NODES, MAX_NODES // tiles),
        picture,
    )
    if not complete:
        raise InputError(
            f"the tree of {len(system)} maps (contraction {system.contraction:.3g}) is too large "
            f"at depth {depth}; use a smaller depth or draw points instead"
        )
    return picture


def _shape(primitive: Primitive) -> tuple[int, Array, Array, float]:
    """Return the kind and numbers of ``scanlines.draw_shape``, and the leaf's centre and radius."""
    p = primitive.parameters
    if primitive.kind == "disk":
        return CAPSULE, np.array([p[0], p[1], p[0], p[1], abs(p[2])]), np.array(p[:2]), abs(p[2])
    if primitive.kind == "segment":
        middle = np.array([(p[0] + p[2]) / 2, (p[1] + p[3]) / 2])
        reach = math.hypot(p[2] - p[0], p[3] - p[1]) / 2 + abs(p[4])
        return CAPSULE, np.array([*p[:4], abs(p[4])]), middle, reach
    c, s = math.cos(p[4]), math.sin(p[4])
    edges = [p[2] * c, p[2] * s, -p[3] * s, p[3] * c]
    return PARALLELOGRAM, np.array([*p[:2], *edges]), np.array(p[:2]), math.hypot(p[2], p[3])


def _tree_center(system: IFS, start: Array) -> Array:
    """Return the middle of the bounding box of ``start``'s images: keeps the balls tight."""
    cloud = start[None]
    while len(cloud) * len(system) <= 4096 and len(system) > 1:
        cloud = (np.einsum("nij,pj->pni", system.matrices, cloud) + system.offsets).reshape(-1, 2)
    if len(cloud) == 1:  # one map, or thousands: one level is enough, or all there is
        cloud = system.matrices @ start + system.offsets
    center: Array = (cloud.min(axis=0) + cloud.max(axis=0)) / 2
    return center


def _subtree_radii(system: IFS, center: Array, reach: float, depth: int) -> Array:
    """Return r[j], j = 0..depth: the leaves j levels below the root lie within r[j] of center."""
    scale = np.linalg.norm(system.matrices, ord=2, axis=(1, 2))
    moved = np.linalg.norm(system.matrices @ center + system.offsets - center, axis=1)
    radii = np.empty(min(depth, MAX_LEVELS) + 1)
    radii[0] = reach
    with np.errstate(over="ignore"):
        for j in range(1, len(radii)):
            radii[j] = (moved + scale * radii[j - 1]).max()
    return radii


@njit(cache=True)
def _draw_tile(
    bits: Any,
    matrices: Any,
    offsets: Any,
    root: Any,
    kind: int,
    shape: Any,
    center: Any,
    radii: Any,
    half: float,
    budget: int,
) -> bool:
    """Draw one tile, ``root`` mapping the plane to its samples; False if the tree is too large."""
    rows, columns = bits.shape[0], 8 * bits.shape[1]
    depth = len(radii) - 1
    nodes = np.empty((depth + 1, 6))
    child = np.zeros(depth + 1, np.int64)
    corners = np.empty((2, 4))
    dot = max(DOT_PX * SAMPLES, half) / 2
    nodes[0] = root
    level = 0
    visited = 0
    entering = True
    while level >= 0:
        M = nodes[level]
        if entering:
            visited += 1
            if visited > budget:
                return False
            x = M[0] * center[0] + M[1] * center[1] + M[4]
            y = M[2] * center[0] + M[3] * center[1] + M[5]
            norm = (math.hypot(M[0] + M[3], M[2] - M[1]) + math.hypot(M[0] - M[3], M[1] + M[2])) / 2
            radius = norm * radii[depth - level]
            # Twice `half` outside, since the corner of a widened square reaches sqrt(2) half.
            reach = radius + 2 * half
            dx = max(max(-x, x - columns), 0.0)
            dy = max(max(-y, y - rows), 0.0)
            if dx * dx + dy * dy > reach * reach:
                level -= 1
                entering = False
                continue
            if level == depth:
                draw_shape(bits, corners, kind, shape, M, half)
                level -= 1
                entering = False
                continue
            if radius < dot:
                draw_dot(bits, x, y, max(radius, half))
                level -= 1
                entering = False
                continue
            if radius < COVERED_PX * SAMPLES / 2 and is_full(bits, x, y, reach):
                level -= 1
                entering = False
                continue
            child[level] = 0
        if child[level] == len(matrices):
            level -= 1
            entering = False
            continue
        A, b = matrices[child[level]], offsets[child[level]]
        child[level] += 1
        below = nodes[level + 1]
        below[0] = M[0] * A[0] + M[1] * A[2]
        below[1] = M[0] * A[1] + M[1] * A[3]
        below[2] = M[2] * A[0] + M[3] * A[2]
        below[3] = M[2] * A[1] + M[3] * A[3]
        below[4] = M[0] * b[0] + M[1] * b[1] + M[4]
        below[5] = M[2] * b[0] + M[3] * b[1] + M[5]
        level += 1
        entering = True
    return True


@njit(cache=True, parallel=True)
def _draw(
    matrices: Any,
    offsets: Any,
    to_samples: Any,
    kind: int,
    shape: Any,
    center: Any,
    radii: Any,
    half: float,
    budget: int,
    picture: Any,
) -> bool:
    height, width = picture.shape
    across = (width + TILE - 1) // TILE
    tiles = across * ((height + TILE - 1) // TILE)
    failed = np.zeros(1, np.int64)
    for tile in prange(tiles):
        if failed[0] > 0:
            continue
        top, left = tile // across * TILE, tile % across * TILE
        h, w = min(TILE, height - top), min(TILE, width - left)
        bits = np.zeros((h * SAMPLES, w), np.uint8)
        root = to_samples.copy()
        root[4] -= left * SAMPLES
        root[5] -= top * SAMPLES
        if not _draw_tile(bits, matrices, offsets, root, kind, shape, center, radii, half, budget):
            failed[0] = 1
            continue
        count_samples(bits, picture, top, left)
    return bool(failed[0] == 0)
