"""The partition: transforms against scipy, costs against their definition, trees against brute
force."""

import numpy as np
import pytest
from scipy.fft import dctn

from selfsame._native import pifs as native
from selfsame._native.testing import block_costs
from selfsame.pifs.code import LUMA, MAX_LOG2, NO_MAP
from selfsame.pifs.encoding.attempt import cheapest_partition
from selfsame.pifs.encoding.candidates import luma_candidates
from selfsame.pifs.stream import initial_tables

SHAPES = [(lh, lw) for lh in range(2, 7) for lw in range(2, 7) if abs(lh - lw) <= 1]
SLOTS = initial_tables()[0]
ANY_LAST = 1 << 12
SPLIT_BITS = 0.6, 1.6, 2.6


def plane(seed, height, width, spread=30):
    return np.random.default_rng(seed).normal(0, spread, (height, width)).astype(np.float32)


def costs_of(x, lh, lw, inverse_step=0.1, price=0.0, last=ANY_LAST):
    return block_costs(x, lh, lw, SLOTS, 0, inverse_step, price, last)


def blocked(x, lh, lw):
    """The whole blocks of one shape, (rows, columns, height, width)."""
    h, w = 1 << lh, 1 << lw
    rows, columns = x.shape[0] // h, x.shape[1] // w
    return x[: rows * h, : columns * w].reshape(rows, h, columns, w).swapaxes(1, 2)


@pytest.mark.parametrize(("lh", "lw"), SHAPES)
def test_blocks_are_transformed(lh, lw):
    x = plane(1, 72, 136)
    h, w = 1 << lh, 1 << lw
    blocks = [(y, x, lh, lw) for y in range(0, 73 - h, h) for x in range(0, 137 - w, w)]
    spectrum = x.copy()
    native.transform_blocks(spectrum, np.array(blocks, np.int32), 0.5, 2)
    expected = dctn(blocked(x, lh, lw), axes=(2, 3), norm="ortho") / 2
    np.testing.assert_allclose(blocked(spectrum, lh, lw), expected, atol=1e-3)
    np.testing.assert_array_equal(spectrum[72 // h * h :], x[72 // h * h :])


@pytest.mark.parametrize(("lh", "lw"), [(2, 2), (3, 3), (3, 4), (5, 4)])
def test_free_bits_leave_the_rounding_error(lh, lw):
    x = plane(3, 64, 64)
    costs = costs_of(x, lh, lw)
    scaled = dctn(blocked(x, lh, lw), axes=(2, 3), norm="ortho") * 0.1
    # Levels of |x| below 0.6 at the end of the scan are not even tried: at most 0.6² - 0.4².
    error = ((scaled - np.rint(scaled)) ** 2).sum(axis=(2, 3))
    assert (costs >= error - 1e-3).all()
    assert costs.sum() < error.sum() * 1.15


def test_a_dear_bit_leaves_no_levels():
    x = plane(4, 32, 32, 1)
    price = 1e4
    costs = costs_of(x, 3, 3, 1.0, price)
    spectrum = dctn(blocked(x, 3, 3), axes=(2, 3), norm="ortho")
    energy = (spectrum**2).sum(axis=(2, 3)) - spectrum[..., 0, 0] ** 2
    flat = costs - energy
    assert (flat > price * 0.1).all()  # of no level, and the mean
    assert (flat < price * 60).all()


def test_means_are_predicted_from_the_pixels_around():
    """Of blocks that are all flat, the dearest are those that differ from their neighbours."""
    x = np.zeros((32, 32), np.float32)
    x[8:16, 16:24] = 100
    costs = costs_of(x, 3, 3, 0.1, 1.0)
    assert costs[1, 2] > costs[0, 2] + 5
    assert costs[1, 3] > costs[0, 3] + 2  # the pixels to its left lead it astray
    assert costs[3, 3] == costs[3, 1]


def cheapest(costs, y, x, log2, height, width, price, split):
    """Cost of a node by trying everything, and its blocks in coding order."""
    side = 1 << log2
    if y >= height or x >= width:
        return 0.0, []
    options = []
    inside = y + side <= height and x + side <= width
    if inside:
        leaf = costs[log2, log2][y >> log2, x >> log2]
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
            flat = costs[log2 - 1, log2]
            tall = costs[log2, log2 - 1]
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
def test_the_partition_is_the_cheapest_tree(seed, height, width):
    x = plane(seed, height, width, 5) + np.linspace(0, 60, width, dtype=np.float32)
    x[20:44, 16:60] += plane(seed + 9, 24, 44, 40)
    price, step = 0.3, 8.0
    blocks, maps = cheapest_partition(
        x, x, None, (), SLOTS, chroma=False, step=step, price=price, last=ANY_LAST, threads=2
    )
    costs = {shape: costs_of(x, *shape, 1 / step, price) for shape in SHAPES}
    wanted = []
    for y in range(0, height, 64):
        for left in range(0, width, 64):
            wanted += cheapest(costs, y, left, MAX_LOG2, height, width, price, SPLIT_BITS)[1]
    assert [tuple(block) for block in blocks.tolist()] == wanted
    assert len({block[2:] for block in wanted}) > 3
    assert not maps.any()


def test_a_plane_like_luma_is_taken_from_it():
    luma = plane(5, 64, 64)
    x = np.ascontiguousarray(0.75 * luma + 20)
    candidates = [luma_candidates(log2) for log2 in range(2, 6)]
    blocks, maps = cheapest_partition(
        x, x, luma, candidates, SLOTS, chroma=True, step=4.0, price=0.1, last=ANY_LAST, threads=1
    )
    assert (maps[:, 0] == LUMA).all()
    assert (maps[:, 4] == 6).all()
    assert (blocks[:, 2] == blocks[:, 3]).all()
    unlike = cheapest_partition(
        plane(6, 64, 64),
        x,
        luma,
        candidates,
        SLOTS,
        chroma=True,
        step=4.0,
        price=0.1,
        last=ANY_LAST,
        threads=1,
    )
    assert (unlike.maps[:, 0] == NO_MAP).mean() > 0.9
