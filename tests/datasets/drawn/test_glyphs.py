import numpy as np
import pytest
from fontTools.ttLib import TTCollection, TTFont

from selfsame.datasets.drawn.glyphs import EM, LETTERS, glyph_set
from selfsame.errors import CorruptedError, InputError
from support.fuzzing import damaged_copies, outcomes
from support.tiny_fonts import expected_picture, write_font


@pytest.mark.parametrize("side", [16, 32, 75])
def test_letters_are_where_geometry_says(tmp_path, side) -> None:
    write_font(tmp_path / "a.ttf")
    drawn = glyph_set(tmp_path)
    pictures = drawn.draw(side, [0, 7, 61])
    assert pictures.shape == (3, side, side, 1)
    for picture, number in zip(pictures[..., 0], (0, 7, 61), strict=True):
        # FreeType moves edges to whole pixels of a picture of 512 or more.
        assert np.abs(picture / 255 - expected_picture(number, side, EM)).max() < 2.5 * side / 512


def test_a_larger_picture_is_the_same_drawing(tmp_path) -> None:
    write_font(tmp_path / "a.ttf")
    drawn = glyph_set(tmp_path)
    small, large = drawn.draw(32, [5, 40])[..., 0], drawn.draw(128, [5, 40])[..., 0]
    averaged = large.reshape(2, 32, 4, 32, 4).mean((2, 4))
    assert np.abs(small - averaged).max() <= 1


def test_a_font_that_reaches_beyond_the_picture_is_drawn_smaller(tmp_path) -> None:
    write_font(tmp_path / "a.ttf", stretch=4)
    pictures = glyph_set(tmp_path).draw(64)[..., 0]
    rows = np.flatnonzero(pictures.any((0, 2)))
    assert rows[0] <= 1
    tops = [np.flatnonzero(picture.any(1))[0] for picture in pictures]
    assert min(tops) < 2 < max(tops)  # nothing is cut: bars of other bits end elsewhere


def test_what_is_known_of_fonts(tmp_path) -> None:
    write_font(tmp_path / "a.ttf", family="First", style="Book")
    write_font(
        tmp_path / "b/c.otf",
        family="Second",
        slant=30,
        usWeightClass=7,
        fsSelection=1,
        sFamilyClass=8 << 8,
        widths=(600, 640),
    )
    drawn = glyph_set(tmp_path)
    rows = {name: column[::62].tolist() for name, column in drawn.columns.items()}
    assert rows == {
        "files": ["a.ttf", "b/c.otf"],
        "families": ["First", "Second"],
        "subfamilies": ["Book", "Regular"],
        "weights": [400, 700],
        "bold": [False, True],
        "italic": [False, True],
        "monospace": [True, False],
        "serifs": ["", "sans"],
        "characters": ["0", "0"],
    }
    assert drawn.columns["characters"].tolist() == 2 * list(LETTERS)
    assert len(drawn) == 124


def test_fonts_that_are_left_out(tmp_path) -> None:
    write_font(tmp_path / "a.ttf")
    write_font(tmp_path / "a2.ttf", family="Another name")
    write_font(tmp_path / "alike.ttf", alike=True)
    write_font(tmp_path / "blank.ttf", blank="q")
    write_font(tmp_path / "few.ttf", characters=LETTERS[:-1])
    write_font(tmp_path / "signs.ttf", family="Nice Dingbats", slant=9)
    (tmp_path / "text.ttf").write_text("no font")
    found = {}
    drawn = glyph_set(tmp_path, left_out=found.__setitem__)
    assert found == {
        "a2.ttf": "the same as another font",
        "alike.ttf": "letters that look the same",
        "blank.ttf": "blank letters",
        "few.ttf": "lacks letters or digits",
        "signs.ttf": "symbols",
        "text.ttf": "damaged",
    }
    assert set(drawn.columns["files"].tolist()) == {"a.ttf"}


def test_collections(tmp_path) -> None:
    paths = [write_font(tmp_path / f"{slant}.ttf", slant=slant) for slant in (0, 40)]
    collection = TTCollection()
    collection.fonts = [TTFont(path) for path in paths]
    collection.save(tmp_path / "both.ttc")
    alone = glyph_set(tmp_path).draw(24)
    for path in paths:
        path.unlink()
    both = glyph_set(tmp_path)
    assert both.columns["files"][::62].tolist() == ["both.ttc", "both.ttc#1"]
    assert np.array_equal(both.draw(24), alone)


def test_no_font(tmp_path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        glyph_set(tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no file \.otc, \.otf, \.ttc, \.ttf"):
        glyph_set(tmp_path)
    write_font(tmp_path / "few.ttf", characters="abc")
    with pytest.raises(InputError, match="no font that draws letters and digits, among 1 files"):
        glyph_set(tmp_path)


def test_damaged_fonts_are_left_out_or_drawn(tmp_path) -> None:
    contents = write_font(tmp_path / "a.ttf").read_bytes()
    reasons = []

    def read(data):
        (tmp_path / "a.ttf").write_bytes(data)
        return glyph_set(tmp_path, left_out=lambda _, reason: reasons.append(reason)).draw(16)

    copies = damaged_copies(contents, 60, most=4, cut=0.2)
    accepted, refused = outcomes(read, copies, (InputError, CorruptedError))
    assert {drawn.shape for drawn in accepted} == {(62, 16, 16, 1)}
    assert len(accepted) > 5
    assert 5 < len(refused) == len(reasons)
