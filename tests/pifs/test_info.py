import json

import numpy as np
import pytest
from PIL import Image

from selfsame import IFS, IFSCode, save
from selfsame.cli import main
from selfsame.ifs.code import Viewport
from selfsame.pifs.stream import write_planes
from support.random_codes import random_code

KINDS = ["none", "half", "quarter", "copy", "luma"]


@pytest.fixture(params=[(1, False), (3, True)])
def code(request):
    channels, alpha = request.param
    return random_code(5, 70, 50, channels, half_chroma=channels == 3, alpha=alpha)


@pytest.fixture
def path(code, tmp_path):
    save(code, tmp_path / "a.ssm")
    return tmp_path / "a.ssm"


def test_json_counts_what_there_is(code, path, capsys) -> None:
    assert main(["info", str(path), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    size = path.stat().st_size
    assert values["kind"] == "pifs"
    assert values["size"] == [70, 50]
    assert (values["bytes"], values["bpp"]) == (size, 8 * size / 3500)
    assert values["mode"] == code.mode
    assert values["alpha"] == (code.alpha is not None)
    assert values["half_chroma"] == code.half_chroma
    assert (values["iterations"], values["deblock"]) == (code.iterations, code.deblock)
    assert values["bits"] == write_planes(code.planes)[1]
    assert sum(c["length"] + 12 for c in values["chunks"]) + 9 == size
    names = ["grey"] if len(code.planes) == 1 else ["Y", "Cb", "Cr"]
    assert [plane["name"] for plane in values["planes"]] == names
    for plane, coded in zip(values["planes"], code.planes, strict=True):
        assert plane["size"] == [coded.width, coded.height]
        assert plane["step"] == coded.step
        blocks, areas = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
        shapes: dict[str, int] = {}
        scales = []
        for (_, _, log_h, log_w), (kind, *_, scale) in zip(
            coded.blocks.tolist(), coded.maps.tolist(), strict=True
        ):
            shape = f"{2**log_w}x{2**log_h}"
            shapes[shape] = shapes.get(shape, 0) + 1
            blocks[KINDS[kind]] += 1
            areas[KINDS[kind]] += 2 ** (log_h + log_w)
            scales += [abs(scale) / 8] if kind else []
        assert plane["blocks"] == shapes
        assert plane["mean_scale"] == pytest.approx(np.mean(scales))
        for name in KINDS:
            share = areas[name] / coded.levels.size
            assert plane["maps"][name] == {"blocks": blocks[name], "area": pytest.approx(share)}


def test_text_has_a_row_per_plane_and_per_size(code, path, capsys) -> None:
    assert main(["info", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    head, planes, blocks = out.split("\n\n")
    colors = "grey" if len(code.planes) == 1 else "sRGB, chroma of half resolution, with alpha"
    assert f"70x50 pixels, {colors}\n" in head
    assert f"{code.iterations} iterations, deblocking {code.deblock} of 7" in head
    assert "partition bits" in head
    lines = planes.splitlines()
    assert lines[0].split()[:4] == ["plane", "size", "step", "blocks"]
    assert all(f"{kind}, area" in lines[0] for kind in KINDS)
    assert len(lines) == 1 + len(code.planes)
    counts = np.array([[int(n) for n in line.split()[1:]] for line in blocks.splitlines()[1:]])
    assert counts.sum(axis=0).tolist() == [len(plane.blocks) for plane in code.planes]
    sizes = [line.split()[0] for line in blocks.splitlines()[1:]]
    areas = [int(np.prod([int(side) for side in size.split("x")])) for size in sizes]
    assert areas == sorted(areas, reverse=True)


def test_plot_is_a_picture(path, tmp_path, capsys) -> None:
    plot = tmp_path / "plot.png"
    assert main(["info", str(path), "--plot", str(plot), "--json"]) == 0
    json.loads(capsys.readouterr().out)
    with Image.open(plot) as image:
        assert min(image.size) > 500
    assert main(["info", str(path), "--plot", str(plot)]) == 1
    assert "pass --overwrite" in capsys.readouterr().err
    assert main(["info", str(path), "--plot", str(plot), "--overwrite"]) == 0
    assert main(["info", str(path), "--plot", str(tmp_path / "a.xyz")]) == 2
    assert "unknown picture suffix" in capsys.readouterr().err


def test_an_ifs_has_no_partition(tmp_path, capsys) -> None:
    system = IFS([[[0.5, 0], [0, 0.5]]], [[0, 0]], [1])
    save(IFSCode(system, Viewport(0, 0, 1, 1), (2, 2)), tmp_path / "a.ssm")
    assert main(["info", str(tmp_path / "a.ssm"), "--plot", str(tmp_path / "b.png")]) == 2
    assert (
        "--plot is for codes of different parts: this code is of the family ifs"
        in capsys.readouterr().err
    )


def test_systems_alone_are_converted(path, tmp_path, capsys) -> None:
    assert main(["convert", str(path), "-o", str(tmp_path / "a.json")]) == 2
    assert "selfsame decode draws it" in capsys.readouterr().err


def test_render_draws_block_codes_and_refuses_options_of_others(path, tmp_path, capsys) -> None:
    for command, arguments in (("render", ["--size", "35x25"]), ("decode", ["--scale", "0.5"])):
        output = str(tmp_path / f"{command}.png")
        assert main([command, str(path), "-o", output, "--json", *arguments]) == 0
        assert json.loads(capsys.readouterr().out)["kind"] == "pifs"
    assert (tmp_path / "render.png").read_bytes() == (tmp_path / "decode.png").read_bytes()
    assert main(["render", str(path), "-o", str(tmp_path / "a.png"), "--depth", "3"]) == 2
    assert "depth is not for codes of the family pifs" in capsys.readouterr().err
