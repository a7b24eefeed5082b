"""The search for the best domain of every block of a plane.

Without their means, a range ``r`` and a domain ``d`` of norm 1 under an isometry ``T`` leave the
squared error ``|r|² - <r, T d>²``, or a bit more if the scale ``<r, T d> / |d|`` meets its bound.
The inner products are taken as ``tiles`` says; what is found is measured once more in pixels.

All pairs are evaluated, without loss, with a quarter of the plain operations. To exclude domains
by bounds did not pay besides: with the lowest frequencies and the norms of the rest 1 to 60 % of
them remained, with clusters of domains 85 to 100 %, and the bounds cost half as much as the whole.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.isometries import ISOMETRIES
from selfsame.pifs.code import CONTRACTION, COPY, HALF, QUARTER
from selfsame.pifs.search.blas import one_blas_thread
from selfsame.pifs.search.matches import Matches, measured
from selfsame.pifs.search.pools import Plane, Pool, domain_pool, grid_size, range_pool
from selfsame.pifs.search.tiles import (
    best_columns,
    best_columns_torch,
    columns_of,
    rows_of,
    tile_ranges,
)
from selfsame.run.threads import run_shares

Float = NDArray[np.float32]
Index = NDArray[np.int32]

KINDS = (HALF, QUARTER, COPY)

SUPERBLOCK = 64
"""Least side of the squares whose ranges share a local pool, in pixels."""

SUPERBLOCK_BLOCKS = 8
"""Least side of the same in blocks: products with fewer rows take as long."""

_BAND_VALUES = 2**26
"""Values of the pool of a band of superblocks: 256 MiB."""


def full_search(
    ranges: Plane,
    domains: Plane,
    block: int,
    step: int,
    kind: int = HALF,
    *,
    isometries: Iterable[int] = range(ISOMETRIES),
    penalty: Float | None = None,
    keep: int = 1,
    threads: int | None = None,
    device: str = "cpu",
) -> Matches:
    """Return the best domains of all blocks that lie, side by side, wholly within a plane.

    Args:
        ranges: (H, W), the plane whose blocks are matched.
        domains: the plane of the domains, of any size. If it is the same array and ``kind`` is
            ``COPY``, no block is matched with a domain that overlaps it.
        block: side of the blocks, 4 to 64, a power of two.
        step: of the grid of domains, in pixels.
        kind: ``HALF``, ``QUARTER`` or ``COPY``: how domains are contracted.
        isometries: those that a domain may undergo.
        penalty: at least 0, subtracted from the gains when they are compared, (rows, columns) of
            the grid of domains; such as a multiplier times the bits of their addresses.
        keep: how many domains of each block are returned.
        threads: CPU threads, by default one for every core; the result does not depend on it.
        device: ``cpu``, or the CUDA device of torch that takes the products.
    Raises:
        InputError: an argument beyond these limits.
    """
    allowed = _allowed(isometries)
    pool = domain_pool(domains, block, step, CONTRACTION[kind], threads)
    blocks = range_pool(ranges, block, threads)
    if penalty is not None and (penalty.shape != pool.norms.shape or not np.all(penalty >= 0)):
        raise InputError(
            f"penalty must be at least 0 and of shape {pool.norms.shape}: got {penalty.shape}"
        )
    columns = columns_of(pool, allowed, penalty)
    apart = _apart(ranges, domains, block, kind)
    numbers = np.arange(blocks.norms.size)
    found = np.empty((numbers.size, keep), np.int32)
    share = tile_ranges(allowed) if device == "cpu" else max(1, numbers.size)

    def work(first: int) -> None:
        mine = slice(first, first + share)
        rows = rows_of(blocks, allowed, numbers[mine])
        if device == "cpu":
            found[mine] = best_columns(rows, columns, apart, keep)
        else:
            found[mine] = best_columns_torch(rows, columns, apart, keep, device)

    with one_blas_thread():
        run_shares(work, range(0, numbers.size, share), threads)
    corners = _corners(columns.places, found)
    return measured(ranges, domains, block, corners, kind, allowed, threads)


def local_search(
    ranges: Plane,
    domains: Plane,
    block: int,
    step: int,
    radius: int,
    kind: int = HALF,
    *,
    isometries: Iterable[int] = range(ISOMETRIES),
    keep: int = 1,
    threads: int | None = None,
) -> Matches:
    """Return the best domains of all blocks of a plane from pools around their superblocks.

    The blocks of a superblock of ``SUPERBLOCK`` pixels or ``SUPERBLOCK_BLOCKS`` blocks, whichever
    is more, share one pool: of the grid of domains, as many rows and columns as fit into a window
    around its centre. Near the border of the plane the window is moved inwards.

    Args:
        ranges, domains: planes of one shape.
        radius: of the window: how far the centre of a domain lies from that of a superblock of
            ``SUPERBLOCK`` pixels at most, in either direction. A larger superblock has a window
            with the same margin around it.
    Other arguments, result and errors as in ``full_search``.
    """
    allowed = _allowed(isometries)
    blocks = range_pool(ranges, block, threads)
    apart = _apart(ranges, domains, block, kind)
    height, width = blocks.norms.shape
    span = block * CONTRACTION[kind]
    grid = grid_size(domains.shape, span, step)
    numbers = np.arange(height * width).reshape(height, width)
    corners = np.full((height * width, keep, 2), -1, np.int32)
    side = max(SUPERBLOCK // block, SUPERBLOCK_BLOCKS)
    reach = radius + (side * block - SUPERBLOCK) // 2

    def window(first: int, positions: int) -> slice:
        """Return which positions are near the superblock whose first block is ``first``."""
        centre = first * block + (side * block - span) // 2
        count = min(2 * reach // step + 1, positions)
        start = min(max(-(-(centre - reach) // step), 0), positions - count)
        return slice(start, start + count)

    def search_band(band: list[int]) -> None:
        windows = [window(i, grid[0]) for i in band]
        low, high = windows[0].start, windows[-1].stop
        part = domains[low * step : (high - 1) * step + span]
        pool = domain_pool(part, block, step, CONTRACTION[kind], threads)
        pool.y[:] += low * step

        def work(place: tuple[slice, int, int]) -> None:
            y, i, j = place
            y, x = slice(y.start - low, y.stop - low), window(j, grid[1])
            mine = numbers[i : i + side, j : j + side].ravel()
            near = Pool(pool.y[y], pool.x[x], pool.cosines[:, :, y, x], pool.norms[y, x])
            columns = columns_of(near, allowed)
            found = best_columns(rows_of(blocks, allowed, mine), columns, apart, keep)
            corners[mine] = _corners(columns.places, found)

        shares = [
            (y, i, j) for y, i in zip(windows, band, strict=True) for j in range(0, width, side)
        ]
        run_shares(work, shares, threads)

    if grid[0] and grid[1]:
        firsts = list(range(0, height, side))
        rows = max(1, _BAND_VALUES // (grid[1] * block * block) * step // (side * block))
        with one_blas_thread():
            for first in range(0, len(firsts), rows):
                search_band(firsts[first : first + rows])
    return measured(ranges, domains, block, corners, kind, allowed, threads)


def _allowed(isometries: Iterable[int]) -> tuple[int, ...]:
    allowed = tuple(sorted(set(isometries)))
    if not allowed or not set(allowed) <= set(range(ISOMETRIES)):
        raise InputError(f"isometries must be some of 0 to {ISOMETRIES - 1}: got {allowed}")
    return allowed


def _apart(ranges: Plane, domains: Plane, block: int, kind: int) -> int:
    """Return how far domains must stay away: a block that copies itself would say nothing."""
    return block if kind == COPY and ranges is domains else 0


def _corners(of: Index, found: Index) -> Index:
    """Return the places, (N, keep, 2), of the domains found; -1 for none."""
    if len(of) == 0:
        return np.full((*found.shape, 2), -1, np.int32)
    return np.where(found[..., None] >= 0, of[found], np.int32(-1))
