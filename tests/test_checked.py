"""Settings that check themselves."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfsame.checked import Checked, Range, Seed, checked
from selfsame.errors import InputError

Share = Annotated[float, Range(0, 1, open_low=True)]


@dataclass(frozen=True)
class Part(Checked):
    side: Annotated[int, Range(1, 64)]
    width: Annotated[int, Range(1)] = 8


@dataclass(frozen=True)
class Whole(Checked):
    steps: Annotated[int, Range(1, 1000)] = 10
    clip: Annotated[float, Range(0)] | None = None
    rate: Annotated[float | None, Range(0, 1, open_high=True)] = 0.5
    shift: float = 0.0
    mode: Literal["hybrid", "pure"] = "hybrid"
    channels: Literal[1, 3] = 1
    flips: bool = False
    name: str = ""
    folder: Path | None = None
    betas: tuple[Share, Share] = (0.5, 1.0)
    sides: Annotated[tuple[int, ...], Range(2, 9)] = ()
    first: Part = Part(4)
    parts: tuple[Part, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "steps must be a whole number within 1..1000: got 0"),
        ({"steps": 1001}, "steps must be a whole number within 1..1000: got 1001"),
        ({"steps": 2.5}, "steps must be a whole number within 1..1000: got 2.5"),
        ({"steps": 2.0}, "steps must be a whole number within 1..1000: got 2.0"),
        ({"steps": True}, "steps must be a whole number within 1..1000: got True"),
        ({"steps": np.True_}, "steps must be a whole number within 1..1000: got True"),
        ({"steps": "5"}, "steps must be a whole number within 1..1000: got '5'"),
        ({"steps": None}, "steps must be a whole number within 1..1000: got None"),
        ({"steps": math.inf}, "steps must be a whole number within 1..1000: got inf"),
        ({"steps": 5 + 0j}, "steps must be a whole number within 1..1000: got (5+0j)"),
        ({"clip": -1}, "clip must be a finite number from 0 or None: got -1"),
        ({"clip": math.nan}, "clip must be a finite number from 0 or None: got nan"),
        ({"clip": 10**400}, "clip must be a finite number from 0 or None: got 1000000"),
        ({"rate": 1}, "rate must be a number at least 0 and below 1 or None: got 1"),
        ({"rate": False}, "rate must be a number at least 0 and below 1 or None: got False"),
        ({"shift": -math.inf}, "shift must be a finite number: got -inf"),
        ({"mode": "Pure"}, "mode must be one of hybrid, pure: got 'Pure'"),
        ({"mode": 1}, "mode must be one of hybrid, pure: got 1"),
        ({"channels": True}, "channels must be one of 1, 3: got True"),
        ({"channels": 2}, "channels must be one of 1, 3: got 2"),
        ({"flips": 1}, "flips must be true or false: got 1"),
        ({"name": 3}, "name must be text: got 3"),
        ({"folder": 3}, "folder must be a path or None: got 3"),
        ({"betas": 0.5}, "betas must be 2 values: got 0.5"),
        ({"betas": (0.5,)}, "betas must be 2 values: got (0.5,)"),
        ({"betas": (1, 0)}, "betas[1] must be a number above 0 and at most 1: got 0"),
        ({"sides": "34"}, "sides must be a list: got '34'"),
        ({"sides": [3, 10]}, "sides[1] must be a whole number within 2..9: got 10"),
        ({"first": 3}, "first must be a mapping of side, width: got 3"),
        ({"first": [4, 8, 1]}, "first must be a mapping of side, width: got [4, 8, 1]"),
        ({"first": {}}, "first: side is missing; all settings are side, width"),
        ({"first": {"side": 65}}, "first: side must be a whole number within 1..64: got 65"),
        ({"parts": [{"sid": 1}]}, "parts[0]: unknown setting 'sid'; allowed are side, width"),
        ({"options": 3}, "options must be a Mapping: got 3"),
        ({"stepz": 3}, "unknown setting 'stepz'; allowed are steps, clip, rate, shift, mode"),
    ],
)
def test_what_is_not_allowed_is_named_with_what_is(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        Whole.from_dict(values)


def test_values_become_plain_ones() -> None:
    settings = Whole(
        steps=np.int64(7),  # type: ignore[arg-type]
        clip=np.float32(0.5),
        rate=np.array(0),  # type: ignore[arg-type]
        mode=np.str_("pure"),  # type: ignore[arg-type]
        flips=np.True_,  # type: ignore[arg-type]
        folder="here",  # type: ignore[arg-type]
        betas=[np.float64(0.25), 1],  # type: ignore[arg-type]
        sides=[np.uint8(3)],  # type: ignore[arg-type]
        first=(3,),  # type: ignore[arg-type]
        parts=[{"side": np.int8(5)}],  # type: ignore[arg-type]
    )
    assert settings == Whole(
        7, 0.5, 0.0, 0.0, "pure", 1, True, "", Path("here"), (0.25, 1.0), (3,), Part(3), (Part(5),)
    )
    plain = (settings.steps, settings.clip, settings.rate, settings.flips, settings.parts[0].side)
    assert [type(value) for value in plain] == [int, float, float, bool, int]
    assert json.loads(json.dumps(settings.as_dict())) == settings.as_dict()
    assert settings.as_dict()["folder"] == "here"
    assert settings.as_dict()["first"] == {"side": 3, "width": 8}


numbers = st.floats(0, 1, exclude_max=True)


@given(
    st.builds(
        Whole,
        steps=st.integers(1, 1000),
        clip=st.none() | st.floats(0, allow_infinity=False),
        rate=st.none() | numbers,
        shift=st.floats(allow_nan=False, allow_infinity=False),
        mode=st.sampled_from(["hybrid", "pure"]),
        channels=st.sampled_from([1, 3]),
        flips=st.booleans(),
        name=st.text(),
        folder=st.none() | st.sampled_from([Path("a"), Path("a/b")]),
        sides=st.lists(st.integers(2, 9)),
        first=st.builds(Part, st.integers(1, 64)),
        parts=st.lists(st.builds(Part, st.integers(1, 64), st.integers(1))),
    )
)
def test_settings_return_from_json(settings: Whole) -> None:
    assert Whole.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


@given(
    st.floats(-9, 9),
    st.floats(-9, 9),
    st.booleans(),
    st.booleans(),
    st.floats(-10, 10),
)
def test_a_range_holds_what_lies_between_its_ends(
    low: float, high: float, open_low: bool, open_high: bool, number: float
) -> None:
    inside = low < number < high
    at_end = (number == low and not open_low and (number < high or not open_high)) or (
        number == high and not open_high and (number > low or not open_low)
    )
    assert (number in Range(low, high, open_low, open_high)) == (low <= high and (inside or at_end))


@pytest.mark.parametrize("number", [0, 2**63 - 1, np.int64(3), np.uint64(2**63 - 1)])
def test_a_single_value_can_be_checked(number: Any) -> None:
    result = checked("seed", number, Seed)
    assert type(result) is int
    assert result == int(number)
    for wrong in (-1, 2**63, np.uint64(2**63)):
        with pytest.raises(InputError, match=r"seed must be a whole number within 0\.\.9223"):
            checked("seed", wrong, Seed)


def test_anything_may_be_none_where_anything_goes() -> None:
    assert checked("value", None, Any) is None
    with pytest.raises(InputError, match="name must be text: got None"):
        checked("name", None, str)
