import io
import os
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from selfsame.errors import InputError
from selfsame.io import png as png_stream
from selfsame.io.png import filtered_rows, write_png


def noise(height, width, channels, seed=0):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    picture[: height // 2] //= 16  # something to compress
    return picture


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_another_reader_gets_the_pixels_back(tmp_path, channels, mode):
    picture = noise(37, 23, channels)
    path = tmp_path / "a.png"
    write_png(path, (23, 37), channels, [picture[:10], picture[10:11], picture[11:]])
    with Image.open(path) as image:
        image.load()
        assert image.mode == mode
        assert np.array_equal(np.asarray(image).reshape(picture.shape), picture)


def test_shares_and_threads_do_not_show(tmp_path, monkeypatch):
    picture = noise(64, 50, 3)
    monkeypatch.setattr(png_stream, "SHARE_BYTES", 1000)
    for threads in (1, 3):
        write_png(tmp_path / f"{threads}.png", (50, 64), 3, [picture], threads=threads)
    contents = (tmp_path / "1.png").read_bytes()
    assert (tmp_path / "3.png").read_bytes() == contents
    assert contents.count(b"IDAT") > 10
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(contents))), picture)


def test_the_compressed_stream_is_whole(tmp_path):
    """A strict reader: zlib's own checksum, every byte used."""
    picture = noise(20, 9, 3)
    write_png(tmp_path / "a.png", (9, 20), 3, [picture[:7], picture[7:]])
    contents, at, stream = (tmp_path / "a.png").read_bytes(), 8, b""
    while at < len(contents):
        length = int.from_bytes(contents[at : at + 4], "big")
        kind, payload = contents[at + 4 : at + 8], contents[at + 8 : at + 8 + length]
        crc = int.from_bytes(contents[at + 8 + length : at + 12 + length], "big")
        assert crc == zlib.crc32(kind + payload)
        stream += payload if kind == b"IDAT" else b""
        at += 12 + length
    inflate = zlib.decompressobj()
    rows = np.frombuffer(inflate.decompress(stream), np.uint8).reshape(20, 1 + 27)
    assert inflate.eof
    assert not inflate.unused_data
    assert np.array_equal(np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8), picture.reshape(20, 27))


def test_filter_by_hand():
    rows = np.array([[5, 250], [7, 4], [7, 0]], np.uint8)
    assert filtered_rows(rows).tolist() == [[2, 2, 10], [2, 0, 252]]


def test_progress_is_the_fraction_done(tmp_path):
    seen = []
    bands = [noise(3, 4, 1), noise(5, 4, 1)]
    write_png(tmp_path / "a.png", (4, 8), 1, bands, progress=seen.append)
    assert seen == [3 / 8, 1]


@pytest.mark.parametrize(
    ("size", "channels", "rows"), [((4, 9), 3, 8), ((4, 7), 3, 8), ((5, 8), 3, 8), ((4, 8), 1, 8)]
)
def test_bands_that_do_not_fit_leave_no_file(tmp_path, size, channels, rows):
    with pytest.raises(InputError, match="band"):
        write_png(tmp_path / "a.png", size, channels, [noise(rows, 4, 3)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("size", "channels"), [((0, 4), 3), ((4, 1 << 31), 3), ((4, 4), 5)])
def test_sizes_that_png_does_not_have(tmp_path, size, channels):
    with pytest.raises(InputError, match="PNG"):
        write_png(tmp_path / "a.png", size, channels, [])


def test_an_interrupted_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"mine")

    def bands():
        yield noise(4, 4, 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_png(path, (4, 8), 1, bands())
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="overwrite"):
        write_png(path, (4, 4), 1, [noise(4, 4, 1)], overwrite=False)


def test_bands_go_through_a_fifo(tmp_path):
    picture = noise(64, 50, 3)
    write_png(tmp_path / "file.png", (50, 64), 3, [picture[:32], picture[32:]])
    fifo, got = tmp_path / "fifo.png", io.BytesIO()
    os.mkfifo(fifo)

    def read():
        with fifo.open("rb", buffering=0) as stream:
            while piece := stream.read(1 << 16):
                got.write(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    write_png(fifo, (50, 64), 3, [picture[:32], picture[32:]])
    reader.join(10)
    assert fifo.is_fifo()
    assert got.getvalue() == (tmp_path / "file.png").read_bytes()
