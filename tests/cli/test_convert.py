import io
import json

import pytest

from selfsame import IFS, IFSCode, load, save
from selfsame.cli import main
from selfsame.errors import CorruptedError, UnsupportedError
from selfsame.ifs.code import Primitive, Viewport
from selfsame.ifs.exchange.flame import read_flames
from selfsame.ifs.exchange.json_code import code_from_values, code_to_values

SYSTEM = IFS(
    [[[0.5, 0.1], [0.0, 0.25]], [[0.1, -0.2], [0.3, 1 / 3]]],
    [[0.0, 0.25], [0.1, 0.5]],
    [0.75, 0.25],
    [[1, 0, 0], [0, 0.2, 1]],
)
CODE = IFSCode(SYSTEM, Viewport(-1, -0.5, 2, 1), (12, 6), notes={"name": "first"})
DISK = Primitive("disk", (0, 0.5, 1))
FULL = IFSCode(SYSTEM, Viewport(-1, -0.5, 2, 1), (12, 9), DISK, {"a": "b"})


@pytest.fixture
def folder(tmp_path):
    save(CODE, tmp_path / "a.ssm")
    save(FULL, tmp_path / "full.ssm")
    return tmp_path


def test_json_keeps_every_bit(folder) -> None:
    assert main(["convert", str(folder / "full.ssm"), "-o", str(folder / "x.json")]) == 0
    assert main(["convert", str(folder / "x.json"), "-o", str(folder / "back.ssm")]) == 0
    assert load(folder / "back.ssm") == FULL
    assert (folder / "back.ssm").read_bytes() == (folder / "full.ssm").read_bytes()


def test_the_json_is_that_of_info(folder, capsys) -> None:
    assert main(["info", str(folder / "full.ssm"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    ours = code_to_values(FULL)
    assert {key: printed[key] for key in ours} == json.loads(json.dumps(ours))
    assert code_from_values(printed) == FULL


def test_flame_and_back(folder) -> None:
    assert main(["convert", str(folder / "a.ssm"), "-o", str(folder / "a.flame")]) == 0
    assert main(["convert", str(folder / "a.flame"), "-o", str(folder / "back.ssm")]) == 0
    back = load(folder / "back.ssm")
    assert back.system == CODE.system
    assert back.viewport == pytest.approx(CODE.viewport)
    assert back.notes == CODE.notes


def test_several_codes_go_to_a_flame_file_a_folder_or_one_by_index(folder, capsys) -> None:
    both = folder / "both.flame"
    inputs = [str(folder / "a.ssm"), str(folder / "a.ssm")]
    assert main(["convert", *inputs, "-o", str(both)]) == 0
    assert len(read_flames(both)) == 2
    capsys.readouterr()
    assert main(["convert", str(both), "-o", str(folder / "many"), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["count"] == 2
    assert [load(p).system for p in values["outputs"]] == [SYSTEM, SYSTEM]
    assert main(["convert", str(both), "-o", str(folder / "one.ssm"), "--index", "1"]) == 0
    assert main(["convert", str(both), "-o", str(folder / "one.json"), "--index", "2"]) == 2
    assert "index must be within 0..1" in capsys.readouterr().err
    assert main(["convert", str(both), "-o", str(folder / "two.ssm")]) == 2
    assert "holds one code, and there are 2" in capsys.readouterr().err
    assert not (folder / "two.ssm").exists()


def test_flame_to_flame_keeps_what_codes_do_not_hold(folder) -> None:
    assert main(["convert", str(folder / "a.ssm"), "-o", str(folder / "a.flame")]) == 0
    text = (folder / "a.flame").read_text().replace("<flame ", '<flame gamma="2.5" ')
    (folder / "a.flame").write_text(text)
    assert main(["convert", str(folder / "a.flame"), "-o", str(folder / "b.flame")]) == 0
    assert read_flames(folder / "b.flame")[0].attributes["gamma"] == "2.5"


def test_unsupported_parts_are_refused_or_dropped_with_a_message(folder, capsys) -> None:
    path = folder / "bent.flame"
    path.write_text(
        '<flame><xform weight="1" linear="1" swirl="0.5"/><xform weight="1" linear="1"/></flame>'
    )
    out = ["-o", str(folder / "bent.ssm")]
    assert main(["convert", str(path), *out]) == 1
    assert "swirl" in capsys.readouterr().err
    assert not (folder / "bent.ssm").exists()
    assert main(["convert", str(path), *out, "--drop-unsupported"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "dropped xform 0: swirl" in captured.err
    assert main(["convert", str(path), *out, "--drop-unsupported", "--json", "--overwrite"]) == 0
    assert "swirl" in json.loads(capsys.readouterr().out)["dropped"][0]


def test_existing_outputs_stay_unless_told(folder, capsys) -> None:
    target = folder / "x.json"
    target.write_text("precious")
    command = ["convert", str(folder / "a.ssm"), "-o", str(target)]
    assert main(command) == 1
    assert "exists" in capsys.readouterr().err
    assert target.read_text() == "precious"
    assert main([*command, "--overwrite", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert json.loads(target.read_text())["kind"] == "ifs"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "Missing argument"),
        (["a.ssm"], 2, "Missing option"),
        (["none.ssm", "-o", "b.json"], 1, "no such file: none.ssm"),
        (["none.flame", "-o", "b.json"], 1, "no such file"),
        (["none.json", "-o", "b.ssm"], 1, "no such file"),
        (["a.ssm", "-o", "b.txt"], 2, "ends in .ssm, .json, .flame, .flam3: got '.txt'"),
        (["a.png", "-o", "b.ssm"], 1, "no such file: a.png"),
        (["plainfile", "-o", "b.ssm"], 1, "no code, but an empty file"),
        (["a.ssm", "a.ssm", "-o", "b.ssm", "--index", "1"], 2, "--index takes a code of one file"),
        (["a.ssm", "-o", "a.ssm", "--overwrite"], 1, "a.ssm is the input"),
        (["a.ssm", "-o", "no/b.json"], 1, "does not exist"),
        (["a.ssm", "-o", "no/folder"], 1, "does not exist"),
        (["a.ssm", "-o", "plainfile"], 1, "is a file"),
    ],
)
def test_wrong_usage(arguments, status, message, folder, capsys, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "plainfile").write_text("")
    assert main(["convert", *arguments]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


GOOD = code_to_values(FULL)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"kind": "pifs"}, UnsupportedError, "kind must be 'ifs': got 'pifs'"),
        ({"kind": None}, UnsupportedError, "kind must be 'ifs'"),
        ({"matrices": None}, CorruptedError, "lacks matrices"),
        ({"matrices": [[1, 2]]}, CorruptedError, r"matrices must be \(N, 2, 2\)"),
        ({"matrices": [[["x"]]]}, CorruptedError, "matrices must be an array of numbers"),
        ({"matrices": {"a": 1}}, CorruptedError, "matrices must be an array of numbers"),
        ({"offsets": [[0, float("nan")], [0, 0]]}, CorruptedError, "offsets must be finite"),
        ({"viewport": [0, 0, 1, 10**400]}, CorruptedError, "larger than floats can be"),
        ({"probabilities": [2, -1]}, CorruptedError, "probabilities must be within"),
        ({"viewport": [0, 0, 1]}, CorruptedError, "viewport or primitive cannot be read"),
        ({"viewport": 7}, CorruptedError, "viewport or primitive"),
        ({"viewport": [0, 0, 0, 0]}, CorruptedError, "viewport needs x_min < x_max"),
        ({"viewport": [[0], 0, 1, 1]}, CorruptedError, "viewport or primitive"),
        ({"size": [1, 2, 3]}, CorruptedError, "size must be two integers"),
        ({"size": [1.5, 2]}, CorruptedError, "size must be two integers"),
        ({"size": [0, 2]}, CorruptedError, r"size is \(width, height\)"),
        ({"size": "ab"}, CorruptedError, "size must be two integers"),
        ({"primitive": {"kind": "disk"}}, CorruptedError, "viewport or primitive"),
        (
            {"primitive": {"kind": "ball", "parameters": []}},
            CorruptedError,
            "primitive must be one of .*'disk'",
        ),
        (
            {"primitive": {"kind": ["disk"], "parameters": [1, 2, 3]}},
            CorruptedError,
            "viewport or primitive",
        ),
        ({"primitive": "disk"}, CorruptedError, "viewport or primitive"),
        ({"notes": {"a": 1}}, CorruptedError, "notes must be an object of strings"),
        ({"notes": "text"}, CorruptedError, "notes must be an object of strings"),
    ],
)
def test_json_that_is_no_code_gets_a_named_error(change: dict, kind: type, words: str) -> None:
    with pytest.raises(kind, match=words):
        code_from_values({**GOOD, **change})


def test_optional_parts_of_the_json_may_be_missing() -> None:
    short = {k: GOOD[k] for k in ("kind", "matrices", "offsets", "viewport", "size")}
    code = code_from_values(short)
    assert code.system.colors is None
    assert code.primitive is None
    assert code.notes == {}


# --- one reader for every command ---

HALF = '<xform weight="1" linear="1" coefs="0.5 0 0 0.5 {0} 0"{1}/>'
PLAIN = HALF.format(0, "") + HALF.format(0.5, "")
BENT = HALF.format(0, ' spherical="1"').replace('linear="1"', "")


def write_flame(path, *flames: str) -> str:
    path.write_text(
        "<flames>"
        + "".join(f'<flame name="{i}" size="20 10">{x}</flame>' for i, x in enumerate(flames))
        + "</flames>"
    )
    return str(path)


@pytest.mark.parametrize("name", ["fern.json", "sheep.flame", "sheep.flam3", "odd.txt", "none"])
def test_every_command_reads_every_format(folder, capsys, name) -> None:
    path = folder / name
    if name == "fern.json":
        path.write_text(json.dumps(code_to_values(CODE)))
    else:
        write_flame(path, PLAIN)
    for i, command in enumerate(("convert", "render")):
        out = folder / f"{i}.png" if command == "render" else folder / f"{i}.ssm"
        assert main([command, str(path), "-o", str(out), "--quiet"]) == 0
    assert len(load(folder / "0.ssm").system) == 2
    assert main(["info", str(path), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["kind"], values["codes"]) == ("ifs", 1)
    assert values["format"] == ("json" if name == "fern.json" else "flame")
    assert values["bytes"] == path.stat().st_size
    assert main(["info", str(path)]) == 0
    assert f"1 in the .{values['format']}" in capsys.readouterr().out
    custom = ["dataset", "custom", "--codes", str(path), "-o", str(folder / "set")]
    assert main([*custom, "--instances", "2", "--size", "16", "--quiet", "--jobs", "1"]) == 0
    assert len(list((folder / "set" / "00000").glob("*.png"))) == 2


def test_codes_come_from_standard_input(folder, capsys, monkeypatch) -> None:
    for arguments in (
        ["convert", "-", "-o", str(folder / "x.json")],
        ["render", "-", "-o", str(folder / "x.png")],
        ["info", "-"],
    ):
        data = (folder / "a.ssm").read_bytes()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(arguments) == 0, capsys.readouterr().err
    assert json.loads((folder / "x.json").read_text())["notes"] == {"name": "first"}


def test_one_flame_does_not_spoil_the_others(folder, capsys) -> None:
    path = write_flame(folder / "three.flame", PLAIN, BENT, PLAIN)
    for command, out in (("render", "x.png"), ("convert", "x.ssm")):
        run = [command, path, "-o", str(folder / out), "--overwrite", "--quiet"]
        assert main([*run, "--index", "0"]) == 0
        assert main([*run, "--index", "2", "--drop-unsupported"]) == 0
        assert main([*run, "--index", "1"]) == 1
        error = capsys.readouterr().err
        assert "flame 1: xform 0: spherical" in error
        assert "--drop-unsupported" in error
        assert main([*run, "--index", "1", "--drop-unsupported"]) == 1
        assert "flame 1 has no affine map" in capsys.readouterr().err
        assert main([*run, "--index", "3"]) == 2
        assert "index must be within 0..2" in capsys.readouterr().err
    assert load(folder / "x.ssm").notes["name"] == "2"
    assert main(["info", path, "--json", "--index", "2"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["codes"], values["notes"]["name"]) == (3, "2")


def test_what_was_dropped_is_said(folder, capsys) -> None:
    path = write_flame(folder / "x.flame", PLAIN + BENT)
    line = "flame 0: dropped xform 2: spherical"
    assert main(["render", path, "-o", str(folder / "x.png"), "--drop-unsupported"]) == 0
    assert line in capsys.readouterr().err
    out = ["-o", str(folder / "x.png"), "--overwrite", "--json"]
    assert main(["render", path, *out, "--drop-unsupported"]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == [line]
    assert main(["info", path, "--drop-unsupported"]) == 0
    assert line in capsys.readouterr().out


def test_the_output_is_never_the_input(folder, capsys) -> None:
    (folder / "b.json").write_text(json.dumps(code_to_values(CODE)))
    (folder / "link.json").symlink_to("b.json")
    before = (folder / "b.json").read_bytes()
    for out in ("b.json", "link.json"):
        arguments = [str(folder / "b.json"), "-o", str(folder / out), "--overwrite"]
        assert main(["convert", *arguments]) == 1
        assert "is the input; choose another name" in capsys.readouterr().err
    assert (folder / "b.json").read_bytes() == before
