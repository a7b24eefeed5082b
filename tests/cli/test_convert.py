import json

import pytest

from selfsame import IFS, IFSCode, load, save
from selfsame.cli import main
from selfsame.errors import CorruptedError, FormatError, LimitError, UnsupportedError
from selfsame.ifs.code import Primitive, Viewport
from selfsame.ifs.exchange.flame import read_flames
from selfsame.ifs.exchange.json_code import code_from_values, code_to_values, read_json_code

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
    assert main(["convert", str(both), "-o", str(folder / "one.json"), "--index", "2"]) == 1
    assert "--index must be within 0..1" in capsys.readouterr().err
    assert main(["convert", str(both), "-o", str(folder / "two.ssm")]) == 1
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
        (["a.ssm", "-o", "b.txt"], 1, "ends in .ssm, .flame, .json: got '.txt'"),
        (["a.png", "-o", "b.ssm"], 1, "ends in .ssm"),
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
        ({"offsets": [[0, 10**400], [0, 0]]}, CorruptedError, "too large to convert to float"),
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


def test_files_that_are_no_json(tmp_path, monkeypatch) -> None:
    path = tmp_path / "x.json"
    for text in ("", "[1, 2]", "{", "[" * 100_000, "\x00"):
        path.write_text(text)
        with pytest.raises(FormatError, match=r"x\.json: "):
            read_json_code(path)
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(CorruptedError, match="not JSON"):
        read_json_code(path)
    monkeypatch.setattr("selfsame.ifs.exchange.json_code.MAX_FILE_BYTES", 2)
    with pytest.raises(LimitError, match="2 bytes"):
        read_json_code(path)
