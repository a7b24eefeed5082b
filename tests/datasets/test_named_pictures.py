"""Every container that one reader takes, the other takes, with the same pixels."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from selfsame.datasets import list_pictures, read_pictures
from selfsame.datasets.readers import set_kind
from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8

SQUARES = np.random.default_rng(0).integers(2, 256, (4, 6, 6), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(2, 256, (4, 6, 5, 3), dtype=np.uint8)
LABELS = np.array([1, 0, 1, 0])


def idx(array) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def put(path, pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def npz(**arrays):
    def write(path) -> None:
        with path.open("wb") as stream:  # a name would get the suffix .npz
            np.savez_compressed(stream, **arrays)

    return write


def files(pixels, pattern):
    def write(path) -> None:
        for i, picture in enumerate(pixels):
            put(path / pattern.format(i, LABELS[i]), picture)

    return write


def idx_folder(pack):
    def write(path) -> None:
        path.mkdir()
        (path / "train-images-idx3-ubyte").write_bytes(pack(idx(SQUARES)))
        (path / "train-labels-idx1-ubyte").write_bytes(pack(idx(LABELS)))

    return write


SETS = {
    "keras.npz": (npz(x_train=SQUARES, y_train=LABELS), SQUARES),
    "named.npz": (npz(images=SQUARES, labels=LABELS), SQUARES),
    "x.npz": (npz(x=SQUARES, y=LABELS), SQUARES),
    "X.npz": (npz(X=SQUARES, y=LABELS), SQUARES),
    "data.npz": (npz(data=SQUARES.astype(int), target=LABELS), SQUARES),
    "unnamed.npz": (npz(arr_0=SQUARES, arr_1=LABELS), SQUARES),
    "column.npz": (npz(images=SQUARES[..., None], labels=LABELS[:, None]), SQUARES),
    "planes.npz": (npz(images=SQUARES[:, None], labels=LABELS), SQUARES),
    "rows.npz": (npz(images=SQUARES.reshape(4, 36), labels=LABELS), SQUARES),
    "floats.npz": (npz(images=SQUARES / 255, labels=LABELS), SQUARES),
    "bits.npz": (npz(images=(SQUARES > 99) * 1, labels=LABELS), (SQUARES > 99) * 255),
    "colour.npz": (npz(images=COLOUR, labels=LABELS), COLOUR),
    "torch.npz": (npz(images=COLOUR.transpose(0, 3, 1, 2), labels=LABELS), COLOUR),
    "misnamed.dat": (npz(images=SQUARES, labels=LABELS), SQUARES),
    "pixels": (lambda path: path.write_bytes(idx(SQUARES)), SQUARES),
    "pixels.bin": (lambda path: path.write_bytes(gzip.compress(idx(SQUARES))), SQUARES),
    "plain.gz": (lambda path: path.write_bytes(idx(SQUARES)), SQUARES),
    "plain": (idx_folder(bytes), SQUARES),
    "packed": (idx_folder(gzip.compress), SQUARES),
    "flat": (files(SQUARES, "{0}.png"), SQUARES),
    "coloured": (files(COLOUR, "{0}.png"), COLOUR),
    "classes": (files(SQUARES, "{0}/x.png"), SQUARES),
    "one.png": (lambda path: put(path, SQUARES[0]), SQUARES[:1]),
    "one.tif": (lambda path: put(path, COLOUR[0]), COLOUR[:1]),
}


@pytest.mark.parametrize("name", SETS)
def test_both_readers_take_every_set(tmp_path, name) -> None:
    write, expected = SETS[name]
    write(tmp_path / name)
    together = read_pictures(tmp_path / name).images
    assert np.array_equal(together.reshape(expected.shape), expected)
    named = list_pictures(tmp_path / name)
    assert np.array_equal([to_uint8(picture.read()) for picture in named], expected)
    assert {picture.size for picture in named} == {(expected.shape[2], expected.shape[1])}
    assert len({picture.name for picture in named}) == len(expected)
    for mode, shape in (("grey", expected.shape[1:3]), ("rgb", (*expected.shape[1:3], 3))):
        assert named[0].read(mode).shape == shape
        assert named[0].read(mode).dtype == np.float32


LABELLED = {
    *("keras.npz", "named.npz", "x.npz", "X.npz", "data.npz", "unnamed.npz", "column.npz"),
    *("planes.npz", "rows.npz", "floats.npz", "bits.npz", "colour.npz", "torch.npz"),
    *("misnamed.dat", "plain", "packed", "classes"),
}


@pytest.mark.parametrize("name", SETS)
def test_labels_come_along(tmp_path, name) -> None:
    SETS[name][0](tmp_path / name)
    labels = read_pictures(tmp_path / name).labels
    expected = [0, 1, 2, 3] if name == "classes" else LABELS.tolist()
    assert (None if labels is None else labels.tolist()) == (expected if name in LABELLED else None)


def test_names_stay_and_sort(tmp_path) -> None:
    for name in ("b.png", "deep/a.png", "a.png"):
        put(tmp_path / "set" / name, SQUARES[0])
    assert [p.name for p in list_pictures(tmp_path / "set")] == ["a.png", "b.png", "deep/a.png"]
    np.savez(tmp_path / "set.npz", images=SQUARES)
    assert [p.name for p in list_pictures(tmp_path / "set.npz")] == [f"0000{i}" for i in range(4)]
    put(tmp_path / "one.png", SQUARES[0])
    assert [p.name for p in list_pictures(tmp_path / "one.png")] == ["one.png"]


def test_pictures_may_differ_in_size_and_be_unreadable_until_they_are_read(tmp_path) -> None:
    put(tmp_path / "a.png", SQUARES[0])
    put(tmp_path / "b.png", COLOUR[0])
    (tmp_path / "c.png").write_bytes(b"none")
    first, second, third = list_pictures(tmp_path)
    assert (first.read().shape, second.read().shape) == ((6, 6), (6, 5, 3))
    with pytest.raises(InputError, match=r"c\.png cannot be read as a picture"):
        third.read()
    with pytest.raises(InputError, match=r"c\.png cannot be read as a picture"):
        _ = third.size


def test_sizes_are_those_of_the_upright_picture(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.fromarray(COLOUR[0]).save(tmp_path / "a.jpg", exif=exif)
    (picture,) = list_pictures(tmp_path)
    assert picture.size == (6, 5)
    assert picture.read().shape == (5, 6, 3)


def test_labels_that_are_none_do_not_keep_pictures_from_being_listed(tmp_path) -> None:
    path = tmp_path / "set.npz"
    np.savez(path, images=SQUARES, labels=np.eye(4))
    assert len(list_pictures(path)) == 4
    with pytest.raises(InputError, match="labels must be whole numbers"):
        read_pictures(path)


@pytest.mark.parametrize("form", ["npz", "folder", "idx"])
def test_of_several_splits_the_one_asked_for_or_train(tmp_path, form) -> None:
    path = tmp_path / "set"
    if form == "npz":
        npz(x_test=SQUARES[:1], x_train=SQUARES)(path)
    elif form == "folder":
        files(SQUARES[:1], "val/{0}.png")(path)
        files(SQUARES, "train/{0}.png")(path)
    else:
        path.mkdir()
        (path / "t10k-images.idx3-ubyte").write_bytes(idx(SQUARES[:1]))
        (path / "train-images.idx3-ubyte").write_bytes(idx(SQUARES))
    assert len(list_pictures(path)) == 4
    assert len(list_pictures(path, "train")) == 4
    assert len(list_pictures(path, "test")) == 1
    with pytest.raises(InputError, match="no split 'val'; it has train, test"):
        list_pictures(path, "val")


def test_the_kind_is_told_by_the_first_bytes_then_by_the_name(tmp_path) -> None:
    cases = {
        "a.npz": (b"PK\x03\x04", "npz"),
        "a.png": (b"PK\x05\x06", "npz"),
        "b.npz": (b"none", "npz"),
        "b.png": (b"\0\0\x08\x03", "idx"),
        "c.png": (b"\x1f\x8b\x08\0", "idx"),
        "my-idx": (b"", "idx"),
        "d.gz": (b"", "idx"),
        "d.png": (b"\x89PNG", "picture"),
        "e.tar": (b"", "tar"),
        "f.png": (bytes(257) + b"ustar", "tar"),
        "e.csv": (b"a.png,a cat", "csv"),
        "e.tga": (b"\0\0\x0b\0", "picture"),
    }
    for name, (start, kind) in cases.items():
        (tmp_path / name).write_bytes(start)
        assert set_kind(tmp_path / name) == kind, name
    assert set_kind(tmp_path) == "folder"
    with pytest.raises(InputError, match="no such file or folder"):
        set_kind(tmp_path / "none")
