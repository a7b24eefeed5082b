"""Mosaics behind the seam of families: every view, Pillow, info, the plot."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import selfsame
from selfsame import InputError
from selfsame.codes.registry import family_of
from selfsame.family import Encodes, Iterates, Plots
from selfsame.mosaic import MosaicCode, render, view
from selfsame.mosaic.stream import write_patches
from support.random_mosaics import random_code, random_pieces

CODE = random_code(grid=5, levels=2, size=(90, 60), moves=4, seed=2)
GREY = random_code(grid=4, levels=0, channels=1, size=(20, 30))
PIECED = replace(CODE, pieces=random_pieces(CODE))


def floats(picture):
    return np.squeeze(picture).astype(np.float32) / np.float32(255)


def test_the_family():
    family = family_of(CODE)
    assert (family.name, family.code_type) == ("mosaic", selfsame.MosaicCode)
    assert selfsame.MosaicCode is MosaicCode
    assert isinstance(family, Plots)
    assert not isinstance(family, Encodes | Iterates)


@pytest.mark.parametrize("code", [CODE, GREY, PIECED], ids=["color", "grey", "pieces"])
def test_views_are_those_of_the_renderer(code):
    width, height = code.size
    assert np.array_equal(selfsame.render(code), floats(render(code)))
    assert np.array_equal(selfsame.render(code, (50, 70)), floats(render(code, (50, 70))))
    large = floats(render(code, (3 * width, 3 * height)))
    assert np.array_equal(selfsame.decode(code, scale=3), large)
    assert selfsame.render(code, scale=0.01).shape[:2] == (1, 1)


@pytest.mark.parametrize("code", [CODE, GREY], ids=["color", "grey"])
def test_zooms_are_windows(code):
    zoomed = selfsame.render(code, zoom=7, center=(12.5, 8))
    assert np.array_equal(zoomed, floats(view(code, 7, (12.5, 8))))
    middle = selfsame.render(code, (40, 30), zoom=1.5)
    assert np.array_equal(
        middle, floats(view(code, 1.5, (code.width / 2, code.height / 2), (40, 30)))
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": (0, 0, 2, 2)}, "region is not for codes of the family mosaic"),
        ({"viewport": (0, 0, 1, 1)}, "viewport is not for codes of the family mosaic"),
        ({"points": 9}, "points is not for codes of the family mosaic, which takes no option"),
        ({"iterations": 3}, "iterations is not for"),
        ({"center": (1, 1)}, "give a zoom above 1"),
        ({"zoom": 0.5}, "zoom must be within 1"),
        ({"zoom": 2, "center": (91, 1)}, "must lie in the picture, 90x60: got 91,1"),
        ({"size": (20_000, 20_000)}, "selfsame fractalize writes larger ones"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        selfsame.render(CODE, **options)


def test_pieces_have_an_end():
    with pytest.raises(InputError, match="made of itself"):
        selfsame.render(PIECED, zoom=2)


@pytest.mark.parametrize("code", [CODE, GREY, PIECED], ids=["color", "grey", "pieces"])
def test_pillow_opens_a_mosaic(code, tmp_path):
    selfsame.save(code, tmp_path / "a.ssm")
    with Image.open(tmp_path / "a.ssm") as image:
        assert (image.size, image.mode) == (code.size, "L" if code.channels == 1 else "RGB")
        assert np.array_equal(np.asarray(image), np.squeeze(render(code)))
    assert selfsame.load(tmp_path / "a.ssm") == code


def test_the_description_counts_what_there_is():
    values = family_of(PIECED).describe(PIECED).values
    assert (values["kind"], values["size"], values["color"]) == ("mosaic", [90, 60], "sRGB")
    assert (values["grid"], values["patches"]) == (5, len(CODE.cells))
    assert values["saturation"] == pytest.approx(150 / 255)
    assert values["tint"] == pytest.approx(190 / 255)
    assert sum(values["isometries"]) == len(CODE.cells)
    assert values["isometries"][2] == (CODE.isometries == 2).sum()
    assert values["second"] == [40, 30]
    assert family_of(CODE).describe(CODE).values["second"] is None
    assert sum(values["bits"].values()) == pytest.approx(8 * len(write_patches(CODE)[0]), abs=40)
    assert [level["patches"] for level in values["levels"]] == np.bincount(
        CODE.cells[:, 0], minlength=3
    ).tolist()
    assert sum(level["area"] for level in values["levels"]) == pytest.approx(1)
    assert values["levels"][1]["size"] == [9, 6]
    finest = CODE.contrasts[CODE.cells[:, 0] == 2]
    assert values["levels"][2]["mean_contrast"] == pytest.approx(finest.mean() / 128)


def test_levels_without_patches_are_told():
    bare = replace(GREY, levels=2)
    levels = family_of(bare).describe(bare).values["levels"]
    assert [(level["patches"], level["mean_contrast"] is None) for level in levels] == [
        (16, False),
        (0, True),
        (0, True),
    ]


@pytest.mark.parametrize("code", [CODE, GREY], ids=["color", "grey"])
def test_the_plot_outlines_every_patch(code):
    plot = family_of(code).plot(code)
    height, width = plot.shape[:2]
    assert plot.dtype == np.uint8
    assert max(height, width) >= 1600
    assert width / height == pytest.approx(code.width / code.height, rel=0.01)
    plain = render(code, (width, height))
    inked = (plot != plain).any(axis=2)
    top, left, bottom, right = np.rint(
        code.bounds.T / code.finest * [[height], [width], [height], [width]]
    ).astype(int)
    for t, x, b, r in zip(top, left, bottom, right, strict=True):
        assert not inked[t + 1 : b, x + 1 : r].any()
        assert t == 0 or inked[t, x:r].all()
        assert x == 0 or inked[t:b, x].all()


def test_a_picture_too_narrow_for_its_patches_is_not_plotted():
    narrow = replace(random_code(grid=64, levels=0), width=65535, height=1)
    with pytest.raises(InputError, match="too narrow"):
        family_of(narrow).plot(narrow)
