import os
import shutil
import subprocess
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from selfsame import IFS, FormatError, IFSCode, InputError
from selfsame.errors import CorruptedError, LimitError, TruncatedError, UnsupportedError
from selfsame.ifs.code import Viewport
from selfsame.ifs.exchange.flame import (
    Flame,
    flame_from_code,
    flames_to_xml,
    read_flames,
    write_flames,
)
from selfsame.ifs.exchange.flame_read import flames_from_xml
from selfsame.ifs.samples.library import classic
from support.chaos_points import chaos_points
from support.fuzzing import DIGITS, damaged_copies, outcomes

FERN = classic("barnsley-fern")
COLORS = np.array([[255, 0, 0], [0, 255, 51], [0, 0, 255], [204, 255, 0]]) / 255
PLAIN = """<flame name="two" size="320 240" center="0.5 0.25" scale="100" brightness="4">
  <xform weight="3" color="0" linear="0.5" coefs="1 0.5 0.25 1 2 3"/>
  <xform weight="1" color="1" linear3D="1" coefs="0.5 0 0 0.5 0 0"/>
  <color index="0" rgb="255 0 0"/><color index="255" rgb="0 0 255"/>
</flame>"""


def read_one(xml: str, *, strict: bool = True) -> Flame:
    flames = flames_from_xml(xml.encode(), strict=strict).flames
    assert len(flames) == 1
    return flames[0]


def xform(extra: str = "", flame: str = "", children: str = "") -> str:
    """A flame of one xform with the given attributes."""
    return (
        f'<flame {flame}><xform weight="1" coefs="0.5 0.1 0.2 0.4 1 2" {extra}>'
        f"</xform>{children}</flame>"
    )


# --- what the elements mean ---


def test_coefficients_viewport_and_colours_of_a_plain_flame() -> None:
    flame = read_one(PLAIN)
    system = flame.code.system
    # coefs = a d b e c f in a plane with y down; linear = 0.5 scales the map.
    assert system.matrices[0] == pytest.approx(np.array([[0.5, -0.125], [-0.25, 0.5]]))
    assert system.offsets[0] == pytest.approx([1, -1.5])
    assert system.matrices[1] == pytest.approx(np.eye(2) / 2)
    assert system.probabilities == pytest.approx([0.75, 0.25])
    assert flame.code.viewport == pytest.approx((-1.1, -1.45, 2.1, 0.95))
    assert flame.code.size == (320, 240)
    assert system.colors == pytest.approx(np.array([[1, 0, 0], [0, 0, 1]]))
    assert flame.palette[128] == pytest.approx([127 / 255, 0, 128 / 255], abs=1e-9)
    assert flame.name == flame.code.notes["name"] == "two"
    assert flame.attributes == {"brightness": "4"}


def test_defaults_are_those_of_flam3() -> None:
    flame = read_one("<flame><xform weight='2' linear='1'/></flame>")
    assert flame.code.size == (100, 100)
    assert flame.code.viewport == (-1, -1, 1, 1)
    assert np.array_equal(flame.code.system.matrices[0], np.eye(2))
    assert flame.code.system.colors is None
    assert flame.color_speeds.tolist() == [0.5]


def test_zoom_doubles_the_scale() -> None:
    view = read_one(xform("linear='1'", "zoom='2' scale='25' size='100 100'")).code.viewport
    assert view == pytest.approx((-0.5, -0.5, 0.5, 0.5))


def test_post_transform_comes_after_the_map() -> None:
    flame = read_one(xform("linear='1' post='0 1 -1 0 3 0'"))
    # y down: first A, b, then a quarter turn (x, y) -> (-y, x) and 3 to the right.
    A, b = np.array([[0.5, 0.2], [0.1, 0.4]]), np.array([1, 2])
    P, q = np.array([[0, -1], [1, 0]]), np.array([3, 0])
    flip = np.diag([1, -1])
    assert flame.code.system.matrices[0] == pytest.approx(flip @ P @ A @ flip)
    assert flame.code.system.offsets[0] == pytest.approx(flip @ (P @ b + q))


def test_color_speed_and_its_older_spelling() -> None:
    assert read_one(xform("linear='1' color_speed='0.25'")).color_speeds.tolist() == [0.25]
    assert read_one(xform("linear='1' symmetry='0.5'")).color_speeds.tolist() == [0.25]
    assert read_one(xform("linear='1' color='0.3 0'")).color_coordinates.tolist() == [0.3]


def test_symmetry_elements_become_maps() -> None:
    rotations = read_one(xform("linear='1'", children="<symmetry kind='4'/>"))
    assert len(rotations.code.system) == 4
    assert rotations.code.system.probabilities == pytest.approx([0.25] * 4)
    # A quarter turn with y down turns the other way with y up.
    assert rotations.code.system.matrices[1] == pytest.approx(np.array([[0, 1], [-1, 0]]))
    mirrored = read_one(xform("linear='1'", children="<symmetry kind='-2'/>"))
    assert mirrored.code.system.matrices[1] == pytest.approx(np.diag([-1, 1]))
    assert mirrored.code.system.matrices[2] == pytest.approx(-np.eye(2))


def test_oldest_spellings_of_the_linear_variation() -> None:
    flame = read_one(xform("var='0.5 0 0'"))
    assert flame.code.system.matrices[0, 0, 0] == 0.25
    assert read_one(xform("var1='0'")).code.system.matrices[0, 0, 0] == 0.5


def test_a_final_transform_moves_the_attractor_and_shifts_the_palette() -> None:
    final = "<finalxform linear='1' coefs='2 0 0 1 0.5 0' color='1' color_speed='0.5'/>"
    ramp = "<color index='0' rgb='0 0 0'/><color index='255' rgb='255 255 255'/>"
    plain = read_one(xform("linear='1' color='0'", children=ramp))
    moved = read_one(xform("linear='1' color='0'", children=ramp + final))
    fixed = [
        np.linalg.solve(np.eye(2) - f.code.system.matrices[0], f.code.system.offsets[0])
        for f in (plain, moved)
    ]
    assert fixed[1] == pytest.approx(fixed[0] * [2, 1] + [0.5, 0])
    assert moved.palette[0] == pytest.approx([128 / 255] * 3)
    assert moved.palette[100] == pytest.approx([178 / 255] * 3)


PALETTES = {
    "hexadecimal": "<palette count='256' format='RGB'>" + "01 02 03\n" * 256 + "</palette>",
    "with alpha": f"<palette count='256' format='RGBA'>{'010203FF' * 256}</palette>",
    "colors": f"<colors count='256' data='{'00010203' * 256}'/>",
    "single": "".join(f"<color index='{i}' rgb='1 2 3'/>" for i in range(256)),
    "sparse": "<color index='7' rgb='1 2 3'/>",
    "rgba": "<color index='7' rgba='2 4 6 127.5'/>",
}


@pytest.mark.parametrize("spelling", sorted(PALETTES))
def test_every_spelling_of_a_palette(spelling: str) -> None:
    flame = read_one(xform("linear='1' color='0.4'", children=PALETTES[spelling]))
    assert flame.palette == pytest.approx(np.tile([1, 2, 3], (256, 1)) / 255)
    assert flame.code.system.colors == pytest.approx(np.array([[1, 2, 3]]) / 255)


def test_missing_colours_are_interpolated_around_the_circle() -> None:
    ends = "<color index='64' rgb='0 0 0'/><color index='192' rgb='128 0 0'/>"
    red = read_one(xform("linear='1'", children=ends)).palette[:, 0] * 255
    assert red[128] == pytest.approx(64)
    assert red[0] == pytest.approx(64)  # halfway from 192 over 255 to 64
    assert red[255] == pytest.approx(65)


def test_palette_mode_decides_between_steps_and_blends() -> None:
    ramp = "<color index='0' rgb='0 0 0'/><color index='255' rgb='255 255 255'/>"
    step = read_one(xform("linear='1' color='0.501'", children=ramp))
    blend = read_one(xform("linear='1' color='0.501'", "palette_mode='linear'", ramp))
    assert step.code.system.colors is not None
    assert blend.code.system.colors is not None
    assert step.code.system.colors[0, 0] * 255 == pytest.approx(128)
    assert blend.code.system.colors[0, 0] * 255 == pytest.approx(0.501 * 256)


# --- what has no place in an IFS ---

UNSUPPORTED = {
    "variation": (xform("linear='1' spherical='0.5'"), "spherical"),
    "parameter": (xform("linear='1' julian='1' julian_power='2'"), "julian, julian_power"),
    "chaos": (xform("linear='1' chaos='1 0.5'"), "xform 0: chaos"),
    "opacity": (xform("linear='1' opacity='0'"), "xform 0: opacity"),
    "plotmode": (xform("linear='1' plotmode='off'"), "xform 0: opacity"),
    "solo": (xform("linear='1'", "soloxform='0'"), "soloxform"),
    "camera": (xform("linear='1'", "cam_pitch='0.5'"), "cam_pitch"),
    "final": (
        xform("linear='1'", children="<finalxform sinusoidal='1' color='0'/>"),
        "finalxform: sinusoidal",
    ),
    "flat final": (
        xform("linear='1'", children="<finalxform linear='1' coefs='1 0 0 0 0 0'/>"),
        "finalxform: flat",
    ),
    "motion": (
        "<flame><xform weight='1' linear='1'><motion coefs='1 0 0 1 0 0'/></xform></flame>",
        "xform 0: motion",
    ),
    "numbered palette": (xform("linear='1'", "palette='15'"), "palette: number 15"),
    "blended palette": (
        xform("linear='1'", children="<palette index0='1' index1='2' blend='0.5'/>"),
        "palette: a blend",
    ),
    "old variation": (xform("var='0.5 0.5'"), "var 1"),
}


@pytest.mark.parametrize("case", sorted(UNSUPPORTED))
def test_what_is_not_affine_is_refused_or_dropped_by_name(case: str, tmp_path: Path) -> None:
    xml, name = UNSUPPORTED[case]
    path = tmp_path / "x.flame"
    path.write_text(xml)
    with pytest.raises(UnsupportedError, match=r"on_unsupported='warn'") as caught:
        read_flames(path)
    assert name in str(caught.value)
    assert str(path) in str(caught.value)
    with pytest.warns(UserWarning, match="dropped") as warned:
        (flame,) = read_flames(path, on_unsupported="warn")
    assert len(warned) == 1
    assert name in str(warned[0].message)
    assert len(flame.code.system) == 1


def test_harmless_attributes_are_no_variations() -> None:
    text = xform("linear='1' chaos='1 1' opacity='1' spherical='0' name='a b' animate='0'")
    assert len(read_one(text).code.system) == 1


def test_maps_and_flames_without_an_affine_part_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.flame"
    bent = '<xform weight="1" spherical="1" coefs="1 0 0 1 0 0"/>'
    half = PLAIN.replace("</flame>", bent + "</flame>")
    path.write_text(f"<flames>{half}<flame>{bent}</flame></flames>")
    with pytest.warns(UserWarning, match="dropped xform") as warned:
        flames = read_flames(path, on_unsupported="warn")
    assert [len(f.code.system) for f in flames] == [2]
    assert "flame 1" in str(warned[1].message)
    assert "skipped" in str(warned[1].message)
    path.write_text(f"<flame>{bent}</flame>")
    with pytest.raises(UnsupportedError, match="no flame of the file has an affine map"):
        read_flames(path, on_unsupported="warn")
    with pytest.raises(InputError, match="on_unsupported must be"):
        read_flames(path, on_unsupported="skip")  # type: ignore[arg-type]


# --- hostile and broken files ---

BROKEN = {
    "empty": ("", TruncatedError, "no element found"),
    "cut": (PLAIN[:200], TruncatedError, "unclosed token"),
    "binary": ("\x00\x01\x02", CorruptedError, "not well-formed XML"),
    "no flame": ("<flames/>", CorruptedError, "holds no <flame>"),
    "no xform": ("<flame/>", CorruptedError, "no <xform> element"),
    "crossed tags": ("<flame><xform></flame></xform>", CorruptedError, "mismatched tag"),
    "five coefs": (
        xform("linear='1'").replace("0.5 0.1", "0.5"),
        CorruptedError,
        "coefs must be 6 numbers",
    ),
    "words": (xform("linear='one'"), CorruptedError, "linear must be decimal numbers: got 'one'"),
    "nan": (xform("linear='nan'"), CorruptedError, "linear must be finite"),
    "infinite weight": (
        xform("linear='1'").replace('"1"', '"1e999"'),
        CorruptedError,
        "weight must be finite",
    ),
    "negative weight": (
        xform("linear='1'").replace('"1"', '"-1"'),
        CorruptedError,
        "weight must not be negative",
    ),
    "no weight": (
        xform("linear='1'").replace('"1"', '"0"'),
        CorruptedError,
        "no xform has a positive weight",
    ),
    "overflow": (
        xform("linear='1e300' post='1e300 0 0 1e300 0 0'"),
        CorruptedError,
        "matrices must be finite",
    ),
    "overflowing final": (
        xform("linear='1'", children="<finalxform linear='1e300' coefs='1e300 0 0 1 0 0'/>"),
        CorruptedError,
        "finalxform: coefs overflow",
    ),
    "two finals": (
        xform("linear='1'", children="<finalxform linear='1'/>" * 2),
        CorruptedError,
        "one finalxform only",
    ),
    "scale 0": (
        xform("linear='1'", "scale='0'"),
        CorruptedError,
        "scale must be positive and finite: got 0",
    ),
    "scale 1e-320": (
        xform("linear='1'", "scale='1e-320'"),
        CorruptedError,
        "scale must be positive",
    ),
    "huge zoom": (xform("linear='1'", "zoom='1e6'"), CorruptedError, "x_min < x_max"),
    "far centre": (xform("linear='1'", "center='1e300 0'"), CorruptedError, "x_min < x_max"),
    "huge size": (
        xform("linear='1'", "size='100000 10'"),
        LimitError,
        r"size must be within 1\.\.65535",
    ),
    "broken size": (xform("linear='1'", "size='10.5 10'"), CorruptedError, "size must be integers"),
    "colour 256": (
        xform("linear='1'", children="<color index='256' rgb='0 0 0'/>"),
        CorruptedError,
        r"index must be within 0\.\.255: got 256",
    ),
    "colour text": (
        xform("linear='1'", children="<color index='1' rgb='0 x 0'/>"),
        CorruptedError,
        "rgb must be decimal numbers",
    ),
    "no hex": (
        xform("linear='1'", children="<palette>XYZ</palette>"),
        CorruptedError,
        "not hexadecimal",
    ),
    "odd hex": (
        xform("linear='1'", children="<palette>ABCD</palette>"),
        CorruptedError,
        "1 to 256 colours of 3 bytes: got 2 bytes",
    ),
    "long hex": (
        xform("linear='1'", children=f"<palette>{'0' * 6000}</palette>"),
        CorruptedError,
        "1 to 256 colours of 3 bytes: got 3000 bytes",
    ),
    "count": (
        xform("linear='1'", children="<palette count='9'>000000</palette>"),
        CorruptedError,
        "count says 9",
    ),
    "format": (
        xform("linear='1'", children="<palette format='X'>00</palette>"),
        CorruptedError,
        "format must be one of .*RGBA",
    ),
    "huge symmetry": (
        xform("linear='1'", children="<symmetry kind='99999'/>"),
        LimitError,
        "kind must be within ±1000",
    ),
    "random symmetry": (
        xform("linear='1'", children="<symmetry kind='0'/>"),
        CorruptedError,
        "kind 0 is random",
    ),
    "encoding": (
        "<?xml version='1.0' encoding='klingon'?><flame/>",
        CorruptedError,
        "unknown encoding: klingon",
    ),
    "document type": (
        "<!DOCTYPE flame><flame/>",
        UnsupportedError,
        "document types and entities are not accepted",
    ),
    "entities": (
        '<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><flame name="&b;"/>',
        UnsupportedError,
        "entities are not accepted",
    ),
    "external": (
        '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><flame name="&x;"/>',
        UnsupportedError,
        "entities are not accepted",
    ),
    "deep": ("<a>" * 1500, LimitError, "nests deeper than 1000"),
    "wide": ("<flames>" + "<a/>" * 3000 + "</flames>", LimitError, "more than 2500 elements"),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_broken_and_hostile_files_get_a_named_error(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "selfsame.ifs.exchange.flame_text.MAX_ELEMENTS", 2500
    )  # the real one takes seconds
    text, kind, words = BROKEN[case]
    path = tmp_path / "x.flame"
    path.write_text(text)
    with pytest.raises(kind, match=words) as caught:
        read_flames(path)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(str(path))
    if kind is not UnsupportedError:
        with pytest.raises(kind, match=words):
            read_flames(path, on_unsupported="warn")


def test_files_that_are_not_there_or_too_large(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_flames(tmp_path / "none.flame")
    with pytest.raises(InputError, match="is a folder"):
        read_flames(tmp_path)
    path = tmp_path / "x.flame"
    path.write_text(PLAIN)
    monkeypatch.setattr("selfsame.ifs.exchange.flame.MAX_FILE_BYTES", 100)
    with pytest.raises(LimitError, match="100 bytes"):
        read_flames(path)


SEED_FILE = flames_to_xml([flame_from_code(IFSCode(FERN, Viewport(-3, 0, 3, 10), (30, 50)))])


@pytest.mark.parametrize("strict", [True, False])
def test_mutated_files_read_or_get_a_format_error(strict: bool) -> None:
    mutants = [
        *damaged_copies(SEED_FILE, 300, most=2, cut=0.2),
        *damaged_copies(SEED_FILE, 300, most=4, among=b"<>\"'&;/=09.-e \x00\xff"),
        *damaged_copies(SEED_FILE, 300, most=4, among=DIGITS),
    ]
    accepted, refused = outcomes(
        lambda data: flames_from_xml(data, strict=strict).flames, mutants, FormatError
    )
    assert len(accepted) > 100
    assert len(refused) > 100
    for flames in accepted:
        assert flames
        assert all(np.isfinite(f.code.system.matrices).all() for f in flames)


# --- writing ---


@st.composite
def codes(draw) -> IFSCode:
    count = draw(st.integers(1, 6))
    number = st.floats(-1e6, 1e6).map(lambda v: v + 0.0)  # -0.0 comes back as 0.0
    numbers = draw(st.lists(number, min_size=6 * count, max_size=6 * count))
    values = np.array(numbers).reshape(count, 6)
    weights = np.array(draw(st.lists(st.floats(0.01, 1), min_size=count, max_size=count)))
    colors = None
    if draw(st.booleans()):
        levels = draw(st.lists(st.integers(0, 255), min_size=3 * count, max_size=3 * count))
        colors = np.array(levels).reshape(count, 3) / 255
    x, y = draw(st.floats(-1e3, 1e3)), draw(st.floats(-1e3, 1e3))
    width, height = draw(st.integers(1, 5000)), draw(st.integers(1, 5000))
    unit = draw(st.floats(1e-3, 1e3))
    view = Viewport(x, y, x + unit * width, y + unit * height)
    system = IFS(values[:, :4].reshape(-1, 2, 2), values[:, 4:], weights / weights.sum(), colors)
    text = st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), max_size=20)
    notes = draw(st.dictionaries(text, text, max_size=3))
    return IFSCode(system, view, (width, height), notes={k: v for k, v in notes.items() if v})


@given(codes())
@settings(max_examples=80, deadline=None)
def test_round_trip_of_codes(code: IFSCode) -> None:
    back = read_one(flames_to_xml([flame_from_code(code)]).decode()).code
    assert np.array_equal(back.system.matrices, code.system.matrices)
    assert np.array_equal(back.system.offsets, code.system.offsets)
    assert np.array_equal(back.system.probabilities, code.system.probabilities)
    if code.system.colors is None or (code.system.colors == 1).all():
        assert back.system.colors is None  # white is how a flame says: no colours
    else:
        assert back.system.colors == pytest.approx(code.system.colors, abs=1e-9)
    scale = max(map(abs, code.viewport))
    assert back.viewport == pytest.approx(code.viewport, abs=1e-12 * scale)
    assert back.size == code.size
    assert back.notes == code.notes


def test_round_trip_of_several_flames_keeps_palette_and_attributes(tmp_path: Path) -> None:
    first = read_one(PLAIN)
    text = xform("linear='1' color_speed='0.1' color='0.7'", "gamma='3' name='b &amp; &lt;c>'")
    second = read_one(text)
    path = tmp_path / "both.flame"
    write_flames(path, [first, second])
    back = read_flames(path)
    for mine, theirs in zip([first, second], back, strict=True):
        assert theirs.code.system == mine.code.system
        assert theirs.palette == pytest.approx(mine.palette, abs=1e-12)
        assert np.array_equal(theirs.color_coordinates, mine.color_coordinates)
        assert np.array_equal(theirs.color_speeds, mine.color_speeds)
        assert theirs.attributes == mine.attributes
        assert theirs.name == mine.name
    assert back[1].name == "b & <c>"
    before = path.read_bytes()
    write_flames(path, back)
    assert path.read_bytes() == before  # writing what was read changes nothing
    with pytest.raises(InputError, match="exists"):
        write_flames(path, back, overwrite=False)
    with pytest.raises(InputError, match="at least one flame"):
        write_flames(path, [])


def test_oblong_pixels_become_square_by_stretching_the_plane() -> None:
    code = IFSCode(FERN, Viewport(-3, 0, 3, 10), (64, 64))
    back = read_one(flames_to_xml([flame_from_code(code)]).decode()).code
    assert back.viewport.width / 64 == pytest.approx(back.viewport.height / 64)
    assert iou(occupancy(code), occupancy(back)) > 0.97


def test_colours_beyond_the_palette_and_characters_beyond_xml() -> None:
    colors = np.random.default_rng(0).random((1000, 3))
    system = IFS(np.zeros((1000, 2, 2)), np.zeros((1000, 2)), None, colors)
    code = IFSCode(system, Viewport(0, 0, 1, 1), (8, 8), notes={"a": "x\x00\x0by\n\tz\r"})
    back = read_one(flames_to_xml([flame_from_code(code)]).decode()).code
    assert back.system.colors is not None
    assert back.notes == {"a": "xy\n\tz\r"}
    same = np.full((3, 3), 51 / 255)
    system = IFS(np.zeros((3, 2, 2)), np.zeros((3, 2)), None, same)
    code = IFSCode(system, Viewport(0, 0, 1, 1), (8, 8))
    assert read_one(flames_to_xml([flame_from_code(code)]).decode()).code.system == system


def test_only_plane_systems_and_whole_palettes_make_a_flame() -> None:
    solid = IFSCode(classic("menger-sponge"), Viewport(0, 0, 1, 1), (8, 8))
    with pytest.raises(InputError, match="3 dimensions"):
        flame_from_code(solid)
    flame = read_one(PLAIN)
    with pytest.raises(InputError, match="palette must be"):
        Flame(flame.code, "", flame.palette[:3], flame.color_coordinates, flame.color_speeds)
    with pytest.raises(InputError, match="color_speeds must be"):
        Flame(flame.code, "", flame.palette, flame.color_coordinates, np.zeros(5))
    with pytest.raises(InputError, match="within"):
        Flame(flame.code, "", flame.palette + 1, flame.color_coordinates, flame.color_speeds)


def test_the_written_file_is_what_flam3_expects() -> None:
    system = IFS(FERN.matrices, FERN.offsets, FERN.probabilities, COLORS)
    code = IFSCode(system, Viewport(-3, 0, 3, 10), (60, 100))
    root = ElementTree.fromstring(flames_to_xml([flame_from_code(code)]))
    flame = root.find("flame")
    assert flame is not None
    assert flame.get("center") == "0.0 -5.0"
    assert flame.get("scale") == "10.0"
    xforms = flame.findall("xform")
    # a d b e c f, y down.
    assert xforms[1].get("coefs") == "0.85 0.04 -0.04 0.85 0.0 -1.6"
    palette = flame.find("palette")
    assert palette is not None
    assert palette.text is not None
    assert len("".join(palette.text.split())) == 256 * 6


# --- against flam3 itself ---


def occupancy(code: IFSCode, points: int = 400_000) -> np.ndarray:
    """Which pixels the chaos game hits, by the conventions of docs/conventions.md."""
    xy = chaos_points(code.system, points)
    (width, height), view = code.size, code.viewport
    column = np.floor((xy[:, 0] - view.x_min) / view.width * width).astype(int)
    row = np.floor((view.y_max - xy[:, 1]) / view.height * height).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    hit = np.zeros((height, width), np.int64)
    np.add.at(hit, (row[inside], column[inside]), 1)
    return hit > 0


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def flam3_render(path: Path, folder: Path) -> np.ndarray:
    """The picture (H, W, 3) that flam3-render makes of a file's first flame."""
    target = folder / "flam3.png"
    subprocess.run(
        ["flam3-render"],
        input=path.read_bytes(),
        env={**os.environ, "out": str(target), "seed": "1", "isaac_seed": "selfsame"},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return np.asarray(Image.open(target).convert("RGB"))


needs_flam3 = pytest.mark.skipif(
    shutil.which("flam3-render") is None, reason="flam3-render is not installed"
)
# No blur and no density estimation, so that a pixel is bright only if points fell into it.
SHARP = {
    "filter": "0.1",
    "filter_shape": "box",
    "estimator_radius": "0",
    "gamma_threshold": "0",
    "quality": "100",
    "temporal_samples": "1",
    "background": "0 0 0",
}


@needs_flam3
@pytest.mark.parametrize("name", ["barnsley-fern", "chair", "heighway-dragon"])
def test_flam3_draws_our_flames_as_we_do(name: str, tmp_path: Path) -> None:
    system = classic(name)
    points = chaos_points(system, 20_000)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, 0.55 * (high - low).max()
    # Off centre and oblong, so that no flip, turn or shift passes unseen.
    view = Viewport(
        middle[0] - 1.2 * half, middle[1] - half, middle[0] + 1.8 * half, middle[1] + 1.25 * half
    )
    code = IFSCode(system, view, (160, 120))
    flame = flame_from_code(code)
    path = tmp_path / "ours.flame"
    write_flames(
        path,
        [
            Flame(
                code, name, flame.palette, flame.color_coordinates, flame.color_speeds, dict(SHARP)
            )
        ],
    )
    picture = flam3_render(path, tmp_path)
    assert picture.shape == (120, 160, 3)
    assert iou(picture.max(axis=2) > 0, occupancy(code, 2_000_000)) > 0.93


@needs_flam3
def test_we_read_rotation_post_final_and_symmetry_as_flam3_does(tmp_path: Path) -> None:
    attributes = " ".join(f'{k}="{v}"' for k, v in SHARP.items())
    path = tmp_path / "theirs.flame"
    path.write_text(
        f'<flame size="150 110" center="0.4 -0.3" scale="20" zoom="0.5" rotate="25" {attributes}>'
        '<xform weight="1" linear="0.9" coefs="0.5 0.1 -0.15 0.45 1 0.2" color="0"/>'
        '<xform weight="2" linear="1" coefs="0.4 0 0.2 0.5 -0.5 0.8" post="1 0.2 0 0.9 0.1 -0.3"'
        ' color="1"/>'
        '<symmetry kind="-3"/>'
        '<finalxform linear="1" coefs="1.2 0.3 -0.1 0.8 0.5 0.1" color="0.5"/>'
        '<color index="0" rgb="255 255 255"/></flame>'
    )
    (flame,) = read_flames(path)
    picture = flam3_render(path, tmp_path)
    assert iou(picture.max(axis=2) > 0, occupancy(flame.code, 2_000_000)) > 0.9


@needs_flam3
def test_flam3_shows_the_colours_of_the_maps(tmp_path: Path) -> None:
    # Two maps onto points far apart: each pixel shows one map's colour, pulled halfway from
    # the colour before it, so the brighter channel tells the map.
    system = IFS(
        [np.eye(2) * 0.01] * 2, [[-0.5, 0.5], [0.5, -0.5]], [0.5, 0.5], [[1, 0, 0], [0, 0, 1]]
    )
    code = IFSCode(system, Viewport(-1, -1, 1, 1), (40, 40))
    flame = flame_from_code(code)
    path = tmp_path / "two.flame"
    write_flames(
        path,
        [Flame(code, "", flame.palette, flame.color_coordinates, flame.color_speeds, dict(SHARP))],
    )
    picture = flam3_render(path, tmp_path).astype(int)
    upper_left, lower_right = picture[:20, :20].sum(axis=(0, 1)), picture[20:, 20:].sum(axis=(0, 1))
    assert upper_left[0] > 1.5 * upper_left[2]
    assert lower_right[2] > 1.5 * lower_right[0]
    assert picture[:20, 20:].sum() == picture[20:, :20].sum() == 0


def test_no_warning_is_issued_for_affine_files(tmp_path: Path) -> None:
    path = tmp_path / "x.flame"
    path.write_text(PLAIN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_flames(path, on_unsupported="warn")) == 1
