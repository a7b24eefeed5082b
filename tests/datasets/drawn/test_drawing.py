from dataclasses import replace

import numpy as np
import pytest

from selfsame.datasets import read_pictures
from selfsame.datasets.drawn.drawing import DrawnSet, unseen_rows, write_drawn
from selfsame.datasets.drawn.emoji import emoji_set, kin_of
from selfsame.datasets.drawn.glyphs import LETTERS, glyph_set
from selfsame.errors import InputError, LimitError, SettingError
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


def test_kin_are_learned_or_measured_as_a_whole(tmp_path, emoji, glyphs) -> None:
    share = _share_between(*np.unique(emoji.kin)[:2])
    write_drawn(tmp_path / "a.npz", emoji, 12, unseen=share)
    parts = [read_pictures(tmp_path / "a.npz", split) for split in ("train", "test")]
    known = [set(map(kin_of, part.columns["concepts"])) for part in parts]
    assert not known[0] & known[1]
    assert known[0] | known[1] == set(emoji.kin)
    assert len(parts[0]) + len(parts[1]) == len(emoji)
    for part in parts:
        rows = emoji.find(part.columns)
        assert np.array_equal(part.images, emoji.draw(12, rows))
    table = replace(glyphs, kin=np.repeat(["a", "b"], 62))
    write_drawn(tmp_path / "b.npz", table, 16, unseen=_share_between("a", "b"))
    with np.load(tmp_path / "b.npz") as file:
        assert file["test_images"].shape == file["train_images"].shape == (1, 62, 16, 16)
    assert len(read_pictures(tmp_path / "b.npz", "test")) == 62


def _share_between(first: str, second: str) -> float:
    """Return a share that makes one of two kin unseen."""
    shares = np.linspace(0.01, 0.99, 99)
    return next(s for s in shares if unseen_rows(np.array([first, second]), s).sum() == 1)


@pytest.mark.parametrize(("share", "split"), [(0.999999, "train"), (1e-9, "test")])
def test_no_split_is_empty(tmp_path, glyphs, share, split) -> None:
    with pytest.raises(SettingError, match=f"leaves the split {split} empty, of . kin"):
        write_drawn(tmp_path / "a.npz", glyphs, 16, unseen=share)
    assert not (tmp_path / "a.npz").exists()


def test_about_the_share_that_is_asked_for_and_always_the_same_kin() -> None:
    kin = np.array([f"{number}" for number in range(4000)])
    few, more = unseen_rows(kin, 0.1), unseen_rows(kin, 0.2)
    assert few.sum() == pytest.approx(400, abs=60)
    assert more[few].all()
    assert np.array_equal(unseen_rows(kin[::-1], 0.1), few[::-1])
    assert not unseen_rows(kin, 0).any()


def test_genders_and_skin_tones_are_kin() -> None:
    assert kin_of("1f469-1f3fb-200d-1f52c") == kin_of("1f468-200d-1f52c") == "1f9d1-1f52c"
    assert kin_of("1f6b6-1f3ff-200d-2642-fe0f") == kin_of("1f6b6")
    assert kin_of("1f468") != kin_of("1f466")


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
