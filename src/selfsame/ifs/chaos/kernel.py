# mypy: disable-error-code="no-untyped-def"
"""The chaos game: kernels that sample the invariant measure of affine systems.

**Population, not chain.** M = 2^m points, few enough for the first-level cache, are advanced
together. A step permutes them by ``j = a ⊗ k ⊕ b``, a random affine map over the field GF(2^m)
(``a != 0``), draws how many points each map gets, ``n ~ Multinomial(M, p)``, and applies map i
to ``n_i`` *consecutive* points, so its parameters stay in registers and the loop vectorises.
For any two points the pair of slots is uniform over distinct slots (Carter & Wegman 1979), so
the pair of maps that they get has exactly the law of two independent choices: mean *and*
variance of every histogram bin are those of M independent chains, for a few random bits a point.

**Start.** A few ancestors run until the start is forgotten, are copied over the population,
and some unplotted steps part the copies.

**Pixels.** The maps are conjugated into pixel units, so a point is its pixel. Histograms have a
border one cell wide that takes whatever lies outside, NaN included; no branch is needed.

Points of the plane are complex numbers x + iy: one 64-bit load moves a point.
"""

import math

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.chaos.random_counts import below, kernel, multinomial

FIELDS = {
    7: 0x83,
    9: 0x211,
    10: 0x409,
    12: 0x1053,
    14: 0x4443,
    16: 0x1100B,
    20: 0x100009,
}
"""Irreducible polynomial of GF(2^m) by m; 2^10 points and a copy fill half of a 32 KiB cache."""

BLOCK = 32
"""Points that the inner loop takes at once (4 vectors of 8 floats); buffers are padded by it."""

ANCESTORS_LOG2 = 7
"""2^7 points run through the whole burn-in."""

PARTING_STEPS = 8
"""Unplotted steps after copying the ancestors: at a contraction of 1/2 the copies share no
more than a 256th of the attractor's width."""

MAX_BURN_IN = 1000
"""Steps after which the start counts as forgotten, even where maps hardly contract."""


Field = tuple[int, np.uint32]
"""m and the polynomial of GF(2^m)."""


def choose_fields(points: int, maps: int) -> tuple[Field, Field]:
    """Return the fields of the population and of its ancestors.

    The population is small for few points, and has at least 16 points a map for many maps.
    """
    wanted = 7 if points < 20_000 else 9 if points < 60_000 else 10
    wanted = max(wanted, min((16 * maps - 1).bit_length(), max(FIELDS)))
    m = next(m for m in FIELDS if m >= wanted)
    return (m, np.uint32(FIELDS[m])), (ANCESTORS_LOG2, np.uint32(FIELDS[ANCESTORS_LOG2]))


def burn_in_steps(
    matrices: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the steps that shrink a difference of starts by 2**-24 on average, 16 to 1000.

    Args:
        matrices: (..., N, d, d); probabilities: (..., N).
    Source: the mean logarithm of the largest singular values bounds the Lyapunov exponent.
    """
    norms = np.linalg.norm(matrices, ord=2, axis=(-2, -1))
    exponent = np.sum(probabilities * np.log(np.maximum(norms, 1e-6)), axis=-1)
    slowest = -24 * math.log(2) / MAX_BURN_IN
    steps = np.ceil(-24 * math.log(2) / np.minimum(exponent, slowest))
    return np.asarray(np.clip(steps, 16, MAX_BURN_IN), np.int64)


def start_points(
    matrices: NDArray[np.float64],
    offsets: NDArray[np.float64],
    probabilities: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean of each invariant measure, (..., d): a start near the attractor.

    The origin stands in where the equation ``m = Σ p (A m + b)`` has no unique solution.
    """
    d = matrices.shape[-1]
    with np.errstate(over="ignore", invalid="ignore"):  # such numbers escape, as they should
        system = np.eye(d) - np.einsum("...n,...nij->...ij", probabilities, matrices)
        shift = np.einsum("...n,...ni->...i", probabilities, offsets)
        regular = np.abs(np.linalg.det(system)) > 1e-9
        system = np.where(regular[..., None, None], system, np.eye(d))
        start = np.linalg.solve(system, shift[..., None])[..., 0]
    return np.asarray(np.where(regular[..., None], start, 0.0), np.float64)


@kernel
def _field_tables(a, m, polynomial, low, high):
    """Fill ``low[k] = a ⊗ k`` for k < 16 and ``high[h] = a ⊗ 16 h`` for h < 2^m / 16."""
    low[0] = 0
    high[0] = 0
    column = np.uint32(a)
    overflow = np.uint32(1) << np.uint32(m)
    for bit in range(m):  # column = a ⊗ 2^bit; products of sums are sums (xor) of products
        if bit < 4:
            n = 1 << bit
            for k in range(n):
                low[n + k] = low[k] ^ column
        else:
            n = 1 << (bit - 4)
            for k in range(n):
                high[n + k] = high[k] ^ column
        column = column << np.uint32(1)
        column = column ^ polynomial if column & overflow else column


@kernel
def _shuffle(points, shuffled, low, high, b):
    """``shuffled[k] = points[a ⊗ k ⊕ b]``."""
    for h in range(high.shape[0]):
        base = high[h] ^ b
        for k in range(16):
            shuffled[16 * h + k] = points[np.uint64(low[k] ^ base)]


@kernel
def _apply(before, after, cells, m, stride, right, bottom):
    """Apply the map ``m`` to all points and note each one's histogram cell."""
    a00, a01, a10, a11, b0, b1 = m[0], m[1], m[2], m[3], m[4], m[5]
    zero = right - right
    for k in range(before.shape[0]):
        x = before[k].real
        y = before[k].imag
        u = a00 * x + (a01 * y + b0)
        v = a10 * x + (a11 * y + b1)
        after[k] = complex(u, v)
        # Comparisons with NaN are false, so NaN goes to the border cell 0.
        u = u if u > zero else zero
        u = u if u < right else right
        v = v if v > zero else zero
        v = v if v < bottom else bottom
        cells[k] = np.int32(v) * stride + np.int32(u)


@kernel
def _new_population(m, leaves):
    """Return points, their shuffled copy, their cells, permutation tables and counts."""
    size = 1 << m
    return (
        np.zeros(size + BLOCK, np.complex64),
        np.zeros(size + BLOCK, np.complex64),
        np.zeros(size + BLOCK, np.int32),
        np.empty(16 + size // 16, np.uint32),
        np.empty(2 * leaves, np.int64),
    )


@kernel
def _step(population, target, n, field, game, rng, frame):
    """Give ``n`` of the 2^m points one random map each; the images fill ``target[:n]``.

    Args:
        population: of ``_new_population``.
        target: the population's own points to advance them, or other space for as many.
        field: m and the polynomial of GF(2^m).
        game: (N, 6) float32 rows ``a00 a01 a10 a11 b0 b1``, and ``probability_tree``.
        frame: stride of the histogram and the coordinates of its last column and row.
    """
    points, shuffled, cells, tables, counts = population
    m, polynomial = field
    maps, tree = game
    stride, right, bottom = frame
    size = 1 << m
    low = tables[:16]
    high = tables[16 : 16 + size // 16]
    _field_tables(1 + below(rng, size - 1), m, polynomial, low, high)
    _shuffle(points, shuffled, low, high, np.uint32(below(rng, size)))
    multinomial(rng, n, tree, counts)
    leaves = tree.shape[0]
    begin = 0
    for i in range(maps.shape[0]):
        # Whole blocks, for the loop's scalar tail costs as much as two of them: what lies
        # beyond is overwritten by the next map, or falls into the padding.
        end = begin + (counts[leaves + i] + BLOCK - 1) // BLOCK * BLOCK
        _apply(
            shuffled[begin:end], target[begin:end], cells[begin:end], maps[i], stride, right, bottom
        )
        begin += counts[leaves + i]


@kernel
def _settle(population, start, burn_in, field, ancestor_field, game, rng, parting_steps):
    """Fill the points with a population that has forgotten ``start``."""
    points = population[0]
    nowhere = (np.int32(0), np.float32(1), np.float32(1))
    few = 1 << ancestor_field[0]
    size = 1 << field[0]
    points[:few] = start
    for t in range(burn_in + parting_steps):
        if t == burn_in:
            for k in range(few, size):
                points[k] = points[k - few]
        current = ancestor_field if t < burn_in else field
        _step(population, points, 1 << current[0], current, game, rng, nowhere)
    if parting_steps == 0:
        for k in range(few, size):
            points[k] = points[k - few]


@kernel
def _plot(cells, binary, out):
    if binary:
        for k in range(cells.shape[0]):
            out[np.uint32(cells[k])] = 1
    else:
        for k in range(cells.shape[0]):
            out[np.uint32(cells[k])] += 1


@kernel
def _lost(points):
    """Return how many points are infinite or NaN."""
    lost = 0
    for k in range(points.shape[0]):
        if not (abs(points[k].real) < np.inf and abs(points[k].imag) < np.inf):
            lost += 1
    return lost


@kernel
def plot_share(
    rng, n_points, start, burn_in, field, ancestor_field, game, words, width, height, binary, out
):
    """Plot ``n_points`` of one population; return the fraction of it that escaped.

    Args:
        words: maps and tree like ``game``. If there are any, every point is plotted through
            one of them, chosen anew, instead of where it lies.
        out: ((height + 2) · (width + 2),), bytes to be set or counts to be raised.
    """
    population = _new_population(field[0], max(game[1].shape[0], words[1].shape[0]))
    points, cells = population[0], population[2]
    _settle(population, start, burn_in, field, ancestor_field, game, rng, PARTING_STEPS)
    frame = (np.int32(width + 2), np.float32(width + 1), np.float32(height + 1))
    images = np.empty_like(points)
    size = 1 << field[0]
    done = 0
    while done < n_points:
        n = min(size, n_points - done)
        through_words = words[0].shape[0] > 0
        _step(population, points, size if through_words else n, field, game, rng, frame)
        if through_words:
            _step(population, images, n, field, words, rng, frame)
        _plot(cells[:n], binary, out)
        done += n
    return _lost(points[:size]) / size
