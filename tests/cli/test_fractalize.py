import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

from selfsame import MosaicCode, load, save
from selfsame.cli import main
from selfsame.mosaic import fit, render, view
from support.random_codes import random_code as random_blocks

PHOTO = data.chelsea()[40:200:2, 80:320:2]


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def run(*arguments) -> int:
    return main(["fractalize", *map(str, arguments)])


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_picture_eight_times_as_large(photo, tmp_path, capsys):
    output = tmp_path / "out.png"
    assert run(photo, "-o", output, "--json") == 0
    out, err = capsys.readouterr()
    values = json.loads(out)
    assert err == ""
    assert 0 < values.pop("fit_seconds") < values.pop("seconds")
    assert values.pop("patches") > 256
    assert values == {
        "output": str(output),
        "size": [960, 640],
        "frames": None,
        "grid": 16,
        "levels": 1,
        "bytes": output.stat().st_size,
        "notes": [],
    }
    small = picture(output).reshape(80, 8, 120, 8, 3).mean(axis=(1, 3))
    # From afar it is the photograph: black and white are lifted a little, copies are small.
    assert np.corrcoef(small.ravel(), PHOTO.ravel())[0, 1] > 0.85
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"


def test_patches_levels_and_scale(photo, tmp_path, capsys):
    arguments = ("--patch", 12, "--levels", 0, "--scale", 2.5)
    assert run(photo, "-o", tmp_path / "a.webp", *arguments) == 0
    assert "300x200, 100 patches" in capsys.readouterr().err
    assert picture(tmp_path / "a.webp").shape == (200, 300, 3)
    assert run(photo, "-o", tmp_path / "b.jpg", *arguments, "--turns", "any", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_every_kind_of_input(tmp_path, capsys):
    rgba = np.dstack([PHOTO, np.full(PHOTO.shape[:2], 255, np.uint8)])
    rgba[:, :60, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "alpha.png")
    Image.fromarray(PHOTO[..., 0]).save(tmp_path / "grey.png")
    Image.fromarray(PHOTO).quantize(32).save(tmp_path / "palette.png")
    for kind, shape in (("alpha", (80, 120, 3)), ("grey", (80, 120)), ("palette", (80, 120, 3))):
        output = tmp_path / f"{kind}-out.png"
        assert run(tmp_path / f"{kind}.png", "-o", output, "--scale", 1) == 0
        assert picture(output).shape == shape
    err = capsys.readouterr().err
    assert "transparency laid over black" in err
    assert "palette resolved" in err
    left = picture(tmp_path / "alpha-out.png")[:, :58]
    assert left.max() < 40


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "apng"])
def test_zoom(photo, tmp_path, suffix, capsys):
    output = tmp_path / f"zoom.{suffix}"
    assert run(photo, "-o", output, "--zoom", 3, "--frames", 3, "--width", 48, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["size"], values["frames"]) == ([48, 32], 3)
    with Image.open(output) as image:
        assert image.n_frames == 3
        assert image.size == (48, 32)


def test_loop_into_a_place(photo, tmp_path):
    arguments = ("--loop", "--frames", 4, "--width", 60, "--quiet")
    for name, at in (("a", "20,20"), ("b", "100,60")):
        assert run(photo, "-o", tmp_path / f"{name}.png", *arguments, "--at", at) == 0
    with Image.open(tmp_path / "a.png") as a, Image.open(tmp_path / "b.png") as b:
        assert (a.n_frames, a.size) == (4, (60, 40))
        assert np.array_equal(np.asarray(a), np.asarray(b))
        a.seek(2)
        b.seek(2)
        assert not np.array_equal(np.asarray(a), np.asarray(b))


def test_style(photo, tmp_path):
    second = tmp_path / "cup.png"
    Image.fromarray(data.coffee()[::2, ::2]).save(second)
    outputs = []
    for seed, repeats in ((0, 1), (0, 1), (1, 1)):
        output = tmp_path / f"{len(outputs)}.png"
        arguments = ("--style", second, "--scale", 2, "--repeats", repeats, "--seed", seed)
        assert run(photo, "-o", output, *arguments) == 0
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1] != outputs[2]
    Image.fromarray(PHOTO[..., 0]).save(photo)
    assert run(photo, "-o", tmp_path / "grey.png", "--style", second, "--scale", 2) == 0
    assert picture(tmp_path / "grey.png").shape == (160, 240)


def test_threads_do_not_show(photo, tmp_path):
    for threads in (1, 2):
        assert run(photo, "-o", tmp_path / f"{threads}.png", "--threads", threads) == 0
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


@pytest.fixture
def saved(photo, tmp_path):
    assert run(photo, "-o", tmp_path / "photo.ssm", "--quiet") == 0
    return tmp_path / "photo.ssm"


def test_a_saved_code_draws_what_fitting_draws(photo, saved, tmp_path, capsys):
    for arguments in (
        ("out.png", "--scale", 3),
        ("loop.png", "--loop", "--frames", 3, "--width", 40, "--at", "20,20"),
        ("zoom.webp", "--zoom", 5, "--frames", 2, "--width", 40),
    ):
        files = []
        for image in (photo, saved):
            output = tmp_path / f"{image.suffix[1:]}-{arguments[0]}"
            assert run(image, "-o", output, *arguments[1:], "--json") == 0
            files.append(output.read_bytes())
        direct, drawn = (json.loads(line) for line in capsys.readouterr().out.splitlines())
        assert files[0] == files[1]
        for name in ("size", "frames", "patches", "grid", "levels", "bytes"):
            assert direct[name] == drawn[name]


def test_the_file_of_a_code(photo, saved, tmp_path, capsys):
    code = load(saved)
    assert isinstance(code, MosaicCode)
    assert code == fit(PHOTO)
    arguments = ("--patch", 20, "--levels", 0, "--turns", "any", "--json")
    assert run(photo, "-o", tmp_path / "b.ssm", *arguments) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["size"], values["frames"], values["patches"]) == ([120, 80], None, 36)
    assert values["bytes"] == (tmp_path / "b.ssm").stat().st_size < 500
    assert run(photo, "-o", tmp_path / "b.ssm") == 1
    assert run(photo, "-o", tmp_path / "b.ssm", "--overwrite") == 0
    assert f"{saved.stat().st_size} bytes for 120x80" in capsys.readouterr().err
    assert load(tmp_path / "b.ssm") == code


def test_a_code_of_pieces_holds_the_second_picture(photo, tmp_path, capsys):
    second = tmp_path / "cup.png"
    Image.fromarray(data.coffee()[::4, ::4]).save(second)
    style = ("--style", second, "--quiet")
    assert run(photo, "-o", tmp_path / "a.ssm", *style) == 0
    assert run(photo, "-o", tmp_path / "a.png", "--scale", 2, *style) == 0
    second.unlink()
    assert run(tmp_path / "a.ssm", "-o", tmp_path / "b.png", "--scale", 2) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    capsys.readouterr()
    assert run(tmp_path / "a.ssm", "-o", tmp_path / "c.webp", "--loop") == 2
    assert "made of itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        *(["--patch", "20"], ["--levels", "3"], ["--patches", "300"], ["--strength", "1"]),
        *(["--saturation", "1"], ["--tint", "1"], ["--turns", "none"], ["--style", "x.png"]),
        *(["--repeats", "1"], ["--seed", "1"]),
    ],
)
def test_a_saved_code_is_not_fitted_again(saved, tmp_path, capsys, option):
    assert run(saved, "-o", tmp_path / "out.png", *option) == 2
    assert f"{option[0]} belongs to" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "option",
    [
        *(["--scale", "2"], ["--zoom", "3"], ["--loop"], ["--frames", "3"]),
        *(["--at", "1,1"], ["--width", "9"], ["--threads", "1"]),
    ],
)
def test_a_code_is_not_drawn_when_it_is_saved(photo, tmp_path, capsys, option):
    assert run(photo, "-o", tmp_path / "out.ssm", *option) == 2
    assert f"{option[0]} belongs to" in capsys.readouterr().err
    assert not (tmp_path / "out.ssm").exists()


def test_codes_of_other_families_are_pictures_and_damaged_ones_are_named(saved, tmp_path, capsys):
    assert run(saved, "-o", tmp_path / "again.ssm") == 2
    assert "must be a picture" in capsys.readouterr().err
    save(random_blocks(1, 40, 30, 1), tmp_path / "blocks.ssm")
    assert run(tmp_path / "blocks.ssm", "-o", tmp_path / "again.ssm") == 0
    assert load(tmp_path / "again.ssm").size == (40, 30)
    (tmp_path / "cut.ssm").write_bytes(saved.read_bytes()[:100])
    assert run(tmp_path / "cut.ssm", "-o", tmp_path / "out.png") == 1
    assert "cut.ssm: chunk MOSA claims" in capsys.readouterr().err


def test_other_commands_draw_from_a_saved_code(saved, tmp_path, capsys):
    code = load(saved)
    for command, arguments, wanted in (
        ("render", [], render(code)),
        ("render", ["--size", "60x40"], render(code, (60, 40))),
        ("render", ["--zoom", 8, "--center", "50,30"], view(code, 8, (50, 30))),
        ("decode", ["--scale", 2], render(code, (240, 160))),
    ):
        output = tmp_path / "drawn.png"
        words = [command, saved, "-o", output, "--overwrite", "--quiet", *arguments]
        assert main([*map(str, words)]) == 0
        assert np.array_equal(picture(output), wanted)
    for words, message in (
        (["render", saved, "-o", tmp_path / "x.png", "--points", 9], "points is not for codes"),
        (["render", saved, "-o", tmp_path / "x.png", "--mode", "log"], "mode is not for codes"),
        (["render", saved, "-o", tmp_path / "x.png", "--viewport", "0,0,1,1"], "viewport is not"),
        (["render", saved, "-o", tmp_path / "x.png", "--azimuth", 30], "azimuth is not for codes"),
        (
            ["render", saved, "-o", tmp_path / "x.png", "--seed", 3],
            "--seed belongs to",
        ),
        (["render", saved, "-o", tmp_path / "x.ply"], "of the family mosaic"),
        (["decode", saved, "-o", tmp_path / "x.png", "--region", "0,0,2,2"], "--region belongs to"),
        (["decode", saved, "-o", tmp_path / "x.png", "--steps", 2], "--steps belongs to"),
        (["decode", saved, "-o", tmp_path / "x.png", "--start", "grey"], "--start belongs to"),
    ):
        assert main([*map(str, words)]) in (1, 2)
        assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("x.*"))


def test_info_of_a_saved_code(saved, tmp_path, capsys):
    code = load(saved)
    plot = tmp_path / "plot.png"
    assert main(["info", str(saved), "--plot", str(plot), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["kind"], values["patches"]) == ("mosaic", len(code.cells))
    assert picture(plot).shape == (1067, 1600, 3)
    assert main(["info", str(saved)]) == 0
    out = capsys.readouterr().out
    assert f"{len(code.cells)}, of a grid of 16x16" in out
    assert "saturation 0.70, tint 0.75" in out
    assert len(out.split("\n\n")[1].splitlines()) == 1 + 2


def test_an_existing_output_stays(photo, tmp_path, capsys):
    output = tmp_path / "out.png"
    output.write_bytes(b"mine")
    assert run(photo, "-o", output, "--scale", 1) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert output.read_bytes() == b"mine"
    assert run(photo, "-o", output, "--scale", 1, "--overwrite") == 0
    assert picture(output).shape == (80, 120, 3)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--scale", "0"], 2, "scale"),
        (["--scale", "-1"], 2, "scale"),
        (["--patch", "61"], 2, "1..60"),
        (["--patch", "0"], 2, "patch"),
        (["--scale", "20000"], 2, "smaller scale"),
        (["--strength", "1.5"], 2, "strength"),
        (["--zoom", "4", "--loop"], 2, "only one"),
        (["--zoom", "0.5"], 2, "zoom"),
        (["--zoom", "1e200"], 2, "zoom"),
        (["--frames", "9"], 2, "--zoom or --loop"),
        (["--at", "1,2"], 2, "--zoom or --loop"),
        (["--loop", "--at", "1"], 2, "x,y"),
        (["--loop", "--at", "500,1"], 2, "120x80"),
        (["--loop", "--scale", "2"], 2, "--scale belongs to a picture"),
        (["--loop", "--style", "x.png"], 2, "--style"),
        (["--loop", "--frames", "9000", "--width", "800"], 2, "fewer"),
        (["--loop", "--width", "5000", "--frames", "1"], 2, "5000x"),
        (["--repeats", "2"], 2, "--style"),
        (["--style", "none.png"], 1, "no such file"),
        (["--style", "x.png", "--strength", "1"], 2, "--strength"),
        (["--seed", "1"], 2, "--style"),
    ],
)
def test_wrong_usage_and_failures(photo, tmp_path, capsys, arguments, status, words):
    assert run(photo, "-o", tmp_path / "out.png", *arguments) == status
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "status", "words"),
    [
        ("a.xyz", [], 2, "suffix"),
        ("a.jpg", ["--loop"], 2, ".gif"),
        ("a.jpg", ["--scale", "100"], 2, "megapixels"),
        ("a.webp", ["--scale", "140", "--patch", "60"], 2, "16383"),
        ("none/a.png", [], 1, "folder"),
    ],
)
def test_outputs_that_cannot_be_written(photo, tmp_path, capsys, name, arguments, status, words):
    assert run(photo, "-o", tmp_path / name, *arguments) == status
    assert words in capsys.readouterr().err


def test_inputs_that_are_no_pictures(tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for name in ("none.png", "broken.png"):
        assert run(tmp_path / name, "-o", tmp_path / "out.png") == 1
        assert name in capsys.readouterr().err
    Image.fromarray(PHOTO[:3]).save(tmp_path / "flat.png")
    assert run(tmp_path / "flat.png", "-o", tmp_path / "out.png") == 1
    assert "4x4" in capsys.readouterr().err
