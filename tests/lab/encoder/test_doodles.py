from itertools import pairwise

import numpy as np
import pytest

from selfsame.lab.encoder.doodles import _fill, _stroke, doodles

SIDE = 24


def centers() -> np.ndarray:
    """Pixel centres in [-1, 1]², y up, (S, S, 2)."""
    along = (2 * np.arange(SIDE) + 1) / SIDE - 1
    x, y = np.meshgrid(along, -along)
    return np.stack([x, y], -1)


def test_a_doodle_depends_on_seed_and_index_alone():
    together = doodles(1, range(20), 32)
    assert together.shape == (20, 32, 32)
    assert np.array_equal(doodles(1, [7, 3], 32), together[[7, 3]])
    assert not np.array_equal(doodles(2, range(20), 32), together)


@pytest.mark.parametrize("side", [16, 32])
def test_doodles_have_a_figure_and_a_ground(side):
    made = doodles(0, range(200), side)
    assert set(np.unique(made)) == {0.0, 1.0}
    ink = made.sum((1, 2))
    assert ink.min() >= 12
    assert 0.05 < np.median(ink) / side**2 < 0.4
    assert len(np.unique(made.reshape(200, -1), axis=0)) == 200


def test_patches_are_filled_by_the_even_odd_rule():
    corners = np.array([[-0.7, -0.6], [0.8, -0.3], [0.1, 0.9], [0.0, -0.1]])
    cells = np.zeros((SIDE, SIDE), np.bool_)
    _fill(cells, corners, True)
    x, y = centers()[..., 0], centers()[..., 1]
    angle = np.zeros((SIDE, SIDE))  # the winding number, as a sum of angles
    for a, b in zip(corners, np.roll(corners, -1, 0), strict=True):
        before = np.arctan2(a[1] - y, a[0] - x)
        after = np.arctan2(b[1] - y, b[0] - x)
        angle += (after - before + np.pi) % (2 * np.pi) - np.pi
    assert np.array_equal(cells, np.abs(angle) > np.pi)
    _fill(cells, corners, False)
    assert not cells.any()


def test_strokes_are_the_pixels_near_a_line():
    points = np.array([[-0.8, -0.5], [0.3, 0.7], [0.3, 0.7], [0.9, -0.2]])
    cells = np.zeros((SIDE, SIDE), np.bool_)
    _stroke(cells, points, 0.13, True)
    along = np.linspace(0, 1, 4001)[:, None]
    dense = np.concatenate([a + along * (b - a) for a, b in pairwise(points)])
    distance = np.linalg.norm(centers()[:, :, None] - dense, axis=-1).min(-1)
    sure = np.abs(distance - 0.13) > 1e-4
    assert np.array_equal(cells[sure], (distance < 0.13)[sure])
