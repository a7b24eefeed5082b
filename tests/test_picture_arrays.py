"""One convention for pictures as arrays, at every function that takes one from a user."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import selfsame
from selfsame import InputError, mosaic
from selfsame.codes.store import pack
from selfsame.collage.codec.decode import encode_picture
from selfsame.collage.codec.encode import encode as encode_collage
from selfsame.collage.network.model import CollageModel
from selfsame.ifs.distance import fit_distance
from selfsame.ifs.fit import FitConfig
from selfsame.io.pictures import write_animation, write_picture
from selfsame.metrics.pictures import psnr_db, ssim
from selfsame.picture_arrays import picture_array, picture_floats
from selfsame.pifs.encoding.baseline import encode_baseline
from selfsame.pifs.encoding.encode import encode as encode_pifs
from selfsame.priors import elbo, importance_weighted_bound, reconstruct
from selfsame.priors.generation import infer_noise
from support.small_model import small_model
from support.small_vdvae import small_vdvae

GOOD = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
QUICK = FitConfig(maps=4, steps=2, restarts=1)
DISTANCE = {"layout": "squares:2", "depth": 2, "steps": 2, "refine_steps": 0}


def entries(folder) -> dict[str, Callable[[np.ndarray], Any]]:
    """Every function that takes a picture from a user, by the name of its argument."""
    block_code, cat = selfsame.encode(GOOD, effort=1), mosaic.fit(GOOD)
    small_model(domain_weights=False).save_pretrained(folder / "m")
    model = CollageModel.from_pretrained(folder / "m")
    collage_code = encode_picture(GOOD, model=model, step=100)
    vdvae, noise = small_vdvae(), torch.Generator()

    def tensor(picture: np.ndarray) -> torch.Tensor:
        floats = picture / 255 if picture.dtype == np.uint8 else picture
        return torch.from_numpy(floats[None, None, :8, :8]).float()

    return {
        "picture, encode": partial(selfsame.encode, effort=1),
        "picture, pifs": partial(encode_pifs, quality=50, effort=1),
        "picture, baseline": encode_baseline,
        "picture, mosaic": mosaic.fit,
        "picture, restyled": lambda p: mosaic.restyled(cat, p, GOOD),
        "second, restyled": lambda p: mosaic.restyled(cat, GOOD, p),
        "picture, collage": lambda p: encode_collage(p, model=model, quality=50),
        "picture, collage of a step": lambda p: encode_picture(p, model=model, step=100),
        "target 0, fit": lambda p: selfsame.fit([p], QUICK),
        "target 0, distance": lambda p: fit_distance([p], **DISTANCE),
        "start, pifs": lambda p: selfsame.decode(block_code, start=p),
        "start, collage": lambda p: selfsame.decode(collage_code, start=p, iterations=1),
        "a, psnr": lambda p: psnr_db(p, GOOD),
        "b, ssim": lambda p: ssim(GOOD, p),
        "picture, file": lambda p: write_picture(folder / "a.png", p),
        "frame 1, animation": lambda p: write_animation(folder / "a.gif", [GOOD, p]),
        "pictures, reconstruct": lambda p: reconstruct(vdvae, tensor(p)),
        "pictures, noise": lambda p: infer_noise(vdvae, tensor(p)),
        "pictures, elbo": lambda p: elbo(vdvae, tensor(p), noise),
        "pictures, bound": lambda p: importance_weighted_bound(vdvae, tensor(p), noise, 2),
    }


def test_wrong_ranges_are_refused_by_name(tmp_path) -> None:
    hole = GOOD / 255
    hole[3, 4] = np.nan
    for name, take in entries(tmp_path).items():
        take(GOOD)
        argument = name.split(",")[0]
        for wrong, message in (
            (GOOD.astype(float), r"must hold bytes .* got floats of \d to 2\d\d; divide"),
            (GOOD / 128 - 1, "must hold bytes .* got floats of -"),
            (hole, "must be finite: found NaN"),
            (np.where(hole > 0, hole, np.inf), "must be finite"),
        ):
            with pytest.raises(InputError, match=f"^{argument} {message}"):
                take(wrong)


def test_bytes_and_floats_are_one_picture() -> None:
    for take in (selfsame.encode, mosaic.fit, lambda p: selfsame.fit([p], QUICK).codes[0]):
        assert pack(take(GOOD)) == pack(take(GOOD / np.float32(255)))


def test_rounding_errors_are_no_wrong_range() -> None:
    floats = GOOD / 255 * 1.0004
    assert floats.max() > 1
    assert picture_floats(floats).max() == 1
    assert pack(selfsame.encode(floats)) == pack(selfsame.encode(floats.clip(0, 1)))


def test_masks_are_black_and_white() -> None:
    mask = GOOD > 99
    assert np.array_equal(picture_array(mask), np.where(mask, 255, 0))
    assert np.array_equal(picture_floats(mask), mask)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4), np.int32), "must hold bytes .* got int32"),
        (np.zeros((4, 4), complex), "must hold bytes .* got complex128"),
        (np.zeros((4, 4, 1)), r"must be \(H, W\) or \(H, W, 3\), not empty: got \(4, 4, 1\)"),
        (np.zeros((0, 4)), r"must be .*, not empty: got \(0, 4\)"),
        (np.zeros(4), r"must be .* got \(4,\)"),
    ],
)
def test_what_is_no_picture_is_named(picture, message) -> None:
    with pytest.raises(InputError, match=f"a thing {message}"):
        picture_array(picture, "a thing")
