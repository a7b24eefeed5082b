"""Collages of every version: the same symbols for ever, and the same bytes today."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from selfsame import load
from selfsame.codes.store import pack
from support.golden_collages import COLLAGES

FOLDER = Path(__file__).parent / "v1"

DIGESTS = {
    "collage-syntax": "8615581331c657a323af19be15880d562cc7bae8276ebb22f5d84a2c3a61e28a",
    "collage-grey": "f71f8bdf6bb533cc09d7e19b48d81bfb9e3b71c434d594cadf8822ea98f82d51",
    "collage-pixel": "dae86d3032547ce5d2bffc50ad389e430639b7555420162d9e162fd502c6ce9c",
}
"""SHA-256 of the files."""


@pytest.mark.parametrize("name", COLLAGES)
def test_the_file_itself_is_untouched(name):
    data = (FOLDER / f"{name}.ssm").read_bytes()
    assert hashlib.sha256(data).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", COLLAGES)
def test_every_field_is_as_it_was(name):
    code, expected = load(FOLDER / f"{name}.ssm"), COLLAGES[name]
    fields = ("size", "model", "fingerprint", "step", "range_size", "atoms", "domains")
    for field in (*fields, "iterations"):
        assert getattr(code, field) == getattr(expected, field)
    for plane, wanted in zip(code.symbols, expected.symbols, strict=True):
        np.testing.assert_array_equal(plane, wanted, strict=True)
    assert (code.alpha is None) == (expected.alpha is None)
    if expected.alpha is not None:
        np.testing.assert_array_equal(code.alpha, expected.alpha, strict=True)


@pytest.mark.parametrize("name", COLLAGES)
def test_today_writes_the_same_bytes(name):
    assert pack(COLLAGES[name]) == (FOLDER / f"{name}.ssm").read_bytes()
