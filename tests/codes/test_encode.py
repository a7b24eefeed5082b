import numpy as np
import pytest
from skimage import data

import selfsame
from selfsame import IFS, IFSCode, InputError
from selfsame.codes.encode import encode_source, results
from selfsame.codes.settings import EncodeSettings
from selfsame.codes.store import pack as file_bytes
from selfsame.ifs.code import Viewport
from selfsame.io.pictures import SourcePicture, to_uint8
from selfsame.metrics.pictures import psnr_db

COLOR = np.ascontiguousarray(data.astronaut()[100:136, 200:250])
GREY = np.ascontiguousarray(data.camera()[100:140, 200:233])
ALPHA = np.random.default_rng(0).integers(0, 256, COLOR.shape[:2], dtype=np.uint8)


def test_a_picture_returns_much_alike_in_its_size_and_channels() -> None:
    for picture in (GREY, COLOR):
        code = selfsame.encode(picture, quality=95, effort=1)
        assert isinstance(code, selfsame.PifsCode)
        decoded = selfsame.decode(code)
        assert decoded.dtype == np.float32
        assert decoded.shape == picture.shape
        assert psnr_db(decoded, picture / 255) > 35


def test_alpha_travels_as_the_last_channel_exactly() -> None:
    for colors in (COLOR, COLOR[..., :1]):
        picture = np.dstack([colors, ALPHA])
        decoded = selfsame.decode(selfsame.encode(picture, quality=90, effort=1))
        assert decoded.shape == picture.shape
        assert np.array_equal(to_uint8(decoded[..., -1]), ALPHA)
        assert psnr_db(decoded[..., :-1], colors / 255) > 30


def test_floats_are_the_bytes_they_round_to() -> None:
    floats = GREY / np.float32(255) + np.float32(0.3 / 255)
    a, b = (selfsame.encode(picture, bpp=2, effort=1) for picture in (GREY, floats))
    assert file_bytes(a) == file_bytes(b)


def test_targets_are_kept() -> None:
    width, height = 33, 40
    small = len(file_bytes(selfsame.encode(GREY, bpp=1, effort=1)))
    assert 0.5 * width * height / 8 < small <= width * height / 8
    assert len(file_bytes(selfsame.encode(GREY, bytes=small - 1, effort=1))) < small
    assert psnr_db(selfsame.decode(selfsame.encode(GREY, psnr=33, effort=1)), GREY / 255) >= 33


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_no_picture_is_an_input_error(picture) -> None:
    with pytest.raises(InputError, match=r"picture must be \(H, W\) or \(H, W, 2 or 3 or 4\)"):
        selfsame.encode(picture)


def test_fewer_bytes_than_any_file_has_are_refused() -> None:
    with pytest.raises(InputError, match="bytes"):
        selfsame.encode(GREY, bytes=20, effort=1)


def test_scales_sizes_and_regions() -> None:
    code = selfsame.encode(COLOR, quality=60, effort=1)
    assert selfsame.decode(code, scale=2).shape == (72, 100, 3)
    assert selfsame.decode(code, size=(7, 9)).shape == (9, 7, 3)
    whole = selfsame.decode(code)
    assert np.array_equal(selfsame.decode(code, region=(3, 5, 20, 30)), whole[5:30, 3:20])


def test_an_ifs_is_drawn_at_its_own_or_any_size() -> None:
    quarters = [[x, y] for x in (0, 0.5) for y in (0, 0.5)]
    system = IFS([[[0.5, 0], [0, 0.5]]] * 4, quarters, [0.25] * 4)
    code = IFSCode(system, Viewport(0, 0, 1, 1), (24, 16))
    assert np.array_equal(selfsame.decode(code), selfsame.render(code))
    assert selfsame.decode(code, scale=0.5).shape == (8, 12)
    assert selfsame.decode(code, scale=0.01).shape == (1, 1)
    assert selfsame.decode(code, size=(5, 7)).shape == (7, 5)
    for wrong in ({"region": (0, 0, 2, 2)}, {"iterations": 3}, {"start": np.zeros((2, 2))}):
        with pytest.raises(InputError, match="is not for codes of the family ifs"):
            selfsame.decode(code, **wrong)
    for scale in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="scale must be a finite number above 0"):
            selfsame.decode(code, scale=scale)
    with pytest.raises(InputError, match="got str"):
        selfsame.decode("fern")


def test_results_describe_the_decoded_file() -> None:
    source = SourcePicture(COLOR, ALPHA, ("a note",))
    encoded = encode_source(source, EncodeSettings(quality=50, effort=1, mode="pure"))
    assert np.array_equal(encoded.code.alpha, ALPHA)
    values = results(source, encoded)
    decoded = to_uint8(selfsame.decode(selfsame.codes.store.unpack(encoded.data)))[..., :3]
    assert values == {
        "size": [50, 36],
        "mode": "pure",
        "encode_seconds": round(encoded.seconds, 4),
        "notes": ["a note"],
        "bytes": len(encoded.data),
        "bpp": len(encoded.data) * 8 / (50 * 36),
        "psnr": pytest.approx(psnr_db(decoded / 255, COLOR / 255), abs=1e-9),
    }
    grey = encode_source(SourcePicture(GREY, GREY), EncodeSettings(effort=1))
    assert np.array_equal(grey.colors, to_uint8(selfsame.decode(grey.code))[..., 0])
    assert encode_source(SourcePicture(GREY), EncodeSettings(effort=1)).colors.shape == GREY.shape
