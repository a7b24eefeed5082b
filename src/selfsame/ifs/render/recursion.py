"""Depth-limited pictures of a 2-D IFS: a shape drawn at every leaf of the recursion.

The picture of depth k is the union of the images of one primitive under all N**k words of
maps. Each tile of the picture walks the tree of words depth first, leaving out subtrees whose
bounding ball misses the tile; a subtree below the resolution becomes a dot. The images of a
disk, segment or rectangle are convex, so a leaf meets each line of samples in one interval;
the union is taken exactly on 8 × 8 samples per pixel, which neither darkens the seams between
abutting leaves nor thickens overlaps, as blending of anti-aliased leaves would.
"""

import math

import numpy as np
from numpy.typing import NDArray

from selfsame._native import ifs as native
from selfsame.checked import checked
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Primitive, Viewport
from selfsame.ifs.geometry.bounds import bounding_ball
from selfsame.ifs.limits import Depth
from selfsame.ifs.system import IFS
from selfsame.run.threads import thread_count

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
    depth = checked("depth", depth, Depth)
    if not 0 <= hairline <= 1000:
        raise InputError(f"hairline must be within 0..1000 pixels: got {hairline}")
    if primitive is None:
        center, radius = bounding_ball(system)
        primitive = Primitive("disk", (*center, radius))
    is_capsule, shape, middle, reach = _shape(primitive)
    center = _tree_center(system, middle)
    radii = _subtree_radii(system, center, reach + math.dist(center, middle), depth)
    if not np.isfinite(radii).all() or radii.max() > 1e100:
        raise InputError(
            f"the maps do not contract (largest singular value {system.contraction:.3g}): "
            f"depth {depth} leaves every bound; use a smaller depth"
        )
    width, height = (int(side) for side in size)
    # The plane in units of samples, y down as the rows are.
    sx, sy = width * native.SAMPLES / view.width, height * native.SAMPLES / view.height
    to_samples = np.array([sx, 0.0, 0.0, -sy, -sx * view.x_min, sy * view.y_max])
    picture = np.empty((height, width), np.float32)
    tiles = -(-width // native.TILE) * -(-height // native.TILE)
    complete = native.draw_recursion(
        system.matrices.reshape(-1, 4),
        system.offsets,
        tuple(center.tolist()),
        radii,
        to_samples,
        is_capsule,
        shape,
        max(float(hairline), THINNEST_PX) * native.SAMPLES / 2,
        max(MAX_TILE_NODES, MAX_NODES // tiles),
        picture,
        thread_count(None),
    )
    if not complete:
        raise InputError(
            f"the tree of {len(system)} maps (contraction {system.contraction:.3g}) is too large "
            f"at depth {depth}; use a smaller depth or draw points instead"
        )
    return picture


def _shape(primitive: Primitive) -> tuple[bool, Array, Array, float]:
    """Return the leaf as a capsule (ends x0, y0, x1, y1 and radius) or, if not, a parallelogram
    (centre and two half-edges), and its centre and radius."""
    p = primitive.parameters
    if primitive.kind == "disk":
        return True, np.array([p[0], p[1], p[0], p[1], abs(p[2])]), np.array(p[:2]), abs(p[2])
    if primitive.kind == "segment":
        middle = np.array([(p[0] + p[2]) / 2, (p[1] + p[3]) / 2])
        reach = math.hypot(p[2] - p[0], p[3] - p[1]) / 2 + abs(p[4])
        return True, np.array([*p[:4], abs(p[4])]), middle, reach
    c, s = math.cos(p[4]), math.sin(p[4])
    edges = [p[2] * c, p[2] * s, -p[3] * s, p[3] * c]
    return False, np.array([*p[:2], *edges]), np.array(p[:2]), math.hypot(p[2], p[3])


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
