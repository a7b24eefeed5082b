from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data

from selfsame.errors import InputError
from selfsame.mosaic import Settings, fit, render, restyled
from selfsame.mosaic.fitting.style import MIN_BLOCK, block_places

CAT = data.chelsea()[::3, ::3]
CUP = data.coffee()[::2, ::2]
UNIFORM = Settings(levels=0)


def test_a_picture_of_pieces_is_taken_apart():
    noise = np.random.default_rng(0).normal(size=(192, 192, 3))
    second = (128 + 60 * np.tanh(4 * gaussian_filter(noise, (3, 3, 0)))).astype(np.uint8)
    places = block_places(192, 192, 1.0)
    places = places[places[:, 2] == 48]
    chosen = places[np.random.default_rng(1).choice(len(places), 16, replace=False)]
    pieces = np.stack([second[y : y + h, x : x + w] for y, x, h, w in chosen])
    large = pieces.reshape(4, 4, 48, 48, 3).swapaxes(1, 2).reshape(192, 192, 3)
    picture = large.reshape(64, 3, 64, 3, 3).mean(axis=(1, 3)).astype(np.uint8)
    code = restyled(fit(picture, replace(UNIFORM, patch=16)), picture, second)
    assert np.array_equal(code.pieces.places, chosen)
    assert not code.isometries.any()
    again = render(code, (192, 192))
    assert np.abs(again.astype(float) - large).mean() < 1.5


def test_tint_goes_from_the_pieces_own_colours_to_the_picture_s():
    base = fit(CAT, UNIFORM)
    codes = [restyled(base, CAT, CUP, tint=tint) for tint in (0.0, 1.0)]
    pooled = [render(c, (320, 320)).reshape(16, 20, 16, 20, 3).mean((1, 3)) for c in codes]
    target = np.asarray(Image.fromarray(CAT).resize((16, 16), Image.Resampling.BOX), float)
    off = [np.abs(p - target).mean() for p in pooled]
    assert off[1] < 2 < off[0]
    own = codes[0]
    y, x, h, w = own.pieces.places[40]
    assert np.abs(CUP[y : y + h, x : x + w].mean(axis=(0, 1)) - own.means[40]).max() < 1


def test_no_piece_is_shown_too_often():
    base = fit(CAT, replace(UNIFORM, patch=15))
    most = []
    for repeats in (1, 3, 1000):
        code = restyled(base, CAT, CUP, repeats=repeats)
        most.append(np.unique(code.pieces.places, axis=0, return_counts=True)[1].max())
    assert most[:2] == [1, 3]
    assert most[2] > 3


def test_the_seed_decides_who_chooses_first():
    base = fit(CAT, UNIFORM)
    one, again, other = (restyled(base, CAT, CUP, repeats=1, seed=s) for s in (0, 0, 1))
    assert np.array_equal(one.pieces.places, again.pieces.places)
    assert not np.array_equal(one.pieces.places, other.pieces.places)


@pytest.mark.parametrize(("size", "shape"), [((100, 150), 1.5), ((90, 400), 1.0), ((64, 32), 0.7)])
def test_places_lie_inside_and_have_the_shape(size, shape):
    places = block_places(*size, shape)
    y, x, h, w = places.T
    assert min(y.min(), x.min()) == 0
    assert (y + h).max() <= size[0]
    assert (x + w).max() <= size[1]
    assert min(h.min(), w.min()) >= MIN_BLOCK
    assert np.abs(w / h / shape - 1).max() < 0.05


@pytest.mark.parametrize(
    ("options", "second", "words"),
    [
        ({"tint": 1.5}, CUP, "tint"),
        ({"repeats": 0}, CUP, "repeats"),
        ({}, CUP[:, :, :1], "second"),
        ({}, CUP[:, :, 0], "second"),
        ({}, CUP[:30, :30], "too small"),
    ],
)
def test_what_cannot_be_restyled(options, second, words):
    with pytest.raises(InputError, match=words):
        restyled(fit(CAT, UNIFORM), CAT, second, **options)
