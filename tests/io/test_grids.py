import numpy as np
import pytest

from selfsame import InputError
from selfsame.io.grids import BACKGROUND, grid, grid_columns, grid_size


def test_a_grid_is_filled_row_by_row():
    pictures = [np.full((2, 3), value, np.uint8) for value in range(5)]
    whole = grid(pictures, columns=2, gap=1)
    assert whole.shape == grid_size(5, 2, (2, 3), 1) == (8, 7)
    expected = np.full((8, 7), BACKGROUND, np.uint8)
    for value, (top, left) in enumerate([(0, 0), (0, 4), (3, 0), (3, 4), (6, 0)]):
        expected[top : top + 2, left : left + 3] = value
    assert np.array_equal(whole, expected)
    assert grid(pictures[:1], columns=9).shape == (2, 3)
    assert grid([np.zeros((2, 3, 3), np.uint8)] * 2, columns=2).shape == (2, 6, 3)


def test_a_grid_within_limits():
    assert grid_size(64, 8, (1120, 1120)) == (8960, 8960)
    with pytest.raises(InputError, match="fewer or smaller"):
        grid_size(64, 8, (28 * 60, 28 * 60))
    with pytest.raises(InputError, match="fewer or smaller"):
        grid_size(70_000, 70_000, (1, 1))
    for arguments in ((0, 1, (1, 1)), (1, 0, (1, 1)), (1, 1, (1, 1), -1)):
        with pytest.raises(InputError, match="at least"):
            grid_size(*arguments)
    with pytest.raises(InputError, match="at least 1"):
        grid([], 1)
    with pytest.raises(InputError, match="one shape"):
        grid([np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8)], 1)


@pytest.mark.parametrize(
    ("count", "proportion", "columns"),
    [
        *((1, 1, 1), (2, 1, 2), (5, 1, 3), (12, 1, 4), (24, 1, 6), (64, 1, 8), (14, 1, 4)),
        *((32, 2, 8), (9, 2, 5), (3, 2, 3), (1, 2, 1)),
    ],
)
def test_grids_are_about_square_without_empty_cells_if_they_can(count, proportion, columns) -> None:
    assert grid_columns(count, proportion) == columns
