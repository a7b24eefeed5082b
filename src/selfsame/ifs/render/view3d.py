"""Views of 3-D attractors: points projected into a depth buffer and shaded."""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame._native import ifs as native
from selfsame.errors import InputError, SettingError
from selfsame.ifs.chaos.games import with_colors
from selfsame.ifs.limits import check_cells, check_points, check_size
from selfsame.ifs.render.averaging import averaged
from selfsame.ifs.render.points import (
    PointCounter,
    Progress,
    drawn_by_shares,
    in_shares,
    no_words,
    point_source,
    sample_points,
)
from selfsame.ifs.system import IFS

SHARE_POINTS = 2**18
"""Points that a thread makes and projects at a time."""

DEFAULT_POINTS = 16
"""Points per cell of the depth buffer."""

MAX_VIEW_POINTS = 2**28
"""Where the default stops: some ten seconds."""

FAR_LIGHT = 0.35
"""Light of the farthest point; the nearest has 1."""

EDGE_STRENGTH = 12.0
"""How dark a cell becomes whose neighbours are nearer (eye-dome lighting, Boucheny 2009)."""

_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)


def render_view(
    system: IFS,
    size: tuple[int, int],
    *,
    points: int | None = None,
    azimuth: float = 30.0,
    elevation: float = 20.0,
    zoom: float = 1.0,
    supersample: int = 2,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return a view of a 3-D attractor: (H, W), or (H, W, 3) if its maps have colours.

    The ball around the attractor fills the smaller side of the picture, so that it keeps its
    size while the viewer moves around it. Near points are lighter, and edges in depth darken
    what lies behind them.

    Args:
        azimuth: degrees anticlockwise about the z axis, which points up; at 0 the viewer looks
            along +y, with x to the right.
        elevation: degrees above the x-y plane, -90 to 90.
        zoom: magnification about the centre.
        Other arguments as in ``selfsame.ifs.render.pictures.render``.
    Raises:
        InputError: an argument is out of range, the system is not 3-D, or points escape.
    """
    width, height = check_size(size)
    if system.dimension != 3:
        raise InputError(f"a view belongs to a 3-D system: got dimension {system.dimension}")
    if not math.isfinite(azimuth) or not -90 <= elevation <= 90:
        raise SettingError(
            f"azimuth must be finite and elevation within -90..90: got {azimuth}, {elevation}"
        )
    if not 0 < zoom <= 1e4:
        raise InputError(f"zoom must be above 0 and at most 10000: got {zoom}")
    W, H = check_size((supersample * width, supersample * height))
    check_cells(W * H, 8, "the depth buffer")
    if points is None:
        points = min(max(DEFAULT_POINTS * W * H, 100_000), MAX_VIEW_POINTS)
    n = check_points(points)
    center, radius = _ball(system, seed)
    pixels = zoom * min(W, H) / (2 * radius)
    camera = np.asarray(camera_axes(azimuth, elevation), np.float32)
    matrices, offsets = with_colors(system)
    # The kernel's points are relative to the centre and in radii, for single precision.
    offsets = offsets.copy()
    offsets[:, :3] = (offsets[:, :3] + system.matrices @ center - center) / radius
    fill = point_source((matrices, offsets, system.probabilities), no_words(6), SHARE_POINTS, seed)

    def draw(share: int, n: int, buffer: NDArray[np.uint64]) -> float:
        part = np.empty((n, 6), np.float32)
        fill(share, part)
        return native.project(part, camera, pixels * radius, buffer) / n

    nearest = drawn_by_shares(
        system,
        draw,
        partial(np.full, (H, W), _EMPTY, np.uint64),
        np.minimum,
        in_shares(n, SHARE_POINTS),
        threads,
        PointCounter(n, progress),
    )
    return averaged(_shaded(nearest, system.colors is not None), supersample)


def camera_axes(azimuth: float, elevation: float) -> NDArray[np.float64]:
    """Return right, up and away-from-the-viewer as the rows of an orthogonal (3, 3) matrix."""
    a, e = math.radians(azimuth), math.radians(elevation)
    right = np.array([math.cos(a), math.sin(a), 0.0])
    away = np.array([-math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), -math.sin(e)])
    return np.stack([right, np.cross(right, away), away])


def _ball(system: IFS, seed: int) -> tuple[NDArray[np.float64], float]:
    """Return the centre of the box of some points and the radius that holds them all."""
    points = sample_points(system, 65_536, seed=seed).astype(np.float64)
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.linalg.norm(points - center, axis=1).max())
    if radius <= 1e-6 * float(np.abs(points).max()):
        radius = 1.0  # a single point: any window does
    return center, 1.02 * radius


def _shaded(nearest: NDArray[np.uint64], colored: bool) -> NDArray[np.float32]:
    """Return the picture (H, W) or (H, W, 3) of a depth buffer; empty cells are black."""
    hit = nearest != _EMPTY
    steps = (nearest >> np.uint64(24)).astype(np.float32)
    depth = np.where(hit, steps * (8 / native.DEPTH_STEPS), 8.0)
    depth = depth.astype(np.float32)
    if not hit.any():
        return np.zeros((*nearest.shape, 3) if colored else nearest.shape, np.float32)
    near, far = float(depth[hit].min()), float(depth[hit].max())
    span = max(far - near, 1e-6)
    light = 1 - (1 - FAR_LIGHT) * (depth - near) / span
    step = max(1, min(nearest.shape) // 400)
    behind = np.zeros_like(depth)
    for dy, dx in ((0, step), (0, -step), (step, 0), (-step, 0)):
        # Empty neighbours lie at infinity and do not darken.
        behind += np.maximum(depth - _shifted(depth, dy, dx), 0) / 4
    light = np.where(hit, light * np.exp(-EDGE_STRENGTH * behind / span * 0.25), 0)
    light = np.clip(light, 0, 1).astype(np.float32)
    if not colored:
        return np.asarray(light, np.float32)
    bits = nearest & np.uint64(0xFFFFFF)
    channels: Any = [((bits >> np.uint64(8 * c)) & np.uint64(255)) for c in range(3)]
    colors = np.stack(channels, axis=-1).astype(np.float32) / np.float32(255)
    return np.asarray(colors * light[..., None], np.float32)


def _shifted(depth: NDArray[np.float32], dy: int, dx: int) -> NDArray[np.float32]:
    """Return the array moved by whole cells, edge values repeated."""
    height, width = depth.shape
    rows = np.clip(np.arange(height) + dy, 0, height - 1)
    columns = np.clip(np.arange(width) + dx, 0, width - 1)
    return np.asarray(depth[rows[:, None], columns], np.float32)
