"""The full search, faster and with the same result: most domains are excluded by a bound.

Split the cosines of range and domain into the lowest frequencies and the rest. The inner product is
that of the lowest, plus at most the product of the norms of the rests (Cauchy and Schwarz). A
domain whose bound does not exceed what is already found is never evaluated. How many of the lowest
frequencies pay best depends on the range, from few for smooth blocks to all for noise; a sample of
the domains tells.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.blocks import ISOMETRIES
from selfsame.ifs.shares import run_shares
from selfsame.pifs.blas import one_blas_thread
from selfsame.pifs.code import CONTRACTION, HALF
from selfsame.pifs.pools import CLASSES, Plane, domain_pool, range_pool
from selfsame.pifs.search import (
    MAX_SCALE,
    Matches,
    check_search,
    corners_of,
    distance_apart,
    measured,
)
from selfsame.pifs.tiles import (
    TILE_ROWS,
    TILE_VALUES,
    Columns,
    Rows,
    best_columns,
    columns_of,
    largest,
    rows_of,
)

Float = NDArray[np.float32]
Index = NDArray[np.int32]

SEED_STEP = 4
"""Every so manieth row and column of the grid is searched first, without bounds."""

SAMPLE = 64
"""Domains that tell how many would not be excluded."""

SLACK = 1e-5
"""Added to bounds, in norms of the range: more than the rounding of float32."""

_ALL = tuple(range(ISOMETRIES))

LEAST = 2
"""A product over fewer diagonals of frequencies saves no time."""

_PRODUCT_NS, _BOUND_NS, _KEPT_NS, _REST_NS = 0.18, 1.5, 40.0, 1.0
"""What a domain costs with all isometries: for each frequency of a class, and besides; what one costs
that is not excluded, besides, and for each frequency of the rest. Only their ratios matter."""


class _Domains(NamedTuple):
    """Domains, and the same sorted by frequency.

    Attributes:
        columns: (classes, length, M) cosines sorted from low frequencies to high.
        by_domain: (M, classes, length), the same, one domain after the other.
        rests: for some numbers of low frequencies in each class, the norms, (M,), of all others.
    """

    columns: Columns
    by_domain: Float
    rests: dict[int, Float]


def fast_search(
    ranges: Plane,
    domains: Plane,
    block: int,
    step: int,
    kind: int = HALF,
    *,
    max_scale: float = MAX_SCALE,
    threads: int | None = None,
) -> Matches:
    """Return the best domain of every block, as ``full_search`` does with its defaults.

    Gains are the same up to rounding; of domains with equal gains another may be chosen.
    Arguments, result and errors as there.
    """
    check_search(kind, max_scale, 1)
    pool = domain_pool(domains, block, step, CONTRACTION[kind], threads)
    blocks = range_pool(ranges, block, threads)
    apart = distance_apart(ranges, domains, block, kind)
    columns = columns_of(pool, _ALL, max_scale)
    grid = np.arange(pool.norms.size).reshape(pool.norms.shape)
    seeds = grid[::SEED_STEP, ::SEED_STEP].ravel()
    seed_columns = _some(columns, seeds)
    half = block // 2
    order = np.argsort(np.add.outer(np.arange(half), np.arange(half)), axis=None, kind="stable")
    ordered = _ordered(columns, order, half)
    sample = np.arange(0, grid.size, max(1, grid.size // SAMPLE))
    count = blocks.norms.size
    found = np.full(count, -1, np.int32)
    gains = np.zeros(count, np.float32)
    chosen = np.zeros(count, np.int64)

    def seed(first: int) -> None:
        mine = np.arange(first, min(first + TILE_ROWS // 2, count))
        rows = rows_of(blocks, _ALL, mine)
        index, gain = best_columns(rows, seed_columns, apart, 1)
        found[mine] = np.where(index[:, 0] >= 0, seeds[index[:, 0]], -1)
        gains[mine] = np.maximum(gain[:, 0], 0)
        chosen[mine] = _choose(_sorted_rows(rows, order), ordered, sample, gains[mine])

    def search(share: tuple[int, NDArray[np.intp]]) -> None:
        low, mine = share
        rows = rows_of(blocks, _ALL, mine)
        if low == order.size:
            found[mine] = best_columns(rows, columns, apart, 1)[0][:, 0]
            return
        index, gain = found[mine], gains[mine]
        _search_low(_sorted_rows(rows, order), rows.places, ordered, low, apart, index, gain)
        found[mine] = index

    if grid.size:
        with one_blas_thread():
            run_shares(seed, range(0, count, TILE_ROWS // 2), threads)
            shares = []
            for low in np.unique(chosen):
                alike = np.flatnonzero(chosen == low)
                parts = range(0, alike.size, TILE_ROWS // 2)
                shares += [(int(low), alike[i : i + TILE_ROWS // 2]) for i in parts]
            run_shares(search, shares, threads)
    corners = corners_of(columns.places, found[:, None])
    return measured(ranges, domains, blocks, corners, kind, _ALL, max_scale, threads)


def _some(columns: Columns, chosen: NDArray[np.intp]) -> Columns:
    return Columns(
        np.ascontiguousarray(columns.cosines[:, :, chosen]),
        columns.reach[chosen],
        columns.penalty[chosen],
        columns.places[chosen],
    )


def _ordered(columns: Columns, order: NDArray[np.intp], half: int) -> _Domains:
    cosines = columns.cosines[:, order]
    by_domain = np.ascontiguousarray(cosines.transpose(2, 0, 1))
    # Whole diagonals, so that a range and its transposition have the same rest.
    diagonals = [half * i // 4 for i in (2, 3, 4)]
    lows = [i * (i + 1) // 2 for i in diagonals if i >= LEAST]
    rests = {low: np.sqrt(np.einsum("ckm,ckm->m", *[cosines[:, low:]] * 2)) for low in lows}
    return _Domains(replace(columns, cosines=cosines), by_domain, rests)


def _sorted_rows(rows: Rows, order: NDArray[np.intp]) -> Float:
    """Return the cosines of ranges, (classes, N, 2, length), by frequency."""
    return np.ascontiguousarray(rows.cosines[..., order])


def _choose(
    cosines: Float, domains: _Domains, sample: NDArray[np.intp], gains: Float
) -> NDArray[np.int64]:
    """Return how many low frequencies cost the least time for each range."""
    length = cosines.shape[3]
    best = np.full(cosines.shape[1], length)
    least = np.full(cosines.shape[1], _PRODUCT_NS * length + _BOUND_NS)
    limit = np.sqrt(gains)
    for low, rest in domains.rests.items():
        part = np.ascontiguousarray(domains.columns.cosines[:, :low, sample])
        c = np.einsum("cnvk,ckm->cnvm", cosines[..., :low], part, optimize=True)
        a = np.abs(c[0] + c[3]) + np.abs(c[1] + c[2])
        b = np.abs(c[0] - c[3]) + np.abs(c[1] - c[2])
        bound = np.maximum(a, b).max(axis=1) + _rest(cosines, low)[:, None] * rest[sample]
        kept = (bound > limit[:, None]).mean(axis=1)
        cost = _PRODUCT_NS * low + _BOUND_NS + kept * (_KEPT_NS + _REST_NS * length)
        best = np.where(cost < least, low, best)
        least = np.minimum(cost, least)
    return best


def _rest(cosines: Float, low: int) -> Float:
    """Return the norms of ranges without their low frequencies, (N,)."""
    rest = cosines[:, :, 0, low:]
    return np.sqrt(np.einsum("cnk,cnk->n", rest, rest))


def _search_low(
    cosines: Float,
    places: Index,
    domains: _Domains,
    low: int,
    apart: int,
    found: Index,
    gains: Float,
) -> None:
    """Replace what is found for some ranges by what is better."""
    left = np.ascontiguousarray(cosines[..., :low]).reshape(CLASSES, -1, low)
    by_range = np.ascontiguousarray(cosines.transpose(1, 0, 2, 3))
    columns = domains.columns
    rest = _rest(cosines, low)
    slack = np.float32(SLACK) * _rest(cosines, 0)
    height = CLASSES * left.shape[1]
    width = TILE_VALUES // height
    memory = np.empty(TILE_VALUES, np.float32)
    for start in range(0, columns.reach.size, width):
        part = slice(start, min(start + width, columns.reach.size))
        products = memory[: height * (part.stop - start)].reshape(CLASSES, left.shape[1], -1)
        np.matmul(left, columns.cosines[:, :low, part], out=products)
        _scan_bounds(
            products,
            by_range,
            rest,
            slack,
            places,
            domains.by_domain[part],
            domains.rests[low][part],
            columns.reach[part],
            columns.places[part],
            start,
            apart,
            found,
            gains,
        )


@njit(cache=True, nogil=True, fastmath=True)
def _scan_bounds(  # type: ignore[no-untyped-def]
    products,
    by_range,
    rest,
    slack,
    places,
    by_domain,
    domain_rest,
    reach,
    domain_places,
    start,
    apart,
    found,
    gains,
):
    """Evaluate the domains of a tile whose bounds exceed what is found."""
    best = np.empty(reach.size, np.float32)
    for r in range(gains.size):
        d, t = 2 * r, 2 * r + 1
        largest(
            products[0, d],
            products[1, d],
            products[2, d],
            products[3, d],
            products[0, t],
            products[1, t],
            products[2, t],
            products[3, t],
            best,
        )
        limit = np.float32(np.sqrt(gains[r])) - slack[r]
        if not _bounds_above(best, rest[r], domain_rest, limit):
            continue
        for j in range(best.size):
            if best[j] <= limit:
                continue
            dy, dx = domain_places[j, 0] - places[r, 0], domain_places[j, 1] - places[r, 1]
            if abs(dy) < apart and abs(dx) < apart:
                continue
            c = _inner_product(by_range[r], by_domain[j])
            beyond = max(c - reach[j], np.float32(0))
            gain = c * c - beyond * beyond
            if gain > gains[r]:
                gains[r] = gain
                found[r] = start + j
                limit = np.float32(np.sqrt(gain)) - slack[r]


@njit(cache=True, nogil=True, fastmath=True)
def _bounds_above(best, rest, domain_rest, limit):  # type: ignore[no-untyped-def]
    """Add the bound on the rest to each; return whether any exceeds ``limit``."""
    count = np.int32(0)
    for j in range(best.size):
        bound = best[j] + rest * domain_rest[j]
        best[j] = bound
        count += np.int32(bound > limit)
    return count > 0


@njit(cache=True, nogil=True, fastmath=True)
def _inner_product(own, domain):  # type: ignore[no-untyped-def]
    """Return the largest absolute inner product of all isometries, as ``largest`` does."""
    c0 = c1 = c2 = c3 = t0 = t1 = t2 = t3 = np.float32(0)
    own0, own1, own2, own3 = own[0, 0], own[1, 0], own[2, 0], own[3, 0]
    turned0, turned1, turned2, turned3 = own[0, 1], own[1, 1], own[2, 1], own[3, 1]
    d0, d1, d2, d3 = domain[0], domain[1], domain[2], domain[3]
    for k in range(d0.size):
        c0 += own0[k] * d0[k]
        c1 += own1[k] * d1[k]
        c2 += own2[k] * d2[k]
        c3 += own3[k] * d3[k]
        t0 += turned0[k] * d0[k]
        t1 += turned1[k] * d1[k]
        t2 += turned2[k] * d2[k]
        t3 += turned3[k] * d3[k]
    a = max(abs(c0 + c3) + abs(c1 + c2), abs(c0 - c3) + abs(c1 - c2))
    return max(a, abs(t0 + t3) + abs(t1 + t2), abs(t0 - t3) + abs(t1 - t2))
