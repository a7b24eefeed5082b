"""The partition: transforms against scipy, costs against their definition, pruning against brute
force."""

import numpy as np
import pytest
from scipy.fft import dctn

from selfsame.pifs.code import MAX_LOG2
from selfsame.pifs.syntax.partition import (
    SHAPE_INDEX,
    SHAPES,
    block_costs,
    border_means,
    cost_tables,
    gather,
    prune,
    transform_blocks,
)
from selfsame.pifs.syntax.stream import initial_tables

TABLES = cost_tables(initial_tables()[0])


def plane(seed, height, width, spread=30):
    return np.random.default_rng(seed).normal(0, spread, (height, width)).astype(np.float32)


@pytest.mark.parametrize(("lh", "lw"), SHAPES)
def test_every_whole_block_is_transformed(lh, lw):
    x = plane(1, 72, 136)
    spectrum = transform_blocks(x, lh, lw)
    h, w = 1 << lh, 1 << lw
    for top in range(0, 72 - h + 1, h):
        for left in range(0, 136 - w + 1, w):
            block = np.s_[top : top + h, left : left + w]
            np.testing.assert_allclose(spectrum[block], dctn(x[block], norm="ortho"), atol=1e-3)
    assert not spectrum[72 // h * h :].any()


def test_border_means():
    x = plane(2, 16, 24)
    means = border_means(x, 3, 2)
    assert means.shape == (2, 6)
    above, left = x[7, 8:12].mean(), x[8:16, 7].mean()
    assert means[1, 2] == pytest.approx((4 * above + 8 * left) / 12, abs=1e-4)
    assert means[0, 3] == pytest.approx(x[:8, 11].mean(), abs=1e-4)
    assert means[1, 0] == pytest.approx(x[7, :4].mean(), abs=1e-4)
    assert means[0, 0] == 0


@pytest.mark.parametrize(("lh", "lw"), [(2, 2), (3, 3), (3, 4), (5, 4)])
def test_free_bits_leave_the_rounding_error(lh, lw):
    x = plane(3, 64, 64)
    spectrum = transform_blocks(x, lh, lw)
    costs = block_costs(
        spectrum, np.float32(0.1), lh, lw, border_means(x, lh, lw), TABLES, 0, 0.0, 1 << 12
    )
    scaled = spectrum * 0.1
    # Levels of |x| below 0.6 at the end of the scan are not even tried: at most 0.6² - 0.4².
    error = ((scaled - np.rint(scaled)) ** 2).reshape(64 >> lh, 1 << lh, 64 >> lw, 1 << lw)
    assert (costs >= error.sum(axis=(1, 3)) - 1e-3).all()
    assert costs.sum() < error.sum() * 1.15


def test_a_dear_bit_leaves_no_levels():
    x = plane(4, 32, 32, 1)
    spectrum = transform_blocks(x, 3, 3)
    price = 1e4
    costs = block_costs(
        spectrum, np.float32(1), 3, 3, border_means(x, 3, 3), TABLES, 0, price, 1 << 12
    )
    energy = (spectrum.reshape(4, 8, 4, 8) ** 2).sum(axis=(1, 3)) - spectrum[::8, ::8] ** 2
    flat = costs - energy
    assert (flat > price * TABLES.lasts[0, 1, 1, 0]).all()  # the means' bits come on top
    assert (flat < price * 60).all()


def cheapest(costs, y, x, log2, height, width, price, split):
    """Cost of a node by trying everything, and its blocks in coding order."""
    side = 1 << log2
    if y >= height or x >= width:
        return 0.0, []
    options = []
    inside = y + side <= height and x + side <= width
    if inside:
        leaf = costs[SHAPE_INDEX[log2, log2]][y >> log2, x >> log2]
        options.append((leaf + (price * split[0] if log2 > 2 else 0), [(y, x, log2, log2)]))
    if log2 > 2:
        half = side // 2
        parts = [
            cheapest(costs, y + a, x + b, log2 - 1, height, width, price, split)
            for a in (0, half)
            for b in (0, half)
        ]
        own = price * split[1] if inside else 0
        below = [block for part in parts for block in part[1]]
        options.append((sum(part[0] for part in parts) + own, below))
        if inside:
            flat = costs[SHAPE_INDEX[log2 - 1, log2]]
            tall = costs[SHAPE_INDEX[log2, log2 - 1]]
            row, column = y >> log2, x >> log2
            options.append(
                (
                    flat[2 * row, column] + flat[2 * row + 1, column] + price * split[2],
                    [(y, x, log2 - 1, log2), (y + half, x, log2 - 1, log2)],
                )
            )
            options.append(
                (
                    tall[row, 2 * column] + tall[row, 2 * column + 1] + price * split[2],
                    [(y, x, log2, log2 - 1), (y, x + half, log2, log2 - 1)],
                )
            )
    return min(options, key=lambda option: option[0])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("height", "width"), [(64, 64), (72, 104)])
def test_pruning_finds_the_cheapest_tree(seed, height, width):
    rng = np.random.default_rng(seed)
    costs = [
        (rng.random((height >> lh, width >> lw)) * 2.0 ** ((lh + lw) * 0.95)).astype(np.float32)
        for lh, lw in SHAPES
    ]
    split = np.array([0.5, 1.5, 2.5], np.float32)
    blocks, total = prune(tuple(costs), SHAPE_INDEX, height, width, 0.3, split)
    expected, wanted = 0.0, []
    for y in range(0, height, 64):
        for x in range(0, width, 64):
            cost, found = cheapest(costs, y, x, MAX_LOG2, height, width, 0.3, split)
            expected += cost
            wanted += found
    assert total == pytest.approx(expected, rel=1e-5)
    assert [tuple(block) for block in blocks.tolist()] == wanted


def test_gather_takes_each_block_from_its_shape():
    spectra = tuple(np.full((16, 16), i, np.float32) for i in range(len(SHAPES)))
    blocks = np.array([[0, 0, 3, 3], [0, 8, 3, 2], [0, 12, 3, 2], [8, 0, 3, 4]], np.int32)
    out = np.zeros((16, 16), np.float32)
    gather(spectra, SHAPE_INDEX, blocks, np.float32(2), out)
    for y, x, lh, lw in blocks:
        part = out[y : y + (1 << lh), x : x + (1 << lw)]
        assert (part == 2 * SHAPE_INDEX[lh, lw]).all()
