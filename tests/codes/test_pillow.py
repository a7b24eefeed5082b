import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError
from skimage import data

import selfsame
from selfsame import IFS, IFSCode, save
from selfsame.codes.pillow import SelfsameImageFile
from selfsame.codes.registry import family_named
from selfsame.codes.store import pack
from selfsame.coding.container import HEADER_END, Header, read_container, write_container
from selfsame.errors import InputError
from support.sample_codes import FULL, SMALLEST

DATA = pack(FULL)


def rendered_by(monkeypatch, function):
    monkeypatch.setattr(family_named("ifs"), "render", lambda code, view, run: function(code))


def test_size_and_mode_come_from_the_header_alone():
    image = Image.open(io.BytesIO(DATA[:HEADER_END]))
    assert (image.size, image.mode, image.format) == ((12, 9), "RGB", "SSM")
    assert image.get_format_mimetype() == "image/x-selfsame"
    assert Image.open(io.BytesIO(pack(SMALLEST))).mode == "L"
    with pytest.raises(OSError, match="cannot decode Selfsame file: the file ends"):
        image.load()


def test_pixels_are_the_rendering(monkeypatch, tmp_path):
    pixels = np.random.default_rng(0).random((9, 12, 3)).astype(np.float32)
    seen = []
    rendered_by(monkeypatch, lambda code: seen.append(code) or pixels)
    save(FULL, tmp_path / "a.ssm")
    with Image.open(tmp_path / "a.ssm") as image:
        assert seen == []
        np.testing.assert_array_equal(np.asarray(image), np.rint(pixels * 255).astype(np.uint8))
    assert seen == [FULL]


def test_grey_pixels_have_row_0_at_the_top(monkeypatch):
    code = IFSCode(SMALLEST.system, SMALLEST.viewport, (3, 2))
    pixels = np.array([[0, 0.5, 1], [0.2, 0.4, 0.6]], np.float32)
    rendered_by(monkeypatch, lambda code: pixels)
    image = Image.open(io.BytesIO(pack(code)))
    assert np.asarray(image).tolist() == [[0, 128, 255], [51, 102, 153]]


def test_the_real_renderer_draws_the_attractor():
    """The square's four quarter copies fill the window: white everywhere."""
    quarters = [[x, y] for x in (0, 0.5) for y in (0, 0.5)]
    system = IFS([[[0.5, 0], [0, 0.5]]] * 4, quarters, [0.25] * 4)
    image = Image.open(io.BytesIO(pack(IFSCode(system, SMALLEST.viewport, (16, 8)))))
    assert image.size == (16, 8)
    assert np.asarray(image).min() > 0


def test_an_attractor_that_does_not_exist_is_an_oserror():
    system = IFS([[[3.0, 0], [0, 3.0]]] * 2, [[0, 0], [1, 1]], [0.5, 0.5])
    with pytest.raises(OSError, match="cannot decode Selfsame file"):
        Image.open(io.BytesIO(pack(IFSCode(system, SMALLEST.viewport, (4, 4))))).load()


def test_foreign_bytes_are_left_to_other_plug_ins():
    with pytest.raises(UnidentifiedImageError, match="cannot identify"):
        Image.open(io.BytesIO(b"\xd3SSN" + DATA[4:]))
    with pytest.raises(SyntaxError, match="not a Selfsame file"):
        SelfsameImageFile(io.BytesIO(b"GIF89a"))
    png = io.BytesIO()
    Image.new("L", (2, 2)).save(png, "PNG")
    assert Image.open(png).format == "PNG"


@pytest.mark.parametrize(
    "data", [DATA[:20], DATA[:8] + b"\2" + DATA[9:], DATA[:20] + b"\xff" + DATA[21:]]
)
def test_damaged_headers_say_what_is_wrong(data, tmp_path):
    (tmp_path / "a.ssm").write_bytes(data)
    for source in (io.BytesIO(data), tmp_path / "a.ssm"):
        with pytest.raises(OSError, match="cannot open Selfsame file: "):
            Image.open(source)


def test_unknown_kind_is_refused_at_opening():
    box = read_container(pack(SMALLEST))
    data = write_container(type(box)(Header(99, *box.header[1:]), box.chunks))
    with pytest.raises(OSError, match="kind 99"):
        Image.open(io.BytesIO(data))


def test_pixel_limit_is_ours_not_only_pillows(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    import struct
    import zlib

    payload = struct.pack("<BBII", 1, 0, 65_535, 65_535)
    crc = zlib.crc32(b"HEAD" + payload)
    data = DATA[:9] + b"HEAD" + struct.pack("<I", 10) + payload + struct.pack("<I", crc)
    for opener in (Image.open, SelfsameImageFile):
        with pytest.raises(OSError, match="134217728 pixels"):
            opener(io.BytesIO(data))


def test_errors_of_the_renderer_become_oserror(monkeypatch):
    def fail(code):
        raise InputError("no")

    rendered_by(monkeypatch, fail)
    with pytest.raises(OSError, match="cannot decode Selfsame file: no"):
        Image.open(io.BytesIO(DATA)).load()


def test_a_file_exchanged_between_opening_and_loading(blank_renderer):
    stream = io.BytesIO(DATA)
    image = Image.open(stream)
    stream.seek(0)
    stream.write(pack(SMALLEST))
    stream.truncate()
    with pytest.raises(OSError, match="size"):
        image.load()


PHOTO = np.ascontiguousarray(data.astronaut()[80:112, 200:240])
ALPHA = np.random.default_rng(0).integers(0, 256, PHOTO.shape[:2], dtype=np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_pictures_are_saved_as_block_codes_and_opened_again(tmp_path, mode):
    image = Image.fromarray(PHOTO).convert(mode)
    if mode[-1] == "A":
        image.putalpha(Image.fromarray(ALPHA))
    image.save(tmp_path / "a.ssm", quality=90, effort=1)
    with Image.open(tmp_path / "a.ssm") as opened:
        assert (opened.mode, opened.size, opened.format) == (mode, image.size, "SSM")
        before, after = np.asarray(image, float), np.asarray(opened, float)
    assert np.abs(before - after).mean() < 4
    if mode[-1] == "A":
        assert np.array_equal(after[..., -1], ALPHA)


def test_options_are_those_of_encode(tmp_path):
    image = Image.fromarray(PHOTO)
    for options in ({}, {"bpp": 1.0}, {"bytes": 300}, {"psnr": 22.0}, {"quality": 20}):
        stream = io.BytesIO()
        image.save(stream, "SSM", mode="pure", effort=1, **options)
        expected = selfsame.encode(PHOTO, mode="pure", effort=1, **options)
        assert stream.getvalue() == pack(expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"qualty": 3}, "unknown setting 'qualty'"),
        ({"optimize": True}, "unknown setting 'optimize'"),
        ({"quality": 0}, r"quality must be .* above 0"),
        ({"quality": 50, "bpp": 1}, "at most one of"),
        ({"mode": "best"}, "mode must be one of pure, hybrid"),
    ],
)
def test_other_options_are_named_errors_and_leave_nothing(tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        Image.fromarray(PHOTO).save(tmp_path / "a.ssm", **options)
    assert list(tmp_path.iterdir()) == []


def test_palettes_and_16_bits_are_saved_as_what_they_show(tmp_path):
    deep = Image.fromarray(PHOTO[..., 0].astype(np.uint16) * 257)
    palette = Image.fromarray(PHOTO).quantize(64)
    for image, plain in ((deep, PHOTO[..., 0]), (palette, np.asarray(palette.convert("RGB")))):
        image.save(tmp_path / "a.ssm", effort=1)
        assert (tmp_path / "a.ssm").read_bytes() == pack(selfsame.encode(plain, effort=1))


def test_size_and_mode_of_alpha_come_from_the_header_alone():
    for channels, mode in ((1, "LA"), (3, "RGBA")):
        picture = np.dstack([PHOTO[..., :channels], ALPHA])
        start = pack(selfsame.encode(picture, effort=1))[:HEADER_END]
        image = Image.open(io.BytesIO(start))
        assert (image.mode, image.size) == (mode, (40, 32))


def test_importing_selfsame_registers_and_stays_light():
    script = (
        "import sys, selfsame; from PIL import Image; "
        "assert Image.registered_extensions()['.ssm'] == 'SSM'; "
        "print([m for m in ('torch', 'numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
