import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage import data
from skimage.metrics import (
    peak_signal_noise_ratio,
    structural_similarity,
)

from selfsame import InputError
from selfsame.metrics.pictures import PSNR_CAP_DB, chamfer_px, density_sse, iou, psnr_db, ssim

A = data.camera()[::4, ::4]
B = np.clip(A.astype(int) + np.random.default_rng(0).integers(-30, 30, A.shape), 0, 255)
X, Y = A.astype(np.float32) / 255, B.astype(np.float32) / 255


def test_psnr_agrees_with_scikit_image() -> None:
    expected = peak_signal_noise_ratio(A, B.astype(np.uint8), data_range=255)
    assert psnr_db(X, Y) == pytest.approx(expected, abs=1e-9)


def test_bytes_are_what_floats_round_to() -> None:
    for measure in (psnr_db, ssim):
        assert measure(A, B.astype(np.uint8)) == measure(X, Y)


def test_psnr_rounds_to_bytes_and_caps() -> None:
    assert psnr_db(X, X + np.float32(0.4 / 255)) == PSNR_CAP_DB
    assert psnr_db(np.zeros((2, 2)), np.ones((2, 2))) == 0
    one_level = psnr_db(np.zeros((2, 2)), np.full((2, 2), 1 / 255))
    assert one_level == pytest.approx(20 * np.log10(255))


def reference_ssim(a: np.ndarray, b: np.ndarray) -> float:
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return structural_similarity(a, b, data_range=255, **settings)


@pytest.mark.parametrize("size", [(128, 128), (11, 40), (40, 11)])
def test_ssim_agrees_with_scikit_image(size) -> None:
    h, w = size
    expected = reference_ssim(A[:h, :w].astype(float), B[:h, :w].astype(float))
    assert expected < 0.95
    assert ssim(X[:h, :w], Y[:h, :w]) == pytest.approx(expected, abs=1e-9)


def test_ssim_of_colour_is_that_of_luma() -> None:
    a = data.astronaut()[::8, ::8]
    b = np.roll(a, 1, axis=0)
    weights = np.array([0.299, 0.587, 0.114])
    expected = reference_ssim(a @ weights, b @ weights)
    assert ssim(a / 255, b / 255) == pytest.approx(expected, abs=1e-9)


def test_ssim_rounds_is_one_for_equal_pictures_and_takes_small_ones() -> None:
    assert ssim(X, X + np.float32(0.4 / 255)) == 1
    for shape in ((1, 1), (3, 20), (10, 10)):
        flat = np.full(shape, 0.5)
        assert ssim(flat, flat) == 1
        assert 0 < ssim(flat, np.full(shape, 0.25)) < 0.9
    luminance = (2 * 0.2 * 0.4 + 1e-4) / (0.2**2 + 0.4**2 + 1e-4)  # all that flat pictures show
    assert ssim(np.full((5, 30), 0.2), np.full((5, 30), 0.4)) == pytest.approx(luminance)


def test_iou_by_hand() -> None:
    a, b = np.zeros((4, 4), np.bool_), np.zeros((4, 4), np.bool_)
    assert iou(a, b) == 1
    a[:2] = True
    assert iou(a, b) == 0
    b[1:3] = True
    assert iou(a, b) == pytest.approx(4 / 12)


def chamfer_by_hand(a: np.ndarray, b: np.ndarray) -> float:
    p, q = np.argwhere(a), np.argwhere(b)
    distance = np.sqrt(((p[:, None] - q[None]) ** 2).sum(-1))
    return float((distance.min(1).mean() + distance.min(0).mean()) / 2)


@given(
    arrays(np.bool_, st.shared(array_shapes(min_dims=2, max_dims=2, max_side=12), key="s")),
    arrays(np.bool_, st.shared(array_shapes(min_dims=2, max_dims=2, max_side=12), key="s")),
)
@settings(max_examples=60, deadline=None)
def test_chamfer_and_iou_agree_with_brute_force(a: np.ndarray, b: np.ndarray) -> None:
    if a.any() and b.any():
        assert chamfer_px(a, b) == pytest.approx(chamfer_by_hand(a, b))
    else:
        assert chamfer_px(a, b) == (0 if a.any() == b.any() else float("inf"))
    pairs = list(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    union = sum(x or y for x, y in pairs)
    assert iou(a, b) == (sum(x and y for x, y in pairs) / union if union else 1)
    assert chamfer_px(a, b) == chamfer_px(b, a)
    assert iou(a, a) == 1


def test_density_sse_ignores_brightness_and_survives_black() -> None:
    assert density_sse(X, 0.5 * X) == pytest.approx(0, abs=1e-12)
    a, b = np.array([[1.0, 0]]), np.array([[0, 4.0]])
    assert density_sse(a, b) == pytest.approx(2)
    assert density_sse(np.zeros((2, 2)), np.zeros((2, 2))) == 0


@pytest.mark.parametrize("measure", [psnr_db, ssim, iou, chamfer_px, density_sse])
def test_shapes_must_agree(measure) -> None:
    for a, b in ((np.zeros((2, 3)), np.zeros((3, 2))), (np.zeros((0, 2)), np.zeros((0, 2)))):
        with pytest.raises(InputError, match="of one shape"):
            measure(a.astype(np.bool_), b.astype(np.bool_))
