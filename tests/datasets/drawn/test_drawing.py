import numpy as np
import pytest

from selfsame.datasets import read_pictures
from selfsame.datasets.drawn.drawing import DrawnSet, write_drawn
from selfsame.datasets.drawn.emoji import emoji_set
from selfsame.datasets.drawn.glyphs import LETTERS, glyph_set
from selfsame.errors import InputError, LimitError
from selfsame.run.progress import CancelledError, Progress
from support.emoji_packages import write_packages
from support.tiny_fonts import write_font


@pytest.fixture
def emoji(tmp_path) -> DrawnSet:
    return emoji_set(write_packages(tmp_path))


@pytest.fixture
def glyphs(tmp_path) -> DrawnSet:
    for name, slant in (("a", 0), ("b", 40)):
        write_font(tmp_path / "fonts" / f"{name}.ttf", slant=slant, usWeightClass=400 + slant)
    return glyph_set(tmp_path / "fonts")


def test_a_file_of_emoji_is_read_as_it_was_drawn(tmp_path, emoji) -> None:
    write_drawn(tmp_path / "a.npz", emoji, 12)
    found = read_pictures(tmp_path / "a.npz", label="styles")
    assert np.array_equal(found.images, emoji.draw(12))
    assert found.classes == ("fluent-flat", "noto")
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert {name: column.tolist() for name, column in found.columns.items()} == {
        name: column.tolist() for name, column in emoji.columns.items()
    }


def test_a_file_of_glyphs_is_a_table_of_fonts_and_characters(tmp_path, glyphs) -> None:
    write_drawn(tmp_path / "a.npz", glyphs, 16)
    with np.load(tmp_path / "a.npz") as file:
        assert file["images"].shape == (2, 62, 16, 16)
        assert file["files"].tolist() == ["a.ttf", "b.ttf"]
        assert "".join(file["characters"]) == LETTERS
    found = read_pictures(tmp_path / "a.npz", label="characters")
    assert np.array_equal(found.images, glyphs.draw(16))
    assert found.classes == tuple(sorted(LETTERS))
    assert found.labels.tolist() == 2 * list(range(62))
    assert found.columns["weights"].tolist() == 62 * [400] + 62 * [440]


def test_the_same_set_gives_the_same_bytes(tmp_path, emoji, glyphs) -> None:
    for name, drawn in (("emoji", emoji), ("glyphs", glyphs)):
        paths = [tmp_path / f"{name}{number}.npz" for number in range(2)]
        for path in paths:
            write_drawn(path, drawn, 8)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_pictures_of_a_file_are_found_again(tmp_path, glyphs) -> None:
    write_drawn(tmp_path / "a.npz", glyphs, 16)
    chosen = np.array([100, 3, 64])
    known = read_pictures(tmp_path / "a.npz").chosen(chosen).columns
    assert glyphs.find(known).tolist() == chosen.tolist()
    elsewhere = known | {"files": np.array(["a.ttf", "none.ttf", "b.ttf"])}
    assert glyphs.find(elsewhere).tolist() == [100 - 62, -1, 64]
    with pytest.raises(InputError, match="found by files, characters: there is no column char"):
        glyphs.find({"files": known["files"]})


def test_what_cannot_be_drawn(tmp_path, emoji) -> None:
    assert emoji.draw(4, []).shape == (0, 4, 4, 3)
    for rows in ([6], [-1]):
        with pytest.raises(InputError, match=r"rows must lie within 0\.\.5"):
            emoji.draw(4, rows)
    with pytest.raises(InputError, match=r"side must be a whole number within 1\.\.4096"):
        emoji.draw(0)
    with pytest.raises(LimitError, match="at most"):
        emoji.draw(4096, [0] * 50)
    write_drawn(tmp_path / "a.npz", emoji, 4)
    with pytest.raises(InputError, match="exists"):
        write_drawn(tmp_path / "a.npz", emoji, 4)


def test_drawing_can_be_cancelled_and_leaves_nothing(tmp_path, emoji) -> None:
    told = []
    progress = Progress(lambda done, total, _: (told.append((done, total)), progress.cancel()))
    with pytest.raises(CancelledError, match="cancelled"):
        write_drawn(tmp_path / "a.npz", emoji, 4, progress=progress)
    assert told == [(0, 6)]
    assert not list(tmp_path.glob("*.npz"))
