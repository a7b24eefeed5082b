import json

import pytest
from PIL import Image

from selfsame.cli import main
from selfsame.fractals.recipes.presets import PRESETS

SMALL = ["--classes", "2", "--instances", "5", "--size", "16", "--set", "points=200"]


def run(*arguments, out=None):
    folder = [] if out is None else ["-o", str(out)]
    return main(["dataset", *map(str, arguments), *folder, "--jobs", "1"])


def test_the_list_names_every_data_set_and_its_options(capsys) -> None:
    assert main(["dataset", "--list"]) == 0
    text = capsys.readouterr().out
    for name, preset in PRESETS.items():
        assert f"{name}: {preset.description}" in text
        assert all(f"{option}=" in text for option in preset.options)
    assert "color=false" in text
    assert main(["dataset", "--list", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(PRESETS)


@pytest.mark.parametrize("form", ["folder", "webdataset"])
def test_a_data_set_and_the_same_again(tmp_path, capsys, form) -> None:
    arguments = ("anderson-farrell", *SMALL, "--format", form, "--seed", 3, "--json")
    split = ("--split", "0.6,0.2,0.2", "--shard-size", 4)
    assert run(*arguments, *split, out=tmp_path / "out") == 0
    out, err = capsys.readouterr()
    assert err == ""
    values = json.loads(out)
    assert (values["classes"], values["instances"], values["pictures"]) == (2, 5, 10)
    assert (values["side"], values["channels"], values["format"]) == (16, 3, form)
    assert values["splits"] == {"train": 6, "val": 2, "test": 2}
    assert (values["made"], values["kept"]) == (10, 0)
    suffix = "png" if form == "folder" else "tar"
    files = list((tmp_path / "out").rglob(f"*.{suffix}"))
    assert values["bytes"] == sum(path.stat().st_size for path in files)
    assert values["shards"] == (3 if form == "folder" else 4)
    assert values["seconds"] >= values["writing_seconds"] > 0
    assert run(*arguments, *split, out=tmp_path / "out") == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["made"], values["kept"], values["pictures_per_second"]) == (0, 10, 0)
    assert run(*arguments, out=tmp_path / "out") == 1
    assert "split is [0.6, 0.2, 0.2] there and null here" in capsys.readouterr().err
    assert run(*arguments, "--overwrite", out=tmp_path / "out") == 0


def test_options_have_the_types_of_their_defaults(tmp_path, capsys) -> None:
    arguments = ("multifractal", *SMALL, "--set", "objects=2,3", "--set", "background=False")
    assert run(*arguments, "--quiet", out=tmp_path / "out") == 0
    assert capsys.readouterr() == ("", "")
    options = json.loads((tmp_path / "out" / "dataset.json").read_text())["recipe"]["options"]
    assert options["points"] == 200
    assert list(options["objects"]) == [2, 3]
    assert options["background"] is False
    assert (tmp_path / "out" / "labels.jsonl").exists()


def test_codes_of_ones_own(tmp_path, capsys) -> None:
    sample = ["sample", "anderson-farrell", "--count", "2", "-o", str(tmp_path / "codes")]
    (tmp_path / "codes").mkdir()
    assert main(sample) == 0
    capsys.readouterr()
    arguments = ("custom", "--instances", 2, "--size", 16, "--codes", tmp_path / "codes")
    assert run(*arguments, out=tmp_path / "out") == 0
    assert "out: 4 pictures," in capsys.readouterr().err
    with Image.open(tmp_path / "out" / "00001" / "00001.png") as picture:
        assert picture.size == (16, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NAME and -o are needed"),
        (["fractaldb"], "NAME and -o are needed"),
        (["fractaldb", "-o", "x", "--split", "0.8,0.2"], "is not of the form T,V,T"),
        (["fractaldb", "-o", "x", "--set", "points"], "--set takes KEY=VALUE"),
        (["fractaldb", "-o", "x", "--engine", "dask"], "--engine dask needs --scheduler"),
        (
            ["fractaldb", "-o", "x", "--scheduler", "tcp://a:1"],
            "--scheduler belongs to --engine dask: it is not used with --engine processes",
        ),
        (
            ["fractaldb", "-o", "x", "--engine", "dask", "--scheduler", "a", "--jobs", "2"],
            "--jobs belongs to --engine processes",
        ),
        (["--list", "--classes", "3"], "No such option '--classes'"),
        (["--list", "fractaldb"], "--list prints every NAME: it is not used with fractaldb"),
        (["fractaldb", "-o", "x", "--format", "zip"], "'folder', 'webdataset'"),
    ],
)
def test_wrong_usage(arguments, message, capsys) -> None:
    assert main(["dataset", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mandelbrot"], "no data set 'mandelbrot'"),
        (["fractaldb", "--set", "colour=true"], "has no option colour"),
        (["fractaldb", "--set", "points=many"], "points must be a whole number"),
        (["fractaldb", "--set", "color=1"], "color must be true or false: got 1"),
        (["custom", "--codes", "x", "--set", "window=5"], "window must be one of points, code"),
        (["multifractal", "--set", "objects=1,2,3"], "objects must be 2 values"),
        (["anderson-farrell", "--split", "0.8,0.1,0.2"], "sum 1"),
        (
            ["custom"],
            "the data set custom is made of codes: give a file or a folder of them, --codes",
        ),
    ],
)
def test_what_does_not_exist_is_named(tmp_path, arguments, message, capsys) -> None:
    assert run(*arguments, "--classes", 1, "--instances", 9, out=tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
