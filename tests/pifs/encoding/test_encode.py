"""The encoder as its users see it: limits kept, sizes exact, hostile arguments named."""

import numpy as np
import pytest
import skimage.data

from selfsame.codes.store import pack as file_bytes
from selfsame.codes.store import unpack as read_code
from selfsame.errors import InputError
from selfsame.metrics.pictures import psnr_db
from selfsame.pifs import stream
from selfsame.pifs.code import HALF, LUMA, NO_MAP
from selfsame.pifs.decoding.decode import decode
from selfsame.pifs.encoding import encode as encoding
from selfsame.pifs.encoding.encode import encode, step_for_quality
from support.attractors import contraction_bounds

PHOTO = skimage.data.astronaut()[40:200, 150:330]
GREY = PHOTO[..., 1]


def psnr(code, picture):
    return psnr_db(decode(code), picture / 255)


@pytest.mark.parametrize("mode", ["hybrid", "pure"])
@pytest.mark.parametrize("picture", [GREY, PHOTO], ids=["grey", "color"])
@pytest.mark.parametrize("limit", [500, 1800])
def test_never_more_bytes_than_asked_and_nearly_all_of_them(mode, picture, limit):
    code = encode(picture, bytes=limit, mode=mode, effort=3)
    data = file_bytes(code)
    assert 0.95 * limit < len(data) <= limit
    assert read_code(data).size == (180, 160)


@pytest.mark.parametrize("picture", [GREY, PHOTO], ids=["grey", "color"])
def test_large_pictures_come_in_bands_of_the_same_bytes_on_any_threads(picture, monkeypatch):
    monkeypatch.setattr(stream, "BAND_PIXELS", 1)
    monkeypatch.setattr(encoding, "SAMPLE_PIXELS", 10_000)
    codes = [encode(picture, bytes=1800, threads=threads) for threads in (1, 3)]
    assert codes[0] == codes[1]
    data = file_bytes(codes[0])
    assert 0.95 * 1800 < len(data) <= 1800
    monkeypatch.undo()  # A file says itself whether it is in bands.
    assert read_code(data) == codes[0]
    assert abs(psnr(codes[0], picture) - psnr(encode(picture, bytes=1800), picture)) < 0.7


def test_the_sample_of_a_large_picture_lies_evenly_over_it():
    rows = (np.arange(4096) % 256).astype(np.uint8)[:, None].repeat(1024, 1)
    sample = encoding._sample(rows)
    assert sample.shape == (1024, 1024)
    assert (sample[:, 0].reshape(16, 64) == np.arange(64)).all()
    assert encoding._sample(rows[:1024]).shape == (1024, 1024)


def test_a_psnr_is_reached_and_not_by_far():
    code = encode(GREY, psnr=33.0, effort=3)
    assert 33.0 <= psnr(code, GREY) < 33.3


def test_quality_buys_psnr_with_bytes():
    codes = [encode(PHOTO, quality=q, effort=2) for q in (10, 40, 70, 95)]
    sizes = [len(file_bytes(code)) for code in codes]
    decibels = [psnr(code, PHOTO) for code in codes]
    assert sizes == sorted(sizes)
    assert decibels == sorted(decibels)
    assert decibels[-1] > 40
    assert [step_for_quality(q) for q in (100, 75, 50, 25)] == [1, 16, 32, 64]


def test_effort_buys_quality_at_equal_bytes():
    little, much = (encode(GREY, bytes=1500, effort=e, mode="pure") for e in (1, 7))
    assert psnr(much, GREY) > psnr(little, GREY) + 0.2
    assert (little.planes[0].maps == 0).all()
    assert (much.planes[0].maps[:, 0] == HALF).any()


def test_pure_codes_hold_means_slopes_and_maps_only():
    code = encode(PHOTO, quality=50, mode="pure", effort=4)
    assert code.mode == "pure"
    for plane in code.planes:
        for y, x, lh, lw in plane.blocks:
            levels = plane.levels[y : y + (1 << lh), x : x + (1 << lw)].copy()
            levels[0, 0] = levels[1, 0] = levels[0, 1] = 0
            assert not levels.any()


def test_the_maps_contract():
    code = encode(GREY, quality=60, mode="pure", effort=5)
    plane = code.planes[0]
    assert (plane.maps[:, 0] != NO_MAP).sum() > 20
    assert contraction_bounds(plane.blocks, plane.maps, plane.levels.shape).max() < 1
    more = decode(code, iterations=60)
    assert np.abs(more - decode(code)).max() < 2 / 255


def test_chroma_is_predicted_from_luma():
    code = encode(PHOTO, quality=80, effort=3)
    assert (code.planes[1].maps[:, 0] == LUMA).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 3, 3), (33, 65, 3), (64, 64), (5, 200)])
@pytest.mark.parametrize("mode", ["hybrid", "pure"])
def test_any_size(shape, mode):
    rng = np.random.default_rng(0)
    picture = np.clip(rng.normal(120, 20, shape), 0, 255).astype(np.uint8)
    code = read_code(file_bytes(encode(picture, quality=90, mode=mode)))
    assert decode(code).shape == shape
    assert psnr(code, picture) > (35 if mode == "hybrid" else 20)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_pictures_are_exact_and_tiny(value):
    picture = np.full((100, 130, 3), value, np.uint8)
    code = encode(picture, quality=90)
    assert (np.rint(decode(code) * 255) == value).all()
    assert len(file_bytes(code)) < 100


def test_noise_is_survived():
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert psnr(encode(picture, quality=100), picture) > 45
    assert len(file_bytes(encode(picture, bytes=400))) <= 400


def test_alpha_is_exact_and_counted():
    alpha = np.zeros(GREY.shape, np.uint8)
    alpha[30:100, 50:120] = np.arange(70)[:, None]
    alpha[:20] = np.random.default_rng(2).integers(0, 256, (20, GREY.shape[1]), dtype=np.uint8)
    code = encode(GREY, alpha=alpha, bytes=5000, effort=2)
    data = file_bytes(code)
    assert 4750 < len(data) <= 5000
    assert (read_code(data).alpha == alpha).all()
    with pytest.raises(InputError, match="at least"):
        encode(GREY, alpha=alpha, bytes=1000, effort=2)


def test_threads_do_not_change_the_code():
    one, two = (encode(PHOTO, quality=50, threads=n) for n in (1, 2))
    assert file_bytes(one) == file_bytes(two)


def test_progress_rises_to_one():
    seen = []
    encode(GREY, bytes=800, effort=2, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bytes": 60}, "at least"),
        ({"psnr": 99.0, "mode": "pure", "effort": 1}, "reaches"),
        ({"quality": 50, "threads": 0}, "threads must be"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        encode(GREY[:32, :32], **arguments)
