import json

import numpy as np
import pytest

from selfsame.cli import main
from selfsame.datasets import read_pictures
from support.absence import finders_without
from support.emoji_packages import write_packages
from support.tiny_fonts import write_font


def test_emoji(tmp_path, capsys) -> None:
    out = tmp_path / "emoji.npz"
    arguments = ["dataset", "emoji", "--from", str(write_packages(tmp_path)), "-o", str(out)]
    assert main([*arguments, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values.pop("seconds") > 0
    assert values == {
        "output": str(out),
        "pictures": 6,
        "side": 64,
        "channels": 3,
        "columns": [
            *("styles", "concepts", "captions", "tags", "groups", "subgroups", "skin_tones"),
        ],
        "unseen": 0,
        "bytes": out.stat().st_size,
    }
    assert read_pictures(out).images.shape == (6, 64, 64, 3)
    assert main(arguments) == 1
    assert "exists; pass --overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite", "--side", "10"]) == 0
    assert capsys.readouterr() == ("", f"{out}: 6 pictures of 10x10 pixels\n")
    assert read_pictures(out).images.shape == (6, 10, 10, 3)


def test_glyphs(tmp_path, capsys) -> None:
    for name, slant in (("a", 0), ("b", 40), ("c", 40)):
        write_font(tmp_path / "fonts" / f"{name}.ttf", slant=slant)
    arguments = ["dataset", "glyphs", "--from", str(tmp_path / "fonts"), "--side", "24"]
    assert main([*arguments, "-o", str(tmp_path / "a.npz"), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["fonts"], values["pictures"], values["channels"]) == (2, 124, 1)
    assert values["left_out"] == {"the same as another font": 1}
    assert main([*arguments, "-o", str(tmp_path / "b.npz")]) == 0
    assert capsys.readouterr().err == (
        f"{tmp_path / 'b.npz'}: 124 pictures of 24x24 pixels of 2 fonts; left out: 1 the same as "
        "another font\n"
    )
    with np.load(tmp_path / "a.npz") as file:
        assert file["images"].shape == (2, 62, 24, 24)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["emoji", "-o", "a.npz"], 2, "Missing option '--from'"),
        (["glyphs", "--from", "."], 2, "Missing option '-o'"),
        (
            ["glyphs", "--from", ".", "-o", "a.png"],
            2,
            "a.png: a set of pictures is written as .npz",
        ),
        (["emoji", "--from", ".", "-o", "a.npz", "--side", "5000"], 2, "5000 is not in the range"),
        (["emoji", "--from", ".", "-o", "a.npz"], 1, ". has no @iconify-json/fluent-emoji-flat"),
        (["glyphs", "--from", "none", "-o", "a.npz"], 1, "no such folder: none"),
        (["glyphs", "--from", ".", "-o", "none/a.npz"], 1, "of the output does not exist"),
        (["--json", "emoji", "--from", ".", "-o", "a.npz"], 2, "--json stands before NAME"),
        (["--list", "emoji"], 2, "--list prints every NAME: it is not used with emoji"),
    ],
)
def test_what_cannot_be_done(tmp_path, monkeypatch, capsys, arguments, status, message) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["dataset", *arguments]) == status
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize("name", ["emoji", "glyphs"])
def test_without_the_extra_its_installation_is_named(tmp_path, monkeypatch, capsys, name) -> None:
    import sys

    write_font(tmp_path / "a.ttf")
    write_packages(tmp_path)
    for package in [
        each for each in sys.modules if each.split(".")[0] in ("fontTools", "resvg_py")
    ]:
        monkeypatch.delitem(sys.modules, package)
    monkeypatch.setattr(sys, "meta_path", finders_without("fontTools", "resvg_py"))
    out = str(tmp_path / "a.npz")
    assert main(["dataset", name, "--from", str(tmp_path), "-o", out]) == 1
    assert ".[data]'" in capsys.readouterr().err


def test_the_help_names_every_set(capsys) -> None:
    assert main(["dataset", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("fractaldb", "1p", "custom", "emoji", "glyphs"))
