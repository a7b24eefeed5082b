import numpy as np
import pytest
from numba import njit

from selfsame.blocks import pool_row, put_row
from selfsame.isometries import ISOMETRIES, transformed

MOVED = {
    0: [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    1: [[3, 2, 1], [6, 5, 4], [9, 8, 7]],
    2: [[7, 8, 9], [4, 5, 6], [1, 2, 3]],
    3: [[9, 8, 7], [6, 5, 4], [3, 2, 1]],
    4: [[1, 4, 7], [2, 5, 8], [3, 6, 9]],
    5: [[3, 6, 9], [2, 5, 8], [1, 4, 7]],
    6: [[7, 4, 1], [8, 5, 2], [9, 6, 3]],
    7: [[9, 6, 3], [8, 5, 2], [7, 4, 1]],
}


@njit
def _put_rows(block, isometry, out, y, x):
    for u in range(len(block)):
        put_row(block[u], u, isometry, out, y, x, len(block))


@njit
def _pool(source, y, x, k, n, row):
    return pool_row(source, y, x, k, n, row)


@pytest.mark.parametrize("isometry", range(ISOMETRIES))
def test_isometries_are_those_of_the_table(isometry):
    block = np.arange(1, 10, dtype=np.float32).reshape(3, 3)
    assert transformed(block, isometry).tolist() == MOVED[isometry]
    stack = np.stack([block, -block])
    assert transformed(stack, isometry)[1].tolist() == (-np.array(MOVED[isometry])).tolist()


@pytest.mark.parametrize("isometry", range(ISOMETRIES))
def test_compiled_rows_go_where_the_isometry_moves_them(isometry):
    block = np.arange(1, 10, dtype=np.float32).reshape(3, 3)
    out = np.zeros((6, 7), np.float32)
    _put_rows(block, isometry, out, 1, 3)
    assert out[1:4, 3:6].tolist() == MOVED[isometry]
    assert np.count_nonzero(out) == 9


@pytest.mark.parametrize("k", [1, 2, 4])
def test_pooled_row_is_the_average(k):
    source = np.random.default_rng(k).normal(size=(20, 40)).astype(np.float32)
    row = np.empty(7, np.float32)
    total = _pool(source, 3, 5, k, 7, row)
    naive = [source[3 : 3 + k, 5 + k * j : 5 + k * j + k].astype(float).mean() for j in range(7)]
    np.testing.assert_allclose(row, naive, atol=1e-6)
    assert total == pytest.approx(sum(naive), abs=1e-5)
