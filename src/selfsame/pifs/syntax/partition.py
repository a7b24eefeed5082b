"""Rate-distortion optimal partition: every block of every shape is priced, then the tree is pruned.

The price of a block is ``J = distortion + price · bits``, in units of step², with its levels chosen
as the coder will choose them but for contexts that depend on the neighbours. Pruning from the
leaves up is exact for such additive costs (Breiman et al. 1984; Chou, Lookabaugh, Gray 1989).
"""

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.fft import dctn

from selfsame.coding.range_coder import COSTS
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2
from selfsame.pifs.syntax import contexts as c

SHAPES = tuple(
    (lh, lw)
    for lh in range(MIN_LOG2, MAX_LOG2 + 1)
    for lw in range(MIN_LOG2, MAX_LOG2 + 1)
    if abs(lh - lw) <= 1
)
"""log2 (height, width) of every shape of block."""

Float = NDArray[np.float32]

INFEASIBLE = np.float32(1e30)

SPLIT_BITS = np.array([[0.6, 1.6, 2.6], [0.6, 1.6, 2.6]], np.float32)
"""Bits of (leaf, quad, halves), luma and chroma; averages over photographs."""


class CostTables(NamedTuple):
    """Bits of decisions without their neighbourhood, from the models of a coder.

    Attributes:
        levels: (2, BANDS, SIZES, TEMPLATES, STEPS, 2) by outcome.
        lasts: (2, SIZES, SIZES, LENGTHS) of the index of the last level, by its bit length.
        means: (2, 2 · SIZES, LENGTHS) of the error of the predicted mean, by its bit length.
    """

    levels: Float
    lasts: Float
    means: Float


def cost_tables(slots: NDArray[np.uint32]) -> CostTables:
    """Return the costs that the slots of a coder imply."""
    p = (slots >> np.uint32(20)).astype(np.int64)
    ones, zeros = COSTS[p], COSTS[4095 - p]
    shape = (c.STEPS, 2, c.BANDS, c.SIZES, c.TEMPLATES)
    start = int(c.LEVEL_BASES[1])
    part = slice(start, start + int(np.prod(shape)))
    levels = np.stack([zeros[part].reshape(shape), ones[part].reshape(shape)], axis=-1)

    def numbers(base: int, *dims: int) -> Float:
        part = slice(base, base + int(np.prod(dims)) * c.LENGTHS)
        stop, more = (t[part].reshape(*dims, c.LENGTHS) for t in (zeros, ones))
        unary = np.cumsum(more, axis=-1) - more + stop
        rest = np.maximum(np.arange(c.LENGTHS) - 1, 0)
        result: Float = (unary + rest).astype(np.float32)
        return result

    lasts = numbers(c.LAST_MAPPED, 2, c.SIZES, c.SIZES, 5)[:, :, :, 0]
    means = numbers(c.MEAN_SIZE, 2, 2 * c.SIZES)
    return CostTables(
        np.ascontiguousarray(levels.transpose(1, 2, 3, 4, 0, 5)),
        np.ascontiguousarray(lasts),
        np.ascontiguousarray(means),
    )


def transform_blocks(plane: Float, log2_height: int, log2_width: int) -> Float:
    """Return the plane with each whole block of one shape replaced by its orthonormal DCT-II.

    Pixels outside whole blocks are left zero.
    """
    height, width = plane.shape
    h, w = 1 << log2_height, 1 << log2_width
    rows, columns = height // h, width // w
    result = np.zeros_like(plane)
    if rows and columns:
        inner = plane[: rows * h, : columns * w].reshape(rows, h, columns, w)
        spectrum = dctn(inner, axes=(1, 3), norm="ortho", workers=-1)
        result[: rows * h, : columns * w] = spectrum.reshape(rows * h, columns * w)
    return result


def border_means(plane: Float, log2_height: int, log2_width: int) -> Float:
    """Return, per block of one shape, the mean of the pixels just above and to the left of it: the
    prediction of its mean, but from the original."""
    height, width = plane.shape
    h, w = 1 << log2_height, 1 << log2_width
    rows, columns = height // h, width // w
    above = np.zeros((rows, columns), np.float32)
    left = np.zeros((rows, columns), np.float32)
    if above.size == 0:
        return above
    lines = plane[h - 1 :: h, : columns * w][: rows - 1]
    above[1:] = lines.reshape(-1, columns, w).mean(axis=2)
    sides = plane[: rows * h, w - 1 :: w][:, : columns - 1]
    left[:, 1:] = sides.reshape(rows, h, -1).mean(axis=1)
    left[:, 0] = above[:, 0]
    above[0] = left[0]
    result: Float = (above * w + left * h) / np.float32(h + w)
    return result


@njit(cache=True, parallel=True)
def block_costs(coefficients, inverse_step, lh, lw, borders, tables, chroma, price, limit):
    """Return the cost of each block of one shape.

    Args:
        coefficients: (H, W) from ``transform_blocks``.
        inverse_step: of the quantiser; costs are in units of step².
        borders: from ``border_means``.
        price: of a bit. limit: highest index in the scan that may be chosen.
    """
    height, width = coefficients.shape
    h, w = 1 << lh, 1 << lw
    rows, columns = height // h, width // w
    result = np.empty((rows, columns), np.float32)
    for row in prange(rows):
        levels = np.zeros((h + 2, w + 2), np.int32)
        for column in range(columns):
            result[row, column] = _block_cost(
                coefficients,
                row * h,
                column * w,
                inverse_step,
                lh,
                lw,
                borders[row, column],
                tables,
                chroma,
                price,
                limit,
                levels,
            )
    return result


@njit(cache=True)
def _block_cost(
    coefficients, y, x, inverse_step, lh, lw, border, tables, chroma, price, limit, levels
):
    start = c.SCAN_START[lh, lw]
    size = max(lh, lw) - MIN_LOG2
    area = 1 << (lh + lw)
    root = np.sqrt(np.float64(area))
    scaled = coefficients[y, x] * inverse_step
    first = np.rint(scaled)
    distance = abs(np.int64(first - np.rint(border * root * inverse_step)))
    length = 0
    while distance > 0:
        length += 1
        distance >>= 1
    mean_bits = tables.means[chroma, lh + lw - 2 * MIN_LOG2, min(length, c.LENGTHS - 1)]
    cost = (scaled - first) ** 2 + price * (mean_bits + (1.0 if length else 0.0))
    # Energy of all other coefficients: what it costs to leave them zero.
    energy, last = 0.0, 0
    for position in range(1, area):
        value = coefficients[y + c.SCAN_V[start + position], x + c.SCAN_U[start + position]]
        value *= inverse_step
        energy += value * value
        if abs(value) > 0.6 and position <= limit:
            last = position
    lasts = tables.lasts[chroma, lh - MIN_LOG2, lw - MIN_LOG2]
    least = price * lasts[0]
    if last > 0:
        running = 0.0
        best_gain = 1e30
        for position in range(last, 0, -1):
            entry = start + position
            v, u = np.int64(c.SCAN_V[entry]), np.int64(c.SCAN_U[entry])
            value = abs(coefficients[y + v, x + u] * inverse_step)
            total = (
                2 * (levels[v, u + 1] + levels[v + 1, u])
                + levels[v + 1, u + 1]
                + levels[v, u + 2]
                + levels[v + 2, u]
            )
            template = c.TEMPLATE_CLASS[min((total + 1) >> 1, c.TEMPLATE_LIMIT - 1)]
            bits = tables.levels[chroma, c.SCAN_BAND[entry], size, template]
            best, best_cost = 0, value * value + price * bits[0, 0]
            alone = 1e30
            high = np.int64(value + 0.5)
            if high > 0:
                for level in range(max(high - 1, 1), high + 1):
                    spent = 1.0
                    if level > 1:
                        spent += bits[1, 1]
                    if level > 2:
                        spent += bits[2, 1] + min(level - 3, 12) * bits[3, 1]
                    if level > 14:
                        spent += 2 * np.log2(np.float64(level - 13))
                    else:
                        spent += bits[min(level, 3), 0]
                    error = value - level
                    this = error * error + price * spent
                    alone = min(alone, this)
                    if this + price * bits[0, 1] < best_cost:
                        best, best_cost = level, this + price * bits[0, 1]
            levels[v, u] = best
            if best > 0:
                index_length, rest = 0, position
                while rest > 0:
                    index_length += 1
                    rest >>= 1
                gain = alone - best_cost - running + price * lasts[index_length]
                best_gain = min(best_gain, gain)
            running += best_cost - value * value
        for position in range(1, last + 1):
            levels[c.SCAN_V[start + position], c.SCAN_U[start + position]] = 0
        least = min(least, running + best_gain)
    return cost + energy + least


@njit(cache=True)
def prune(costs, shapes, height, width, price, split_bits):
    """Return the cheapest partition as (n, 4) rows ``y, x, log2 height, log2 width`` in coding
    order, and its total cost.

    Args:
        costs: tuple of the arrays of ``block_costs``, by shape.
        shapes: (MAX_LOG2 + 1, MAX_LOG2 + 1) index into ``costs``.
        height, width: of the padded plane.
        split_bits: (leaf, quad, halves).
    """
    side = 1 << MAX_LOG2
    rows, columns = -(-height // side), -(-width // side)
    # Cost and decision of every node, by level: 0 leaf, 1 quad, 2 rows, 3 columns.
    best = [
        np.zeros((rows << (MAX_LOG2 - log2), columns << (MAX_LOG2 - log2)), np.float32)
        for log2 in range(MAX_LOG2 + 1)
    ]
    chosen = [
        np.zeros((rows << (MAX_LOG2 - log2), columns << (MAX_LOG2 - log2)), np.int8)
        for log2 in range(MAX_LOG2 + 1)
    ]
    for log2 in range(MIN_LOG2, MAX_LOG2 + 1):
        size = 1 << log2
        leaves = costs[shapes[log2, log2]]
        for j in range(best[log2].shape[0]):
            for i in range(best[log2].shape[1]):
                y, x = j * size, i * size
                if y >= height or x >= width:
                    continue
                if log2 == MIN_LOG2:
                    best[log2][j, i] = leaves[j, i]
                    continue
                under = best[log2 - 1]
                quad = (
                    under[2 * j, 2 * i]
                    + under[2 * j, 2 * i + 1]
                    + under[2 * j + 1, 2 * i]
                    + under[2 * j + 1, 2 * i + 1]
                )
                if y + size > height or x + size > width:
                    best[log2][j, i], chosen[log2][j, i] = quad, 1
                    continue
                least, decision = leaves[j, i] + price * split_bits[0], 0
                quad += price * split_bits[1]
                if quad < least:
                    least, decision = quad, 1
                flat = costs[shapes[log2 - 1, log2]]
                halves = flat[2 * j, i] + flat[2 * j + 1, i] + price * split_bits[2]
                if halves < least:
                    least, decision = halves, 2
                tall = costs[shapes[log2, log2 - 1]]
                halves = tall[j, 2 * i] + tall[j, 2 * i + 1] + price * split_bits[2]
                if halves < least:
                    least, decision = halves, 3
                best[log2][j, i], chosen[log2][j, i] = least, decision
    blocks = np.empty(((height >> MIN_LOG2) * (width >> MIN_LOG2), 4), np.int32)
    stack = np.empty((64, 3), np.int64)
    n, total = 0, 0.0
    for row in range(rows):
        for column in range(columns):
            total += best[MAX_LOG2][row, column]
            stack[0, 0], stack[0, 1], stack[0, 2] = row, column, MAX_LOG2
            depth = 1
            while depth > 0:
                depth -= 1
                j, i, log2 = stack[depth, 0], stack[depth, 1], stack[depth, 2]
                y, x = j << log2, i << log2
                if y >= height or x >= width:
                    continue
                decision = chosen[log2][j, i]
                if decision == 1:
                    for k in range(3, -1, -1):
                        stack[depth, 0], stack[depth, 1] = 2 * j + (k >> 1), 2 * i + (k & 1)
                        stack[depth, 2] = log2 - 1
                        depth += 1
                    continue
                blocks[n, 0], blocks[n, 1], blocks[n, 2], blocks[n, 3] = y, x, log2, log2
                if decision == 2:
                    blocks[n, 2] = log2 - 1
                    n += 1
                    blocks[n] = blocks[n - 1]
                    blocks[n, 0] = y + (1 << (log2 - 1))
                elif decision == 3:
                    blocks[n, 3] = log2 - 1
                    n += 1
                    blocks[n] = blocks[n - 1]
                    blocks[n, 1] = x + (1 << (log2 - 1))
                n += 1
    return blocks[:n].copy(), total


SHAPE_INDEX = np.full((MAX_LOG2 + 1, MAX_LOG2 + 1), -1, np.int64)
for _i, (_lh, _lw) in enumerate(SHAPES):
    SHAPE_INDEX[_lh, _lw] = _i


@njit(cache=True)
def gather(spectra, shapes, blocks, inverse_step, result):
    """Set ``result`` to the coefficients of the blocks of a partition, in units of the step."""
    for n in range(blocks.shape[0]):
        y, x, lh, lw = blocks[n]
        source = spectra[shapes[lh, lw]]
        for j in range(y, y + (1 << lh)):
            for i in range(x, x + (1 << lw)):
                result[j, i] = source[j, i] * inverse_step
