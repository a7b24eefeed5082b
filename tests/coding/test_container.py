import io
import itertools
import zlib

import pytest

from selfsame.coding import container as box
from selfsame.coding.container import Chunk, Container, Header
from selfsame.errors import CorruptedError, LimitError, TruncatedError, UnsupportedError

HEADER = Header(kind=7, color_space=box.SRGB, width=640, height=480)
PINNED = bytes.fromhex(
    "d353534d0d0a1a0a 01"
    "48454144 0a000000 07 01 80020000 e0010000 8c931028"
    "41424344 03000000 010203 28be589c"
    "65666768 00000000 b57b3308"
    "5441494c 00000000 e959a24a"
)
CONTAINER = Container(HEADER, (Chunk(b"ABCD", b"\1\2\3"), Chunk(b"efgh", b"")))


def framed(tag: bytes, payload: bytes) -> bytes:
    crc = zlib.crc32(tag + payload)
    return tag + len(payload).to_bytes(4, "little") + payload + crc.to_bytes(4, "little")


def test_bytes_are_pinned():
    assert box.write_container(CONTAINER).hex() == PINNED.hex()


def test_reading_returns_what_was_written():
    assert box.read_container(PINNED) == CONTAINER


def test_listing_names_every_chunk_of_the_file():
    assert CONTAINER.listing == [("HEAD", 10), ("ABCD", 3), ("efgh", 0), ("TAIL", 0)]


def test_capital_first_letter_means_required():
    assert [chunk.required for chunk in CONTAINER.chunks] == [True, False]


def test_unknown_required_chunk_is_refused_and_optional_one_skipped_but_kept():
    with pytest.raises(UnsupportedError, match="ABCD"):
        CONTAINER.payloads(frozenset((b"WXYZ",)))
    read = box.read_container(PINNED)
    assert read.payloads(frozenset((b"ABCD",))) == {b"ABCD": b"\1\2\3"}
    assert box.write_container(read) == PINNED


def test_known_chunk_must_not_repeat_but_unknown_optional_may():
    twice = Container(HEADER, (Chunk(b"efgh", b"1"), Chunk(b"efgh", b"2")))
    assert twice.payloads(frozenset()) == {}
    with pytest.raises(CorruptedError, match="twice"):
        twice.payloads(frozenset((b"efgh",)))


def test_header_needs_only_the_first_bytes():
    assert box.read_header(PINNED[: box.HEADER_END]) == HEADER
    with pytest.raises(TruncatedError, match="ends at byte 30, within its header"):
        box.read_header(PINNED[: box.HEADER_END - 1])


@pytest.mark.parametrize("length", range(len(PINNED)))
def test_every_shorter_file_is_truncated(length):
    with pytest.raises(TruncatedError, match=r"the file ends|the file has .* left"):
        box.read_container(PINNED[:length])


def test_versions():
    with pytest.raises(UnsupportedError, match="update selfsame"):
        box.read_container(PINNED[:8] + b"\2" + PINNED[9:])
    with pytest.raises(CorruptedError, match="version 0"):
        box.read_container(PINNED[:8] + b"\0" + PINNED[9:])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a Selfsame file"),
        (PINNED.replace(b"\r\n", b"\n"), "text mode"),
        (PINNED.replace(b"\n", b"\r\n"), "text mode"),
        (b"S" + PINNED[1:], "text mode"),
        (PINNED + b"\0", "1 bytes follow"),
        (PINNED[:9] + PINNED[9:].replace(b"HEAD", b"head"), "first chunk must be HEAD"),
        (PINNED[:9] + framed(b"HEAD", bytes(9)) + framed(b"TAIL", b""), "must have 10 bytes"),
        (PINNED[:31] + PINNED[9:31] + framed(b"TAIL", b""), "second HEAD"),
        (PINNED[:31] + framed(b"TAIL", b"x"), "must be empty"),
        (PINNED[:31] + framed(b"A CD", b"") + framed(b"TAIL", b""), "4 ASCII letters"),
        (PINNED[:31] + framed("äbc".encode(), b"") + framed(b"TAIL", b""), "4 ASCII letters"),
        (PINNED[:-1] + b"\0", "checksum of chunk TAIL"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_malformed_files_are_corrupted(data, words):
    with pytest.raises(CorruptedError, match=words):
        box.read_container(data)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"width": 0}, CorruptedError, "at least one pixel: got 0x480"),
        ({"height": 0}, CorruptedError, "at least one pixel: got 640x0"),
        ({"width": 65_536}, LimitError, "sides up to 65535"),
        ({"height": 65_536}, LimitError, "sides up to 65535"),
        ({"width": 2**32 - 1, "height": 2**32 - 1}, LimitError, "sides up to 65535"),
        ({"width": 16_384, "height": 8_193}, LimitError, "at most 134217728 pixels"),
        ({"color_space": 4}, UnsupportedError, "colour space 4 is unknown"),
    ],
)
def test_header_values_out_of_range(change, error, words):
    header = HEADER._replace(**change)
    data = PINNED[:9] + framed(b"HEAD", box.HEADER.pack(header._asdict())) + PINNED[31:]
    with pytest.raises(error, match=words):
        box.read_header(data)
    with pytest.raises(error, match=words):
        box.write_container(Container(header, ()))


def test_largest_picture_passes():
    header = HEADER._replace(width=16_384, height=8_192)
    assert box.read_container(box.write_container(Container(header, ()))).header == header


def test_chunk_length_limit_comes_before_the_check_of_the_end():
    for length, error in ((box.MAX_CHUNK_BYTES, TruncatedError), (2**27 + 1, LimitError)):
        data = PINNED[:31] + b"ABCD" + length.to_bytes(4, "little")
        with pytest.raises(error, match=f"claims {length} bytes"):
            box.read_container(data)


def test_writer_refuses_what_the_reader_would(monkeypatch):
    monkeypatch.setattr(box, "MAX_CHUNK_BYTES", 10)
    with pytest.raises(LimitError, match="chunk ABCD holds at most 10"):
        box.write_container(Container(HEADER, (Chunk(b"ABCD", bytes(11)),)))
    monkeypatch.setattr(box, "MAX_FILE_BYTES", len(PINNED) - 1)
    with pytest.raises(LimitError, match="at most 69 bytes: this one needs 70"):
        box.write_container(CONTAINER)
    with pytest.raises(LimitError, match="at most 69 bytes: got 70"):
        box.read_container(PINNED)
    with pytest.raises(LimitError, match="at most 69 bytes"):
        box.read_bounded(io.BytesIO(PINNED))
    monkeypatch.setattr(box, "MAX_FILE_BYTES", len(PINNED))
    assert box.read_bounded(io.BytesIO(PINNED)) == box.write_container(CONTAINER)


def test_number_of_chunks_is_limited():
    full = Container(HEADER, (Chunk(b"efgh", b""),) * (box.MAX_CHUNKS - 2))
    data = box.write_container(full)
    assert box.read_container(data) == full
    with pytest.raises(LimitError, match="at most 1022 chunks"):
        box.write_container(Container(HEADER, (*full.chunks, Chunk(b"efgh", b""))))
    with pytest.raises(LimitError, match="at most 1024 chunks"):
        box.read_container(data[:-12] + framed(b"efgh", b"") + data[-12:])


def test_foreign_streams_are_left_after_eight_bytes():
    stream = io.BytesIO(b"GIF89a" + bytes(1000))
    with pytest.raises(CorruptedError, match="not a Selfsame file"):
        box.read_bounded(stream)
    assert stream.tell() == 8


def test_order_of_inner_chunks_is_free_and_of_outer_ones_fixed():
    pieces = {"HEAD": PINNED[9:31], "ABCD": PINNED[31:46], "efgh": PINNED[46:58]}
    pieces["TAIL"] = PINNED[58:]
    for order in itertools.permutations(pieces):
        data = PINNED[:9] + b"".join(pieces[name] for name in order)
        if order[0] == "HEAD" and order[-1] == "TAIL":
            assert set(box.read_container(data).chunks) == set(CONTAINER.chunks)
        else:
            with pytest.raises(CorruptedError, match=r"first chunk must be HEAD|bytes follow"):
                box.read_container(data)
