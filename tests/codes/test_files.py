import io
import json

import numpy as np
import pytest

from selfsame import IFS, IFSCode, save
from selfsame.codes.files import read_codes, read_systems
from selfsame.codes.store import pack
from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)
from selfsame.ifs.code import Viewport
from selfsame.ifs.exchange.flame import flame_from_code, flames_to_xml, write_flames
from selfsame.ifs.exchange.json_code import code_to_values


def code(name: str, shift: float = 0.25) -> IFSCode:
    maps = IFS([np.eye(2) / 2, np.eye(2) / 4], [[0, shift], [0.5, 0]], [0.5, 0.5])
    return IFSCode(maps, Viewport(-1, -1, 1, 1), (16, 16), notes={"name": name})


FIRST, SECOND, THIRD = code("first"), code("second", 0.5), code("third", 0.75)
SSM = pack(FIRST)
JSON = json.dumps(code_to_values(FIRST)).encode()
FLAME = flames_to_xml([flame_from_code(FIRST)])
BENT = b'<flame name="bent"><xform weight="1" spherical="1" coefs="1 0 0 1 0 0"/></flame>'


def flames(*parts: bytes | IFSCode) -> bytes:
    """Return a file of flames, some as XML."""
    inner = [
        part
        if isinstance(part, bytes)
        else flames_to_xml([flame_from_code(part)]).split(b">", 2)[2].rsplit(b"<", 1)[0]
        for part in parts
    ]
    return b"<flames>" + b"".join(inner) + b"</flames>"


NAMES = {"ssm": [".ssm"], "json": [".json"], "flame": [".flame", ".flam3", ".FLAM3"]}


@pytest.mark.parametrize(
    ("form", "contents"),
    [
        ("ssm", SSM),
        ("json", JSON),
        ("json", b"\n \t" + JSON),
        ("json", b"\xef\xbb\xbf" + JSON),
        ("flame", FLAME),
        ("flame", b"\n" + FLAME.split(b"\n", 1)[1]),
        ("flame", FLAME.decode().replace("utf-8", "utf-16").encode("utf-16")),
    ],
)
def test_the_contents_tell_the_format_whatever_the_name(tmp_path, form, contents) -> None:
    for name in ("a", "a.txt", "a.ssm", "a.json", "a.flame", "a.flam3"):
        (tmp_path / name).write_bytes(contents)
        found = read_codes(tmp_path / name)
        assert (found.form, found.data, found.count) == (form, contents, 1)
        assert found.name == str(tmp_path / name)
        (read,) = found.systems()
        assert read.system == FIRST.system
        assert read.notes == FIRST.notes
        assert len(found.flames) == (form == "flame")


@pytest.mark.parametrize("contents", [SSM, JSON, FLAME])
def test_a_dash_is_standard_input(monkeypatch, contents) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(contents)))
    found = read_codes("-")
    assert found.name == "standard input"
    assert found.systems()[0].system == FIRST.system


@pytest.mark.parametrize(
    ("name", "contents", "kind", "message"),
    [
        ("a.ssm", b"", TruncatedError, "ends after 0 bytes"),
        ("a.ssm", SSM[:5], TruncatedError, "within its signature"),
        ("a", SSM[:5], TruncatedError, "within its signature"),
        ("a.ssm", SSM[:-3], TruncatedError, "chunk TAIL claims"),
        ("a", b"S" + SSM[1:], CorruptedError, "text mode"),
        ("a.ssm", b"GIF89a", CorruptedError, "not a Selfsame file, but a GIF picture; selfsame en"),
        ("a.gif", b"GIF89a", CorruptedError, r"no code, but a GIF picture; .*; \.ssm, \.json"),
        (
            "a",
            b"\x89PNG\r\n\x1a\n..",
            CorruptedError,
            "no code, but a PNG picture; selfsame encode",
        ),
        ("a.ssm", b"PK\3\4..", CorruptedError, r"file, but a ZIP archive, such as \.npz$"),
        ("a", b"what is this", CorruptedError, "something that begins with b'what is '; "),
        ("a", b"", CorruptedError, "no code, but an empty file"),
        ("a.json", b"", CorruptedError, "not JSON"),
        ("a.json", b"[1, 2]", CorruptedError, "a code is a JSON object"),
        ("a", b"{", CorruptedError, "not JSON"),
        ("a.json", b"[" * 100_000, CorruptedError, "not JSON"),
        ("a.json", b"\xff\xfd\xfe", CorruptedError, "not JSON"),
        ("a", b'{"kind": "pifs"}', UnsupportedError, "kind must be 'ifs'"),
        ("a", b"<svg/>", CorruptedError, "no <flame> element"),
        ("a", FLAME[:300], TruncatedError, "not well-formed XML"),
        ("a.flam3", b"none", CorruptedError, "not well-formed XML"),
        ("a", flames(BENT), UnsupportedError, "flame 0: xform 0: spherical.*--drop-unsupported"),
    ],
)
def test_damage_is_named(tmp_path, name, contents, kind, message) -> None:
    path = tmp_path / name
    path.write_bytes(contents)
    with pytest.raises(kind, match=message) as caught:
        read_codes(path)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"{path}: ")


def test_endless_files_are_left_at_their_limits(tmp_path, monkeypatch) -> None:
    for contents, limit in (
        (SSM, "selfsame.coding.container.MAX_FILE_BYTES"),
        (JSON, "selfsame.ifs.exchange.json_code.MAX_FILE_BYTES"),
        (FLAME, "selfsame.ifs.exchange.flame_read.MAX_FILE_BYTES"),
    ):
        path = tmp_path / "a"
        path.write_bytes(contents)
        monkeypatch.setattr(limit, len(contents))
        assert read_codes(path).codes
        monkeypatch.setattr(limit, len(contents) - 1)
        with pytest.raises(LimitError, match=f"at most {len(contents) - 1} bytes"):
            read_codes(path)


def test_files_that_are_not_there(tmp_path) -> None:
    with pytest.raises(InputError, match=r"no such file: .*none"):
        read_codes(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        read_codes(tmp_path)


def test_an_index_counts_the_codes_of_the_file_whatever_ails_the_others(tmp_path) -> None:
    path = tmp_path / "many.flame"
    path.write_bytes(flames(FIRST, BENT, THIRD))
    with pytest.raises(UnsupportedError, match="flame 1: xform 0: spherical"):
        read_codes(path)
    for drop in (False, True):
        for index, expected in ((0, FIRST), (2, THIRD)):
            found = read_codes(path, index=index, drop_unsupported=drop)
            assert [c.notes["name"] for c in found.systems()] == [expected.notes["name"]]
            assert found.systems()[0].system == expected.system
            assert (found.count, list(found.dropped)) == (3, [])
    with pytest.raises(UnsupportedError, match="flame 1 has no affine map"):
        read_codes(path, index=1, drop_unsupported=True)
    for index in (3, -1):
        with pytest.raises(InputError, match=r"index must be within 0\.\.2, codes of .*: got"):
            read_codes(path, index=index)
    everything = read_codes(path, drop_unsupported=True)
    assert [c.notes["name"] for c in everything.systems()] == ["first", "third"]
    assert everything.count == 3
    assert list(everything.dropped) == [
        "flame 1: dropped xform 0: spherical; no affine map is left, so it is skipped"
    ]


def test_a_file_of_one_code_has_index_0(tmp_path) -> None:
    for name, contents in (("a.ssm", SSM), ("a.json", JSON)):
        (tmp_path / name).write_bytes(contents)
        assert read_codes(tmp_path / name, index=0).systems()[0].system == FIRST.system
        with pytest.raises(InputError, match=r"index must be within 0\.\.0"):
            read_codes(tmp_path / name, index=1)


def test_a_folder_gives_the_systems_of_its_files_in_order(tmp_path) -> None:
    save(SECOND, tmp_path / "b.ssm")
    write_flames(tmp_path / "c.flame", [flame_from_code(c) for c in (THIRD, FIRST)])
    (tmp_path / "a.json").write_bytes(JSON)
    (tmp_path / "deeper").mkdir()
    save(FIRST, tmp_path / "deeper" / "a.ssm")
    (tmp_path / "fit.json").write_text('{"seed": 0, "targets": []}')  # not a code, nor says so
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / ".hidden.ssm").write_bytes(b"none")
    names = [c.notes["name"] for c in read_systems(tmp_path)]
    assert names == ["first", "second", "third", "first", "first"]
    assert [c.notes["name"] for c in read_systems(tmp_path / "c.flame")] == ["third", "first"]
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(FormatError, match=r"broken\.json: not JSON"):
        read_systems(tmp_path)


def test_folders_and_files_without_systems(tmp_path) -> None:
    with pytest.raises(InputError, match=r"has no codes \(\.ssm, \.json, \.flame, \.flam3\)"):
        read_systems(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_systems(tmp_path / "none")
