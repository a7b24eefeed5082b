import math
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from selfsame import InputError
from selfsame.codes import store
from selfsame.collage.code import CollageCode
from selfsame.collage.codec import encode as rate_control
from selfsame.collage.codec.decode import decode, encode_picture
from selfsame.collage.codec.encode import FINEST_STEP, encode, file_bytes, step_for_quality
from selfsame.collage.network.model import CollageModel
from selfsame.io.pictures import to_uint8
from selfsame.metrics.pictures import psnr_db
from support.small_model import small_model

PHOTO = np.ascontiguousarray(data.astronaut()[80:128, 200:280])
ALPHA = np.random.default_rng(0).integers(0, 256, PHOTO.shape[:2], dtype=np.uint8)


def psnr_of(code: CollageCode, picture: np.ndarray = PHOTO) -> float:
    return psnr_db(to_uint8(decode(code)) / 255, picture / 255)


@cache
def model() -> CollageModel:
    """A model that can decode what it encodes: one that was loaded from a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.safetensors"
        small_model(domain_weights=False).save_pretrained(path)
        return CollageModel.from_pretrained(path)


def coded(**options) -> CollageCode:
    return encode(PHOTO, model=model(), **options)


@given(st.data())
def test_the_first_step_is_that_of_a_search_one_by_one(data) -> None:
    first, last = 64, data.draw(st.integers(64, 255))
    sought = data.draw(st.integers(60, 260))
    slope = data.draw(st.sampled_from([0.01, 0.4, 1.0, 7.0]))
    calls = []

    def excess(step: int) -> float:
        assert step not in calls
        calls.append(step)
        return slope * (sought - step - 0.5)

    found = rate_control._first_place(
        excess, data.draw(st.integers(0, 300)), range(first, last + 1)
    )
    assert found == next((n for n in range(first, last + 1) if n >= sought), None)
    assert len(calls) <= rate_control._TRUSTED + 8


def test_quality_is_a_step() -> None:
    for quality in (1, 50, 75, 100):
        assert coded(quality=quality).step == step_for_quality(quality)
    steps = [step_for_quality(q / 10) for q in range(1001)]
    assert sorted(steps, reverse=True) == steps
    assert len(set(steps)) > 50


def test_the_finest_file_within_a_limit() -> None:
    for limit in (300, 500):
        code = coded(bytes=limit)
        assert len(store.pack(code)) == file_bytes(code) <= limit
        finer = encode_picture(PHOTO, model=model(), step=code.step - 1)
        assert file_bytes(finer) > limit


def test_alpha_counts_and_is_kept() -> None:
    limit = ALPHA.size + 500
    code = coded(bytes=limit, alpha=ALPHA)
    assert code.alpha is not None
    assert np.array_equal(code.alpha, ALPHA)
    assert limit - 100 < len(store.pack(code)) <= limit


def test_the_coarsest_file_of_a_psnr() -> None:
    best = psnr_of(encode_picture(PHOTO, model=model(), step=100))
    wanted = best - 1.0
    code = coded(psnr=wanted)
    assert psnr_of(code) >= wanted
    assert psnr_of(encode_picture(PHOTO, model=model(), step=code.step + 1)) < wanted


def test_a_refined_file_keeps_the_limit_and_is_better() -> None:
    plain, refined = coded(bytes=400), coded(bytes=400, refine=4)
    assert file_bytes(refined) <= 400
    assert psnr_of(refined) > psnr_of(plain)
    again = coded(bytes=400, refine=4)
    assert store.pack(refined) == store.pack(again)


def test_a_refined_file_reaches_its_psnr() -> None:
    wanted = psnr_of(coded(quality=60))
    assert psnr_of(coded(psnr=wanted, refine=3)) >= wanted


def test_refinement_that_never_fits_is_left_out(monkeypatch) -> None:
    """Whatever the refinement does, a file keeps to its limit."""
    real = encode_picture

    def worse(pixels, *, step, refine=0, **options):
        return real(pixels, step=step - 60 if refine else step, **options)

    plain = coded(bytes=400)
    monkeypatch.setattr(rate_control, "encode_picture", worse)
    code = coded(bytes=400, refine=4)
    assert file_bytes(code) <= 400
    assert code.step <= plain.step + 60


def test_what_no_step_reaches_is_named() -> None:
    with pytest.raises(InputError, match=r"only 30 bytes; the smallest of this model has \d+"):
        coded(bytes=30)
    with pytest.raises(InputError, match=r"no code of this model has 99 dB .* best has \d+\.\d\d"):
        coded(psnr=99)


def test_progress_rises_to_one() -> None:
    for options in ({"quality": 50}, {"bytes": 600, "refine": 3}, {"psnr": 18}):
        done: list[float] = []
        coded(progress=done.append, **options)
        assert done[-1] == 1.0
        assert all(0 <= value <= 1 and math.isfinite(value) for value in done)


def test_the_searched_steps_include_the_finest() -> None:
    code = coded(bytes=10**6)
    assert code.step == FINEST_STEP
