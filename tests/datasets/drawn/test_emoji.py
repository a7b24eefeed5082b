import json

import numpy as np
import pytest

from selfsame.datasets.drawn.emoji import MIXED_TONES, emoji_set
from selfsame.errors import CorruptedError, FormatError, InputError
from support.emoji_packages import DATA, FLUENT, write_packages
from support.fuzzing import damaged_copies, outcomes


def test_rows_are_captioned_drawings_style_by_style(tmp_path) -> None:
    drawn = emoji_set(write_packages(tmp_path))
    assert {name: column.tolist() for name, column in drawn.columns.items()} == {
        "styles": 3 * ["fluent-flat"] + 3 * ["noto"],
        "concepts": [
            *("1f1e6", "1f448", "1f449"),
            *("1f448", "1f448-1f3fe", "1f46d-1f3fb-1f3ff"),
        ],
        "captions": [
            *("regional indicator A", "hand pointing left", "hand pointing right"),
            *("hand pointing left", "hand pointing left: medium-dark", "two of two tones"),
        ],
        "tags": ["", "hand point", "hand", *(3 * ["hand point"])],
        "groups": ["", *(5 * ["people & body"])],
        "subgroups": ["", "hands", "", *(3 * ["hands"])],
        "skin_tones": [0, 0, 0, 0, 4, MIXED_TONES],
    }
    assert len(emoji_set(tmp_path)) == 6  # the folder that node_modules lies in


@pytest.mark.parametrize("side", [1, 32, 90])
def test_pictures_have_the_colours_of_the_drawings_on_white(tmp_path, side) -> None:
    wide, left, right = emoji_set(write_packages(tmp_path)).draw(side, [0, 1, 2])
    middle = side // 2
    red, white, blue = [255, 0, 0], [255, 255, 255], [0, 0, 255]
    if side == 1:
        assert np.abs(left[0, 0].astype(int) - [255, 127, 127]).max() <= 1
        return
    assert (left[:, :middle] == red).all()
    assert (left[:, middle:] == white).all()
    assert (right == left[:, ::-1]).all()
    assert (wide[middle - side // 5 : middle + side // 5] == blue).all()
    assert (wide[: side // 5] == white).all()
    assert (wide[-(side // 5) :] == white).all()


def test_an_alias_of_an_alias_is_mirrored_twice(tmp_path) -> None:
    aliases = {"a": {"parent": "left", "hFlip": True}, "b": {"parent": "a", "hFlip": True}}
    characters = {"1f448": "left", "1f449": "b"}
    fluent = FLUENT | {"aliases": aliases}
    root = write_packages(tmp_path, fluent=fluent, fluent_characters=characters)
    left, again = emoji_set(root).draw(16, [0, 1])
    assert np.array_equal(left, again)


def test_the_middle_of_a_circle(tmp_path) -> None:
    (hand,) = emoji_set(write_packages(tmp_path)).draw(64, [3])
    v, u = np.mgrid[:64, :64] + 0.5
    distance = np.hypot(v - 32, u - 32)
    assert (hand[distance < 15] == [0, 255, 0]).all()
    assert (hand[distance > 17] == 255).all()


def test_missing_packages_are_named_with_what_installs_them(tmp_path) -> None:
    with pytest.raises(InputError, match="npm install @iconify-json/fluent-emoji-flat @iconify"):
        emoji_set(tmp_path)
    (write_packages(tmp_path) / "emojibase-data" / "package.json").unlink()
    with pytest.raises(InputError, match=r"has no emojibase-data: npm install .* emojibase-data"):
        emoji_set(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"fluent": b"{"}, r"icons\.json is no JSON"),
        ({"fluent": b"\xff"}, r"icons\.json is no text"),
        ({"fluent": b"[" * 100_000}, r"icons\.json is no JSON"),
        ({"fluent": []}, r"icons\.json has no usable icons"),
        ({"fluent_characters": []}, r"chars\.json must hold an object"),
        ({"fluent_characters": {"1f448": 3}}, "no usable 1f448: 3"),
        ({"fluent_characters": {"left": "left"}}, "'left' for code points"),
        ({"data": {}}, r"data\.json must hold a list"),
        ({"data": [3]}, "no usable hexcode"),
        ({"data": [{"hexcode": "1F448", "label": 4}]}, "no usable label: 4"),
        ({"data": [DATA[0] | {"skins": 5}]}, "no list of skins"),
        ({"messages": {}}, "no usable groups"),
        ({"messages": {"groups": [{"order": True}], "subgroups": []}}, "no usable order"),
    ],
)
def test_damaged_packages_are_named(tmp_path, files, message) -> None:
    with pytest.raises(CorruptedError, match=message):
        emoji_set(write_packages(tmp_path, **files))


def test_packages_that_do_not_fit_together(tmp_path) -> None:
    with pytest.raises(InputError, match="no emoji with a caption"):
        emoji_set(write_packages(tmp_path, data=[]))
    with pytest.raises(InputError, match=r"no such file.*messages\.json"):
        emoji_set(write_packages(tmp_path / "x", messages=None))


@pytest.mark.parametrize(
    ("icons", "message"),
    [
        ({"icons": {}}, "no usable left"),
        ({"icons": {}, "aliases": {"left": {"parent": "left"}}}, "other names without end"),
        ({"icons": {"left": {"body": "<path"}}}, "is no SVG"),
        ({"icons": {"left": {"body": 3}}}, "no usable body"),
        ({"icons": {"left": {"body": "", "width": 0}}}, "has the width 0"),
        ({"icons": {"left": {"body": "", "width": 1e99}}}, r"has the width 1e\+99"),
        ({"icons": {"left": {"body": "", "rotate": 1}}}, "turned by quarters"),
    ],
)
def test_damaged_icons_are_named_when_they_are_drawn(tmp_path, icons, message) -> None:
    characters = {"1f448": "left"}
    root = write_packages(tmp_path, fluent=icons, fluent_characters=characters)
    with pytest.raises(FormatError, match=message):
        emoji_set(root).draw(8, [0])


def test_packages_with_damage(tmp_path) -> None:

    root = write_packages(tmp_path)
    path = root / "@iconify-json/fluent-emoji-flat/icons.json"

    def read(contents):
        path.write_bytes(contents)
        return emoji_set(root).draw(8)

    copies = damaged_copies(json.dumps(FLUENT).encode(), 200, among=range(32, 127))
    accepted, refused = outcomes(read, copies, (FormatError, InputError))
    assert len(accepted) > 20
    assert len(refused) > 20
