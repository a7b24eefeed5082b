"""Grids in files: round trips, and fields that no code has."""

from dataclasses import replace

import numpy as np
import pytest

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import container_bytes, read_container, write_container
from selfsame.collage.grid.chunks import GRID
from selfsame.collage.grid.code import MAX_LEVEL, GridCode
from selfsame.errors import CorruptedError, InputError, UnsupportedError
from support.small_grid import random_grid

SMALL = random_grid(3, alpha=True)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1, 1), (256, 1, 2), (8, 4, 4), (3, 128, 128)])
def test_round_trip(shape, channels, alpha):
    code = random_grid(9, shape, alpha, channels=channels, model="m" * 32)
    data = pack(code)
    assert unpack(data) == code
    assert pack(unpack(data)) == data
    assert container_bytes(read_container(data).chunks) == len(data)


def test_the_largest_numbers_survive():
    levels = np.array([MAX_LEVEL, -MAX_LEVEL, 0, 1], np.int32).reshape(2, 1, 2)
    code = replace(SMALL, levels=levels)
    np.testing.assert_array_equal(unpack(pack(code)).levels, levels, strict=True)


def test_few_numbers_take_few_bytes():
    rng = np.random.default_rng(0)
    levels = np.rint(rng.normal(0, 8, (8, 4, 4))).astype(np.int32)
    # Of a normal distribution of deviation 8 a whole number has 5.05 bits.
    size = len(pack(replace(random_grid(), levels=levels)))
    assert 8 * (size - 70) < 1.35 * 5.05 * levels.size


def test_the_fields_stand_where_the_specification_says():
    """Bytes of docs/file-format.md, one by one."""
    container = read_container(pack(SMALL))
    assert container.header == (5, 3, 30, 21)
    assert [chunk.tag for chunk in container.chunks] == [b"GRID", b"ALPH"]
    payload = container.chunks[0].payload
    assert payload[:8] == bytes([0, 5, 0, 3, 0, 4, 0, 5])
    assert payload[8:16] == SMALL.fingerprint
    assert payload[16:21] == b"tests"


def changed(place, value, cut=None):
    """The file of ``SMALL`` with bytes of its chunk changed."""
    container = read_container(pack(SMALL))
    payload = bytearray(container.chunks[0].payload)[:cut]
    payload[place : place + len(value)] = value
    first = container.chunks[0]._replace(payload=bytes(payload))
    return write_container(replace(container, chunks=(first, *container.chunks[1:])))


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (changed(0, b"\1"), UnsupportedError, "flags"),
        (changed(1, b"\0\0"), CorruptedError, "numbers must be a whole number within 1..256"),
        (changed(1, b"\1\1"), CorruptedError, "numbers must be a whole number within 1..256"),
        (changed(3, b"\0\0"), CorruptedError, "cells must be a whole number within 1..16384"),
        (
            changed(3, b"\xff\xff\xff\xff"),
            CorruptedError,
            "cells must be a whole number within 1..16384",
        ),
        (changed(7, b"\0"), CorruptedError, "model must be 1 to 32 letters"),
        (changed(7, b"\x21"), CorruptedError, "a model's name has at most 32 bytes: got 33"),
        (changed(16, b"/"), CorruptedError, "model must be 1 to 32 letters"),
        (changed(0, b"", GRID.size + 9), CorruptedError, "chunk GRID needs at least 21 bytes"),
    ],
)
def test_wrong_fields_are_named(data, error, words):
    with pytest.raises(error, match=words):
        unpack(data)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channels": 2}, "channels must be 1"),
        ({"model": "a b"}, "model must be 1 to 32 letters"),
        ({"fingerprint": b"abc"}, "fingerprint must have 8 bytes: got 3"),
        ({"levels": np.zeros((2, 2), np.int32)}, "levels must be .numbers, rows, columns."),
        ({"levels": np.zeros((1, 2, 2), np.int64)}, "levels must be int32"),
        ({"levels": np.full((1, 2, 2), MAX_LEVEL + 1, np.int32)}, "a level must be -32768 to"),
        ({"levels": np.zeros((257, 1, 1), np.int32)}, "numbers must be"),
        ({"width": 0}, "width"),
    ],
)
def test_codes_check_themselves(fields, words):
    with pytest.raises(InputError, match=words):
        replace(SMALL, alpha=None, **fields)


def test_codes_are_equal_by_value_and_immutable():
    code = random_grid(4)
    assert code == random_grid(4)
    assert code != random_grid(5)
    assert isinstance(code, GridCode)
    with pytest.raises(ValueError, match="read-only"):
        code.levels[0, 0, 0] = 1
