import numpy as np
import pytest
import torch
from skimage import data

from selfsame.codes import store
from selfsame.collage.codec.decode import decode, encode_picture
from selfsame.collage.network.model import CollageModel
from selfsame.errors import InputError
from selfsame.metrics.pictures import psnr_db
from support.small_model import small_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small one"
    small_model().save_pretrained(path)
    return CollageModel.from_pretrained(path)


@pytest.fixture(scope="module")
def picture():
    return data.astronaut()[100:181, 150:277].copy()


def _psnr(decoded, picture):
    return psnr_db(np.round(255 * decoded) / 255, picture / 255)


def test_a_file_holds_what_decoding_needs(model, picture):
    code = encode_picture(picture, model=model, step=100)
    assert code.model == "small-one"
    assert code.size == (127, 81)
    again = store.unpack(store.pack(code))
    decoded = decode(again)
    assert decoded.shape == picture.shape
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, decode(code))
    assert _psnr(decoded, picture) > 15


def test_smaller_steps_give_better_pictures(model, picture):
    codes = [encode_picture(picture, model=model, step=step) for step in (150, 120, 90)]
    sizes = [len(store.pack(code)) for code in codes]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


def test_the_shipped_models_behave_at_every_step(picture):
    # Beyond the scales that training drew from, files still shrink and pictures stay pictures.
    for name in CollageModel.shipped():
        shipped = CollageModel.from_pretrained(name)
        codes = [encode_picture(picture, model=shipped, step=step) for step in range(60, 256, 24)]
        sizes = [len(store.pack(code)) for code in codes]
        assert sizes == sorted(sizes, reverse=True)
        qualities = [_psnr(decode(code), picture) for code in codes]
        assert qualities == sorted(qualities, reverse=True)
        assert qualities[0] > 38
        assert qualities[-1] > 10


def test_grey_pictures_and_single_pixels(model, picture):
    for pixels in (picture[..., 0].copy(), picture[:1, :1].copy(), picture[:1, :, 0].copy()):
        decoded = decode(encode_picture(pixels, model=model, step=100))
        assert decoded.shape == pixels.shape
        assert np.isfinite(decoded).all()


@pytest.mark.parametrize("scale", [2, 1.3, 0.5, 0.37])
def test_other_scales_show_the_same_picture(model, picture, scale):
    code = encode_picture(picture, model=model, step=90)
    plain = torch.from_numpy(decode(code)).permute(2, 0, 1)[None]
    scaled = decode(code, size=(round(127 * scale), round(81 * scale)))
    assert scaled.shape[:2] == (round(81 * scale), round(127 * scale))
    back = torch.nn.functional.interpolate(
        torch.from_numpy(scaled).permute(2, 0, 1)[None], plain.shape[2:], mode="area"
    )
    small = torch.nn.functional.interpolate(plain, scaled.shape[:2], mode="area")
    expected = torch.nn.functional.interpolate(small, plain.shape[2:], mode="area")
    assert (back - expected).square().mean().sqrt() < 0.06


def test_size_counts_width_first(model, picture):
    code = encode_picture(picture, model=model, step=120)
    assert decode(code, size=(50, 40)).shape == (40, 50, 3)


def test_the_fixed_point_does_not_depend_on_the_start(model, picture):
    code = encode_picture(picture, model=model, step=100)
    assert code.iterations > 1
    noise = np.random.default_rng(0).random((30, 40, 3)).astype(np.float32)
    assert np.abs(decode(code, start=noise) - decode(code)).max() < 2 / 255
    assert np.abs(decode(code, start=noise, iterations=0) - decode(code)).max() > 0.2
    assert np.abs(decode(code, iterations=60) - decode(code)).max() < 1 / 255


def test_refinement_lowers_what_it_minimises(model, picture):
    plain = encode_picture(picture, model=model, step=120)
    refined = encode_picture(picture, model=model, step=120, refine=30, seed=3)

    def cost(code):
        error = ((decode(code) - picture / 255) ** 2).mean() * 255**2 / (32 * 2 ** (-8 / 16)) ** 2
        bits = 8 * len(store.pack(code)) / (picture.shape[0] * picture.shape[1])
        return error + 0.15 * bits

    assert cost(refined) < 0.97 * cost(plain)


def test_refinement_repeats_by_seed_and_leaves_the_model(model, picture):
    before = {name: p.clone() for name, p in model.named_parameters()}
    codes = [
        encode_picture(picture, model=model, step=120, refine=3, seed=seed) for seed in (1, 1, 2)
    ]
    files = [store.pack(code) for code in codes]
    assert files[0] == files[1]
    assert files[0] != files[2]
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name])
        assert parameter.requires_grad
        assert parameter.grad is None


def test_progress_rises_to_one(model, picture):
    seen = []
    encode_picture(picture, model=model, step=120, refine=4, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize("step", [-1, 256])
def test_a_step_that_no_file_holds_is_refused(model, picture, step):
    with pytest.raises(InputError, match=r"step must be a whole number within 0\.\.255"):
        encode_picture(picture, model=model, step=step)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": (0, 5)}, "pixels: got 0x5; choose another"),
        ({"size": (100_000, 100_000)}, "1 to 134217728 pixels"),
        ({"iterations": -1}, "iterations must be a whole number within 0..64"),
        ({"start": np.zeros((4, 4, 2))}, r"start must be \(H, W\)"),
    ],
)
def test_odd_decoding_is_refused(model, picture, options, words):
    code = encode_picture(picture, model=model, step=160)
    with pytest.raises(InputError, match=words):
        decode(code, **options)


def test_a_code_of_an_unknown_model_says_so(model, picture):
    code = encode_picture(picture, model=model, step=160)
    other = type(code)(**{**code.__dict__, "fingerprint": b"12345678"})
    with pytest.raises(InputError, match="not at hand"):
        decode(other)
