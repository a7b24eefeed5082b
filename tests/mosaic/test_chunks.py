"""Mosaics in files: round trips, and what no mosaic can be."""

import tracemalloc
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import container_bytes, read_container, write_container
from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    LimitError,
    UnsupportedError,
)
from selfsame.mosaic.chunks import MOSA, PIEC
from selfsame.mosaic.code import MosaicCode
from support.random_mosaics import random_code, random_pieces

SMALL = random_code(grid=3, levels=2, size=(40, 30), seed=1)
DATA = pack(SMALL)
PIECED = replace(SMALL, pieces=random_pieces(SMALL, size=(9, 7)))
PIECED_DATA = pack(PIECED)


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", [{"levels": 0}, {"grid": 5, "levels": 4}, {"size": (1, 65535)}])
def test_round_trip(channels, pieces, options):
    code = random_code(channels=channels, seed=7, **options)
    if pieces:
        code = replace(code, pieces=random_pieces(code))
    data = pack(code)
    assert unpack(data) == code
    assert pack(unpack(data)) == data
    container = read_container(data)
    assert container_bytes(container.chunks) == len(data)


@pytest.mark.parametrize("slope", [-127, 127])
def test_the_largest_numbers(slope):
    n = len(SMALL.cells)
    odd = np.arange(n * 3).reshape(n, 3) % 2 == 1
    code = replace(
        SMALL,
        means=np.where(odd, 255, 0).astype(np.uint8),
        slopes=np.where(odd[..., None], slope, [-slope, slope]).astype(np.int8),
        contrasts=np.full(n, 127, np.uint8),
        isometries=np.full(n, 7, np.uint8),
        tint=255,
    )
    assert unpack(pack(code)) == code


def test_a_smooth_picture_takes_few_bits():
    """A tenth of what its numbers take: 11 bytes a patch, and nothing for the tree."""
    y, x = np.mgrid[:16, :16]
    cells = np.stack([0 * y, y, x], axis=-1).reshape(-1, 3).astype(np.int32)
    code = MosaicCode(
        *(160, 160, 16, 0, 178, 191),
        cells=cells,
        isometries=np.zeros(256, np.uint8),
        contrasts=np.full(256, 90, np.uint8),
        means=np.repeat(40 + 6 * x + 4 * y, 3).reshape(256, 3).astype(np.uint8),
        slopes=np.tile(np.array([3, 2], np.int8), (256, 3, 1)),
    )
    assert len(pack(code)) < 256 * 11 / 10


def test_the_fields_stand_where_the_specification_says():
    """Bytes of docs/file-format.md, one by one."""
    container = read_container(PIECED_DATA)
    assert container.header == (4, 1, 40, 30)
    assert [chunk.tag for chunk in container.chunks] == [b"MOSA", b"PIEC"]
    mosa, piec = (chunk.payload for chunk in container.chunks)
    assert mosa[:6] == bytes([1, 2, 3, 0, 150, 190])
    assert piec[:8] == bytes([9, 0, 0, 0, 7, 0, 0, 0])
    count = len(PIECED.cells)
    data = zlib.decompress(piec[8:])
    places = np.frombuffer(data, "<u2", 4 * count).reshape(4, count)
    assert np.array_equal(places.T, PIECED.pieces.places)
    red, green, blue = np.moveaxis(PIECED.pieces.picture.astype(int), 2, 0)
    planes = np.stack([green, red - green, blue - green])
    planes[:, :, 1:] -= planes[:, :, :-1].copy()
    assert np.array_equal(np.frombuffer(data, np.uint8, offset=8 * count), planes.ravel() % 256)
    assert read_container(pack(random_code(channels=1))).header.color_space == 0
    assert read_container(DATA).chunks[0].payload[0] == 0


def test_more_pixels_than_a_file_may_have_are_refused():
    with pytest.raises(InputError, match="at most 134217728 pixels: got 65535x2049"):
        pack(replace(SMALL, width=65535, height=2049))


@pytest.mark.parametrize("data", [DATA, PIECED_DATA], ids=["self", "pieces"])
def test_every_cut_of_a_chunk_is_another_code_or_named(data):
    """Trailing bytes are cut, and checksums right again: what is missing reads as zeros."""
    container = read_container(data)
    results = Counter(
        outcome(changed(data, cut=(index, length)))
        for index, chunk in enumerate(container.chunks)
        for length in range(len(chunk.payload))
    )
    assert results["refused"] > 0.8 * sum(results.values())


def changed(data, *, header=None, places=None, cut=None, chunks=slice(None)):
    """The file with bytes of chunks or fields of the header replaced, checksums right."""
    container = read_container(data)
    pieces = list(container.chunks)
    for (index, at), value in (places or {}).items():
        payload = pieces[index].payload
        payload = payload[:at] + value + payload[at + len(value) :]
        pieces[index] = pieces[index]._replace(payload=payload)
    if cut is not None:
        index, length = cut
        pieces[index] = pieces[index]._replace(payload=pieces[index].payload[:length])
    head = container.header._replace(**(header or {}))
    return write_container(replace(container, header=head, chunks=tuple(pieces[chunks])))


def outcome(data):
    """Whatever comes is a code that can be written again, or a named error."""
    code, caught = None, None
    try:
        code = unpack(data)
    except FormatError as error:
        caught = error
    if caught is not None:
        assert type(caught) is not FormatError
        assert str(caught)
        return "refused"
    assert unpack(pack(code)) == code
    return "opened"


def test_thousands_of_streams_of_noise():
    """Behind sound fields any bytes are the patches of some mosaic, or damaged."""
    rng = np.random.default_rng(6)
    container = read_container(DATA)
    results = Counter()
    for _ in range(1000):
        noise = rng.bytes(int(rng.integers(0, 400)))
        chunk = container.chunks[0]._replace(payload=container.chunks[0].payload[:6] + noise)
        results[outcome(write_container(replace(container, chunks=(chunk,))))] += 1
    assert results["refused"] > 100
    assert results["opened"] > 0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"places": {(0, 0): b"\x03"}}, UnsupportedError, "does not know: 0x03"),
        ({"places": {(0, 0): b"\x80"}}, UnsupportedError, "does not know: 0x80"),
        ({"places": {(0, 0): b"\x00"}}, CorruptedError, "chunk PIEC must be absent"),
        ({"chunks": slice(1)}, CorruptedError, "chunk PIEC must follow"),
        ({"chunks": slice(1, None)}, CorruptedError, "needs chunk MOSA"),
        ({"header": {"color_space": 3}}, UnsupportedError, "has no alpha"),
        (
            {"places": {(0, 1): b"\x07"}},
            CorruptedError,
            "levels must be a whole number within 0..6",
        ),
        (
            {"places": {(0, 2): b"\x01\x00"}},
            CorruptedError,
            "grid must be a whole number within 2..512",
        ),
        (
            {"places": {(0, 2): b"\x00\x00"}},
            CorruptedError,
            "grid must be a whole number within 2..512",
        ),
        ({"places": {(0, 2): b"\x01\x01"}}, LimitError, "at most 1024 patches along a side"),
        ({"places": {(0, 1): b"\xff"}}, LimitError, "at most 1024 patches along a side"),
        ({"cut": (0, 5)}, CorruptedError, "chunk MOSA needs at least 6 bytes"),
        ({"cut": (1, 7)}, CorruptedError, "chunk PIEC needs at least 8 bytes"),
        ({"cut": (1, 40)}, CorruptedError, "chunk PIEC must hold"),
        ({"cut": (1, 8)}, CorruptedError, "chunk PIEC must hold"),
        ({"places": {(1, 8): b"zlib?"}}, CorruptedError, "no zlib stream"),
        (
            {"places": {(1, 0): bytes(4)}},
            CorruptedError,
            "width of pieces must be a whole number within 1",
        ),
        ({"places": {(1, 0): b"\x08"}}, CorruptedError, "chunk PIEC must hold"),
        (
            {"places": {(1, 0): b"\0\0\1\0\1"}},
            CorruptedError,
            "width of pieces must be a whole number within 1",
        ),
        ({"places": {(1, 0): b"\xff" * 8}}, LimitError, "at most 67108864 pixels"),
    ],
)
def test_impossible_fields_are_named(changes, error, message):
    with pytest.raises(error, match=message):
        unpack(changed(PIECED_DATA, **changes))


def test_pieces_beyond_their_picture_are_damage():
    container = read_container(PIECED_DATA)
    piec = container.chunks[1]
    data = bytearray(zlib.decompress(piec.payload[PIEC.size :]))
    data[:2] = b"\xff\xff"
    piec = piec._replace(payload=piec.payload[: PIEC.size] + zlib.compress(bytes(data)))
    damaged = replace(container, chunks=(container.chunks[0], piec))
    with pytest.raises(CorruptedError, match="impossible set of pieces"):
        unpack(write_container(damaged))


def test_a_small_file_that_claims_much_is_refused_in_little_memory():
    finest = changed(DATA, places={(0, 1): b"\x01\x00\x02"}, cut=(0, MOSA.size + 20))
    large = changed(PIECED_DATA, places={(1, 0): b"\xff\x1f\0\0\xff\x1f\0\0"})
    for data, most in ((finest, 20_000_000), (large, 500_000)):
        unpack(DATA)  # compiled
        tracemalloc.start()
        try:
            with pytest.raises(CorruptedError, match=r"chunk|damaged"):
                unpack(data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < most


def test_an_unknown_required_chunk_is_refused_and_an_optional_one_skipped():
    container = read_container(DATA)
    for tag in (b"NEWS", b"news"):
        extra = container.chunks[0]._replace(tag=tag, payload=b"")
        data = write_container(replace(container, chunks=(*container.chunks, extra)))
        if tag == b"news":
            assert unpack(data) == SMALL
        else:
            with pytest.raises(UnsupportedError, match="NEWS"):
                unpack(data)
