# mypy: disable-error-code="no-untyped-def"
"""The chaos game in any dimension D: 3-D points, and points that carry a colour.

A colour that blends towards that of every map applied, ``c -> (c + c_i) / 2``, follows an affine
map too; a coloured system of the plane is an affine system of D = 5 dimensions. The method is
that of ``chaos``, with one row of memory per coordinate.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.chaos.kernel import PARTING_STEPS, _field_tables
from selfsame.ifs.chaos.random_counts import below, kernel, multinomial
from selfsame.ifs.system import IFS

COLOR_STEPS = 65_535
"""Colours are summed in whole steps of 1 / 65535, so that the order of sums does not matter."""


def with_colors(system: IFS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return matrices (N, d + 3, d + 3) and offsets (N, d + 3) that carry the colours along.

    Maps without a colour are white.
    """
    n, d = system.offsets.shape
    colors = np.ones((n, 3)) if system.colors is None else system.colors
    matrices = np.zeros((n, d + 3, d + 3))
    matrices[:, :d, :d] = system.matrices
    matrices[:, d:, d:] = np.eye(3) / 2
    return matrices, np.concatenate([system.offsets, colors / 2], axis=1)


@kernel
def _step_nd(points, shuffled, target, n, field, game, tables, counts, rng):
    """Give ``n`` of the 2^m points (D, 2^m) a random map each; the images fill ``target``."""
    m, polynomial = field
    matrices, offsets, tree = game
    size = 1 << m
    low = tables[:16]
    high = tables[16 : 16 + size // 16]
    _field_tables(1 + below(rng, size - 1), m, polynomial, low, high)
    base = np.uint32(below(rng, size))
    dimension = points.shape[0]
    for d in range(dimension):
        source = points[d]
        copy = shuffled[d]
        for h in range(high.shape[0]):
            row = high[h] ^ base
            for k in range(16):
                copy[16 * h + k] = source[np.uint64(low[k] ^ row)]
    multinomial(rng, n, tree, counts)
    leaves = tree.shape[0]
    begin = 0
    for i in range(matrices.shape[0]):
        end = begin + counts[leaves + i]
        for r in range(dimension):
            image = target[r, begin:end]
            image[:] = offsets[i, r]
            for c in range(dimension):
                factor = matrices[i, r, c]
                if factor != 0:
                    source = shuffled[c, begin:end]
                    for k in range(end - begin):
                        image[k] += factor * source[k]
        begin = end


@kernel
def _settled(start, burn_in, field, ancestor_field, game, tables, counts, rng):
    """Return a (D, 2^m) population that has forgotten ``start``, and as much scratch."""
    size = 1 << field[0]
    few = 1 << ancestor_field[0]
    points = np.zeros((start.shape[0], size), np.float32)
    shuffled = np.zeros_like(points)
    for d in range(start.shape[0]):
        points[d, :few] = start[d]
    for t in range(burn_in + PARTING_STEPS):
        if t == burn_in:
            for d in range(start.shape[0]):
                for k in range(few, size):
                    points[d, k] = points[d, k - few]
        current = ancestor_field if t < burn_in else field
        _step_nd(points, shuffled, points, 1 << current[0], current, game, tables, counts, rng)
    return points, shuffled


@kernel
def sample_share(rng, start, burn_in, field, ancestor_field, game, words, out):
    """Fill ``out`` (n, D) with points in an order that says nothing about their maps.

    Args:
        game: matrices (N, D, D), offsets (N, D) as float32, ``probability_tree``.
        words: the same for maps that each point passes through before it is put out, or none.
    """
    size = 1 << field[0]
    tables = np.empty(16 + size // 16, np.uint32)
    counts = np.empty(2 * max(game[2].shape[0], words[2].shape[0]), np.int64)
    points, shuffled = _settled(start, burn_in, field, ancestor_field, game, tables, counts, rng)
    images = np.empty_like(points)
    low = tables[:16]
    high = tables[16 : 16 + size // 16]
    done = 0
    while done < out.shape[0]:
        n = min(size, out.shape[0] - done)
        _step_nd(points, shuffled, points, size, field, game, tables, counts, rng)
        source = points
        if words[0].shape[0] > 0:
            _step_nd(points, shuffled, images, size, field, words, tables, counts, rng)
            source = images
        # Points lie sorted by map; a further permutation undoes that.
        _field_tables(1 + below(rng, size - 1), field[0], field[1], low, high)
        base = np.uint32(below(rng, size))
        for k in range(n):
            j = np.uint64(low[k & 15] ^ high[k >> 4] ^ base)
            for d in range(out.shape[1]):
                out[done + k, d] = source[d, j]
        done += n


@kernel
def add_colors(points, width, height, sums):
    """Add points (n, 5), columns u, v in pixels and red, green, blue, to ``sums``.

    Args:
        sums: (height, width, 4) uint64: red, green and blue in ``COLOR_STEPS``, and the count.
    """
    for k in range(points.shape[0]):
        u = points[k, 0]
        v = points[k, 1]
        if u >= 0 and u < width and v >= 0 and v < height:
            cell = sums[np.int64(v), np.int64(u)]
            for c in range(3):
                # Rounding may leave [0, 1] by a hair; NaN cannot come here with finite colours.
                value = min(max(points[k, 2 + c], np.float32(0)), np.float32(1))
                cell[c] += np.uint64(value * np.float32(COLOR_STEPS) + np.float32(0.5))
            cell[3] += np.uint64(1)
