import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError
from sample_codes import FULL, SMALLEST

from selfsame import IFS, IFSCode, save
from selfsame.bitstream import encode
from selfsame.bitstream.container import HEADER_END, Header, write_container
from selfsame.bitstream.ifs_chunks import encode_ifs
from selfsame.bitstream.kinds import KINDS
from selfsame.bitstream.pillow_plugin import SelfsameImageFile
from selfsame.errors import InputError

DATA = encode(FULL)


def rendered_by(monkeypatch, function):
    monkeypatch.setitem(KINDS, 1, KINDS[1]._replace(render=function))


def test_size_and_mode_come_from_the_header_alone():
    image = Image.open(io.BytesIO(DATA[:HEADER_END]))
    assert (image.size, image.mode, image.format) == ((12, 9), "RGB", "SSM")
    assert image.get_format_mimetype() == "image/x-selfsame"
    assert Image.open(io.BytesIO(encode(SMALLEST))).mode == "L"
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
    image = Image.open(io.BytesIO(encode(code)))
    assert np.asarray(image).tolist() == [[0, 128, 255], [51, 102, 153]]


def test_the_real_renderer_draws_the_attractor():
    """The square's four quarter copies fill the window: white everywhere."""
    quarters = [[x, y] for x in (0, 0.5) for y in (0, 0.5)]
    system = IFS([[[0.5, 0], [0, 0.5]]] * 4, quarters, [0.25] * 4)
    image = Image.open(io.BytesIO(encode(IFSCode(system, SMALLEST.viewport, (16, 8)))))
    assert image.size == (16, 8)
    assert np.asarray(image).min() > 0


def test_an_attractor_that_does_not_exist_is_an_oserror():
    system = IFS([[[3.0, 0], [0, 3.0]]] * 2, [[0, 0], [1, 1]], [0.5, 0.5])
    with pytest.raises(OSError, match="cannot decode Selfsame file"):
        Image.open(io.BytesIO(encode(IFSCode(system, SMALLEST.viewport, (4, 4))))).load()


def test_foreign_bytes_are_left_to_other_plug_ins():
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(b"\xd3SSN" + DATA[4:]))
    with pytest.raises(SyntaxError):
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
    box = encode_ifs(SMALLEST)
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
    stream.write(encode(SMALLEST))
    stream.truncate()
    with pytest.raises(OSError, match="size"):
        image.load()


def test_pictures_are_not_saved_as_codes(tmp_path):
    with pytest.raises(InputError, match="selfsame fit"):
        Image.new("L", (4, 4)).save(tmp_path / "a.ssm")
    assert list(tmp_path.iterdir()) == []


def test_importing_selfsame_registers_and_stays_light():
    script = (
        "import sys, selfsame; from PIL import Image; "
        "assert Image.registered_extensions()['.ssm'] == 'SSM'; "
        "print([m for m in ('torch', 'numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
