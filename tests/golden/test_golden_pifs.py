"""Block codes of every version: the same symbols for ever, and the same picture up to rounding."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from selfsame import decode, load
from selfsame.codes.store import pack as file_bytes
from selfsame.metrics.pictures import psnr_db
from support.golden_pifs import SYMBOLS

FOLDER = Path(__file__).parent / "v1"

PHOTO = skimage.data.astronaut()[40:136, 150:278] / 255


def symbols(code):
    digest = hashlib.sha256()
    fields = (code.width, code.height, code.mode, code.half_chroma, code.iterations, code.deblock)
    digest.update(repr(fields).encode())
    if code.alpha is not None:
        digest.update(code.alpha.tobytes())
    for plane in code.planes:
        digest.update(repr((plane.height, plane.width, plane.step)).encode())
        for array in (plane.blocks, plane.maps, plane.levels):
            digest.update(array.astype("<i4").tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", SYMBOLS)
def test_the_symbols_are_as_they_were(name):
    assert symbols(load(FOLDER / f"{name}.ssm")) == SYMBOLS[name]


@pytest.mark.parametrize("name", SYMBOLS)
def test_today_writes_the_same_bytes(name):
    path = FOLDER / f"{name}.ssm"
    assert file_bytes(load(path)) == path.read_bytes()


@pytest.mark.parametrize(("name", "decibels"), [("photo-hybrid", 31.85), ("photo-pure", 30.03)])
def test_the_picture_is_as_good_as_it_was(name, decibels):
    target = PHOTO[..., 1] if name == "photo-pure" else PHOTO
    assert psnr_db(decode(load(FOLDER / f"{name}.ssm")), target) == pytest.approx(
        decibels, abs=0.05
    )


def test_one_pixel():
    picture = decode(load(FOLDER / "one-pixel.ssm"))
    assert np.abs(picture - PHOTO[:1, :1, 0]).max() < 0.02
