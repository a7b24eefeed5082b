"""Histograms of the invariant measure over the pixels of a window: set cells, counts, colours."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.ifs.chaos.kernel import burn_in_steps, choose_fields, plot_share, start_points
from selfsame.ifs.chaos.nd import COLOR_STEPS, add_colors, with_colors
from selfsame.ifs.chaos.random_counts import new_stream, probability_tree
from selfsame.ifs.code import Viewport
from selfsame.ifs.geometry.view_words import view_words
from selfsame.ifs.geometry.viewport import plane_to_pixels
from selfsame.ifs.limits import MAX_BYTES, check_cells, check_points, check_size
from selfsame.ifs.render.points import Maps, as_float32, escape_error, point_source
from selfsame.ifs.system import IFS
from selfsame.run.threads import run_shares, thread_count

SHARE_POINTS = 2**22
"""Points of one planar population: the unit of work of a thread, about 15 milliseconds."""

COLOR_SHARE_POINTS = 2**18
"""The same for coloured points, which pass through memory (5 MiB)."""

NEW_CELLS = 1e-3
"""``set_cells`` stops once doubling the points set fewer than this fraction of new cells."""

Progress = Callable[[float], object]
"""Called with the fraction of the work that is done, in [0, 1]."""

_Plot = Callable[[int, int, bool, NDArray[Any]], float]


def count_points(
    system: IFS,
    viewport: Viewport,
    size: tuple[int, int],
    points: int,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.uint32]:
    """Return how many of ``points`` points of a planar system fall into each pixel, (H, W).

    Where the window shows a small part of the attractor, the points are drawn from the parts
    near the window only, all others being out of view anyway. The counts depend on the seed, not
    on the number of threads.

    Raises:
        InputError: unusable arguments, too much memory, or all points escape to infinity.
    """
    width, height = check_size(size)
    check_points(points)
    cells = (width + 2) * (height + 2)
    check_cells(cells, 4, "the counts")
    plot = _plotter(system, viewport, size, points, seed)
    if plot is None:
        return np.zeros((height, width), np.uint32)
    shares = _shares(points, SHARE_POINTS)
    counter = _Counter(points, progress)
    escaped = np.zeros(len(shares))

    def work(mine: range) -> NDArray[np.uint32]:
        out = np.zeros(cells, np.uint32)
        for share in mine:
            escaped[share] = plot(share, shares[share], False, out)
            counter.add(shares[share])
        return out

    total = _sum_of_workers(work, len(shares), threads, 4 * cells)
    _check_escaped(system, escaped)
    return np.ascontiguousarray(total.reshape(height + 2, width + 2)[1:-1, 1:-1])


def set_cells(
    system: IFS,
    viewport: Viewport,
    size: tuple[int, int],
    points: int | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.uint8]:
    """Return 1 where a point fell, else 0, (H, W).

    Args:
        points: None doubles them from 8 a pixel until that sets less than 0.1 % of new pixels,
            64 a pixel or the limit on points is reached.
    Other arguments and errors as in ``count_points``.
    """
    width, height = check_size(size)
    cells = (width + 2) * (height + 2)
    check_cells(cells, 1, "the picture")
    first, most = (check_points(points),) * 2 if points else default_range(width * height)
    plot = _plotter(system, viewport, size, first, seed)
    if plot is None:
        return np.zeros((height, width), np.uint8)
    out = np.zeros(cells, np.uint8)
    inside = out.reshape(height + 2, width + 2)[1:-1, 1:-1]
    counter = _Counter(most, progress)
    done = before = shares_done = 0
    goal = first
    while True:
        shares = _shares(goal - done, SHARE_POINTS)

        def work(share: int, shares: list[int] = shares, offset: int = shares_done) -> float:
            # Threads share the bytes: whoever writes, writes a 1.
            lost = plot(offset + share, shares[share], True, out)
            counter.add(shares[share])
            return lost

        escaped = np.array(run_shares(work, range(len(shares)), threads))
        if shares_done == 0:
            _check_escaped(system, escaped)
        shares_done += len(shares)
        done = goal
        now = int(np.count_nonzero(inside))
        if done >= most or now - before < NEW_CELLS * now:
            break
        before, goal = now, min(2 * goal, most)
    counter.finish()
    return np.ascontiguousarray(inside)


def default_range(cells: int) -> tuple[int, int]:
    """Return the points that ``set_cells`` begins with and stops at, for so many cells."""
    most = 2**30
    return min(max(8 * cells, 20_000), most), min(max(64 * cells, 20_000), most)


def sum_colors(
    system: IFS,
    viewport: Viewport,
    size: tuple[int, int],
    points: int,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.uint64]]:
    """Return the sums of the points' colours, (H, W, 3) in [0, count], and counts (H, W).

    A point's colour starts anywhere and becomes ``(c + c_i) / 2`` under map i (Draves & Reckase
    2003, "The Fractal Flame Algorithm", colour speed 1/2). Arguments and errors as in
    ``count_points``.
    """
    width, height = check_size(size)
    check_points(points)
    check_cells(width * height, 32, "the sums of colours")
    shape = (height, width, 4)
    shares = _shares(points, COLOR_SHARE_POINTS)
    matrices, offsets = with_colors(system)
    maps = (matrices, offsets, system.probabilities)
    near = view_words(system, maps, viewport)
    if near is not None and near[1] == 0:
        return np.zeros((height, width, 3)), np.zeros((height, width), np.uint64)
    scale, shift = plane_to_pixels(viewport, size)
    S, t = np.eye(5), np.zeros(5)
    S[:2, :2], t[:2] = np.diag(scale), shift
    if near is None:
        fill = point_source(_conjugated(maps, S, t), None, max(shares), seed)
    else:
        fill = point_source(maps, _followed(near[0], S, t), max(shares), seed)
    counter = _Counter(points, progress)
    escaped = np.zeros(len(shares))

    def work(mine: range) -> NDArray[np.uint64]:
        sums = np.zeros(shape, np.uint64)
        buffer = np.empty((max(shares), 5), np.float32)
        for share in mine:
            part = buffer[: shares[share]]
            fill(share, part)
            escaped[share] = np.count_nonzero(~np.isfinite(part[:, :2]).all(axis=1)) / len(part)
            add_colors(part, width, height, sums)
            counter.add(len(part))
        return sums

    total = _sum_of_workers(work, len(shares), threads, 32 * width * height)
    _check_escaped(system, escaped)
    return total[..., :3] / COLOR_STEPS, total[..., 3]


def _plotter(
    system: IFS, viewport: Viewport, size: tuple[int, int], points: int, seed: int
) -> _Plot | None:
    """Return a function that plots a share of points, or None if nothing is in view."""
    if system.dimension != 2:
        raise InputError(f"a planar histogram needs a 2-D system: got {system.dimension}")
    maps = (system.matrices, system.offsets, system.probabilities)
    near = view_words(system, maps, viewport)
    if near is not None and near[1] == 0:
        return None
    scale, shift = plane_to_pixels(viewport, size)
    S, t = np.diag(scale), shift + 1  # the border of the histogram
    if near is None:
        maps = _conjugated(maps, S, t)
        words = (np.empty((0, 2, 2)), np.empty((0, 2)), np.ones(1))
    else:
        words = _followed(near[0], S, t)
    field, ancestor_field = choose_fields(points, max(len(maps[0]), len(words[0])))
    start = np.complex64(complex(*as_float32(start_points(*maps))))
    burn_in = int(burn_in_steps(system.matrices, system.probabilities))
    game, passage = (
        (
            as_float32(np.concatenate([A.reshape(-1, 4), b], axis=1)),
            probability_tree(p),
        )
        for A, b, p in (maps, words)
    )
    width, height = size

    def plot(share: int, n: int, binary: bool, out: NDArray[Any]) -> float:
        rng = new_stream(np.uint64(seed), np.uint64(share))
        return float(
            plot_share(
                rng,
                n,
                start,
                burn_in,
                field,
                ancestor_field,
                game,
                passage,
                width,
                height,
                binary,
                out,
            )
        )

    return plot


def _conjugated(maps: Maps, S: NDArray[np.float64], t: NDArray[np.float64]) -> Maps:
    """Return the maps in the coordinates ``u = S x + t``."""
    A, b, p = maps
    moved = S @ A @ np.linalg.inv(S)
    return moved, b @ S.T + t - moved @ t, p


def _followed(maps: Maps, S: NDArray[np.float64], t: NDArray[np.float64]) -> Maps:
    """Return the maps followed by ``x -> S x + t``."""
    A, b, p = maps
    return S @ A, b @ S.T + t, p


def _shares(points: int, each: int) -> list[int]:
    whole, rest = divmod(points, each)
    return [each] * whole + [rest] * (rest > 0)


def _sum_of_workers(
    work: Callable[[range], NDArray[Any]], shares: int, threads: int | None, bytes_each: int
) -> NDArray[Any]:
    """Return the sum of ``work`` over ranges of shares, one per thread that memory allows."""
    workers = max(1, min(thread_count(threads), shares, MAX_BYTES // bytes_each))
    parts = run_shares(work, [range(w, shares, workers) for w in range(workers)], workers)
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total


def _check_escaped(system: IFS, escaped: NDArray[np.float64]) -> None:
    if escaped.min() == 1:
        raise escape_error(system, 1.0)


class _Counter:
    """Tells ``progress`` the fraction done."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.done, self.progress = total, 0, progress

    def add(self, points: int) -> None:
        self.done += points
        if self.progress is not None:
            self.progress(min(1.0, self.done / self.total))

    def finish(self) -> None:
        if self.progress is not None:
            self.progress(1.0)
