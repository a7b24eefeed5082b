import json

import numpy as np
import pytest

from selfsame import load
from selfsame.cli import main
from selfsame.ifs.exchange.flame import read_flames
from selfsame.ifs.samples.library import classic, classic_names
from selfsame.ifs.samples.random import sample_anderson_farrell, search_fractaldb


def test_a_classic_becomes_one_file(tmp_path, capsys) -> None:
    path = tmp_path / "fern.ssm"
    assert main(["sample", "barnsley-fern", "-o", str(path), "--size", "30x60"]) == 0
    code = load(path)
    assert code.system == classic("barnsley-fern")
    assert code.size == (30, 60)
    assert code.notes["name"] == "barnsley-fern"
    # The window holds the fern, whose extent is known, with square pixels.
    assert code.viewport.x_min < -2.18 < 2.65 < code.viewport.x_max
    assert code.viewport.y_min < 0.01 < 9.99 < code.viewport.y_max
    assert code.viewport.height == pytest.approx(2 * code.viewport.width)
    out, err = capsys.readouterr()
    assert out == ""
    assert str(path) in err


def test_random_kinds_fill_a_folder_and_keep_their_seed(tmp_path, capsys) -> None:
    folder = tmp_path / "many"
    command = ["sample", "anderson-farrell", "-o", str(folder), "--count", "3", "--seed", "5"]
    assert main([*command, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    names = ["00000.ssm", "00001.ssm", "00002.ssm"]
    assert sorted(p.name for p in folder.iterdir()) == names
    assert values["count"] == 3
    assert values["outputs"] == [str(folder / name) for name in names]
    expected = sample_anderson_farrell(3, seed=5)
    assert [load(folder / name).system for name in names] == expected
    assert values["maps"] == [len(s) for s in expected]
    assert main([*command]) == 1
    assert "exists" in capsys.readouterr().err
    assert main([*command, "--overwrite", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_fractaldb_searches_and_takes_its_options(tmp_path) -> None:
    path = tmp_path / "one.ssm"
    options = ["--maps", "4", "--filling-rate", "0.05", "--seed", "1", "--threads", "1"]
    assert main(["sample", "fractaldb", "-o", str(path), *options]) == 0
    assert [load(path).system] == search_fractaldb(1, seed=1, maps=(4, 4), rate=0.05)


def test_several_go_into_one_flame_file(tmp_path) -> None:
    path = tmp_path / "all.flame"
    assert main(["sample", "anderson-farrell", "-o", str(path), "--count", "2"]) == 0
    systems = [f.code.system for f in read_flames(path)]
    for mine, theirs in zip(sample_anderson_farrell(2, seed=0), systems, strict=True):
        assert np.array_equal(mine.matrices, theirs.matrices)


def test_systems_of_space_get_a_window(tmp_path) -> None:
    path = tmp_path / "sponge.json"
    assert main(["sample", "menger-sponge", "-o", str(path), "--size", "20x10"]) == 0
    x_min, y_min, x_max, y_max = json.loads(path.read_text())["viewport"]
    assert x_min < 0 < 1 < x_max
    assert y_min < 0 < 1 < y_max
    assert x_max - x_min == pytest.approx(2 * (y_max - y_min))


def test_list_names_every_kind_on_stdout(capsys) -> None:
    assert main(["sample", "--list"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    listed = [line.split()[0] for line in out.splitlines()]
    assert listed == ["anderson-farrell", "fractaldb", *classic_names()]
    assert main(["sample", "--list", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert sorted(values["classics"]) == classic_names()
    assert values["random"] == ["anderson-farrell", "fractaldb"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["sample"], 2, "KIND and -o are needed"),
        (["sample", "vicsek"], 2, "KIND and -o are needed"),
        (["sample", "vicsek", "-o", "OUT.ssm", "--count", "2"], 2, "it is not used with a classic"),
        (["sample", "vicsek", "-o", "OUT.ssm", "--maps", "3"], 2, "it is not used with a classic"),
        (["sample", "fractaldb", "-o", "OUT.ssm", "--maps", "1"], 2, "--maps"),
        (["sample", "koch", "-o", "OUT.ssm"], 2, "did you mean koch-curve, koch-snowflake"),
        (["sample", "fractaldb", "-o", "OUT.ssm", "--count", "2"], 2, "holds one code"),
        (["sample", "vicsek", "-o", "OUT.png"], 2, "ends in .ssm"),
        (["sample", "vicsek", "-o", "none/OUT.ssm"], 1, "does not exist"),
        (["sample", "menger-sponge", "-o", "OUT.flame"], 1, "3 dimensions"),
    ],
)
def test_wrong_usage_is_told_on_stderr(
    arguments, status, message, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert list(tmp_path.iterdir()) == []
