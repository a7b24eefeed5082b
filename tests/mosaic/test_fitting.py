import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage import data

from selfsame.errors import InputError
from selfsame.mosaic import Settings, fit, render
from selfsame.mosaic.code import CONTRAST_STEP
from selfsame.mosaic.fitting.fit import best_tree, chosen_patches, grid_of, possible_moves
from support.random_mosaics import random_code

CAT = data.chelsea()[::2, ::2]
PLAIN = Settings(strength=0, tones=(0, 1))


def test_a_picture_that_is_such_a_fractal_is_recognised():
    code = random_code(grid=6, levels=0, size=(96, 96), contrast=50)
    picture = render(code, (384, 384))
    settings = replace(PLAIN, patch=64, levels=0, turns="any", saturation=150 / 255, tint=190 / 255)
    found = fit(picture, settings)
    assert np.array_equal(found.cells, code.cells)
    assert (found.saturation, found.tint) == (code.saturation, code.tint)
    assert np.abs(found.means.astype(int) - code.means).max() <= 1
    assert np.abs(found.slopes.astype(int) - code.slopes).max() <= 2
    assert (found.isometries == code.isometries).mean() > 0.9
    same = found.isometries == code.isometries
    off = found.contrasts.astype(int)[same] - code.contrasts[same]
    assert np.abs(off).mean() < 6


@pytest.mark.parametrize("picture", [CAT, CAT[:, :, 1], data.astronaut()[::4, ::4]])
def test_the_attractor_has_the_picture_s_means(picture):
    code = fit(picture, replace(PLAIN, strength=0.5))
    side = 4 * code.finest
    resized = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX)
    target = np.asarray(resized, float).reshape(side, side, -1)
    got = render(code, (side, side)).astype(float)
    off = [
        np.abs((got - target)[4 * t : 4 * b, 4 * x : 4 * r].mean(axis=(0, 1))).max()
        for t, x, b, r in code.bounds
    ]
    # Rounding, and now and then a highlight that is clipped.
    assert np.mean(off) < 1
    assert np.quantile(off, 0.99) < 3


def test_few_pixels_are_clipped():
    for photo in (CAT, data.coffee()[::3, ::3]):  # the second has strong colours
        picture = render(fit(photo), (900, 600))
        assert ((picture == 0) | (picture == 255)).mean() < 0.004


def test_strength_shows_the_copies():
    weak, strong = (fit(CAT, replace(PLAIN, strength=s)) for s in (0.1, 0.8))
    assert strong.contrasts.mean() > 1.5 * weak.contrasts.mean()
    code = fit(CAT, replace(PLAIN, strength=0.8, fade=0.5))
    for level, least in ((2, 0.8), (1, 0.4), (0, 0.2)):
        contrasts = code.contrasts[code.cells[:, 0] == level] * CONTRAST_STEP
        assert np.median(contrasts) == pytest.approx(least, abs=0.01)
    bare = fit(CAT, replace(PLAIN, strength=0.5, fade=1.0, levels=0))
    assert np.median(bare.contrasts) == pytest.approx(0.5 / CONTRAST_STEP, abs=1)


def test_details_get_small_patches():
    picture = np.full((256, 256, 3), 90, np.uint8)
    picture[:64, :64] = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    code = fit(picture, Settings(patch=64))
    corner = (code.bounds[:, 2:] <= code.finest // 4).all(axis=1)
    assert (code.cells[corner, 0] == 3).all()
    assert (code.cells[~corner, 0] == 0).all()


def test_a_constant_picture_stays_whole():
    code = fit(np.full((64, 64), 77, np.uint8), replace(PLAIN, strength=0.9))
    assert (code.cells[:, 0] == 0).all()
    assert (render(code, (300, 200)) == 77).all()


@pytest.mark.parametrize("patches", [300, 700, 1500])
def test_the_number_of_patches_is_as_wished(patches):
    code = fit(data.coffee()[::2, ::2], Settings(patches=patches))
    assert 0.97 * patches <= len(code.cells) <= patches


def trees(depth):
    """Every way to split a square at most ``depth`` times: sets of (level, row, column)."""
    yield [(0, 0, 0)]
    if depth:
        for parts in itertools.product(list(trees(depth - 1)), repeat=4):
            yield [
                (level + 1, (index // 2 << level) + y, (index % 2 << level) + x)
                for index, part in enumerate(parts)
                for level, y, x in part
            ]


def test_the_tree_is_the_best_of_all():
    rng = np.random.default_rng(3)
    for price in np.linspace(0, 0.5, 100):
        errors = [rng.random((1 << k, 1 << k)) / 4**k for k in range(3)]
        kept = best_tree(errors, price)
        cost = sum(e[m].sum() + price * m.sum() for e, m in zip(errors, kept, strict=True))
        every = (sum(errors[k][y, x] + price for k, y, x in tree) for tree in trees(2))
        assert cost == pytest.approx(min(every))


def test_a_goal_below_the_first_level_splits_nothing():
    errors = [np.ones((3, 3)), np.zeros((6, 6))]
    assert [int(m.sum()) for m in chosen_patches(errors, 1)] == [9, 0]
    assert [int(m.sum()) for m in chosen_patches(errors, 36)] == [0, 36]


def test_turns():
    assert possible_moves("any", 9, 9) == tuple(range(8))
    assert possible_moves("any", 9, 8) == (0, 1, 2, 3)
    for turns, most in (("none", 0), ("mirror", 1), ("any", 3)):
        assert fit(CAT, Settings(turns=turns)).isometries.max() == most


def test_the_grid_follows_the_patch():
    assert grid_of(None, 640, 480) == 16
    assert grid_of(32, 640, 480) == 20
    assert grid_of(None, 5, 4) == 2
    code = fit(data.coffee(), Settings(patch=60, levels=1))
    assert (code.grid, code.levels) == (10, 1)


def test_levels_stop_at_two_pixels():
    code = fit(CAT[:64, :64], Settings(levels=6))
    assert code.finest == 32
    assert fit(CAT[:4, :5]).finest == 2


@pytest.mark.parametrize(
    ("shape", "changes", "words"),
    [
        ((64, 64, 4), {}, "must be"),
        ((3, 64), {}, "4x4"),
        ((64, 64), {"patch": 33}, "1..32"),
        ((64, 64), {"patch": 0}, "patch must be a whole number from 1"),
        ((64, 64), {"levels": 7}, "levels must be a whole number within 0..6: got 7"),
        ((8, 64), {"patch": 2}, "larger"),
        ((64, 64), {"strength": 1.1}, "strength"),
        ((64, 64), {"fade": -0.1}, "fade"),
        ((64, 64), {"saturation": 2}, "saturation"),
        ((64, 64), {"tint": -1}, "tint"),
        ((64, 64), {"turns": "all"}, "none, mirror, any"),
        ((64, 64), {"tones": (0.5, 0.5)}, "tones"),
        ((64, 64), {"levels": -1}, "levels"),
        ((64, 64), {"patches": 0}, "patches"),
    ],
)
def test_what_cannot_be_fitted(shape, changes, words):
    with pytest.raises(InputError, match=words):
        fit(np.zeros(shape, np.uint8), replace(Settings(), **changes))
