import struct
import zipfile

import numpy as np
import pytest

from selfsame.datasets import Pictures, read_pictures
from selfsame.datasets.columns import column_classes, column_labels, column_of, spread
from selfsame.datasets.labelled import read_labelled
from selfsame.errors import CorruptedError, InputError, SettingError
from selfsame.io import arrays

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 6), dtype=np.uint8)
WORDS = np.array(["b", "a", "b", "ç"])
SIZES = np.array([10, 9, 10, 200])


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([True, False], "b", [True, False]),
        ([3, -4], "i", [3, -4]),
        ([0.5, 2.0], "f", [0.5, 2.0]),
        (["a", "bc"], "U", ["a", "bc"]),
        ([3, "a"], "U", ["3", "a"]),
        ([3, None], "U", ["3", ""]),
        ([True, 3], "U", ["True", "3"]),
        ([1 << 70, 3], "U", [str(1 << 70), "3"]),
    ],
)
def test_values_become_columns(values, kind, expected) -> None:
    column = column_of(values, "")
    assert (column.dtype.kind, column.tolist()) == (kind, expected)


def test_classes_of_numbers_are_in_their_order() -> None:
    assert column_classes(SIZES) == ("9", "10", "200")
    assert column_classes(WORDS) == ("a", "b", "ç")
    assert column_labels(SIZES, ("200", "10", "9")).tolist() == [1, 2, 1, 0]
    with pytest.raises(InputError, match="'9' is none of the 2 classes"):
        column_labels(SIZES, ("10", "200"))


def test_a_table_is_spread_row_after_row() -> None:
    columns = spread({"size": np.array([1, 2])}, 2, np.array(["x", "y", "z"]))
    assert columns["size"].tolist() == [1, 1, 1, 2, 2, 2]
    assert columns["characters"].tolist() == ["x", "y", "z", "x", "y", "z"]


def test_pictures_keep_their_columns() -> None:
    pictures = Pictures(IMAGES[..., None], columns={"word": WORDS, "size": SIZES})
    labelled = pictures.labelled("word")
    assert (labelled.classes, labelled.labels.tolist()) == (("a", "b", "ç"), [1, 0, 1, 2])
    assert labelled.columns["size"] is SIZES
    some = labelled.chosen(np.array([3, 0]))
    assert some.labels.tolist() == [2, 1]
    assert some.columns["size"].tolist() == [200, 10]
    assert np.array_equal(some.images[..., 0], IMAGES[[3, 0]])
    assert pictures.chosen(SIZES == 10).columns["word"].tolist() == ["b", "b"]
    with pytest.raises(SettingError, match="no column 'colour'; the pictures have word, size"):
        pictures.labelled("colour")
    with pytest.raises(SettingError, match="no column 'word,no'; the pictures have word, size"):
        pictures.labelled("word,no")
    with pytest.raises(InputError, match=r"column word must have a value for each of 4 .* \(3,\)"):
        Pictures(IMAGES[..., None], columns={"word": WORDS[:3]})


@pytest.fixture
def saved(tmp_path):
    def save(**named) -> str:
        path = tmp_path / "set.npz"
        np.savez_compressed(path, **named)
        return path

    return save


def test_columns_of_an_archive(saved) -> None:
    objects = np.array([[1], [2, 3], [], []], object)
    others = {"three": np.arange(3), "flat": np.zeros((4, 2)), "objects": objects}
    path = saved(images=IMAGES, labels=SIZES, word=WORDS, caption=WORDS, **others)
    found = read_pictures(path)
    assert set(found.columns) == {"labels", "word", "captions"}
    assert found.columns["word"].tolist() == WORDS.tolist()
    assert found.labels.tolist() == SIZES.tolist()
    chosen = read_pictures(path, label="labels", side=3, mode="rgb")
    assert (chosen.classes, chosen.labels.tolist()) == (("9", "10", "200"), [1, 0, 1, 2])
    assert chosen.columns["word"].tolist() == WORDS.tolist()
    assert chosen.images.shape == (4, 3, 3, 3)
    with pytest.raises(
        SettingError, match="no column 'colour'; the pictures have captions, labels"
    ):
        read_pictures(path, label="colour")


@pytest.mark.parametrize(
    "names", [("{}_images", "{}_word"), ("x_{}", "word_{}")], ids=["before", "after"]
)
def test_columns_of_splits(saved, names) -> None:
    images, words = names
    arrays_ = {
        images.format("train"): IMAGES,
        words.format("train"): WORDS,
        images.format("test"): IMAGES[:2],
        words.format("test"): np.array(["0", "b"]),
    }
    train, test = (
        read_pictures(saved(**arrays_), split, label="word") for split in ("train", "test")
    )
    assert train.classes == test.classes == ("0", "a", "b", "ç")
    assert (train.labels.tolist(), test.labels.tolist()) == ([2, 1, 2, 3], [0, 2])
    assert set(train.columns) == {"word"}


def test_a_table_of_pictures_in_an_archive(saved) -> None:
    images = IMAGES.reshape(2, 2, 6, 6)
    path = saved(images=images, characters=np.array(["x", "y"]), sizes=np.array([5, 6]))
    found = read_pictures(path, label="characters")
    assert np.array_equal(found.images[..., 0], IMAGES)
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.columns["sizes"].tolist() == [5, 5, 6, 6]


def test_a_labelled_set_by_a_column(saved) -> None:
    found = read_labelled(saved(images=IMAGES, word=WORDS), label="word")
    assert found.classes == ("a", "b", "ç")
    assert found.learned.labels.tolist() == [1, 0, 1, 2]
    assert found.learned.columns["word"].tolist() == WORDS.tolist()


def test_classes_of_several_columns(saved) -> None:
    style = np.array(["flat", "", "flat", "old, torn"])
    path = saved(images=IMAGES, word=WORDS, style=style, size=SIZES, **{"a,b": WORDS})
    found = read_pictures(path, label="style, word")
    assert found.classes == ("a", "flat, b", "old, torn, ç")
    assert found.labels.tolist() == [1, 0, 1, 2]
    assert read_pictures(path, label="word,size").classes == ("a, 9", "b, 10", "ç, 200")
    assert read_pictures(path, label="a,b").classes == ("a", "b", "ç")


def test_text_in_the_other_byte_order(saved) -> None:
    path = saved(images=IMAGES, word=WORDS.astype(WORDS.dtype.newbyteorder(">")))
    assert read_pictures(path, label="word").classes == ("a", "b", "ç")


def archive(path, points: bytes) -> None:
    """Write an archive with a column ``word`` of one character each."""
    header = b"{'descr': '<U1', 'fortran_order': False, 'shape': (4,)}\n"
    with zipfile.ZipFile(path, "w") as file:
        with file.open("images.npy", "w") as stream:
            np.save(stream, IMAGES)
        start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
        file.writestr("word.npy", start + header + points)


def test_characters_that_do_not_exist(tmp_path) -> None:
    path = tmp_path / "set.npz"
    archive(path, struct.pack("<4I", 65, 66, 0x10FFFF, 0))
    assert read_pictures(path).columns["word"].tolist() == ["A", "B", "\U0010ffff", ""]
    for point in (0x110000, 0xD800, 0xFFFFFFFF):
        archive(path, struct.pack("<4I", 65, 66, point, 0))
        with pytest.raises(CorruptedError, match=r"word\.npy holds characters that do not exist"):
            read_pictures(path)


def test_long_texts_are_no_columns(saved) -> None:
    for extra, names in ((0, {"word"}), (1, set())):
        words = np.array(["a", "a" * (arrays._MAX_TEXT // 4 + extra)])
        assert set(read_pictures(saved(images=IMAGES[:2], word=words)).columns) == names
