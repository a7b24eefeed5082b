"""Windows of the plane: fitted to an attractor, zoomed, and as a transform to pixels."""

import math

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError, SettingError
from selfsame.ifs.code import Viewport
from selfsame.ifs.render.points import sample_points
from selfsame.ifs.system import IFS

FIT_POINTS = 65_536
"""Points whose bounding box a fitted window encloses."""

DEFAULT_MARGIN = 0.05
"""Free border of a fitted window, as a fraction of the attractor's larger side."""

MAX_ZOOM = 1e9
"""Beyond this, double precision no longer places the pixels of a large picture exactly."""


def fit_viewport(
    system: IFS, size: tuple[int, int] = (1, 1), *, margin: float = DEFAULT_MARGIN, seed: int = 0
) -> Viewport:
    """Return a window around the attractor with the aspect of ``size`` (width, height).

    The bounding box of a sample of points, widened on every side by ``margin`` times its
    larger side. An attractor that is a single point gets a window of side 1 (or larger, where
    32-bit coordinates so far from the origin resolve less).

    Raises:
        InputError: a system that is not planar, or all its points escape to infinity.
    """
    if system.dimension != 2:
        raise InputError(f"a viewport belongs to a planar system: got dimension {system.dimension}")
    points = sample_points(system, FIT_POINTS, seed=seed).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    center, extent = (low + high) / 2, high - low
    larger = float(extent.max())
    noise = 1e-6 * float(np.abs(points).max())
    if larger <= noise:
        larger = max(1.0, 1e3 * noise)
        extent = np.full(2, larger)
    # A straight segment has no height; a thousandth of its length keeps the window valid.
    width, height = np.maximum(extent + 2 * margin * larger, 1e-3 * larger)
    aspect = size[0] / size[1]
    width, height = max(width, height * aspect), max(height, width / aspect)
    return checked_viewport(
        center[0] - width / 2, center[1] - height / 2, center[0] + width / 2, center[1] + height / 2
    )


def zoomed(
    viewport: Viewport, zoom: float = 1.0, center: tuple[float, float] | None = None
) -> Viewport:
    """Return the window ``zoom`` times narrower and lower, around ``center`` or its own.

    Raises:
        InputError: ``zoom`` is not within (0, 1e9], or the centre is not finite.
    """
    if not 0 < zoom <= MAX_ZOOM:
        raise SettingError(f"zoom must be above 0 and at most {MAX_ZOOM:g}: got {zoom}")
    x, y = center or (
        (viewport.x_min + viewport.x_max) / 2,
        (viewport.y_min + viewport.y_max) / 2,
    )
    half_width, half_height = viewport.width / zoom / 2, viewport.height / zoom / 2
    return checked_viewport(x - half_width, y - half_height, x + half_width, y + half_height)


def checked_viewport(x_min: float, y_min: float, x_max: float, y_max: float) -> Viewport:
    """Return the four numbers as a viewport.

    Raises:
        InputError: not finite, empty, or too narrow for double precision at this place.
    """
    view = Viewport(float(x_min), float(y_min), float(x_max), float(y_max))
    if not all(math.isfinite(v) for v in view) or view.width <= 0 or view.height <= 0:
        raise SettingError(f"viewport needs x_min < x_max and y_min < y_max: got {tuple(view)}")
    far = max(abs(v) for v in view)
    if min(view.width, view.height) < 1e-12 * far or max(view.width, view.height) > 1e30:
        raise SettingError(
            f"viewport {tuple(view)} is beyond what double precision resolves; zoom out"
        )
    return view


def plane_to_pixels(
    viewport: Viewport, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``scale`` and ``shift``, (2,) each: (column, row) = scale · (x, y) + shift."""
    width, height = size
    scale = np.array([width / viewport.width, -height / viewport.height])
    return scale, np.array([-viewport.x_min * scale[0], -viewport.y_max * scale[1]])
