import numpy as np
import pytest

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


@pytest.mark.parametrize("isometry", range(ISOMETRIES))
def test_isometries_are_those_of_the_table(isometry):
    block = np.arange(1, 10, dtype=np.float32).reshape(3, 3)
    assert transformed(block, isometry).tolist() == MOVED[isometry]
    stack = np.stack([block, -block])
    assert transformed(stack, isometry)[1].tolist() == (-np.array(MOVED[isometry])).tolist()
