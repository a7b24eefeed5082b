import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame.datasets import Pictures, read_pictures
from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    LimitError,
    SelfsameError,
    TruncatedError,
    UnsupportedError,
)
from selfsame.io import arrays

BYTES = np.random.default_rng(0).integers(0, 256, (7, 5, 6), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2], np.uint8)


@pytest.fixture
def saved(tmp_path):
    def save(**arrays) -> str:
        path = tmp_path / "set.npz"
        np.savez_compressed(path, **arrays)
        return path

    return save


@pytest.mark.parametrize(
    ("images", "labels", "split"),
    [
        ("train_images", "train_labels", "train"),
        ("x_train", "y_train", "train"),
        ("test_images", "test_labels", "test"),
        ("x_test", "y_test", "test"),
        ("val_images", "val_labels", "test"),
        ("X_train", "y_train", "train"),
        ("x_val", "y_val", "test"),
        ("images", "labels", "train"),
        ("x", "y", "train"),
        ("X", "Y", "train"),
        ("data", "target", "train"),
        ("images", "label", "train"),
        ("arr_0", "arr_1", "train"),
    ],
)
def test_names_of_arrays(saved, images, labels, split) -> None:
    path = saved(**{images: BYTES, labels: LABELS}, other=np.zeros(3))
    for asked in (split, None):
        found = read_pictures(path, asked)
        assert np.array_equal(found.images[..., 0], BYTES)
        assert found.labels.tolist() == LABELS.tolist()
    assert read_pictures(saved(**{images: BYTES})).labels is None


def test_a_split_that_is_not_there(saved) -> None:
    with pytest.raises(InputError, match=r"no split 'test'; it has train$"):
        read_pictures(saved(images=BYTES), "test")
    both = saved(train_images=BYTES, test_images=BYTES[:2])
    with pytest.raises(InputError, match="choose one of train, test"):
        read_pictures(both)
    assert len(read_pictures(both, "test")) == 2
    with pytest.raises(InputError, match=r"no array of pictures \(images.*found pixels"):
        read_pictures(saved(pixels=BYTES))


COLOUR = np.random.default_rng(1).integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (BYTES[..., None], BYTES[..., None]),
        (COLOUR, COLOUR),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR),
        (np.asfortranarray(COLOUR), COLOUR),
        (COLOUR.astype(np.int64), COLOUR),
        (COLOUR.astype(">u2"), COLOUR),
        ((COLOUR / 255).astype(np.float32), COLOUR),
        (COLOUR / 255, COLOUR),
        (np.full((1, 2, 2), 0.999), np.full((1, 2, 2, 1), 255)),
        (COLOUR > 127, (COLOUR > 127) * 255),
        ((COLOUR > 127) * 1, (COLOUR > 127) * 255),
        ((COLOUR > 127).astype(np.float16), (COLOUR > 127) * 255),
        (BYTES[:, :5, :5].reshape(7, 25), BYTES[:, :5, :5, None]),
    ],
)
def test_layouts_and_types(saved, array, expected) -> None:
    images = read_pictures(saved(images=array)).images
    assert images.dtype == np.uint8
    assert np.array_equal(images, expected)


def test_labels_in_a_column(saved) -> None:
    found = read_pictures(saved(images=BYTES, labels=LABELS.astype(np.int32)[:, None]))
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ({"images": BYTES.astype(np.int16) - 1}, InputError, r"within 0\.\.255"),
        ({"images": BYTES.astype(np.float32)}, InputError, r"within 0\.\.1"),
        ({"images": np.full((2, 3, 3), np.nan)}, InputError, r"within 0\.\.1"),
        ({"images": BYTES.astype(complex)}, UnsupportedError, "complex"),
        ({"images": BYTES.astype("U3")}, UnsupportedError, "<U3"),
        ({"images": BYTES[0, 0]}, InputError, r"must be \(N, H, W\)"),
        ({"images": np.zeros((2, 4, 4, 4))}, InputError, r"must be \(N, H, W\)"),
        ({"images": np.zeros((2, 24))}, InputError, r"must be \(N, H, W\)"),
        ({"images": np.uint8(3)}, InputError, r"must be \(N, H, W\)"),
        ({"images": BYTES[:0]}, InputError, "empty"),
        ({"images": np.zeros((1, 2, 5000))}, LimitError, "sides of"),
        ({"images": BYTES, "labels": LABELS[:-1]}, CorruptedError, "7 pictures .* 6 labels"),
        ({"images": BYTES, "labels": LABELS / 2}, InputError, "whole numbers"),
        ({"images": BYTES, "labels": np.eye(7, dtype=int)}, InputError, "whole numbers"),
        ({"images": BYTES, "labels": -LABELS.astype(int)}, InputError, r"2\^31"),
    ],
)
def test_arrays_that_are_no_pictures(saved, arrays, error, message) -> None:
    with pytest.raises(error, match=message) as raised:
        read_pictures(saved(**arrays))
    assert "set.npz" in str(raised.value)


def test_objects_are_never_unpickled(tmp_path) -> None:
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    path = tmp_path / "set.npz"
    np.savez(path, images=np.array([Trap()], object))
    with pytest.raises(UnsupportedError, match="object"):
        read_pictures(path)


def archive(path, header: str, contents: bytes, compression=zipfile.ZIP_DEFLATED) -> None:
    """Write an archive whose array ``images`` has any header and contents."""
    padded = header.encode() + b"\n"
    magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded))
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("images.npy", magic + padded + contents)


HEADER = "{{'descr': {}, 'fortran_order': False, 'shape': {}}}"


@pytest.mark.parametrize(
    ("header", "contents", "error", "message"),
    [
        (HEADER.format("'|u1'", (1 << 40, 28, 28)), b"", LimitError, "at most 2147483648"),
        (HEADER.format("'|u1'", (1 << 20, 32, 32)), b"", CorruptedError, "more than it can hold"),
        (HEADER.format("'|u1'", (2, 3, 3)), bytes(17), TruncatedError, "after 17 of 18"),
        (HEADER.format("'|u1'", (2, 3, 3)), bytes(19), CorruptedError, "goes on"),
        (HEADER.format("'|u1'", (-2, 3, 3)), bytes(18), CorruptedError, "shape"),
        (HEADER.format("'|u1'", (0, 1 << 62, 3)), b"", InputError, "empty"),
        (HEADER.format("'|V8'", (2, 2, 2)), bytes(64), UnsupportedError, "V8"),
        (HEADER.format("[('a', '<i4')]", (2, 2, 2)), bytes(32), UnsupportedError, "<i4"),
        (HEADER.format("'nonsense'", (2, 2, 2)), bytes(8), CorruptedError, "damaged"),
        (HEADER.format("'|u1'", "(" * 300), bytes(8), CorruptedError, "damaged"),
        (HEADER.format("'|u1'", (2, 2, 2)) + " " * 9000, bytes(8), CorruptedError, "damaged"),
        ("[]", bytes(8), CorruptedError, "damaged"),
    ],
)
def test_headers_that_lie(tmp_path, header, contents, error, message) -> None:
    path = tmp_path / "set.npz"
    archive(path, header, contents)
    with pytest.raises(error, match=message):
        read_pictures(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch) -> None:
    path = tmp_path / "set.npz"
    archive(path, HEADER.format("'|u1'", (100, 100, 100)), bytes(10**6))
    assert path.stat().st_size < 2000
    assert len(read_pictures(path)) == 100  # black pictures do compress so well
    monkeypatch.setattr(arrays, "MAX_BYTES", 10**6 - 1)
    monkeypatch.setattr(arrays, "read_exactly", lambda *args: pytest.fail("unpacked"))
    with pytest.raises(LimitError, match="at most 999999"):
        read_pictures(path)


def test_truth_values_of_other_bytes(tmp_path) -> None:
    path = tmp_path / "set.npz"
    archive(path, HEADER.format("'|b1'", (1, 2, 2)), bytes([0, 1, 2, 255]))
    assert read_pictures(path).images.reshape(-1).tolist() == [0, 255, 255, 255]


def test_archives_that_are_none(tmp_path) -> None:
    path = tmp_path / "set.npz"
    with pytest.raises(InputError, match="no such file"):
        read_pictures(path)
    path.write_bytes(b"no archive")
    with pytest.raises(CorruptedError, match=r"cannot be read as \.npz"):
        read_pictures(path)
    archive(path, HEADER.format("'|u1'", (1, 2, 2)), bytes(4), zipfile.ZIP_BZIP2)
    with pytest.raises(UnsupportedError, match="compressed"):
        read_pictures(path)
    with zipfile.ZipFile(path, "w") as file:
        for number in range(1025):
            file.writestr(f"{number}.npy", b"")
    with pytest.raises(UnsupportedError, match="1025 arrays"):
        read_pictures(path)


SOUND = io.BytesIO()
np.savez_compressed(SOUND, images=BYTES, labels=LABELS)


def read_or_error(path) -> Pictures | SelfsameError:
    try:
        return read_pictures(path)
    except SelfsameError as error:
        return error


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_damage_is_named(tmp_path_factory, data) -> None:
    """Any cut or changed bytes: a named error, or pictures (where the damage does not matter)."""
    contents = bytearray(SOUND.getvalue())
    for _ in range(data.draw(st.integers(0, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(contents)) | st.just(len(contents)))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(contents[:end])
    found = read_or_error(path)
    if isinstance(found, Pictures):
        assert np.array_equal(found.images[..., 0], BYTES)
    else:
        assert isinstance(found, FormatError | InputError)
        assert "damaged.npz" in str(found)
