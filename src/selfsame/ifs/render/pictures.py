"""Pictures of a system: coverage, density, colour, and a shaded view in three dimensions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import checked
from selfsame.errors import SettingError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.geometry.viewport import checked_viewport, fit_viewport, zoomed
from selfsame.ifs.limits import Mode, Supersample, check_points, check_size
from selfsame.ifs.render.averaging import averaged
from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.render.histogram import count_points, default_range, set_cells, sum_colors
from selfsame.ifs.render.points import Progress
from selfsame.ifs.system import IFS

DEFAULT_SIZE = (512, 512)
"""Of a bare system, (width, height); a code knows the size of its target."""

DENSITY_POINTS = 50
"""Default points per pixel of the density modes: noise of 14 % in a pixel of mean density."""

# Default supersampling: the largest factor of 3, 2, 1 that stays within so many cells.
_FINE_CELLS = 2**22
_CELLS = {"binary": 2**26, "log": 2**25, "color": 2**24, "flame": 2**24}


def render(
    code: IFSCode | IFS,
    size: tuple[int, int] | None = None,
    *,
    viewport: Viewport | tuple[float, float, float, float] | None = None,
    points: int | None = None,
    depth: int | None = None,
    mode: Mode = "auto",
    seed: int = 0,
    supersample: int | None = None,
    zoom: float = 1.0,
    center: tuple[float, float] | None = None,
    azimuth: float = 30.0,
    elevation: float = 20.0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return a picture of a system, (H, W) or (H, W, 3) float32 in [0, 1], row 0 at the top.

    Args:
        code: a code, or a bare system of 2 or 3 dimensions.
        size: (width, height); default the code's, 512 × 512 for a bare system.
        viewport: the window (planar systems); default the code's, or fitted to the attractor.
        points: how many points to plot. Default: for coverage 8 a cell of the supersampled
            picture, doubled up to 64 until hardly any new cell is hit, and 16 a cell in
            colour; for densities 50 a pixel; never more than 2**30. Where the window shows
            a small part of the attractor, only the points of the parts near it count.
        depth: draw the code's leaf shape at this depth of the recursion instead of points
            (``selfsame.ifs.render.recursion.render_recursion``; grey). Default: a code with a leaf
            shape is drawn at the depth it was fitted at (``notes["depth"]``) unless ``points`` or a
            ``mode`` is given.
        mode: ``binary`` the fraction of each pixel that points fell into; ``grey`` counts over the
            largest count; ``log`` log(1 + count) over the largest; ``color`` the mean colour of
            the points times the fraction covered; ``flame`` the mean colour times ``log``;
            ``patch`` every point stamps one random 3 × 3 pattern (see ``render_batch``).
            ``auto``: ``color`` if the maps have colours, else ``binary``; in 3-D a view shaded
            by depth, with colours if there are any, whatever the mode.
        seed: the same seed gives the same picture, whatever the number of threads.
        supersample: cells per pixel and axis, 1 to 8; default 3 for small, 1 for huge pictures.
        zoom: magnification about ``center`` (x, y), default the window's centre.
        azimuth, elevation: of the viewer of a 3-D system, in degrees.
        threads: default all cores.
        device: ``cpu`` (compiled kernels) or ``cuda``, ``auto`` (torch; 2-D modes).
        progress: called with the fraction done.
    Raises:
        InputError: an argument is out of range, the picture too large, or all points escape to
            infinity since the maps expand.
    """
    system = code.system if isinstance(code, IFSCode) else code
    if size is None:
        size = code.size if isinstance(code, IFSCode) else DEFAULT_SIZE
    width, height = size = check_size(size)
    mode = checked("mode", mode, Mode)
    supersample = checked("supersample", supersample, Supersample | None)
    if points is not None:
        check_points(points)
    if system.dimension == 3:
        from selfsame.ifs.render.view3d import render_view

        if depth is not None or viewport is not None:
            raise SettingError("depth and viewport belong to planar systems; this one is 3-D")
        return render_view(
            system,
            size,
            points=points,
            azimuth=azimuth,
            elevation=elevation,
            zoom=zoom,
            supersample=supersample or 2,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    if viewport is not None:
        view = checked_viewport(*viewport)
    else:
        view = code.viewport if isinstance(code, IFSCode) else fit_viewport(code, size, seed=seed)
    view = zoomed(view, zoom, center)
    if depth is None and points is None and mode == "auto" and isinstance(code, IFSCode):
        depth = _fitted_depth(code)
    if depth is not None:
        from selfsame.ifs.render.recursion import render_recursion

        primitive = code.primitive if isinstance(code, IFSCode) else None
        return render_recursion(system, primitive, depth, size, view)
    if mode == "auto":
        mode = "binary" if system.colors is None else "color"
    if mode == "patch":
        points = points or min(max(2 * width * height, 100_000), 2**30)
        batch = render_batch(
            [system], size, points, viewports=view, mode="patch", seed=seed, threads=threads
        )
        return np.asarray(batch[0], np.float32)
    s = supersample or _default_supersample(mode, width * height)
    fine = check_size((s * width, s * height)) if s > 1 else size
    if mode == "binary" and device == "cpu":
        cells = set_cells(system, view, fine, points, seed=seed, threads=threads, progress=progress)
        return averaged(cells, s)
    points = points or _density_points(mode, size, fine)
    colored = mode in ("color", "flame")
    counts: NDArray[Any]
    colors: NDArray[np.float64] | None = None
    if device != "cpu":
        from selfsame.ifs.chaos.on_torch import torch_histogram

        counts, colors = torch_histogram(
            system, view, fine, points, colored=colored, seed=seed, device=device
        )
    elif colored:
        colors, counts = sum_colors(
            system, view, fine, points, seed=seed, threads=threads, progress=progress
        )
    else:
        counts = count_points(
            system, view, fine, points, seed=seed, threads=threads, progress=progress
        )
    return _developed(counts, colors, mode, s)


def _fitted_depth(code: IFSCode) -> int | None:
    """Return the recursion depth that a code with a leaf shape was fitted at, if it says so."""
    note = code.notes.get("depth", "")
    known = code.primitive is not None and note.isascii() and note.isdigit() and len(note) < 4
    return int(note) if known else None


def _developed(
    counts: NDArray[np.generic], colors: NDArray[np.float64] | None, mode: str, s: int
) -> NDArray[np.float32]:
    """Return the picture of counts (sH, sW) and sums of colours (sH, sW, 3), in ``mode``."""
    n = np.asarray(counts, np.float32)
    most = max(float(n.max()), 1.0)
    if mode == "grey":
        density = averaged(n, s)
        return density / np.float32(max(float(density.max()), 1 / (s * s)))
    light = (n > 0) if mode in ("binary", "color") else np.log1p(n) / np.float32(np.log1p(most))
    if colors is None:
        return averaged(light, s)
    mean = (colors / np.maximum(n, 1)[..., None]).astype(np.float32)
    return np.clip(averaged(mean * light[..., None], s), 0, 1)


def _default_supersample(mode: str, pixels: int) -> int:
    if mode == "grey":  # averaging counts changes nothing
        return 1
    if 9 * pixels <= _FINE_CELLS:
        return 3
    return 2 if 4 * pixels <= _CELLS[mode] else 1


def _density_points(mode: str, size: tuple[int, int], fine: tuple[int, int]) -> int:
    if mode in ("binary", "color"):
        return 2 * default_range(fine[0] * fine[1])[0]
    return min(max(DENSITY_POINTS * size[0] * size[1], 20_000), 2**30)
