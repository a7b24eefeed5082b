from dataclasses import replace

import numpy as np
import pytest

from selfsame import InputError
from selfsame.collage.code import (
    MAX_ATOMS,
    MAX_BIAS,
    MAX_SYMBOLS,
    MAX_WEIGHT,
    CollageCode,
    scan_positions,
    symbol_shapes,
)
from support.random_collages import random_code

CODE = random_code(1, 50, 37, 3, alpha=True)


def test_the_scan_visits_every_frequency_once_by_diagonals() -> None:
    scan = scan_positions(MAX_ATOMS)
    assert scan[:8] == ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (0, 3))
    assert scan[-1] == (15, 15)
    assert set(scan) == {(v, u) for v in range(16) for u in range(16)} - {(0, 0)}
    keys = [(v + u, max(v, u), v) for v, u in scan]
    assert keys == sorted(keys)
    assert scan_positions(9) == scan[:9]
    assert scan_positions(0) == ()
    with pytest.raises(InputError, match=r"atoms must be a whole number within 0\.\.255: got 256"):
        scan_positions(256)


def test_as_many_ranges_as_cover_the_picture() -> None:
    assert CODE.size == (50, 37)
    assert [plane.shape for plane in CODE.symbols] == [(23, 3, 4), (9, 3, 4), (12, 3, 4)]
    assert symbol_shapes(1, 16, 16, (0,), 0) == [(1, 1, 1)]
    assert symbol_shapes(17, 65, 64, (3,), 1) == [(5, 2, 1)]


def _with_symbol(plane: int, index: int, value: int) -> tuple[np.ndarray, ...]:
    symbols = [p.copy() for p in CODE.symbols]
    symbols[plane][index, 0, 0] = value
    return tuple(symbols)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 0}, "width must be a whole number within 1..65535: got 0"),
        ({"height": 65536}, "height must be a whole number within 1..65535"),
        ({"width": 50.0}, "width must be a whole number within 1..65535: got 50.0"),
        ({"step": True}, "step must be a whole number"),
        ({"step": 256}, "step must be a whole number within 0..255"),
        ({"step": -1}, "step must be a whole number within 0..255"),
        ({"iterations": 65}, "iterations must be a whole number within 0..64"),
        ({"range_size": 24}, r"range_size must be one of \(4, 8, 16, 32, 64\): got 24"),
        ({"atoms": (20, 6)}, "1 number .* or 3 .*: got 2"),
        ({"atoms": (20, 6, 256)}, "atoms must be a whole number within 0..255: got 256"),
        ({"domains": 17}, "domains must be a whole number within 0..16"),
        ({"model": ""}, "model must be 1 to 32 letters"),
        ({"model": "a" * 33}, "model must be 1 to 32 letters"),
        ({"model": "two words"}, "got 'two words'"),
        ({"model": "ä"}, "model must be"),
        ({"model": "line\n"}, "model must be"),
        ({"fingerprint": b"short"}, "fingerprint must have 8 bytes: got 5"),
        ({"symbols": CODE.symbols[:2]}, "3 planes as atoms does: got 2"),
        ({"symbols": CODE.symbols[::-1]}, r"int32 \(23, 3, 4\): got int32 \(12, 3, 4\)"),
        ({"symbols": tuple(p.astype(np.int64) for p in CODE.symbols)}, "got int64"),
        ({"width": 80}, "symbols of a plane must be"),
        ({"symbols": _with_symbol(0, 0, MAX_BIAS + 1)}, "a bias level must be .* larger step"),
        ({"symbols": _with_symbol(1, 0, -MAX_BIAS - 1)}, "a bias level must be"),
        ({"symbols": _with_symbol(2, 11, -MAX_WEIGHT - 1)}, "a weight must be"),
        ({"alpha": np.zeros((37, 49), np.uint8)}, r"alpha must be uint8 \(37, 50\)"),
        ({"alpha": np.zeros((37, 50))}, "got float64"),
        ({"width": 65535, "height": 65535, "atoms": (255,) * 3}, f"at most {MAX_SYMBOLS} symbols"),
    ],
)
def test_what_is_no_code_is_an_input_error(fields, message) -> None:
    with pytest.raises(InputError, match=message):
        replace(CODE, **fields)


def test_the_limits_themselves_are_allowed() -> None:
    for plane, index, value in ((0, 0, MAX_BIAS), (1, 1, -MAX_WEIGHT), (2, 11, MAX_WEIGHT)):
        assert isinstance(replace(CODE, symbols=_with_symbol(plane, index, value)), CollageCode)
    assert replace(CODE, step=np.int64(255), model="a-b_c.7" + "x" * 25).step == 255
