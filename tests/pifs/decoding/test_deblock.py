import numpy as np
import pytest
from scipy.fft import dctn
from skimage.data import camera

from selfsame.metrics.pictures import psnr_db
from selfsame.pifs.code import NO_MAP, PlaneCode
from selfsame.pifs.decoding.planes import MARGIN, deblock, inverse_dct
from support.attractors import reconstruct_plane
from support.random_codes import random_code


def naive_deblock(x, plane, strength, scale):
    x = naive_columns(x.astype(np.float64), plane, strength, scale)
    turned = PlaneCode(
        plane.width,
        plane.height,
        plane.step,
        plane.blocks[:, [1, 0, 3, 2]],
        plane.maps,
        plane.levels.T,
    )
    return naive_columns(x.T, turned, strength, scale).T


def naive_columns(x, plane, strength, scale):
    """Filter all vertical borders, pixel by pixel."""
    owner = np.empty(plane.levels.shape, int)
    detail = []
    for i, (y, left, log_h, log_w) in enumerate(plane.blocks.tolist()):
        place = np.s_[y : y + (1 << log_h), left : left + (1 << log_w)]
        owner[place] = i
        finest = np.flatnonzero(plane.levels[place].any(axis=0)).max(initial=0)
        length = (1 << log_w) / (finest + 1)
        detail.append(length if plane.maps[i, 0] == NO_MAP else min(length, 2))
    out = x.copy()
    for i in range(x.shape[0]):
        for border in range(4, plane.levels.shape[1], 4):
            ours, theirs = owner[i // scale, border - 1], owner[i // scale, border]
            if ours == theirs:
                continue
            j = border * scale
            left_end = x[i, j - 1] + 0.375 * (x[i, j - 1] - x[i, j - 1 - scale]) / scale
            right_end = x[i, j] - 0.375 * (x[i, j + scale] - x[i, j]) / scale
            jump = right_end - left_end
            variance = [1 / detail[ours], 1 / detail[theirs]]
            explained = 1.5 * 2 ** (strength - 4) * plane.step**2 * sum(variance)
            taken = 0.75 * jump / (1 + jump**2 / explained)
            for side, sign in ((0, 1), (1, -1)):
                length = min(0.65 * max(1, detail[(ours, theirs)[side]]), 16) * scale
                for k in range(int(length) + 1):
                    weight = max(0, 1 - (k + 0.5) / length)
                    place = j - 1 - k if side == 0 else j + k
                    if weight > 0:
                        out[i, place] += sign * taken * variance[side] / sum(variance) * weight
    return out


def smoothed(x, plane, strength, scale=1):
    smooth = x.copy()
    deblock(smooth, plane, strength, scale)
    return smooth


@pytest.mark.parametrize(("scale", "strength"), [(1, 1), (1, 4), (1, 7), (2, 4), (3, 5)])
def test_filter_is_its_definition(scale, strength):
    plane = random_code(10 + scale, 136, 96).planes[0]
    x = reconstruct_plane(plane, 3, scale)
    got = smoothed(x, plane, strength, scale)
    assert np.abs(got - x).max() > 1
    np.testing.assert_allclose(got, naive_deblock(x, plane, strength, scale), atol=2e-3)


def test_strength_0_is_off():
    plane = random_code(10, 64, 64).planes[0]
    x = reconstruct_plane(plane, 3)
    np.testing.assert_array_equal(smoothed(x, plane, 0), x)


def two_means(jump):
    levels = np.zeros((16, 32), np.int32)
    levels[0, 16] = jump  # of the mean too, as the step is the side
    blocks = np.array([[0, 0, 4, 4], [0, 16, 4, 4]], np.int32)
    return PlaneCode(16, 32, 16.0, blocks, np.zeros((2, 5), np.int32), levels)


def test_small_jumps_become_ramps_and_edges_stay():
    plane = two_means(1)
    x = inverse_dct(plane)
    assert np.unique(x).tolist() == [0, 1]
    smooth = smoothed(x, plane, 4)
    assert (smooth == smooth[0]).all()
    assert (np.diff(smooth[0]) >= 0).all()
    assert smooth[0, 16] - smooth[0, 15] < 0.4
    assert smooth.mean() == pytest.approx(x.mean())
    plane = two_means(100)
    x = inverse_dct(plane)
    assert np.abs(smoothed(x, plane, 7) - x).max() < 1.5


def test_blocks_of_a_photograph_come_closer_to_it():
    picture = camera()[::2, ::2]
    values = picture.astype(np.float32) - 128
    step = 40.0
    blocks = np.array([(y, x, 3, 3) for y in range(0, 256, 8) for x in range(0, 256, 8)], np.int32)
    spectra = dctn(values.reshape(32, 8, 32, 8), axes=(1, 3), norm="ortho")
    levels = np.rint(spectra / step).reshape(256, 256).astype(np.int32)
    plane = PlaneCode(256, 256, step, blocks, np.zeros((1024, 5), np.int32), levels)
    x = inverse_dct(plane)
    before = psnr_db(((x + 128) / 255).clip(0, 1), picture)
    after = psnr_db(((smoothed(x, plane, 4) + 128) / 255).clip(0, 1), picture)
    assert after > before + 0.3


def test_filter_reaches_no_farther_than_its_margin():
    plane = random_code(12, 128, 128).planes[0]
    x = reconstruct_plane(plane, 3)
    other = x.copy()
    other[64, 64] += 10
    changed = np.argwhere(smoothed(x, plane, 7) != smoothed(other, plane, 7))
    assert (np.abs(changed - 64) <= MARGIN).all()
    assert np.abs(changed - 64).max() > 2
