import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

import selfsame
from selfsame import IFS, IFSCode, save
from selfsame.cli import main
from selfsame.ifs.code import Viewport
from selfsame.io.pictures import to_uint8

PHOTO = data.astronaut()[80:112, 200:240]
CODE = selfsame.encode(PHOTO, quality=50, mode="pure", effort=3)
QUARTERS = [[x, y] for x in (0, 0.5) for y in (0, 0.5)]
SQUARE = IFSCode(
    IFS([[[0.5, 0], [0, 0.5]]] * 4, QUARTERS, [0.25] * 4), Viewport(0, 0, 1, 1), (24, 16)
)


@pytest.fixture
def path(tmp_path):
    save(CODE, tmp_path / "a.ssm")
    return tmp_path / "a.ssm"


def decoded(path, *arguments) -> np.ndarray:
    """The pixels of the picture that the command writes."""
    output = path.with_name("out.png")
    assert main(["decode", str(path), "-o", str(output), "--overwrite", *map(str, arguments)]) == 0
    with Image.open(output) as image:
        return np.asarray(image)


def test_the_picture_is_that_of_the_library(path, capsys) -> None:
    assert np.array_equal(decoded(path), to_uint8(selfsame.decode(CODE)))
    for arguments, options in (
        (["--scale", 2.5], {"scale": 2.5}),
        (["--size", "9x70"], {"size": (9, 70)}),
        (["--region", "3,5,20,30", "--scale", 2], {"region": (3, 5, 20, 30), "scale": 2}),
        (["--steps", 0], {"iterations": 0}),
        (["--steps", 1, "--threads", 1], {"iterations": 1}),
    ):
        expected = to_uint8(selfsame.decode(CODE, **options))
        assert np.array_equal(decoded(path, *arguments), expected)


def test_json_has_the_seconds_of_decoding_alone(path, capsys) -> None:
    output = path.with_name("b.png")
    assert main(["decode", str(path), "-o", str(output), "--json", "--scale", "2"]) == 0
    out, err = capsys.readouterr()
    values = json.loads(out)
    assert err == ""
    assert 0 < values.pop("decode_seconds") < values.pop("seconds")
    assert values == {"output": str(output), "kind": "pifs", "size": [80, 64], "animation": None}


def test_starts_are_forgotten_step_by_step(path, tmp_path) -> None:
    Image.fromarray(PHOTO[::-1]).save(tmp_path / "start.png")
    fixed = decoded(path, "--steps", 40)
    for start in ("grey", "noise", tmp_path / "start.png"):
        first, last = (decoded(path, "--start", start, "--steps", n) for n in (0, 40))
        assert np.abs(last.astype(int) - fixed).max() <= 1
        assert np.abs(first.astype(int) - fixed).mean() > 5
    assert np.array_equal(decoded(path, "--start", "b", "--steps", 2), decoded(path, "--steps", 2))


def test_animations_show_every_step(path, tmp_path) -> None:
    with_alpha = np.dstack([PHOTO, PHOTO[..., 0]])
    for name, code in (("a", CODE), ("b", selfsame.encode(with_alpha, quality=50, mode="pure"))):
        save(code, tmp_path / f"{name}.ssm")
        moving = tmp_path / f"{name}.png"
        decoded(tmp_path / f"{name}.ssm", "--start", "noise", "--steps", 3, "--animate", moving)
        with Image.open(moving) as image:
            assert (image.n_frames, image.size, image.mode) == (4, (40, 32), "RGB")


def test_an_ifs_is_drawn(tmp_path, capsys) -> None:
    save(SQUARE, tmp_path / "a.ssm")
    expected = to_uint8(selfsame.render(SQUARE))
    assert np.array_equal(decoded(tmp_path / "a.ssm"), expected)
    assert decoded(tmp_path / "a.ssm", "--size", "5x7").shape == (7, 5)
    capsys.readouterr()
    for arguments in (
        ["--region", "0,0,2,2"],
        ["--steps", "2"],
        ["--start", "noise"],
        ["--animate", str(tmp_path / "a.gif")],
        ["--model", "photo"],
    ):
        command = ["decode", str(tmp_path / "a.ssm"), "-o", str(tmp_path / "b.png"), *arguments]
        assert main(command) == 2
        message = capsys.readouterr().err
        assert f"{arguments[0]} belongs to " in message
        assert "it is not used with the family ifs" in message
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scale", "2", "--size", "8x8"], "only one of --scale, --size"),
        (["--scale", "0"], "--scale"),
        (["--size", "8"], "not a size"),
        (["--region", "1,2,3"], "--region"),
        (["--region", "1.5,2,3,4"], "whole pixels"),
        (["--region", "nan,2,3,4"], "--region"),
        (["--steps", "-1"], "--steps"),
        (["--steps", "65"], "65 is not in the range 0<=x<=64"),
        (["--jobs", "2"], "--jobs belongs to a folder: it is not used with a single code"),
    ],
)
def test_wrong_usage(path, capsys, arguments, words) -> None:
    assert main(["decode", str(path), "-o", str(path.with_name("b.png")), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_unusable_files_and_outputs_fail_with_one_line(path, tmp_path, capsys) -> None:
    (tmp_path / "bad.ssm").write_bytes(path.read_bytes()[:-20])
    (tmp_path / "old.png").write_bytes(b"mine")
    for arguments, status, words in (
        ([tmp_path / "none.ssm", "-o", tmp_path / "b.png"], 1, "no such file"),
        ([tmp_path / "bad.ssm", "-o", tmp_path / "b.png"], 1, "bad.ssm: "),
        ([path, "-o", tmp_path / "b.xyz"], 2, "unknown picture suffix"),
        ([path, "-o", tmp_path / "old.png"], 1, "pass --overwrite"),
        ([path, "-o", tmp_path / "b.png", "--animate", tmp_path / "b.jpg"], 2, "animation"),
        ([path, "-o", tmp_path / "b.png", "--start", tmp_path / "no.png"], 1, "no such file"),
        ([path, "-o", tmp_path / "b.png", "--region", "0,0,99,99"], 2, "region must be"),
        ([path, "-o", tmp_path / "b.png", "--scale", "1000"], 2, "scale must be"),
    ):
        assert main(["decode", *map(str, arguments)]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert words in err
        assert err.count("\n") == 1
    assert (tmp_path / "old.png").read_bytes() == b"mine"
    assert not (tmp_path / "b.png").exists()


def test_a_folder_of_codes_becomes_a_folder_of_pictures(path, tmp_path, capsys) -> None:
    codes, out = tmp_path / "codes", tmp_path / "out"
    (codes / "sub").mkdir(parents=True)
    save(CODE, codes / "sub" / "a.ssm")
    save(SQUARE, codes / "b.ssm")
    arguments = ["decode", str(codes), "-o", str(out), "--jobs", "1", "--scale", "0.5"]
    assert main([*arguments, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["files"], values["failed"]) == (2, [])
    with Image.open(out / "sub" / "a.png") as image:
        assert image.size == (20, 16)
    (codes / "bad.ssm").write_bytes(b"hello")
    assert main([*arguments, "--overwrite"]) == 1
    err = capsys.readouterr().err
    assert "bad.ssm: " in err
    assert "2 pictures; 1 failed" in err
    assert main([*arguments, "--steps", "3"]) == 2
    assert "--steps belongs to a single code: it is not used" in capsys.readouterr().err
