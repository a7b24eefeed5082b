"""The browser's decoder agrees with Python's on every golden file: the same symbols, and pixels
that differ by no more than 1/255."""

from pathlib import Path

import numpy as np
import pytest

from selfsame import load, render
from support.browser import Job, as_pixels, assert_same_numbers, in_node, needs_node, numbers

pytestmark = needs_node

FOLDER = Path(__file__).parents[1] / "golden" / "v1"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ssm"))

SMALL = {"size": [100, 70]}

VIEWS = {
    "all-syntax": [{}, {"scale": 2}, {"scale": 1.3}, SMALL, {"region": [70, 30, 101, 64]}],
    "photo-hybrid": [{}, {"scale": 0.4}, {"region": [3, 0, 20, 96], "scale": 3}, {"iterations": 1}],
    "photo-pure": [{}, {"region": [3, 0, 20, 96], "scale": 1.5}],
    "one-pixel": [{}, {"scale": 64}],
    "fern": [
        SMALL,
        SMALL | {"mode": "flame", "seed": 3},
        SMALL | {"mode": "binary", "points": 300_000},
        SMALL | {"depth": 5},
        SMALL | {"zoom": 12, "center": [0, 5]},
    ],
    "gasket": [
        SMALL,
        SMALL | {"mode": "grey"},
        SMALL | {"mode": "log", "supersample": 2},
        SMALL | {"viewport": [0.2, 0.1, 0.5, 0.4]},
        SMALL | {"depth": 3},
    ],
    "smallest": [{}],
    "space": [{}, SMALL | {"azimuth": -50, "zoom": 2}],
    "mosaic-syntax": [{}, SMALL, SMALL | {"zoom": 9, "center": [400, 20]}],
    "mosaic-grey": [{}, SMALL],
    "mosaic-pieces": [{}, SMALL, {"scale": 2}],
    "mosaic-pixel": [{}, SMALL],
}
"""What is drawn; of the golden collages and grids the models are nobody's."""


@pytest.fixture(scope="module")
def opened():
    jobs = [Job((FOLDER / f"{name}.ssm").read_bytes(), VIEWS.get(name, [])) for name in NAMES]
    return dict(zip(NAMES, in_node(*jobs), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_symbols_are_those_of_python(opened, name):
    code = load(FOLDER / f"{name}.ssm")
    assert opened[name]["family"] == code.family
    assert_same_numbers(opened[name]["fields"], numbers(code))


@pytest.mark.parametrize("name", VIEWS)
def test_pixels_are_those_of_python(opened, name):
    code = load(FOLDER / f"{name}.ssm")
    for options, picture in zip(VIEWS[name], opened[name]["pictures"], strict=True):
        assert isinstance(picture, np.ndarray), picture
        expected = as_pixels(render(code, **options))
        assert picture.shape == expected.shape
        differences = np.abs(picture - expected)
        if "depth" in options:  # of 64 samples a pixel, some lie on the edge of a leaf
            assert np.count_nonzero(differences.max(axis=2) > 1) <= 2, options
        else:
            assert differences.max() <= 1, options


def test_nothing_but_golden_collages_and_grids_goes_undrawn():
    assert {name for name in NAMES if name not in VIEWS} == {
        name for name in NAMES if name.startswith(("collage", "grid"))
    }
