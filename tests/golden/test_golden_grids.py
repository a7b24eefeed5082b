"""Grids of every version: the same numbers for ever, and the same bytes today."""

import hashlib
from pathlib import Path

import pytest

from selfsame import load
from selfsame.codes.store import pack
from support.golden_grids import GRIDS

FOLDER = Path(__file__).parent / "v1"

DIGESTS = {
    "grid-syntax": "1e9e4810e8ffc08c18217f29bc4c15c9ba9719fda1ec121d5b8d21924b935527",
    "grid-grey": "3e70081292852a6f308eea1ecd070cf27dbc1955b5077187f99bbb82183fb5ef",
    "grid-pixel": "c7dba4b559205bc7fde1b893c77fd7ec822246b9a3342029d3b03e9424f1436e",
}
"""SHA-256 of the files."""


@pytest.mark.parametrize("name", GRIDS)
def test_the_file_itself_is_untouched(name):
    data = (FOLDER / f"{name}.ssm").read_bytes()
    assert hashlib.sha256(data).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", GRIDS)
def test_every_field_is_as_it_was(name):
    assert load(FOLDER / f"{name}.ssm") == GRIDS[name]


@pytest.mark.parametrize("name", GRIDS)
def test_today_writes_the_same_bytes(name):
    assert pack(GRIDS[name]) == (FOLDER / f"{name}.ssm").read_bytes()
