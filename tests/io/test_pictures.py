import os
import resource
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from skimage import data

from selfsame import InputError
from selfsame.io.pictures import (
    check_picture_suffix,
    picture_from_pillow,
    read_picture,
    read_source,
    resize_picture,
    source_from_pillow,
    to_uint8,
    write_animation,
    write_picture,
)

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 5), dtype=np.uint8)
RGB = RNG.integers(0, 256, (7, 5, 3), dtype=np.uint8)


# --- reading ---


@pytest.mark.parametrize("pixels", [GREY, RGB])
def test_png_round_trip_is_exact(tmp_path, pixels) -> None:
    path = tmp_path / "a.png"
    write_picture(path, pixels)
    picture = read_picture(path)
    assert picture.dtype == np.float32
    assert picture.shape == pixels.shape
    assert np.array_equal(to_uint8(picture), pixels)
    write_picture(path, picture)  # floats write the same bytes
    assert np.array_equal(to_uint8(read_picture(path)), pixels)


def test_modes_choose_the_channels(tmp_path) -> None:
    path = tmp_path / "a.png"
    write_picture(path, RGB)
    luma = np.asarray(Image.fromarray(RGB).convert("L"), np.float32) / 255
    assert read_picture(path, "grey") == pytest.approx(luma)
    assert read_picture(path, "rgb").shape == (7, 5, 3)
    equal = np.repeat(GREY[..., None], 3, axis=2)
    write_picture(path, equal)
    assert read_picture(path).shape == (7, 5)
    assert np.array_equal(to_uint8(read_picture(path, "rgb")), equal)


def test_transparency_is_laid_over_black() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 0], rgba[0, :, 3] = 200, (0, 128, 255)
    picture = picture_from_pillow(Image.fromarray(rgba))
    assert picture[0, :, 0] * 255 == pytest.approx([0, 100, 200], abs=1)
    assert (picture[..., 1:] == 0).all()


def test_palette_one_bit_16_bit_and_float_pictures() -> None:
    palette = Image.fromarray(RGB).quantize(200)
    expected = np.asarray(palette.convert("RGB"), np.float32) / 255
    assert picture_from_pillow(palette) == pytest.approx(expected)
    bits = Image.fromarray(GREY > 99)
    assert np.array_equal(picture_from_pillow(bits), (GREY > 99).astype(np.float32))
    deep = Image.fromarray(np.array([[0, 32768, 65535]], np.uint16))
    assert picture_from_pillow(deep)[0] == pytest.approx([0, 32768 / 65535, 1])
    floats = Image.fromarray(np.array([[-0.001, 0.25, 1.001]], np.float32))
    assert picture_from_pillow(floats)[0].tolist() == [0, 0.25, 1]
    assert picture_from_pillow(floats, "rgb").shape == (1, 3, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([[0, 255]], np.float32), "a picture of mode F must hold .* of 0 to 255"),
        (np.array([[0.5, np.nan]], np.float32), "a picture of mode F must be finite"),
        (
            np.array([[0, 2 * 65535]], np.int32),
            "a picture of mode I, over 65535, must hold .* of 0 to 2;",
        ),
    ],
)
def test_deep_pictures_out_of_range_are_refused_by_name(tmp_path, values, message) -> None:
    path = tmp_path / "deep.tif"
    Image.fromarray(values).save(path)
    for read in (read_picture, read_source):
        with pytest.raises(InputError, match=rf"deep\.tif: {message}"):
            read(path)


def test_exif_orientation_is_applied(tmp_path) -> None:
    image = Image.fromarray(RGB)
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned: rows are columns
    image.save(tmp_path / "a.png", exif=exif)
    turned = to_uint8(read_picture(tmp_path / "a.png"))
    assert np.array_equal(turned, np.rot90(RGB, -1))


def test_what_is_no_picture_gets_a_named_error(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_picture(tmp_path / "none.png")
    text = tmp_path / "a.png"
    text.write_text("hello")
    with pytest.raises(InputError, match="cannot be read as a picture"):
        read_picture(text)
    with pytest.raises(InputError, match="cannot be read as a picture"):
        read_picture(tmp_path)


def test_cut_pictures_get_a_named_error(tmp_path) -> None:
    whole = tmp_path / "a.png"
    write_picture(whole, RGB)
    bytes_ = whole.read_bytes()
    for length in (0, 4, 8, 20, 40, len(bytes_) - 60):
        whole.write_bytes(bytes_[:length])
        with pytest.raises(InputError, match="cannot be read as a picture"):
            read_picture(whole)


def test_pictures_beyond_pillows_limit_are_refused(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.png"
    write_picture(path, GREY)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(InputError, match="cannot be read as a picture"):
        read_picture(path)


def test_a_side_beyond_the_formats_limit_is_refused_before_it_is_decoded(tmp_path) -> None:
    path = tmp_path / "a.png"
    write_picture(path, np.zeros((1, 65536), np.uint8))
    path.write_bytes(path.read_bytes()[:60])
    for reader in (read_picture, read_source):
        with pytest.raises(InputError, match=r"too large: sides up to 65535 .* it has 65536x1"):
            reader(path)


# --- sources of the codec ---


@pytest.mark.parametrize("pixels", [GREY, RGB, GREY[:1, :1], RGB[:1, :1]])
def test_bytes_come_as_they_are(tmp_path, pixels) -> None:
    write_picture(tmp_path / "a.png", pixels)
    source = read_source(tmp_path / "a.png")
    assert source.pixels.dtype == np.uint8
    assert np.array_equal(source.pixels, pixels)
    assert (source.alpha, source.notes) == (None, ())
    assert source.size == pixels.shape[1::-1]


def test_colour_with_equal_channels_is_grey() -> None:
    equal = np.repeat(GREY[..., None], 3, axis=2)
    assert np.array_equal(source_from_pillow(Image.fromarray(equal)).pixels, GREY)
    rgba = np.dstack([equal, 255 - GREY])
    source = source_from_pillow(Image.fromarray(rgba))
    assert np.array_equal(source.pixels, GREY)
    assert np.array_equal(source.alpha, 255 - GREY)
    equal[3, 2, 1] ^= 1
    assert np.array_equal(source_from_pillow(Image.fromarray(equal)).pixels, equal)


@pytest.mark.parametrize("channels", [1, 3])
def test_alpha_is_kept_unless_opaque(tmp_path, channels) -> None:
    pixels = GREY if channels == 1 else RGB
    alpha = RNG.integers(0, 256, GREY.shape, dtype=np.uint8)
    write_picture(tmp_path / "a.png", np.dstack([pixels, alpha]))
    source = read_source(tmp_path / "a.png")
    assert np.array_equal(source.pixels, pixels)
    assert np.array_equal(source.alpha, alpha)
    assert source.notes == ()
    alpha[:] = 255
    write_picture(tmp_path / "a.png", np.dstack([pixels, alpha]))
    source = read_source(tmp_path / "a.png")
    assert source.alpha is None
    assert np.array_equal(source.pixels, pixels)


def test_a_transparent_colour_becomes_alpha(tmp_path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png", transparency=int(GREY[2, 3]))
    source = read_source(tmp_path / "a.png")
    assert np.array_equal(source.pixels, GREY)
    assert np.array_equal(source.alpha, np.where(GREY[2, 3] == GREY, 0, 255))


def test_palettes_are_resolved_with_a_note() -> None:
    palette = Image.fromarray(RGB).quantize(200)
    source = source_from_pillow(palette)
    assert np.array_equal(source.pixels, np.asarray(palette.convert("RGB")))
    assert source.notes == ("palette resolved into channels",)
    palette.info["transparency"] = 7
    alpha = source_from_pillow(palette).alpha
    assert np.array_equal(alpha == 0, np.asarray(palette) == 7)


def test_16_bits_are_rounded_with_a_note(tmp_path) -> None:
    values = np.array([[0, 128, 129, 257 * 200 + 128, 257 * 200 + 129, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    source = read_source(tmp_path / "a.png")
    assert source.pixels.tolist() == [[0, 0, 1, 200, 201, 255]]
    assert source.notes == ("16 bits per channel reduced to 8",)
    floats = source_from_pillow(Image.fromarray(np.array([[0, 0.5, 1]], np.float32)))
    assert floats.pixels.tolist() == [[0, 128, 255]]
    assert floats.notes == ("floating point values reduced to 8 bits",)


def png_chunk(tag: bytes, payload: bytes) -> bytes:
    crc = zlib.crc32(tag + payload).to_bytes(4, "big")
    return len(payload).to_bytes(4, "big") + tag + payload + crc


def test_16_bit_colour_is_noted_though_pillow_drops_it_silently(tmp_path) -> None:
    header = bytes([0, 0, 0, 1, 0, 0, 0, 1, 16, 2, 0, 0, 0])
    pixel = zlib.compress(bytes([0, 10, 99, 20, 99, 30, 99]))
    chunks = ((b"IHDR", header), (b"IDAT", pixel), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    (tmp_path / "a.png").write_bytes(data)
    source = read_source(tmp_path / "a.png")
    assert source.pixels.tolist() == [[[10, 20, 30]]]
    assert source.notes == ("16 bits per channel reduced to 8",)


def test_cmyk_is_converted_with_a_note(tmp_path) -> None:
    cmyk = Image.fromarray(RGB).convert("CMYK")
    cmyk.save(tmp_path / "a.tif")
    source = read_source(tmp_path / "a.tif")
    assert np.array_equal(source.pixels, np.asarray(cmyk.convert("RGB")))
    assert source.notes == ("CMYK converted to sRGB",)


def test_unknown_modes_are_named_errors() -> None:
    with pytest.raises(InputError, match="mode La cannot be converted"):
        source_from_pillow(Image.new("La", (2, 2)))


def test_animations_give_their_first_frame_with_a_note(tmp_path) -> None:
    frames = [np.full((8, 8), level, np.uint8) for level in (10, 200, 90)]
    write_animation(tmp_path / "a.png", frames)
    source = read_source(tmp_path / "a.png")
    assert (source.pixels == 10).all()
    assert source.notes == ("the first of 3 frames",)


def test_sources_lie_upright(tmp_path) -> None:
    image = Image.fromarray(RGB)
    exif = image.getexif()
    exif[0x0112] = 8
    image.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_source(tmp_path / "a.png").pixels, np.rot90(RGB))


def test_what_is_no_source_gets_a_named_error(tmp_path) -> None:
    whole = tmp_path / "a.png"
    write_picture(whole, RGB)
    whole.write_bytes(whole.read_bytes()[:-60])
    (tmp_path / "b.png").write_text("hello")
    with pytest.raises(InputError, match="no such file"):
        read_source(tmp_path / "none.png")
    for path in (whole, tmp_path / "b.png", tmp_path):
        with pytest.raises(InputError, match="cannot be read as a picture"):
            read_source(path)


@pytest.mark.parametrize("error", [RuntimeError("no planes"), TypeError("no size"), KeyError(3)])
def test_whatever_a_plug_in_raises_is_a_named_error(tmp_path, monkeypatch, error) -> None:
    def fail(*_):
        raise error

    monkeypatch.setattr(Image, "open", fail)
    for reader in (read_picture, read_source):
        with pytest.raises(InputError, match=r"a\.png cannot be read as a picture"):
            reader(tmp_path / "a.png")


# --- writing ---


def test_to_uint8_rounds_clips_and_survives_nan() -> None:
    values = np.array([-1, 0, 0.5 / 255 - 1e-6, 0.5 / 255 + 1e-6, 1, 2, np.nan, np.inf, -np.inf])
    assert to_uint8(values).tolist() == [0, 0, 0, 1, 255, 255, 0, 255, 0]
    assert to_uint8(GREY) is GREY


def test_rgba_is_written_and_unknown_suffixes_are_refused(tmp_path) -> None:
    rgba = RNG.integers(0, 256, (3, 4, 4), dtype=np.uint8)
    write_picture(tmp_path / "a.png", rgba)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), rgba)
    with pytest.raises(InputError, match="unknown picture suffix"):
        write_picture(tmp_path / "a.xyz", rgba)
    with pytest.raises(InputError, match="exists"):
        write_picture(tmp_path / "a.png", rgba, overwrite=False)
    grey_alpha = rgba[..., :2]
    write_picture(tmp_path / "b.png", grey_alpha)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), grey_alpha)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.ssm", "a.fli"])
def test_only_suffixes_that_pillow_writes_pictures_to(tmp_path, name) -> None:
    with pytest.raises(InputError, match="unknown picture suffix"):
        check_picture_suffix(tmp_path / name)
    with pytest.raises(InputError, match="unknown picture suffix"):
        write_picture(tmp_path / name, GREY)
    assert list(tmp_path.iterdir()) == []


def test_formats_without_alpha_say_so(tmp_path) -> None:
    for channels in (2, 4):
        with pytest.raises(InputError, match=r"a\.jpg: its format has no alpha; use \.png"):
            write_picture(tmp_path / "a.jpg", np.zeros((3, 4, channels), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".apng"])
def test_animations_loop_and_hold_the_last_frame(tmp_path, suffix) -> None:
    frames = [np.full((8, 8), level, np.float32) for level in (0, 0.5, 1)]
    path = tmp_path / f"a{suffix}"
    write_animation(path, iter(frames), milliseconds=50, hold_last=900)
    with Image.open(path) as image:
        assert image.n_frames == 3
        durations = []
        for frame, expected in enumerate(frames):
            image.seek(frame)
            image.load()
            durations.append(image.info["duration"])
            shown = np.asarray(image.convert("L"), np.float32) / 255
            assert shown == pytest.approx(expected, abs=0.02)
    if suffix != ".webp":  # its reader gives end times, not durations, in some versions
        assert durations == [50, 50, 900]


def test_animations_need_frames_and_a_suffix_that_moves(tmp_path) -> None:
    with pytest.raises(InputError, match="at least one frame"):
        write_animation(tmp_path / "a.gif", [])
    with pytest.raises(InputError, match=r"\.gif, \.webp, \.png or \.apng"):
        write_animation(tmp_path / "a.jpg", [GREY])
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_a_format_does_not_hold_are_the_callers_error(tmp_path) -> None:
    for name, side in (("a.gif", 70_000), ("a.webp", 17_000)):
        with pytest.raises(InputError, match=f"a.* its format does not hold {side}x1 pixels"):
            write_picture(tmp_path / name, np.zeros((1, side), np.uint8))
    assert list(tmp_path.iterdir()) == []


@contextmanager
def disk_of(room: int) -> Iterator[None]:
    """No file grows beyond ``room`` bytes: the last write that fits is short, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


NOISE = RNG.integers(0, 256, (200, 200, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.bmp", "a.ppm", "a.tif", "a.tga", "a.png", "a.webp", "a.gif", "a.jp2"]
)
def test_a_full_disk_is_an_error_and_leaves_no_cut_picture(tmp_path, name) -> None:
    with pytest.raises(OSError, match="too large"), disk_of(5000):
        write_picture(tmp_path / name, NOISE)
    assert list(tmp_path.iterdir()) == []
    write_picture(tmp_path / name, NOISE)
    whole = (tmp_path / name).read_bytes()
    with pytest.raises(OSError, match="too large"), disk_of(len(whole) - 1):
        write_picture(tmp_path / name, NOISE)
    assert (tmp_path / name).read_bytes() == whole


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_a_full_disk_leaves_no_cut_animation(tmp_path, name) -> None:
    with pytest.raises(OSError, match="too large"), disk_of(5000):
        write_animation(tmp_path / name, [NOISE, NOISE[::-1]])
    assert list(tmp_path.iterdir()) == []


def test_pictures_go_through_a_fifo(tmp_path) -> None:
    fifo, got = tmp_path / "a.png", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()), daemon=True)
    reader.start()
    write_picture(fifo, RGB)
    reader.join(10)
    assert fifo.is_fifo()
    (tmp_path / "b.png").write_bytes(got[0])
    assert np.array_equal(to_uint8(read_picture(tmp_path / "b.png")), RGB)


# --- resizing ---


def test_resizing_keeps_the_mean_the_range_and_the_shape() -> None:
    picture = data.astronaut()[:64, :48].astype(np.float32) / 255
    for size in ((24, 32), (12, 16)):
        small = resize_picture(picture, size)
        assert small.shape == (size[1], size[0], 3)
        assert small.mean(axis=(0, 1)) == pytest.approx(picture.mean(axis=(0, 1)), abs=5e-3)
    assert resize_picture(picture, (48, 64)) is picture
    large = resize_picture(picture[..., 0], (96, 128))
    assert large.shape == (128, 96)
    assert large.min() >= 0
    assert large.max() <= 1


def test_halving_uses_the_widened_triangle() -> None:
    # Pillow's bilinear filter reaches two pixels at factor 2: weights 1 3 3 1 over 8.
    row = np.array([[0, 0, 0, 1, 0, 0, 0, 0]], np.float32)
    assert resize_picture(row, (4, 1))[0] == pytest.approx([0, 3 / 8, 1 / 8, 0], abs=1e-6)
