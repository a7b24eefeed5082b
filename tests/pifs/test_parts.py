"""Parts of a picture from a file of which only some bands are read."""

from dataclasses import replace

import numpy as np
import pytest

from selfsame.codes.render import draw
from selfsame.codes.store import load, pack, save, unpack
from selfsame.errors import InputError
from selfsame.family import Run, View
from selfsame.pifs import chunks, stream
from selfsame.pifs.code import HALF
from support.random_codes import random_code

REGION = (20, 300, 90, 330)
"""Lies in the third of the bands of 128 rows."""


@pytest.fixture(autouse=True)
def small_bands(monkeypatch):
    monkeypatch.setattr(stream, "BAND_PIXELS", 1)


@pytest.fixture
def reads(monkeypatch):
    """Which bands were read, by call."""
    calls = []

    def spy(bands, *others):
        calls.append({i for i, band in enumerate(bands) if band is not None})
        return stream.read_planes(bands, *others)

    monkeypatch.setattr(chunks, "read_planes", spy)
    return calls


def with_one_map(width=128, height=512):
    """A code of one map, from the third band to the fourth."""
    code = random_code(1, width, height, 3, True)
    luma, *chroma = (replace(plane, maps=np.zeros_like(plane.maps)) for plane in code.planes)
    y, x, log2, log2_width = luma.blocks.T
    side = 1 << log2
    meets = (y < 330) & (y + side > 300) & (x < 90) & (x + side > 20) & (log2 == log2_width)
    maps = luma.maps.copy()
    maps[np.flatnonzero(meets)[0]] = (HALF, 384, 0, 3, 5)
    return replace(code, planes=(replace(luma, maps=maps), *chroma))


def test_only_the_bands_that_a_region_depends_on_are_read(reads):
    code = with_one_map()
    data = pack(code)
    part = unpack(data, View(region=REGION))
    assert reads == [set(), {2}, {2, 3}]
    np.testing.assert_array_equal(
        draw(part, View(region=REGION), Run()), draw(code, View(region=REGION), Run())
    )
    reads.clear()
    unpack(data, View(region=REGION), iterations=0)  # the map is not applied
    assert reads == [set(), {2}]
    reads.clear()
    assert unpack(data, View()) == code
    assert reads == [{0, 1, 2, 3}]


@pytest.mark.parametrize(
    "view",
    [
        View(region=REGION),
        View(region=(0, 127, 128, 129)),
        View(region=REGION, scale=0.1),
        View(region=(0, 250, 128, 512), size=(40, 200)),
        View(region=REGION, scale=3),
    ],
)
@pytest.mark.parametrize(("channels", "half_chroma"), [(1, False), (3, False), (3, True)])
@pytest.mark.parametrize("iterations", [None, 1])
def test_a_part_looks_as_it_does_in_the_whole(view, channels, half_chroma, iterations):
    options = {} if iterations is None else {"iterations": iterations}
    for code in (random_code(4, 128, 520, channels, half_chroma, alpha=True), with_one_map()):
        part = unpack(pack(code), view, **options)
        expected = draw(code, view, Run(), **options)
        np.testing.assert_array_equal(draw(part, view, Run(), **options), expected)


def test_a_picture_of_one_band_is_read_whole(monkeypatch, tmp_path):
    monkeypatch.undo()
    code = random_code(2, 100, 90)
    save(code, tmp_path / "a.ssm")
    assert load(tmp_path / "a.ssm", View(region=(1, 2, 3, 4))) == code


def test_regions_outside_of_the_picture_are_refused():
    with pytest.raises(InputError, match="within the picture of 128x512"):
        unpack(pack(with_one_map()), View(region=(0, 0, 129, 10)))
