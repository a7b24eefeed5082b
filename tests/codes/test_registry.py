"""The registry of families, and what the dispatcher refuses."""

import numpy as np
import pytest

import selfsame
from selfsame.codes import registry
from selfsame.codes.registry import family_named, family_names, family_of, number_of, register
from selfsame.errors import InputError, UnsupportedError
from selfsame.family import Encodes, Iterates, Plots, Run, View
from support.golden_collages import COLLAGES
from support.random_codes import random_code
from support.sample_codes import SMALLEST

BLOCKS = random_code(0, 16, 16)
COLLAGE = next(iter(COLLAGES.values()))


@pytest.fixture
def entries(monkeypatch):
    """A copy of the registry, thrown away afterwards."""
    copied = dict(registry._ENTRIES)
    monkeypatch.setattr(registry, "_ENTRIES", copied)
    return copied


def test_every_family_keeps_its_promises() -> None:
    for name in family_names():
        family = family_named(name)
        assert family.name == name
        assert family.code_type.family == name
        assert registry.name_by_number(number_of(family)) == name
        assert family.views <= set(View.__dataclass_fields__)
        assert family.runs <= set(Run.__dataclass_fields__)
        assert not family.options & set(View.__dataclass_fields__)
        assert not isinstance(family, Iterates) or {"iterations", "start"} <= family.options


def test_numbers_never_change() -> None:
    numbers = {name: number_of(family_named(name)) for name in ("ifs", "pifs", "collage")}
    assert numbers == {"ifs": 1, "pifs": 2, "collage": 3}


def test_capabilities() -> None:
    assert isinstance(family_named("pifs"), Encodes)
    assert isinstance(family_named("pifs"), Plots)
    assert isinstance(family_named("collage"), Encodes)
    assert not isinstance(family_named("ifs"), Encodes)
    assert not isinstance(family_named("ifs"), Iterates)


def test_the_family_of_a_code() -> None:
    assert family_of(SMALLEST).name == family_of(SMALLEST.system).name == "ifs"
    assert family_of(BLOCKS).name == "pifs"
    assert family_of(COLLAGE).name == "collage"
    with pytest.raises(InputError, match=r"ifs, pifs, collage.*got str"):
        family_of("nothing")


def test_unknown_names_and_numbers() -> None:
    with pytest.raises(InputError, match="family must be one of ifs"):
        family_named("nonsense")
    with pytest.raises(UnsupportedError, match="kind 99, this build knows 1"):
        registry.name_by_number(99)


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("toy", 5, "192 to 255: got 5"),
        ("toy", 256, "192 to 255: got 256"),
        ("ifs", 200, "'ifs' is family 1"),
    ],
)
def test_numbers_and_names_that_are_taken(entries, name, number, message) -> None:
    with pytest.raises(InputError, match=message):
        register(name, number, "nowhere")


def test_a_private_number_belongs_to_one_family(entries) -> None:
    register("toy", 200, "here")
    register("toy", 200, "there")  # the same again, from elsewhere
    assert entries["toy"].module == "there"
    with pytest.raises(InputError, match="'toy' is family 200"):
        register("other", 200, "nowhere")
    with pytest.raises(InputError, match="'toy' is family 200"):
        register("toy", 201, "nowhere")


@pytest.mark.parametrize(
    ("code", "options", "message"),
    [
        (SMALLEST, {"region": (0, 0, 1, 1)}, "region is not for codes of the family ifs"),
        (SMALLEST, {"iterations": 3}, "iterations is not for codes of the family ifs"),
        (BLOCKS, {"viewport": (0, 0, 1, 1)}, "viewport is not for codes of the family pifs"),
        (BLOCKS, {"zoom": 2.0}, "zoom is not for codes of the family pifs"),
        (BLOCKS, {"points": 10}, "takes iterations, start"),
        (BLOCKS, {"seed": 1}, "seed is not for codes of the family pifs, which takes threads"),
        (COLLAGE, {"seed": 1}, "seed is not for codes of the family collage"),
        (BLOCKS, {"device": "cuda"}, "device is not for codes of the family pifs"),
        (COLLAGE, {"region": (0, 0, 1, 1)}, "region is not for codes of the family collage"),
        (SMALLEST.system, {"scale": 2.0}, "a bare system has no size to scale"),
    ],
)
def test_what_a_family_does_not_honour_is_refused(code, options, message) -> None:
    with pytest.raises(InputError, match=message):
        selfsame.render(code, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (10, 10), "scale": 2.0}, "only one of size and scale"),
        ({"size": 10}, "two whole numbers from 1 on: got 10"),
        ({"size": (10, 0)}, "two whole numbers from 1 on"),
        ({"size": (10, 2.5)}, "two whole numbers from 1 on"),
        ({"scale": 0.0}, "scale must be a finite number above 0"),
        ({"scale": float("nan")}, "scale must be a finite number above 0"),
        ({"scale": "2"}, "scale must be a finite number above 0: got '2'"),
        ({"region": (0.5, 0, 2, 2)}, r"region\[0\] must be a whole number: got 0.5"),
        ({"region": (0, 0, 2)}, "region must be 4 values"),
        ({"region": "abcd"}, "region must be 4 values"),
    ],
)
def test_views_that_cannot_be(options, message) -> None:
    with pytest.raises(InputError, match=message):
        View(**options)


def test_a_view_knows_what_was_asked_and_how_large_it_is() -> None:
    assert View().asked() == ()
    assert View(size=(3, 4), zoom=2.0).asked() == ("size", "zoom")
    assert View(scale=2.0).size_of(BLOCKS) == (32, 32)
    assert View(scale=0.001).size_of(BLOCKS) == (1, 1)
    assert View(size=np.array([3, 4])).size == (3, 4)
    assert View(region=np.array([0, 0, 3, 4])).region == (0, 0, 3, 4)


def test_a_run_knows_what_was_asked() -> None:
    assert Run(threads=2, device="auto", progress=print).asked() == ()
    assert Run(device="cuda", seed=3).asked() == ("seed", "device")
