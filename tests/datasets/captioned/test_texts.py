import numpy as np
import pytest
from PIL import Image

from selfsame.datasets import list_pictures, read_pictures
from selfsame.datasets.captioned.texts import MAX_TEXT
from selfsame.errors import CorruptedError, LimitError


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.png", "b.png", "deep/c.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 4), 50 * number, np.uint8)).save(tmp_path / name)
    return tmp_path


def test_captions_beside_pictures(folder) -> None:
    (folder / "a.txt").write_text("\ufeffa  cat\nof my own \n", encoding="utf-8")
    (folder / "deep/c.txt").write_text("Käse", encoding="utf-8")
    (folder / "notes.txt").write_text("nothing to do with it")
    (folder / "b.png").rename(folder / "deep/b.png")
    (folder / "a.png").rename(folder / "deep/a.png")
    (folder / "a.txt").rename(folder / "deep/a.txt")
    found = read_pictures(folder)
    assert found.columns["captions"].tolist() == ["a cat of my own", "", "Käse"]
    assert found.classes == ("deep",)
    assert len(list_pictures(folder)) == 3


def test_without_captions_there_is_no_column(folder) -> None:
    (folder / "notes.txt").write_text("nothing to do with it")
    assert read_pictures(folder / "deep").columns == {}


@pytest.mark.parametrize(
    ("contents", "error", "message"),
    [
        (b"a" * (MAX_TEXT + 1), LimitError, r"c\.txt is longer than the 65536 bytes"),
        (b"\xff\xfe", CorruptedError, r"c\.txt is no text in UTF-8"),
        (b"a\0b", CorruptedError, r"c\.txt is no text: it has zero bytes"),
    ],
)
def test_texts_that_are_none(folder, contents, error, message) -> None:
    (folder / "deep/c.txt").write_bytes(contents)
    with pytest.raises(error, match=message):
        read_pictures(folder / "deep")
