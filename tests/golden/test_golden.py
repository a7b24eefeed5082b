"""Files of every version of the format open for ever, with every field as it was."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from selfsame import load
from selfsame.codes.store import pack
from support.golden_codes import V1
from support.golden_collages import COLLAGES
from support.golden_grids import GRIDS
from support.golden_mosaics import MOSAICS
from support.golden_pifs import SYMBOLS

FOLDER = Path(__file__).parent / "v1"

DIGESTS = {
    "fern": "183724788cf968332896e54b4f80aac5edba092df9d0807f09b8cc38f266a9ea",
    "gasket": "c7cd7ff02d55a30550295cc575e6e538000c089f4bbdeffd8fbd664938a3ec9c",
    "smallest": "b201609573efc175332ab78756039ec6d3c31335be5e6a136368d32e915c6812",
    "space": "0b18cede98cbb45613e28a713d85be781cc51297d53903c349615aa4801c4428",
}


def test_every_golden_file_has_its_entry():
    assert {p.stem for p in FOLDER.glob("*.ssm")} == set(V1 | SYMBOLS | COLLAGES | MOSAICS | GRIDS)
    assert set(V1) == set(DIGESTS)


@pytest.mark.parametrize("name", DIGESTS)
def test_the_file_itself_is_untouched(name):
    data = (FOLDER / f"{name}.ssm").read_bytes()
    assert hashlib.sha256(data).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", V1)
def test_every_field_is_as_it_was(name):
    code, expected = load(FOLDER / f"{name}.ssm"), V1[name]
    for field in ("matrices", "offsets", "probabilities", "colors"):
        loaded, wanted = getattr(code.system, field), getattr(expected.system, field)
        if wanted is None:
            assert loaded is None
        else:
            np.testing.assert_array_equal(loaded, wanted, strict=True)
            np.testing.assert_array_equal(np.signbit(loaded), np.signbit(wanted))
    assert code.viewport == expected.viewport
    assert code.size == expected.size
    assert code.primitive == expected.primitive
    assert code.notes == expected.notes
    assert code == expected


@pytest.mark.parametrize("name", V1)
def test_today_writes_the_same_bytes(name):
    """Version 1 is still the version written; a later one replaces this test, not the files."""
    assert pack(V1[name]) == (FOLDER / f"{name}.ssm").read_bytes()
