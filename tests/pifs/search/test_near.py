"""The near search against trying every domain in plain numpy."""

import numpy as np
import pytest

from selfsame._native.pifs import near_maps
from selfsame.pifs.code import HALF


def best(ranges, domains, top, left, n, reach, price):
    block = ranges[top : top + n, left : left + n].astype(np.float64)
    block = block - block.mean()
    found, most = None, 0.0
    for dy in range(-reach, reach + 1, 2):
        for dx in range(-reach, reach + 1, 2):
            y, x = top - n // 2 + dy, left - n // 2 + dx
            if min(y, x) < 0 or y + 2 * n > len(domains) or x + 2 * n > domains.shape[1]:
                continue
            part = domains[y : y + 2 * n, x : x + 2 * n].astype(np.float64)
            part = part.reshape(n, 2, n, 2).mean(axis=(1, 3))
            part -= part.mean()
            if (part**2).mean() <= 0.01:
                continue
            scale = np.clip((part * block).sum() / (part**2).sum(), -1.5, 1.5)
            gain = (block**2).sum() - ((block - scale * part) ** 2).sum()
            gain -= 2 * price * (np.log2(1 + abs(dy)) + np.log2(1 + abs(dx)))
            if gain > most:
                found, most = (y, x), gain
    return found


@pytest.mark.parametrize(("log2", "reach", "price"), [(2, 4, 0.0), (3, 6, 30.0), (4, 2, 5.0)])
def test_equal_to_trying_all(log2, reach, price):
    rng = np.random.default_rng(log2)
    n = 1 << log2
    ranges = rng.normal(0, 20, (48, 56)).astype(np.float32)
    domains = (ranges + rng.normal(0, 5, ranges.shape)).astype(np.float32)
    maps = near_maps(ranges, domains, log2, reach, price, 2)
    assert maps.shape == (48 // n, 56 // n, 5)
    for row in range(maps.shape[0]):
        for column in range(maps.shape[1]):
            wanted = best(ranges, domains, row * n, column * n, n, reach, price)
            kind, y, x, isometry, scale = maps[row, column]
            assert isometry == scale == 0
            assert (kind == HALF) == (wanted is not None)
            if wanted is not None:
                assert (y, x) == wanted


def test_flat_pictures_have_no_domains():
    flat = np.zeros((32, 32), np.float32)
    assert not near_maps(flat, flat, 3, 4, 0.0, 1).any()
