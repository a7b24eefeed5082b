import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.mosaic import render, render_bands
from selfsame.mosaic.code import Pieces
from selfsame.mosaic.drawing.rendering import moved_plane, plane_of, resized, seed_picture
from selfsame.mosaic.maps import planes
from support.random_mosaics import patch_by_hand, random_code, trend


def rects(code, size):
    """Patches in pixels, (R, 4) top, left, bottom, right; edges rounded."""
    x = np.rint(np.arange(code.finest + 1) * size[0] / code.finest).astype(int)
    y = np.rint(np.arange(code.finest + 1) * size[1] / code.finest).astype(int)
    b = code.bounds
    return np.stack([y[b[:, 0]], x[b[:, 1]], y[b[:, 2]], x[b[:, 3]]], axis=1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(256, 256), (263, 301)])
def test_every_patch_is_a_copy_of_the_whole(channels, size):
    """The fixed point, patch by patch, against the formula in plain numpy."""
    # Quarter turns of patches that are not square would be stretched: not in the plain version.
    code = random_code(channels=channels, moves=8 if size[0] == size[1] else 4)
    picture = render(code, size)
    assert picture.shape == (size[1], size[0], channels)
    for index, (top, left, bottom, right) in enumerate(rects(code, size)):
        copy = render(code, (right - left, bottom - top))
        expected = patch_by_hand(code, index, copy)
        assert np.abs(picture[top:bottom, left:right] - expected).max() <= 0.51


def test_stretched_quarter_turns():
    code = random_code(moves=1, levels=0)
    turned = replace(code, isometries=np.full_like(code.isometries, 4))
    size = (320, 160)
    copy = render(turned, (80, 40))
    stretched = copy.swapaxes(0, 1)  # 80 rows, 40 columns, to be 40 and 80
    expected = np.repeat(stretched[::2], 2, axis=1)
    picture = render(turned, size)
    for index, (top, left, bottom, right) in enumerate(rects(turned, size)):
        untwisted = replace(turned, isometries=np.zeros_like(turned.isometries))
        wanted = patch_by_hand(untwisted, index, expected)
        assert np.abs(picture[top:bottom, left:right] - wanted).mean() < 1.5


@pytest.mark.parametrize("size", [(32, 32), (96, 96), (200, 200), (403, 403), (1024, 1024)])
def test_means_and_slopes_are_the_code_s(size):
    code = random_code(contrast=40)
    picture = render(code, size)
    wanted = 255 * planes(code)
    for index, (top, left, bottom, right) in enumerate(rects(code, size)):
        got = trend(picture[top:bottom, left:right].astype(float))[0]
        assert np.abs(got[0] - wanted[index, 0]).max() < 0.6
        assert np.abs(got[1:] - wanted[index, 1:]).max() < 2.5


def test_twice_the_size_averaged_is_once_the_size():
    code = random_code()
    once = render(code, (256, 256)).astype(float)
    twice = render(code, (512, 512)).reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
    assert np.sqrt(((once - twice) ** 2).mean()) < 1.5
    assert np.abs(once - twice).mean() < 0.02 * 255


def test_bands_and_threads_do_not_show(monkeypatch):
    code = random_code(levels=0)
    whole = render(code, (150, 170))
    monkeypatch.setattr("selfsame.mosaic.drawing.rendering.BAND_PIXELS", 150 * 13)
    bands = list(render_bands(code, (150, 170), threads=1))
    assert [len(band) for band in bands] == [13] * 13 + [1]
    assert np.array_equal(np.concatenate(bands), whole)


def test_a_huge_rendering_needs_little_memory(monkeypatch):
    code = random_code(grid=16, levels=0)
    monkeypatch.setattr("selfsame.mosaic.drawing.rendering.BAND_PIXELS", 1 << 16)
    render(code)  # compiled, and its own constants made
    size = (4000, 4000)
    tracemalloc.start()
    try:
        rows = sum(len(band) for band in render_bands(code, size))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 4000
    # A band, one copy of a 16th of the width (and shrunk pictures as doubles): 48 MB it is not.
    assert peak < 4e6


def test_smaller_than_its_patches_it_is_an_average():
    code = random_code(contrast=30)
    tiny = render(code, (5, 3))
    assert tiny.shape == (3, 5, 3)
    large = render(code, (500, 300)).reshape(3, 100, 5, 100, 3).mean(axis=(1, 3))
    assert np.abs(tiny - large).max() < 4


def test_far_too_narrow_for_its_patches_it_is_drawn_band_by_band(monkeypatch):
    code = random_code(grid=16, levels=2, contrast=30)
    whole = render(code, (300, 2))
    assert whole.shape == (2, 300, 3)
    large = render(code, (300, 256)).reshape(2, 128, 300, 3).mean(axis=1)
    assert np.abs(whole - large).mean() < 2
    monkeypatch.setattr("selfsame.mosaic.drawing.rendering.BAND_PIXELS", 1)
    assert np.array_equal(render(code, (300, 2)), whole)


def test_the_seed_does_not_move_any_more(monkeypatch):
    code = random_code(contrast=127)
    seed = seed_picture(code).astype(int)
    monkeypatch.setattr("selfsame.mosaic.drawing.rendering.SEED_STEPS", 12)
    assert np.abs(seed - seed_picture(code)).max() <= 1


def test_the_plane_of_a_picture():
    picture = np.random.default_rng(0).random((7, 12, 3))
    assert np.allclose(plane_of(picture), trend(picture)[0])
    assert np.allclose(plane_of(picture[:1, :1]), [picture[0, 0], np.zeros(3), np.zeros(3)])


@pytest.mark.parametrize("isometry", range(8))
def test_the_plane_of_a_moved_picture(isometry):
    from selfsame.isometries import transformed

    picture = np.random.default_rng(1).random((9, 9, 2))
    moved = np.moveaxis(transformed(np.moveaxis(picture, -1, 0), isometry), 0, -1)
    assert np.allclose(moved_plane(plane_of(picture), isometry), plane_of(moved))


def test_blocks_of_a_second_picture_are_shown_at_full_resolution():
    second = np.random.default_rng(2).integers(60, 190, (64, 64, 1), np.uint8)
    code = random_code(channels=1, grid=2, levels=0, moves=1)
    places = np.array([(0, 0, 32, 32), (5, 7, 32, 32), (32, 32, 32, 32), (0, 32, 16, 16)], np.int32)
    code = replace(code, pieces=Pieces(second, places))
    picture = render(code, (64, 64))
    for index, (y, x, h, w) in enumerate(places[:3]):
        top, left, bottom, right = rects(code, (64, 64))[index]
        wanted = patch_by_hand(code, index, second[y : y + h, x : x + w])
        assert np.abs(picture[top:bottom, left:right] - wanted).max() <= 0.51
    copy = resized(np.ascontiguousarray(second[:16, 32:48]), 32, 32)
    assert np.abs(picture[32:, 32:] - patch_by_hand(code, 3, copy)).max() <= 0.51


@pytest.mark.parametrize("size", [(0, 9), (9, -1), (1 << 21, 1), (1 << 17, 1 << 17)])
def test_sizes_beyond_the_limits(size):
    with pytest.raises(InputError, match="smaller scale"):
        render_bands(random_code(), size)
