import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame.datasets import Pictures, idx, read_pictures
from selfsame.errors import (
    CorruptedError,
    InputError,
    LimitError,
    SelfsameError,
    TruncatedError,
    UnsupportedError,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
LABELS = np.array([7, 2, 1, 0, 4], np.uint8)


def packed(array: np.ndarray, kind: int = 8) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return head + array.tobytes()


def write(path, array: np.ndarray) -> None:
    contents = packed(array)
    path.write_bytes(gzip.compress(contents) if path.suffix == ".gz" else contents)


@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_the_four_files_of_mnist(tmp_path, dot, end) -> None:
    for stem, count in (("train", 5), ("t10k", 3)):
        write(tmp_path / f"{stem}-images{dot}idx3-ubyte{end}", IMAGES[:count])
        write(tmp_path / f"{stem}-labels{dot}idx1-ubyte{end}", LABELS[:count])
    for split, stem, count in (("train", "train", 5), ("test", "t10k", 3)):
        file = tmp_path / f"{stem}-images{dot}idx3-ubyte{end}"
        for found in (read_pictures(tmp_path, split), read_pictures(file, split)):
            assert np.array_equal(found.images[..., 0], IMAGES[:count])
            assert found.labels.tolist() == LABELS[:count].tolist()
    with pytest.raises(InputError, match=r"no split 'test'; it has train$"):
        read_pictures(tmp_path / f"train-images{dot}idx3-ubyte{end}", "test")


def test_labels_are_found_by_name_or_left_out(tmp_path) -> None:
    write(tmp_path / "train-images-idx3-ubyte", IMAGES)
    assert read_pictures(tmp_path).labels is None
    write(tmp_path / "train-labels-idx1-ubyte.gz", LABELS)
    assert read_pictures(tmp_path).labels.tolist() == LABELS.tolist()
    write(tmp_path / "train-images-idx3-ubyte.gz", IMAGES[:2])  # the same, packed: not read
    assert len(read_pictures(tmp_path)) == 5
    write(tmp_path / "my-idx", IMAGES)
    assert read_pictures(tmp_path / "my-idx").labels is None


def test_several_sets_in_a_folder(tmp_path) -> None:
    for name in ("letters", "digits"):
        write(tmp_path / f"{name}-train-images-idx3-ubyte", IMAGES)
    with pytest.raises(InputError, match=r"several sets, digits.* letters.*give one of the files"):
        read_pictures(tmp_path)
    assert len(read_pictures(tmp_path / "letters-train-images-idx3-ubyte")) == 5


SOUND = packed(IMAGES)


@pytest.mark.parametrize(
    ("contents", "error", "message"),
    [
        (b"", TruncatedError, "after 0 of 4 bytes"),
        (SOUND[:3], TruncatedError, "after 3 of 4 bytes"),
        (SOUND[:10], TruncatedError, "after 6 of 12 bytes"),
        (SOUND[:20], CorruptedError, "more than it can hold"),
        (SOUND[:-1], TruncatedError, "after 59 of 60 bytes"),
        (SOUND + b"x", CorruptedError, "goes on"),
        (b"\x89PNG" + SOUND, CorruptedError, "89504e47"),
        (packed(IMAGES, 13), UnsupportedError, "type 0x0d"),
        (packed(LABELS), UnsupportedError, "1 dimensions"),
        (packed(IMAGES[:0]), InputError, "empty"),
        (struct.pack(">I3I", 0x803, 2**32 - 1, 4096, 4096), LimitError, "at most 2147483648"),
        (struct.pack(">I3I", 0x803, 1, 1, 2**32 - 1), LimitError, "sides of"),
        (struct.pack(">I3I", 0x803, 1000, 1000, 1000), CorruptedError, "more than it can hold"),
    ],
)
def test_damaged_files(tmp_path, contents, error, message) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(contents)
    with pytest.raises(error, match=message) as raised:
        read_pictures(path)
    assert path.name in str(raised.value)


def test_the_size_is_checked_before_anything_is_allocated(tmp_path, monkeypatch) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">I3I", 0x803, 1000, 1000, 1000)))
    read = idx.read_exactly

    def small(stream, count, what):
        assert count < 100
        return read(stream, count, what)

    monkeypatch.setattr(idx, "read_exactly", small)
    with pytest.raises(CorruptedError, match="more than it can hold"):
        read_pictures(path)


def test_damaged_gzip(tmp_path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    packs = gzip.compress(SOUND)
    for contents in (packs[:-9], packs[:-8] + bytes(8), packs[:10] + b"\xff" * 60):
        path.write_bytes(contents)
        with pytest.raises(CorruptedError, match="no sound gzip file"):
            read_pictures(path)


def test_labels_that_do_not_fit(tmp_path) -> None:
    write(tmp_path / "train-images-idx3-ubyte", IMAGES)
    write(tmp_path / "train-labels-idx1-ubyte", LABELS[:4])
    with pytest.raises(
        CorruptedError, match=r"5 pictures, but train-labels-idx1-ubyte .* 4 labels"
    ):
        read_pictures(tmp_path)
    write(tmp_path / "train-labels-idx1-ubyte", IMAGES)
    with pytest.raises(UnsupportedError, match=r"1 dimensions \(labels\)"):
        read_pictures(tmp_path)


def test_no_file(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_pictures(tmp_path / "train-images-idx3-ubyte")


def read_or_error(path) -> Pictures | SelfsameError:
    try:
        return read_pictures(path)
    except SelfsameError as error:
        return error


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_changed_bytes_are_named_or_harmless(tmp_path_factory, data) -> None:
    packs = data.draw(st.booleans())
    contents = bytearray(gzip.compress(SOUND) if packs else SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / ("damaged-idx.gz" if packs else "damaged-idx")
    path.write_bytes(contents)
    found = read_or_error(path)
    if isinstance(found, Pictures):
        assert found.images.size == IMAGES.size
    else:
        assert path.name in str(found)
