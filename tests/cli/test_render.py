"""``selfsame render``: the contract, in process."""

import json

import numpy as np
import pytest
from PIL import Image

from selfsame.cli import main
from selfsame.codes.store import save
from selfsame.ifs.code import IFSCode, Primitive, Viewport
from selfsame.ifs.exchange.ply import read_points
from selfsame.ifs.system import IFS
from support.random_codes import random_code

SQUARE = IFS(np.tile(np.eye(2) / 2, (4, 1, 1)), [[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]])


@pytest.fixture
def code(tmp_path):
    path = tmp_path / "square.ssm"
    primitive = Primitive("disk", (0.5, 0.5, 0.5))
    save(IFSCode(SQUARE, Viewport(0.0, 0.0, 2.0, 1.0), (40, 20), primitive), path)
    return path


def run(*arguments) -> int:
    return main(["render", *(str(a) for a in arguments)])


def picture(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_code_has_its_own_size(code, tmp_path, capsys):
    assert run(code, "-o", tmp_path / "p.png", "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["size"] == [40, 20]
    assert values["maps"] == 4
    pixels = picture(tmp_path / "p.png")
    assert pixels.shape == (20, 40)
    assert pixels[:, :20].min() > 128
    assert pixels[:, 21:].max() == 0


def test_size_points_and_depth(code, tmp_path):
    assert run(code, "-o", tmp_path / "p.png", "--size", "64x32", "--points", 5000) == 0
    assert picture(tmp_path / "p.png").shape == (32, 64)
    assert run(code, "-o", tmp_path / "d.png", "--size", "64x32", "--depth", 0) == 0
    assert picture(tmp_path / "d.png").mean() / 255 == pytest.approx(np.pi / 8, abs=0.01)


def test_viewport_zoom_and_centre(code, tmp_path):
    options = ("--size", "16x16", "--viewport=-1,0,1,2")
    assert run(code, "-o", tmp_path / "a.png", *options) == 0
    pixels = picture(tmp_path / "a.png")
    assert pixels[8:, 8:].min() > 128
    assert pixels[:7].max() == 0
    assert run(code, "-o", tmp_path / "b.png", *options, "--zoom", "2", "--center", "1,0.5") == 0
    pixels = picture(tmp_path / "b.png")
    assert pixels[:, :7].min() > 128
    assert pixels[:, 9:].max() == 0


def test_the_name_of_a_classic_and_every_mode(tmp_path):
    for mode in ("auto", "binary", "grey", "log", "color", "flame", "patch"):
        path = tmp_path / f"{mode}.png"
        options = ("--size", "32x32", "--mode", mode, "--points", "20000", "--quiet")
        assert run("sierpinski-gasket", "-o", path, *options) == 0
        assert picture(path).max() > 0


def test_the_seed_and_not_the_threads_decide(tmp_path):
    pictures = []
    for seed, threads in ((1, 1), (1, 2), (2, 1)):
        path = tmp_path / f"{seed}-{threads}.png"
        options = ("--size", "64x64", "--points", 2000, "--seed", seed, "--threads", threads)
        assert run("barnsley-fern", "-o", path, *options) == 0
        pictures.append(picture(path))
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_ply_output(tmp_path, code):
    assert run(code, "-o", tmp_path / "c.ply", "--points", 1000) == 0
    points = read_points(tmp_path / "c.ply")
    assert points.shape == (1000, 3)
    assert points.min() >= 0
    assert points.max() <= 1
    assert run("menger-sponge", "-o", tmp_path / "m.ply", "--points", 1000) == 0
    assert len(read_points(tmp_path / "m.ply")) == 1000
    assert run(code, "-o", tmp_path / "d.ply", "--depth", 2) == 2


def test_a_flame_file(tmp_path):
    path = tmp_path / "f.flame"
    path.write_text(
        '<flame name="a" size="40 30" center="0 0" scale="10">'
        '<xform weight="0.5" color="0" linear="1" coefs="0.5 0 0 0.5 -0.5 0"/>'
        '<xform weight="0.5" color="1" linear="1" coefs="0.5 0 0 0.5 0.5 0"/></flame>'
    )
    assert run(path, "-o", tmp_path / "p.png", "--size", "40x30") == 0
    assert picture(tmp_path / "p.png").shape[:2] == (30, 40)
    assert run(path, "-o", tmp_path / "q.png", "--index", 1) == 2


def test_an_existing_output_stays(code, tmp_path, capsys):
    path = tmp_path / "p.png"
    path.write_bytes(b"mine")
    assert run(code, "-o", path) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert path.read_bytes() == b"mine"
    assert run(code, "-o", path, "--overwrite") == 0
    assert picture(path).shape == (20, 40)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--size", "0x4"], 2),
        (["--size", "4"], 2),
        (["--points", "0"], 2),
        (["--depth", "-1"], 2),
        (["--mode", "sepia"], 2),
        (["--viewport", "1,2,3"], 2),
        (["--center", "x,y"], 2),
        (["--supersample", "9"], 2),
        (["--viewport", "0,0,0,1"], 2),
        (["--viewport", "0,0,nan,1"], 2),
        (["--zoom", "0"], 2),
        (["--size", "65535x65535"], 2),
    ],
)
def test_wrong_usage_and_failures(code, tmp_path, capsys, arguments, status):
    assert run(code, "-o", tmp_path / "p.png", *arguments) == status
    assert capsys.readouterr().err
    assert not (tmp_path / "p.png").exists()


def test_inputs_that_are_no_codes(tmp_path, capsys):
    (tmp_path / "broken.ssm").write_bytes(b"no code at all")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n and more")
    inputs = {"none.ssm": 1, "broken.ssm": 1, "picture": 1, "no-such-classic": 2}
    for name, status in inputs.items():
        there = name if status == 2 else tmp_path / name
        assert run(there, "-o", tmp_path / "p.png") == status
        assert "selfsame:" in capsys.readouterr().err
    assert run("sierpinski-gasket", "-o", tmp_path / "p.xyz") == 2


@pytest.mark.parametrize("option", [("--zoom", 2), ("--depth", 3), ("--viewport", "0,0,1,1")])
def test_what_a_family_has_no_use_for_is_wrong_usage(tmp_path, capsys, option):
    save(random_code(0, 24, 16), tmp_path / "blocks.ssm")
    assert run(tmp_path / "blocks.ssm", "-o", tmp_path / "p.png", *option) == 2
    assert "is not for codes of the family pifs" in capsys.readouterr().err
