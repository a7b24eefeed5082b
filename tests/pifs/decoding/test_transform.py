import numpy as np
import pytest
from scipy.fft import idctn

from selfsame.pifs.code import PlaneCode
from selfsame.pifs.decoding.planes import LIMIT, inverse_dct
from support.random_codes import random_code


def test_planes_are_inverse_transforms_of_their_blocks():
    plane = random_code(3, 150, 130).planes[0]
    shapes = set(map(tuple, plane.blocks[:, 2:].tolist()))
    assert {(2, 2), (5, 5), (2, 3), (3, 2)} <= shapes
    values = inverse_dct(plane)
    assert values.dtype == np.float32
    for y, x, log_h, log_w in plane.blocks.tolist():
        place = np.s_[y : y + (1 << log_h), x : x + (1 << log_w)]
        expected = idctn(plane.levels[place] * plane.step, norm="ortho")
        np.testing.assert_allclose(values[place], expected, atol=1e-3)


@pytest.mark.parametrize("scale", [2, 3])
def test_finer_grids_sample_the_same_cosines(scale):
    plane = random_code(4, 40, 40).planes[0]
    values = inverse_dct(plane, scale)
    assert values.shape == (40 * scale, 40 * scale)
    for y, x, log_h, log_w in plane.blocks.tolist():
        h, w = 1 << log_h, 1 << log_w
        down = (np.arange(h * scale) + 0.5) / scale / h * np.pi
        across = (np.arange(w * scale) + 0.5) / scale / w * np.pi
        expected = np.zeros((h * scale, w * scale))
        for v, u in np.argwhere(plane.levels[y : y + h, x : x + w]):
            norm = np.sqrt((2 if v else 1) / h * (2 if u else 1) / w)
            wave = np.outer(np.cos(v * down), np.cos(u * across))
            expected += plane.levels[y + v, x + u] * plane.step * norm * wave
        got = values[y * scale : (y + h) * scale, x * scale : (x + w) * scale]
        np.testing.assert_allclose(got, expected, atol=1e-3)


@pytest.mark.parametrize("level", [2**31 - 1, -(2**31) + 1])
@pytest.mark.parametrize("place", [(0, 0), (3, 2)])
def test_hostile_levels_stay_finite(level, place):
    levels = np.zeros((8, 8), np.int32)
    levels[place] = level
    blocks = np.array([[0, 0, 3, 3]], np.int32)
    plane = PlaneCode(8, 8, 1023.0, blocks, np.zeros((1, 5), np.int32), levels)
    assert np.abs(inverse_dct(plane)).max() == LIMIT
