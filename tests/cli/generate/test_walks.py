import json

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.io.grids import BACKGROUND
from selfsame.io.pictures import read_picture
from selfsame.priors import (
    Vdvae,
    VdvaeConfig,
    generate,
    reconstruct,
)

SIDE = 8


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of models of grey and of coloured pictures, and of one with the plain head."""
    home = tmp_path_factory.mktemp("models")
    for name, options in (
        ("bits", {}),
        ("color", {"channels": 3, "likelihood": "logistic-mixture", "mixtures": 2}),
        ("plain", {"head": "plain"}),
    ):
        torch.manual_seed(0)
        levels = ((1, 8, 4, 1, 1), (4, 8, 2, 1, 1))
        collage = {"hidden": 8, "aux_blocks": 3}
        model = Vdvae(VdvaeConfig(side=SIDE, levels=levels, collage=collage, **options))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape))
        model.save_pretrained(home / name)
    return home


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Five pictures to learn and four to test with, of squares."""
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    images = np.zeros((9, SIDE, SIDE), np.uint8)
    for number, image in enumerate(images):
        image[1 : 3 + number % 5, 2:6] = 255 - number
    np.savez(path, train_images=images[:5], test_images=images[5:])
    return path


def made(arguments: list, capsys) -> dict:
    assert main(["generate", *map(str, arguments), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_a_grid_of_pictures(models, tmp_path, capsys):
    path = tmp_path / "grid.png"
    options = ["-n", 5, "--scale", 2, "--seed", 3, "--temperature", 0.8, "--gap", 1]
    values = made([models / "bits", "-o", path, *options], capsys)
    assert values["mode"] == "samples"
    assert values["count"] == 5
    assert values["columns"] == 3
    assert values["picture_size"] == [16, 16]
    assert values["size"] == [50, 33]
    shown = np.asarray(Image.open(path))
    assert shown.shape == (33, 50)
    model = Vdvae.from_pretrained(models / "bits")
    expected = generate(model, 5, seed=3, temperature=0.8, scale=2).numpy()[:, 0] * 255
    for number, picture in enumerate(expected):
        top, left = 17 * (number // 3), 17 * (number % 3)
        assert np.array_equal(shown[top : top + 16, left : left + 16], np.rint(picture))
    assert (shown[16] == BACKGROUND).all()
    assert (shown[17:, 34:] == BACKGROUND).all()


def test_the_same_seed_gives_the_same_bytes(models, tmp_path, capsys):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    threads = torch.get_num_threads()
    try:
        for path, seed, count in zip(paths, (1, 1, 2), (1, 2, 1), strict=True):
            made([models / "bits", "-o", path, "--seed", seed, "--threads", count], capsys)
    finally:
        torch.set_num_threads(threads)
    contents = [path.read_bytes() for path in paths]
    assert contents[0] == contents[1] != contents[2]


def test_pictures_of_their_own(models, tmp_path, capsys):
    folder = tmp_path / "many"
    values = made([models / "color", "-o", folder, "-n", 3, "--separate"], capsys)
    names = ["00000.png", "00001.png", "00002.png"]
    assert values["outputs"] == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == names
    expected = generate(Vdvae.from_pretrained(models / "color"), 3).movedim(1, -1).numpy()
    for name, picture in zip(names, expected, strict=True):
        assert np.array_equal(np.asarray(Image.open(folder / name)), np.rint(picture * 255))
    assert main(["generate", str(models / "color"), "-o", str(folder), "--separate"]) == 1
    assert "exists" in capsys.readouterr().err


def test_drawn_pixels(models, tmp_path, capsys):
    path = tmp_path / "drawn.png"
    made([models / "plain", "-o", path, "-n", 4, "--draw-pixels"], capsys)
    assert set(np.unique(Image.open(path))) == {0, 255}


def test_rows_between_samples(models, tmp_path, capsys):
    path = tmp_path / "rows.png"
    values = made([models / "bits", "-o", path, "-n", 2, "--interpolate", 3], capsys)
    assert values["columns"] == 3
    assert values["size"] == [3 * SIDE, 2 * SIDE]
    shown = read_picture(path)
    ends = generate(Vdvae.from_pretrained(models / "bits"), 4).numpy()[:, 0]
    for number, (row, left) in enumerate([(0, 0), (0, 16), (8, 0), (8, 16)]):
        cell = shown[row : row + SIDE, left : left + SIDE]
        assert np.abs(cell - ends[number]).max() < 1.5 / 255
    values = made([models / "bits", "-o", path, "--interpolate", "--overwrite"], capsys)
    assert values["count"] == 80


def test_rows_between_pictures(models, data, tmp_path, capsys):
    path = tmp_path / "rows.png"
    values = made([models / "bits", "-o", path, "--interpolate", 4, "--from", data], capsys)
    assert values["size"] == [4 * SIDE, 2 * SIDE]
    with np.load(data) as archive:
        tests = torch.from_numpy(archive["test_images"] > 127).float()[:, None]
    ends = reconstruct(Vdvae.from_pretrained(models / "bits"), tests).numpy()[:, 0]
    shown = read_picture(path)
    assert np.abs(shown[:SIDE, :SIDE] - ends[0]).max() < 1.5 / 255
    assert np.abs(shown[SIDE:, -SIDE:] - ends[3]).max() < 1.5 / 255


def test_reconstructions_lie_below_their_originals(models, data, tmp_path, capsys):
    path = tmp_path / "codings.png"
    options = ["--reconstruct", data, "-n", 3, "--columns", 2, "--scale", 3]
    made([models / "bits", "-o", path, *options], capsys)
    with np.load(data) as archive:
        tests = torch.from_numpy(archive["test_images"][:3] > 127).float()[:, None]
    decoded = reconstruct(Vdvae.from_pretrained(models / "bits"), tests, scale=3).numpy()[:, 0]
    shown = read_picture(path)
    side = 3 * SIDE
    assert shown.shape == (4 * side, 2 * side)
    for number in range(3):
        top, left = 2 * side * (number // 2), side * (number % 2)
        enlarged = np.kron(tests[number, 0].numpy(), np.ones((3, 3)))
        assert np.array_equal(shown[top : top + side, left : left + side], enlarged)
        below = shown[top + side : top + 2 * side, left : left + side]
        assert np.abs(below - decoded[number]).max() < 1.5 / 255
    folder = tmp_path / "decodings"
    values = made([models / "bits", "-o", folder, "--reconstruct", data, "--separate"], capsys)
    assert len(values["outputs"]) == 4


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_endless_walk(suffix, models, tmp_path, capsys):
    path = tmp_path / f"walk{suffix}"
    values = made([models / "bits", "-o", path, "-n", 3, "--animate", 2], capsys)
    assert values["count"] == 6
    with Image.open(path) as animation:
        assert animation.n_frames == 6
        assert animation.size == (SIDE, SIDE)
        assert animation.info["loop"] == 0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--interpolate", "--animate"], "only one"),
        (["--from", "x.npz"], "--interpolate"),
        (["--animate", "--columns", "3"], "--columns"),
        (["--animate", "--separate"], "--separate"),
        (["--interpolate", "--draw-pixels"], "--draw-pixels"),
        (["--reconstruct", "x.npz", "--temperature", "0.5"], "--temperature"),
        (["--reconstruct", "x.npz", "--temperature", "0"], "--temperature"),
        (["--interpolate", "--from", "x.npz", "--temperature", "0.5"], "--temperature"),
        (["--separate", "--gap", "2"], "--gap"),
        (["-n", "0"], "-n"),
        (["--scale", "-1"], "--scale"),
        (["--interpolate", "1"], "--interpolate"),
    ],
)
def test_wrong_usage(options, named, models, tmp_path, capsys):
    command = ["generate", str(models / "bits"), "-o", str(tmp_path / "x.png"), *options]
    assert main(command) == 2
    assert named in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "output", "options", "named"),
    [
        ("frobnicate", "x.png", [], "no model"),
        ("plain", "x.png", ["--scale", "2"], "plain head"),
        ("bits", "x.png", ["--scale", "1e6"], "pixels"),
        ("bits", "x.png", ["--scale", "400"], "fewer or smaller"),
        ("bits", "many", ["--scale", "400", "--separate"], "fewer or smaller"),
        ("bits", "x.gif", ["--scale", "400", "--animate"], "fewer or smaller"),
        ("bits", "x.frob", [], "suffix"),
        ("bits", "x.jpg", ["--animate"], "animation"),
        ("bits", "absent/x.png", [], "does not exist"),
        ("bits", "x.png", ["--draw-pixels", "--scale", "2"], "scale 1"),
        ("bits", "x.png", ["--reconstruct", "absent.npz"], "absent.npz"),
        ("bits", "x.png", ["--reconstruct", "DATA", "-n", "9"], "4 pictures, 9"),
        ("bits", "x.png", ["--interpolate", "--from", "DATA", "-n", "3"], "4 pictures, 6"),
        ("bits", "x.gif", ["--animate", "-n", "1"], "at least 2"),
    ],
)
def test_what_cannot_be_done_is_refused_first(
    model, output, options, named, models, data, tmp_path, capsys
):
    name = str(models / model) if (models / model).is_dir() else model
    arguments = [str(data) if option == "DATA" else option for option in options]
    failed = {"does not exist", "absent.npz"}  # not for want of a right option
    status = 1 if named in failed else 2
    assert main(["generate", name, "-o", str(tmp_path / output), *arguments]) == status
    assert named in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
