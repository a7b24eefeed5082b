"""Collages in files: round trips, and fields that no code has."""

import tracemalloc
from dataclasses import replace

import pytest

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import container_bytes, read_container, write_container
from selfsame.collage.chunks import CLGE
from selfsame.errors import (
    CorruptedError,
    InputError,
    LimitError,
    UnsupportedError,
)
from support.random_collages import random_code, same

SMALL = random_code(3, 30, 21, 3, alpha=True)
DATA = pack(SMALL)
NAME, ATOMS = CLGE.size + 8, CLGE.size + 8 + len("tests")
"""Where the model's name and the numbers of atoms stand in the chunk."""


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", [{}, {"range_size": 4, "domains": 0}, {"model": "m" * 32}])
def test_round_trip(channels, alpha, options):
    code = random_code(9, 50, 70, channels, alpha, **options)
    data = pack(code)
    assert same(unpack(data), code)
    assert pack(unpack(data)) == data
    container = read_container(data)
    assert container_bytes(container.chunks) == len(data)


def test_the_fields_stand_where_the_specification_says():
    """Bytes of docs/file-format.md, one by one."""
    container = read_container(pack(replace(SMALL, step=200, iterations=5)))
    assert container.header == (3, 3, 30, 21)
    assert [chunk.tag for chunk in container.chunks] == [b"CLGE", b"ALPH"]
    payload = container.chunks[0].payload
    assert payload[:6] == bytes([0, 200, 16, 2, 5, 5])
    assert payload[6:14] == SMALL.fingerprint
    assert payload[14:19] == b"tests"
    assert payload[19:22] == bytes([20, 6, 9])


def test_more_pixels_than_a_file_may_have_are_refused():
    code = random_code(1, 65535, 2049, 1, atoms=(0,), domains=0, range_size=64)
    with pytest.raises(InputError, match="at most 134217728 pixels: got 65535x2049"):
        pack(code)


def changed(places=None, header=None, chunks=slice(None), cut=None):
    """The file ``DATA`` with bytes of CLGE, fields of the header or the list of chunks changed."""
    container = read_container(DATA)
    payload = bytearray(container.chunks[0].payload)[:cut]
    for place, value in (places or {}).items():
        payload[place : place + len(value)] = value
    pieces = [container.chunks[0]._replace(payload=bytes(payload)), *container.chunks[1:]]
    return write_container(
        replace(
            container,
            header=container.header._replace(**(header or {})),
            chunks=tuple(pieces[chunks]),
        )
    )


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"places": {0: b"\x01"}}, UnsupportedError, "flags .* 0x01"),
        ({"places": {2: b"\x18"}}, CorruptedError, "range_size must be one of"),
        ({"places": {2: b"\x00"}}, CorruptedError, "range_size must be one of"),
        ({"places": {3: b"\x11"}}, CorruptedError, "domains must be a whole number within 0..16"),
        (
            {"places": {4: b"\x41"}},
            CorruptedError,
            "iterations must be a whole number within 0..64",
        ),
        ({"places": {5: b"\x21"}}, CorruptedError, "name has at most 32 bytes: got 33"),
        ({"places": {NAME: b" "}}, CorruptedError, "impossible collage: model must be"),
        ({"places": {NAME: b"\xff"}}, CorruptedError, "impossible collage"),
        ({"cut": ATOMS + 2}, CorruptedError, f"needs at least {ATOMS + 3} bytes"),
        ({"cut": 3}, CorruptedError, "chunk CLGE needs at least"),
        ({"chunks": slice(1)}, CorruptedError, "needs chunk ALPH"),
        ({"chunks": slice(1, None)}, CorruptedError, "needs chunk CLGE"),
        ({"header": {"color_space": 1}}, CorruptedError, "chunk ALPH stands in a picture"),
        ({"header": {"width": 31}}, CorruptedError, "a stream of 651 bytes"),
        (
            {"header": {"width": 65535, "height": 2047}, "places": {2: b"\x04"}},
            LimitError,
            "at most 268435456 symbols: the file claims",
        ),
    ],
)
def test_impossible_fields_are_named(changes, error, message):
    with pytest.raises(error, match=message):
        unpack(changed(**changes))


def test_an_unknown_required_chunk_is_refused_and_an_optional_one_skipped():
    container = read_container(DATA)
    for tag, known in ((b"NEWS", False), (b"news", True)):
        extra = container.chunks[0]._replace(tag=tag, payload=b"")
        data = write_container(replace(container, chunks=(*container.chunks, extra)))
        if known:
            assert same(unpack(data), SMALL)
        else:
            with pytest.raises(UnsupportedError, match="NEWS"):
                unpack(data)


def test_a_small_file_that_claims_a_huge_picture_is_refused_at_once():
    header = {"width": 65535, "height": 2000, "color_space": 1}
    with pytest.raises(CorruptedError, match="damaged"):
        unpack(changed(header=header, chunks=slice(1)))
    oversized = changed(header=header, places={2: b"\x04"}, chunks=slice(1))
    tracemalloc.start()
    with pytest.raises(LimitError, match="at most 268435456 symbols"):
        unpack(oversized)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
