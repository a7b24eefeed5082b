"""Points of the invariant measure as an array."""

from collections.abc import Callable
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
from selfsame.ifs.limits import MAX_BYTES, check_cells, check_points
from selfsame.ifs.system import IFS
from selfsame.run.threads import run_shares, thread_count

SHARE_POINTS = 2**20
"""Points that one population makes: the unit of work of a thread."""

Maps = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Matrices (N, D, D), offsets (N, D) and probabilities (N,)."""

Progress = Callable[[float], object]
"""Called with the fraction of the work that is done, in [0, 1]."""


def sample_points(
    system: IFS,
    n: int,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """Return ``n`` points of the invariant measure, (n, d) float32, in no particular order.

    Any two points are as good as independent; the array depends on the seed, not on threads.
    Points near a border of a cell may be rounded beyond it; ``count_points`` counts exactly.

    Raises:
        InputError: ``n`` out of range, or points escape to infinity (the maps expand).
    """
    return _sample(system, (system.matrices, system.offsets), n, seed, threads, progress)


def sample_colored_points(
    system: IFS, n: int, *, seed: int = 0, threads: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (n, d) points and their (n, 3) colours: ``c -> (c + c_i) / 2`` under map i.

    Errors as in ``sample_points``.
    """
    points, d = _sample(system, with_colors(system), n, seed, threads, None), system.dimension
    return np.ascontiguousarray(points[:, :d]), np.clip(points[:, d:], 0, 1)


def _sample(
    system: IFS,
    affine: tuple[NDArray[np.float64], NDArray[np.float64]],
    n: int,
    seed: int,
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> NDArray[np.float32]:
    check_points(n)
    dimension = affine[1].shape[1]
    check_cells(n * dimension, 4, f"{n} points")
    out = np.empty((n, dimension), np.float32)
    fill = point_source((*affine, system.probabilities), no_words(dimension), n, seed)

    def work(share: int) -> int:
        part = out[share * SHARE_POINTS : (share + 1) * SHARE_POINTS]
        lost = fill(share, part)
        if progress is not None:
            progress(len(part))
        return lost

    bad = sum(run_shares(work, range(-(-n // SHARE_POINTS)), threads))
    if bad:
        raise escape_error(system, bad / n)
    return out


def point_source(
    maps: Maps, words: Maps, points: int, seed: int, *, is_on_cells: bool = False
) -> Callable[[int, NDArray[np.float32]], int]:
    """Return a function that fills an (n, D) array with the points of the numbered share, and
    returns how many of them are infinite or NaN.

    Args:
        words: maps through which every point passes on its way out.
        points: how many points a share will be asked for at most.
        is_on_cells: the first two coordinates are told to whole numbers only, but exactly; for
            games that ``keep_cells``.
    """
    field, ancestor_field = choose_fields(points, max(len(maps[0]), len(words[0])))
    start = as_float32(start_points(*maps))
    burn_in = int(burn_in_steps(maps[0], maps[2]))
    game, passage = (
        (as_float32(A), as_float32(b), probability_tree(p)) for A, b, p in (maps, words)
    )

    def fill(share: int, out: NDArray[np.float32]) -> int:
        return native.sample_share(
            seed, share, start, burn_in, field, ancestor_field, game, passage, is_on_cells, out
        )

    return fill


def no_words(dimension: int) -> Maps:
    """Return no maps: points come out where they lie."""
    return np.empty((0, dimension, dimension)), np.empty((0, dimension)), np.ones(1)


def in_shares(points: int, each: int) -> list[int]:
    """Return the numbers of points of all shares."""
    return [min(each, points - start) for start in range(0, points, each)]


class PointCounter:
    """Tells ``progress`` the fraction done, of ``total`` points."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.done, self.progress = total, 0, progress

    def add(self, points: int) -> None:
        self.done += points
        if self.progress is not None:
            self.progress(min(1.0, self.done / self.total))


def drawn_by_shares(
    system: IFS | None,
    draw: Callable[[int, int, NDArray[Any]], float],
    empty: Callable[[], NDArray[Any]],
    combine: np.ufunc,
    shares: list[int],
    threads: int | None,
    counter: PointCounter,
) -> NDArray[Any]:
    """Return one array into which all shares are drawn, in any order.

    Args:
        system: named by the error; None where points have been seen to stay.
        draw: draws share i of n points into an array; returns the fraction that escaped.
        empty: makes an array; there is one for each thread that memory allows.
        combine: puts two of them together.
    Raises:
        InputError: all points escape to infinity.
    """
    escaped = np.zeros(len(shares))
    first = empty()
    left = iter(range(len(shares)))

    def work(worker: int) -> NDArray[Any]:
        out = first if worker == 0 else empty()
        for share in left:
            escaped[share] = draw(share, shares[share], out)
            counter.add(shares[share])
        return out

    workers = max(1, min(thread_count(threads), len(shares), MAX_BYTES // first.nbytes))
    for part in run_shares(work, range(workers), workers)[1:]:
        combine(first, part, out=first)
    if system is not None and escaped.min() == 1:
        raise escape_error(system, 1.0)
    return first


def as_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the values in single precision; what is too large becomes infinite, in silence."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)


def escape_error(system: IFS, fraction: float) -> InputError:
    """Return the error for a system ``fraction`` of whose points ran off to infinity."""
    return InputError(
        f"{fraction:.0%} of the points escape to infinity: the maps expand on average (largest "
        f"singular value {system.contraction:.3g}); shrink the matrices below 1"
    )
