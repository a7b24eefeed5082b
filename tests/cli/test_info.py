import io
import json
import sys

import numpy as np
import pytest

from selfsame import IFS, IFSCode, save
from selfsame.cli import main
from selfsame.ifs.code import Primitive, Viewport

CODE = IFSCode(
    IFS(
        [[[0.5, 0.0], [0.0, 0.25]], [[0.1, -0.2], [0.3, 0.4]]],
        [[0.0, 0.25], [1 / 3, 0.5]],
        [0.75, 0.25],
    ),
    Viewport(-1.0, -0.5, 1.5, 2.0),
    (12, 9),
    Primitive("disk", (0.0, 0.5, 1.0)),
    {"method": "by hand", "escape": "\x1b[31m"},
)


@pytest.fixture
def path(tmp_path):
    save(CODE, tmp_path / "a.ssm")
    return tmp_path / "a.ssm"


def test_json_holds_every_parameter_exactly(path, capsys):
    assert main(["info", str(path), "--json"]) == 0
    out, err = capsys.readouterr()
    values = json.loads(out)
    size = path.stat().st_size
    scales = np.array([np.linalg.svd(a)[1].max() for a in CODE.system.matrices])
    assert values.pop("contraction") == pytest.approx(scales.max())
    assert (scales ** values.pop("similarity_dimension")).sum() == pytest.approx(1)
    assert values == {
        "kind": "ifs",
        "matrices": CODE.system.matrices.tolist(),
        "offsets": CODE.system.offsets.tolist(),
        "probabilities": [0.75, 0.25],
        "colors": None,
        "viewport": [-1.0, -0.5, 1.5, 2.0],
        "size": [12, 9],
        "bytes": size,
        "bpp": 8 * size / (12 * 9),
        "primitive": {"kind": "disk", "parameters": [0.0, 0.5, 1.0]},
        "notes": CODE.notes,
        "chunks": [
            {"tag": "HEAD", "length": 10},
            {"tag": "MAPS", "length": 6 + 4 * 4 + 8 * 8 + 8 * 4 + 4 * 2},
            {"tag": "LEAF", "length": 2 + 4 * 3},
            {"tag": "note", "length": 32},
            {"tag": "TAIL", "length": 0},
        ],
    }
    assert err == ""


def test_text_is_a_table_on_standard_output(path, capsys):
    assert main(["info", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "12x9 pixels, grey" in out
    assert "x -1 to 1.5, y -0.5 to 2" in out
    assert "disk 0 0.5 1" in out
    header, first, second = out.splitlines()[-3:]
    assert header.split() == ["map", "probability", "A_xx", "A_xy", "A_yx", "A_yy", "b_x", "b_y"]
    assert first.split() == ["0", "0.75", "0.5", "0", "0", "0.25", "0", "0.25"]
    assert second.split() == ["1", "0.25", "0.1", "-0.2", "0.3", "0.4", "0.333333", "0.5"]


def test_notes_cannot_steer_the_terminal(path, capsys):
    main(["info", str(path)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\x1b[31m" in out


def test_colours_and_space(tmp_path, capsys):
    system = IFS(np.eye(3)[None] / 2, [[1, 2, 3]], [1], [[1, 0.5, 0]])
    save(IFSCode(system, CODE.viewport, (2, 2)), tmp_path / "a.ssm")
    assert main(["info", str(tmp_path / "a.ssm")]) == 0
    header, row = capsys.readouterr().out.splitlines()[-2:]
    axes = ["xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"]
    names = [*(f"A_{a}" for a in axes), "b_x", "b_y", "b_z", "red", "green", "blue"]
    assert header.split() == ["map", "probability", *names]
    assert row.split() == [
        "0",
        "1",
        "0.5",
        "0",
        "0",
        "0",
        "0.5",
        "0",
        "0",
        "0",
        "0.5",
        "1",
        "2",
        "3",
        "1",
        "0.5",
        "0",
    ]


def test_dash_reads_standard_input(path, capsys, monkeypatch):
    main(["info", str(path), "--json"])
    expected = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert main(["info", "-", "--json"]) == 0
    assert capsys.readouterr().out == expected


def test_numbers_beyond_floats_are_null_in_json(tmp_path, capsys):
    huge = IFS([[[1.7e308, 1.7e308], [-1.7e308, 1.7e308]]], [[0, 0]], [1])
    save(IFSCode(huge, CODE.viewport, (2, 2)), tmp_path / "a.ssm")
    assert main(["info", str(tmp_path / "a.ssm"), "--json"]) == 0

    def refuse(name):
        raise AssertionError(name)

    values = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert values["contraction"] is None
    assert values["similarity_dimension"] is None
    assert main(["info", str(tmp_path / "a.ssm")]) == 0
    out = capsys.readouterr().out
    assert "overflows" in out
    assert "a map expands" in out


@pytest.mark.parametrize(
    ("contents", "words"),
    [(None, "no such file"), (b"GIF89a..", "not a Selfsame file"), (b"", "ends after 0 bytes")],
)
def test_unusable_files_fail_with_one_line(tmp_path, capsys, contents, words):
    path = tmp_path / "a.ssm"
    if contents is not None:
        path.write_bytes(contents)
    assert main(["info", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert str(path) in err
    assert err.count("\n") == 1


def test_wrong_usage_is_told_apart(capsys):
    assert main(["info"]) == 2
    assert "Usage" in capsys.readouterr().err
