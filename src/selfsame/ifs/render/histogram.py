"""Histograms of the invariant measure over the pixels of a window: set cells, counts, colours."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame._native import ifs as native
from selfsame.errors import InputError
from selfsame.ifs.chaos.games import (
    burn_in_steps,
    choose_fields,
    probability_tree,
    start_points,
    with_colors,
)
from selfsame.ifs.code import Viewport
from selfsame.ifs.geometry.viewport import plane_to_pixels
from selfsame.ifs.limits import check_cells, check_points, check_size
from selfsame.ifs.render.points import (
    Maps,
    PointCounter,
    Progress,
    as_float32,
    drawn_by_shares,
    in_shares,
    no_words,
    point_source,
)
from selfsame.ifs.render.view_words import view_words
from selfsame.ifs.system import IFS, conjugated

SHARE_POINTS = 2**22
"""Points of one planar population: the unit of work of a thread, about 15 milliseconds."""

COLOR_SHARE_POINTS = 2**18
"""The same for coloured points, which pass through memory (5 MiB)."""

NEW_CELLS = 1e-3
"""``set_cells`` stops once doubling the points set fewer than this fraction of new cells."""

_Plot = Callable[[int, int, NDArray[Any]], float]
"""Number of the share, its points, and the histogram: bits to be set, or counts to be raised."""


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
    on the number of threads. Where borders between pixels come from such borders under every map,
    a pixel that the attractor only touches counts nothing: see ``docs/conventions.md``, Cells.

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
    total = drawn_by_shares(
        system,
        plot,
        partial(np.zeros, cells, np.uint32),
        np.add,
        in_shares(points, SHARE_POINTS),
        threads,
        PointCounter(points, progress),
    )
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
    counter = PointCounter(most, progress)
    bits = np.zeros(-(-cells // 8), np.uint8)
    done = before = shares_done = 0
    goal = first
    while True:
        shares = in_shares(goal - done, SHARE_POINTS)

        def draw(share: int, n: int, out: NDArray[np.uint8], first: int = shares_done) -> float:
            return plot(first + share, n, out)

        more = drawn_by_shares(
            None if done else system,
            draw,
            partial(np.zeros_like, bits),
            np.bitwise_or,
            shares,
            threads,
            counter,
        )
        np.bitwise_or(bits, more, out=bits)
        shares_done += len(shares)
        done = goal
        bordered = np.unpackbits(bits, count=cells, bitorder="little").reshape(
            height + 2, width + 2
        )
        inside = bordered[1:-1, 1:-1]
        now = int(np.count_nonzero(inside))
        if done >= most or now - before < NEW_CELLS * now:
            break
        before, goal = now, min(2 * goal, most)
    counter.add(most)
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
    shares = in_shares(points, COLOR_SHARE_POINTS)
    seen = _in_pixels(system, with_colors(system), viewport, size)
    if seen is None:
        return np.zeros((height, width, 3)), np.zeros((height, width), np.uint64)
    maps, words, is_on_cells = seen
    fill = point_source(maps, words, max(shares), seed, is_on_cells=is_on_cells)

    def add(share: int, n: int, sums: NDArray[np.uint64]) -> float:
        part = np.empty((n, 5), np.float32)
        lost = fill(share, part)
        native.add_colors(part, sums)
        return lost / n

    empty = partial(np.zeros, (height, width, 4), np.uint64)
    counter = PointCounter(points, progress)
    total = drawn_by_shares(system, add, empty, np.add, shares, threads, counter)
    return total[..., :3] / native.COLOR_STEPS, total[..., 3]


def _plotter(
    system: IFS, viewport: Viewport, size: tuple[int, int], points: int, seed: int
) -> _Plot | None:
    """Return a function that plots a share of points, or None if nothing is in view."""
    seen = _in_pixels(system, (system.matrices, system.offsets), viewport, size, border=1)
    if seen is None:
        return None
    maps, words, is_on_cells = seen
    field, ancestor_field = choose_fields(points, max(len(maps[0]), len(words[0])))
    x, y = as_float32(start_points(*maps)).tolist()
    burn_in = int(burn_in_steps(system.matrices, system.probabilities))
    game, passage = ((as_float32(_planar(A, b)), probability_tree(p)) for A, b, p in (maps, words))

    def plot(share: int, n: int, out: NDArray[Any]) -> float:
        return native.plot_share(
            seed,
            share,
            n,
            (x, y),
            burn_in,
            field,
            ancestor_field,
            game,
            passage,
            is_on_cells,
            *size,
            out,
        )

    return plot


def _in_pixels(
    system: IFS,
    affine: tuple[NDArray[np.float64], NDArray[np.float64]],
    viewport: Viewport,
    size: tuple[int, int],
    border: int = 0,
) -> tuple[Maps, Maps, bool] | None:
    """Return maps, words through which their points pass into pixels, and whether the game is one
    on cells, ``native/ifs/cells.hpp``; None for an empty view.

    Args:
        affine: matrices and offsets of the planar system, with or without colours.
        border: pixels around the picture.
    """
    if system.dimension != 2:
        raise InputError(f"a planar histogram needs a 2-D system: got {system.dimension}")
    maps = (*affine, system.probabilities)
    dimension = affine[1].shape[1]
    S, t = np.eye(dimension), np.zeros(dimension)
    scale, shift = plane_to_pixels(viewport, size)
    S[:2, :2], t[:2] = np.diag(scale), shift + border
    near = view_words(system, maps, viewport)
    if near is None:
        game = *conjugated(*affine, S, t), system.probabilities
        return game, no_words(dimension), _keep_cells(game, no_words(dimension))
    (A, b, p), share = near
    if share == 0:
        return None
    words = S @ A, b @ S.T + t, p
    on_cells = _on_cells(maps, words)
    return (maps, words, False) if on_cells is None else (*on_cells, True)


def _on_cells(maps: Maps, words: Maps) -> tuple[Maps, Maps] | None:
    """Return maps of the plane and words into pixels as a game on cells, or None.

    The cells are those that the largest word takes to pixels: the others take cells to pixels,
    too, where the game keeps cells.
    """
    A, b, p = words
    sizes = np.abs(np.linalg.det(A[:, :2, :2]))
    largest = int(sizes.argmax())
    if not 0 < sizes[largest] < np.inf:
        return None
    S, t = np.eye(A.shape[1]), np.zeros(A.shape[1])
    S[:2, :2], t[:2] = A[largest, :2, :2], b[largest, :2]
    game = *conjugated(*maps[:2], S, t), maps[2]
    A = A @ np.linalg.inv(S)
    passage = A, b - A @ t, p
    return (game, passage) if _keep_cells(game, passage) else None


def _keep_cells(maps: Maps, words: Maps) -> bool:
    return native.keep_cells(*(_planar(A, b) for A, b, _ in (maps, words)))


def _planar(matrices: NDArray[np.float64], offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what becomes of the plane, rows of six numbers, whatever else the maps carry."""
    return np.concatenate([matrices[:, :2, :2].reshape(-1, 4), offsets[:, :2]], axis=1)
