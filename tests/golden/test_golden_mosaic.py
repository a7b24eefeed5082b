"""Mosaics of every version: equal codes for ever, and the same bytes today."""

import hashlib
from pathlib import Path

import pytest

from selfsame import load
from selfsame.codes.store import pack
from support.golden_mosaics import MOSAICS

FOLDER = Path(__file__).parent / "v1"

DIGESTS = {
    "mosaic-grey": "d6619140baa1993a288e3dc2bfd78382bec22d8a7ec46d23192084186889a1cb",
    "mosaic-pieces": "e5c04188af65db3b8c55475713c42acbe59d0bf76a6ac823e7d86e644fc06b67",
    "mosaic-pixel": "4322f05fad42bf0635e16dc95d991c50a43f4a984441972b73f805ab7929cd5a",
    "mosaic-syntax": "adfad4a58d94f3284740ddea137a0b2fcda7966e865128b5aa63bb954e241120",
}
"""SHA-256 of the files."""


@pytest.mark.parametrize("name", MOSAICS)
def test_the_file_itself_is_untouched(name):
    data = (FOLDER / f"{name}.ssm").read_bytes()
    assert hashlib.sha256(data).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", MOSAICS)
def test_every_number_is_as_it_was(name):
    assert load(FOLDER / f"{name}.ssm") == MOSAICS[name]


@pytest.mark.parametrize("name", MOSAICS)
def test_today_writes_the_same_bytes(name):
    assert pack(MOSAICS[name]) == (FOLDER / f"{name}.ssm").read_bytes()
