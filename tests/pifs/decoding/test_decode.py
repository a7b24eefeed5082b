from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from selfsame.codes.render import decode_steps
from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8
from selfsame.metrics.pictures import psnr_db
from selfsame.pifs.code import PifsCode, PlaneCode
from selfsame.pifs.decoding.decode import decode, decode_bytes
from selfsame.pifs.decoding.planes import deblock
from support.attractors import reconstruct_plane
from support.random_codes import random_code

COLOURS = [(1, False), (3, False), (3, True)]


def flat_code(values, half_chroma=False):
    """Return the code of a picture of 64 × 64 pixels whose planes are constant: a block each."""
    planes = []
    for c, value in enumerate(values):
        side, log2 = (32, 5) if c > 0 and half_chroma else (64, 6)
        levels = np.zeros((side, side), np.int32)
        levels[0, 0] = value  # of the mean, as the step is the side
        block = np.array([[0, 0, log2, log2]], np.int32)
        planes.append(PlaneCode(side, side, side, block, np.zeros((1, 5), np.int32), levels))
    return PifsCode(64, 64, "hybrid", tuple(planes), half_chroma, 0, 0)


def by_the_formulas(code):
    """Return the picture of a code in the plain way: planes, interpolation of chroma, JFIF."""
    planes, luma = [], None
    for c, plane in enumerate(code.planes):
        x = reconstruct_plane(plane, code.iterations, 1, luma)
        luma = x if c == 0 else luma
        x = x.copy()
        deblock(x, plane, code.deblock)
        x = x[: plane.height, : plane.width]
        if c > 0 and code.half_chroma:
            y, left = ((np.arange(n) + 0.5) / 2 - 0.5 for n in (code.height, code.width))
            x = linear(linear(x, y).T, left).T
        planes.append(x.astype(np.float64))
    return picture_of(planes)


def picture_of(planes):
    if len(planes) == 1:
        return np.clip((planes[0] + 128) / 255, 0, 1)
    y, cb, cr = planes
    green = y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587
    rgb = np.stack([y + 1.402 * cr, green, y + 1.772 * cb], axis=2)
    return np.clip((rgb + 128) / 255, 0, 1)


def linear(x, rows):
    rows = np.clip(rows, 0, len(x) - 1)
    low = np.floor(rows).astype(int)
    part = (rows - low)[:, None]
    return (1 - part) * x[low] + part * x[np.minimum(low + 1, len(x) - 1)]


@pytest.mark.parametrize(("channels", "half_chroma"), COLOURS)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (97, 71), (130, 64)])
def test_picture_is_that_of_the_formulas(channels, half_chroma, size):
    code = random_code(sum(size), *size, channels, half_chroma)
    picture = decode(code)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture, by_the_formulas(code), atol=2e-5)


def test_constant_planes_are_their_colour():
    np.testing.assert_allclose(decode(flat_code([-28])), np.full((64, 64), 100 / 255), atol=1e-6)
    for half_chroma in (False, True):
        picture = decode(flat_code([-28, -20, 40], half_chroma))
        expected = np.array([100 + 1.402 * 40, 100 + 0.344136 * 20 - 0.714136 * 40, 100 - 35.44])
        np.testing.assert_allclose(picture, np.broadcast_to(expected / 255, (64, 64, 3)), atol=1e-5)
    assert (decode(flat_code([127, 0, 127]))[..., 0] == 1).all()


@pytest.mark.parametrize(("channels", "half_chroma"), COLOURS)
@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("iterations", [0, 1, None])
def test_region_equals_that_part_of_the_picture(channels, half_chroma, scale, iterations):
    code = random_code(20, 197, 171, channels, half_chroma, alpha=True)
    code = replace(code, deblock=0 if iterations == 1 else 5)
    whole = decode(code, scale=scale, iterations=iterations)
    for region in (
        (0, 0, 1, 1),
        (65, 43, 116, 78),
        (64, 40, 72, 48),
        (196, 170, 197, 171),
        (3, 0, 7, 171),
    ):
        x0, y0, x1, y1 = (scale * side for side in region)
        part = decode(code, scale=scale, region=region, iterations=iterations)
        np.testing.assert_array_equal(part, whole[y0:y1, x0:x1])


def test_region_at_other_scales_is_close_to_that_part():
    code = replace(random_code(21, 200, 100, 3, True, alpha=True), deblock=0)
    whole = decode(code, scale=1.5)
    part = decode(code, scale=1.5, region=(64, 32, 128, 64))
    assert part.shape == (48, 96, 4)
    np.testing.assert_allclose(part, whole[48:96, 96:192], atol=1e-3)


@pytest.mark.parametrize("scale", [0.01, 0.5, 1, 1.3, 2, 2.5])
def test_sides_are_rounded_and_channels_kept(scale):
    for channels, half_chroma in COLOURS:
        for alpha in (False, True):
            code = random_code(22, 67, 45, channels, half_chroma, alpha=alpha)
            shape = decode(code, scale=scale).shape
            assert shape[:2] == (max(1, round(45 * scale)), max(1, round(67 * scale)))
            assert shape[2:] == (() if channels + alpha == 1 else (channels + alpha,))


@pytest.mark.parametrize("half_chroma", [False, True])
def test_other_scales_resample_the_next_finer_grid(half_chroma):
    code = replace(random_code(23, 64, 48, 3, half_chroma), deblock=4)
    fine = decode(code, scale=2)
    picture = decode(code, size=(96, 72))
    for c in range(3):
        image = Image.fromarray(np.ascontiguousarray(fine[..., c]))
        expected = np.asarray(image.resize((96, 72), Image.Resampling.LANCZOS)).clip(0, 1)
        assert psnr_db(picture[..., c], expected) > 30
    half = decode(code, scale=0.5)
    averaged = decode(code).reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    assert psnr_db(half, averaged) > 25
    stretched = decode(code, size=(32, 96))
    assert stretched.shape == (96, 32, 3)
    assert psnr_db(stretched.reshape(24, 4, 32, 1, 3).mean(axis=(1, 3)), averaged) > 25


@pytest.mark.parametrize(("channels", "half_chroma"), COLOURS)
@pytest.mark.parametrize("view", [{}, {"scale": 1.3}, {"scale": 2, "region": (3, 4, 60, 31)}])
def test_bytes_are_the_rounded_picture(channels, half_chroma, view):
    for alpha in (False, True):
        code = random_code(3, 97, 71, channels, half_chroma, alpha=alpha)
        got = decode_bytes(code, **view)
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got, to_uint8(decode(code, **view)))


@pytest.mark.parametrize(("channels", "half_chroma"), COLOURS)
@pytest.mark.parametrize("size", [(96, 72), (100, 31), (37, 50), (5, 1)])
def test_other_sizes_are_pillows_of_every_plane(channels, half_chroma, size):
    code = replace(random_code(29, 64, 48, channels, half_chroma), deblock=4)
    grid = 2 if size[0] > 64 else 1 if size[1] <= 48 else 2
    planes, luma = [], None
    for c, plane in enumerate(code.planes):
        x = reconstruct_plane(plane, code.iterations, grid, luma)
        luma = x if c == 0 else luma
        x = x.copy()
        deblock(x, plane, code.deblock, grid)
        x = x[: plane.height * grid, : plane.width * grid]
        kind = Image.Resampling.BILINEAR if c and half_chroma else Image.Resampling.LANCZOS
        resized = Image.fromarray(np.ascontiguousarray(x)).resize(size, kind)
        planes.append(np.asarray(resized, np.float64))
    np.testing.assert_allclose(decode(code, size=size), picture_of(planes), atol=2e-5)


def test_alpha_is_exact_at_the_size_of_the_picture_and_smooth_at_others():
    code = random_code(24, 20, 10, 3, alpha=True)
    np.testing.assert_array_equal(decode(code)[..., 3], code.alpha / np.float32(255))
    ramp = np.broadcast_to(np.arange(20, dtype=np.uint8) * 10, (10, 20))
    finer = decode(replace(code, alpha=ramp), scale=2)[5, 4:-4, 3] * 255
    np.testing.assert_allclose(np.diff(finer), 5, atol=1.01)


@pytest.mark.parametrize(("channels", "half_chroma"), COLOURS)
def test_number_of_threads_changes_nothing(channels, half_chroma):
    code = replace(random_code(25, 300, 200, channels, half_chroma), deblock=3)
    for scale in (1, 1.5):
        one, two = (decode(code, scale=scale, threads=n) for n in (1, 2))
        np.testing.assert_array_equal(one, two)


def test_iteration_starts_from_any_picture():
    code = replace(random_code(26, 90, 70, 3, True), deblock=0)
    rng = np.random.default_rng(1)
    start = rng.random((70, 90, 3), np.float32)
    assert psnr_db(decode(code, start=start, iterations=1), decode(code)) < 40
    assert psnr_db(decode(code, start=start, iterations=64), decode(code, iterations=64)) > 60
    shown = decode(replace(code, half_chroma=False, planes=code.planes[:1]), start=start[..., 0],
                   iterations=0)  # fmt: skip
    np.testing.assert_allclose(shown, start[..., 0], atol=0.51 / 255)
    coarse = Image.fromarray(np.uint8([[0, 255]])).resize((90, 70), Image.Resampling.BICUBIC)
    grey = decode(code, start=np.float32([[0, 1]]), iterations=0)
    np.testing.assert_allclose(grey[..., 1], np.asarray(coarse) / 255, atol=1.01 / 255)


def test_steps_are_the_decodings_with_that_many_iterations():
    code = random_code(27, 40, 30, 3, True)
    steps = list(decode_steps(code, steps=3, scale=2, region=(0, 0, 20, 20)))
    assert len(steps) == 4
    for rounds, picture in enumerate(steps):
        expected = decode(code, iterations=rounds, scale=2, region=(0, 0, 20, 20))
        np.testing.assert_array_equal(picture, expected)
    assert len(list(decode_steps(code))) == code.iterations + 1
    grey = next(decode_steps(replace(code, deblock=0), start="grey"))
    assert np.abs(grey - 0.5).max() < 0.003
    noise = [next(decode_steps(code, start="noise")) for _ in range(2)]
    np.testing.assert_array_equal(*noise)
    assert noise[0].std() > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": -1}, "scale"),
        ({"scale": 64.1}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"size": (0, 5)}, "size"),
        ({"size": (64 * 60 + 1, 40)}, "size"),
        ({"region": (0, 0, 61, 10)}, "region"),
        ({"region": (5, 5, 5, 10)}, "region"),
        ({"region": (-1, 0, 5, 5)}, "region"),
        ({"iterations": -1}, "iterations"),
        ({"iterations": 65}, "iterations"),
        ({"iterations": 2.5}, "iterations must be a whole number"),
        ({"threads": 0}, "threads"),
        ({"threads": 1.5}, "threads must be a whole number"),
        ({"threads": 2**40}, r"threads must be a whole number within 1\.\.1024"),
        ({"start": np.zeros((4, 4), complex)}, "start must hold bytes .* got complex128"),
        ({"start": np.zeros((4, 4, 2), np.float32)}, "start"),
        ({"start": np.zeros((0, 4), np.float32)}, "start"),
    ],
)
def test_unusable_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        decode(random_code(28, 60, 40), **arguments)


def test_unknown_start_and_too_large_results_are_refused():
    code = random_code(28, 60, 40)
    with pytest.raises(InputError, match="noise"):
        next(decode_steps(code, start="snow"))
    with pytest.raises(InputError, match=r"steps must be a whole number within 0\.\.64: got -1"):
        decode_steps(code, steps=-1)
    # A result of 119 million pixels would be computed on a grid of 256 million.
    blocks = np.array([(y, x, 6, 6) for y in range(0, 8000, 64) for x in range(0, 8000, 64)])
    plane = PlaneCode(8000, 8000, 64.0, blocks.astype(np.int32),
                      np.zeros((len(blocks), 5), np.int32),
                      np.broadcast_to(np.int32(0), (8000, 8000)))  # fmt: skip
    large = PifsCode(8000, 8000, "pure", (plane,), False, 0, 0)
    with pytest.raises(InputError, match="pixels"):
        decode(large, scale=2)
    with pytest.raises(InputError, match="grid of 2 samples"):
        decode(large, scale=1.01, size=None)
    part = decode(large, scale=1.5, region=(4000, 4000, 4010, 4010))
    np.testing.assert_allclose(part, 128 / 255, atol=1e-6)
