"""The container of every code: signature, version, header and checked chunks; records of fields.

    signature (8) · version (1) · chunk HEAD · chunks … · chunk TAIL
    chunk = tag (4 ASCII letters) · payload length (uint32) · payload · CRC-32 of tag + payload

Everything is little-endian. A tag that starts with a capital is required: a reader that does
not know it refuses the file. One that starts with a small letter is optional: it is skipped,
but kept in ``Container.chunks``, so that a rewritten file need not lose it.
``docs/file-format.md`` is the specification. What the chunks of a kind of code hold is no matter of
this module.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import (
    CorruptedError,
    InputError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)
from selfsame.io.files import read_rest
from selfsame.limits import MAX_PIXELS, MAX_SIDE

SIGNATURE = b"\xd3SSM\r\n\x1a\n"
"""``S`` with its high bit set shows a 7-bit channel, CR LF and LF show translated line ends, and
Ctrl-Z stops a listing on old consoles: the reasons of the PNG signature."""

VERSION = 1

MAX_FILE_BYTES = 1 << 28
"""256 MiB: 16 bits per pixel at ``MAX_PIXELS``, and the most that one load holds in memory."""

MAX_CHUNKS = 1024
"""A code needs fewer than ten; the rest is room for annotations. Bounds the time of a listing."""

MAX_CHUNK_BYTES = 1 << 27
"""128 MiB, half a file: a chunk is copied once when it is decoded, so both fit the file limit."""

GREY, SRGB, GREY_ALPHA, SRGB_ALPHA = range(4)
"""Values of the header's ``color_space``: grey or sRGB, without or with alpha."""


@dataclass(frozen=True)
class Record:
    """A little-endian record of unsigned integers without padding.

    Attributes:
        fields: (name, ``struct`` code) in file order; ``B``, ``H`` and ``I`` are unsigned
            integers of 1, 2 and 4 bytes.
    """

    fields: tuple[tuple[str, str], ...]

    @property
    def layout(self) -> str:
        """The ``struct`` format of the whole record."""
        return "<" + "".join(code for _, code in self.fields)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return struct.calcsize(self.layout)

    def pack(self, values: Mapping[str, SupportsIndex]) -> bytes:
        """Return the bytes of ``values``, which hold one integer per field."""
        return struct.pack(self.layout, *(values[name] for name, _ in self.fields))

    def unpack(self, data: bytes | memoryview, owner: str) -> dict[str, int]:
        """Return the fields at the start of ``data`` by name.

        Raises:
            CorruptedError: ``data`` is shorter than the record; ``owner`` names it.
        """
        if len(data) < self.size:
            raise CorruptedError(f"{owner} needs at least {self.size} bytes: got {len(data)}")
        names = (name for name, _ in self.fields)
        return dict(zip(names, struct.unpack_from(self.layout, data), strict=True))


HEADER = Record((("kind", "B"), ("color_space", "B"), ("width", "I"), ("height", "I")))

ALPHA_TAG = b"ALPH"

_HEAD_TAG, _TAIL_TAG = b"HEAD", b"TAIL"
_FRAME = struct.Struct("<4sI")
_CRC = struct.Struct("<I")

HEADER_END = len(SIGNATURE) + 1 + _FRAME.size + HEADER.size + _CRC.size
"""Bytes from the start of a file to the end of its header chunk; enough for ``read_header``."""


_LAYOUTS = {GREY: (1, False), SRGB: (3, False), GREY_ALPHA: (1, True), SRGB_ALPHA: (3, True)}
"""Colour channels, and whether there is alpha, by colour space."""


class Header(NamedTuple):
    """What every file states first.

    Attributes:
        kind: number of the kind of code, see ``selfsame.codes.registry``.
        color_space: ``GREY``, ``SRGB``, ``GREY_ALPHA`` or ``SRGB_ALPHA``.
        width, height: of the original picture, in pixels.
    """

    kind: int
    color_space: int
    width: int
    height: int

    @property
    def channels(self) -> int:
        """Colour channels: 1 (grey) or 3 (sRGB)."""
        return _LAYOUTS[self.color_space][0]

    @property
    def has_alpha(self) -> bool:
        """Whether an alpha channel comes with them."""
        return _LAYOUTS[self.color_space][1]


def color_space(channels: int, has_alpha: bool) -> int:
    """Return the colour space of 1 or 3 channels, without or with alpha."""
    return next(space for space, layout in _LAYOUTS.items() if layout == (channels, has_alpha))


class Chunk(NamedTuple):
    """A piece of a file: 4 ASCII letters and the bytes they name."""

    tag: bytes
    payload: bytes

    @property
    def required(self) -> bool:
        """Whether a reader that does not know the tag must refuse the file."""
        return self.tag[:1].isupper()


@dataclass(frozen=True)
class Container:
    """A file taken apart: its header and the chunks between header and end, in file order."""

    header: Header
    chunks: tuple[Chunk, ...]

    @property
    def listing(self) -> list[tuple[str, int]]:
        """Tag and payload length of every chunk of the file, HEAD and TAIL among them."""
        inner = [(chunk.tag.decode("ascii"), len(chunk.payload)) for chunk in self.chunks]
        return [(_HEAD_TAG.decode(), HEADER.size), *inner, (_TAIL_TAG.decode(), 0)]

    def payloads(self, known: frozenset[bytes]) -> dict[bytes, bytes]:
        """Return the payload of every chunk whose tag is in ``known``; other optional ones are
        skipped.

        Raises:
            UnsupportedError: a required chunk is not in ``known``.
            CorruptedError: a known chunk occurs twice.
        """
        found: dict[bytes, bytes] = {}
        for chunk in self.chunks:
            name = chunk.tag.decode("ascii")
            if chunk.tag in found:
                raise CorruptedError(f"chunk {name} occurs twice")
            if chunk.tag in known:
                found[chunk.tag] = chunk.payload
            elif chunk.required:
                raise UnsupportedError(
                    f"the file needs chunk {name}, which this build does not know for this kind "
                    "of code; update selfsame"
                )
        return found

    def contents(
        self, tag: bytes, record: Record, flags: int, others: Iterable[bytes] = ()
    ) -> tuple[dict[str, int], memoryview, dict[bytes, bytes]]:
        """Return the fields that begin the chunk ``tag``, the bytes behind them (no copy), and the
        payloads of all known chunks.

        Args:
            record: the fields; ``flags`` is one of them.
            flags: those that have a meaning.
            others: further tags that are known.
        Raises:
            FormatError: as ``payloads``, or there is no such chunk, it is too short, or it sets
                other flags.
        """
        payloads = self.payloads(frozenset((tag, *others)))
        name = tag.decode("ascii")
        if tag not in payloads:
            raise CorruptedError(f"this kind of code needs chunk {name}: the file has none")
        payload = payloads[tag]
        fields = record.unpack(payload, f"chunk {name}")
        if fields["flags"] & ~flags:
            raise UnsupportedError(
                f"chunk {name} sets flags that this build does not know: {fields['flags']:#04x}"
            )
        return fields, memoryview(payload)[record.size :], payloads


def alpha_chunks(alpha: NDArray[np.uint8] | None) -> list[Chunk]:
    """Return the chunk ``ALPH`` of an alpha channel, none for None: the zlib stream of its
    differences to the left neighbour, which keeps it exactly."""
    if alpha is None:
        return []
    differences = np.diff(alpha, axis=1, prepend=np.uint8(0))
    return [Chunk(ALPHA_TAG, zlib.compress(differences.tobytes(), 9))]


def read_alpha(header: Header, payloads: Mapping[bytes, bytes]) -> NDArray[np.uint8] | None:
    """Return the (height, width) alpha channel of a file, None if it has none.

    Raises:
        CorruptedError: the chunk is missing, misplaced or damaged.
    """
    if header.has_alpha != (ALPHA_TAG in payloads):
        raise CorruptedError(
            "a picture with alpha needs chunk ALPH: the file has none"
            if header.has_alpha
            else "chunk ALPH stands in a picture without alpha"
        )
    if not header.has_alpha:
        return None
    size = header.height * header.width
    differences = np.frombuffer(inflated(payloads[ALPHA_TAG], size, "chunk ALPH"), np.uint8)
    return np.cumsum(differences.reshape(header.height, -1), axis=1, dtype=np.uint8)


def inflated(data: bytes | memoryview, size: int, owner: str) -> bytes:
    """Return the ``size`` bytes of a zlib stream.

    Raises:
        CorruptedError: no such stream; ``owner`` names it.
    """
    inflater = zlib.decompressobj()
    try:
        result = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise CorruptedError(f"{owner} is no zlib stream: {error}") from error
    if len(result) != size or not inflater.eof or inflater.unused_data:
        raise CorruptedError(f"{owner} must hold a stream of {size} bytes")
    return result


@contextmanager
def sound(what: str) -> Iterator[None]:
    """Turn the ``InputError`` by which a type refuses what a file holds into what it then is.

    Raises:
        CorruptedError: the contents are no ``what``.
    """
    try:
        yield
    except InputError as error:
        raise CorruptedError(f"the file holds an impossible {what}: {error}") from error


def write_container(container: Container) -> bytes:
    """Return the bytes of a file; ``read_container`` gives the container back.

    Raises:
        LimitError: the header, a chunk or the file is beyond the limits of this module.
    """
    _check_header(container.header)
    if len(container.chunks) + 2 > MAX_CHUNKS:
        raise LimitError(f"a file holds at most {MAX_CHUNKS - 2} chunks besides HEAD and TAIL")
    head = Chunk(_HEAD_TAG, HEADER.pack(container.header._asdict()))
    chunks = (head, *container.chunks, Chunk(_TAIL_TAG, b""))
    data = SIGNATURE + bytes([VERSION]) + b"".join(_framed(chunk) for chunk in chunks)
    if len(data) > MAX_FILE_BYTES:
        raise LimitError(f"a file holds at most {MAX_FILE_BYTES} bytes: this one needs {len(data)}")
    return data


def container_bytes(chunks: Iterable[Chunk]) -> int:
    """Return the length of a file of these chunks."""
    frame = _FRAME.size + _CRC.size
    return HEADER_END + frame + sum(frame + len(chunk.payload) for chunk in chunks)


def read_container(data: bytes) -> Container:
    """Return the header and the chunks of a whole file, every checksum verified.

    Raises:
        TruncatedError: the bytes end early.
        CorruptedError: foreign bytes, a wrong checksum, a malformed or misplaced chunk.
        UnsupportedError: a newer version.
        LimitError: a size beyond the limits of this module.
    """
    if len(data) > MAX_FILE_BYTES:
        raise LimitError(f"a file holds at most {MAX_FILE_BYTES} bytes: got {len(data)}")
    header = read_header(data)
    chunks: list[Chunk] = []
    position = HEADER_END
    while True:
        chunk, position = _read_chunk(data, position)
        if chunk.tag == _TAIL_TAG:
            break
        if chunk.tag == _HEAD_TAG:
            raise CorruptedError("a second HEAD chunk follows the first")
        chunks.append(chunk)
        if len(chunks) + 2 > MAX_CHUNKS:
            raise LimitError(f"a file holds at most {MAX_CHUNKS} chunks")
    if chunk.payload:
        raise CorruptedError(f"chunk TAIL must be empty: got {len(chunk.payload)} bytes")
    if position != len(data):
        raise CorruptedError(f"{len(data) - position} bytes follow the end of the file's contents")
    return Container(header, tuple(chunks))


def read_header(data: bytes) -> Header:
    """Return the header from the first ``HEADER_END`` bytes of a file; the rest is not looked at.

    Raises:
        FormatError: as ``read_container``.
    """
    check_signature(data)
    if len(data) <= len(SIGNATURE):
        raise TruncatedError("the file ends before its version")
    version = data[len(SIGNATURE)]
    if version > VERSION:
        raise UnsupportedError(
            f"the file has version {version}, this build reads up to {VERSION}; update selfsame"
        )
    if version == 0:
        raise CorruptedError("the file has version 0; versions start at 1")
    start = len(SIGNATURE) + 1
    tag = data[start : start + 4]
    if tag != _HEAD_TAG[: len(tag)]:
        raise CorruptedError(f"the first chunk must be HEAD: got {tag!r}")
    length = data[start + 4 : start + 8]
    if len(length) == 4 and int.from_bytes(length, "little") != HEADER.size:
        raise CorruptedError(f"chunk HEAD must have {HEADER.size} bytes in version {version}")
    if len(data) < HEADER_END:
        raise TruncatedError(f"the file ends at byte {len(data)}, within its header")
    chunk, _ = _read_chunk(data, start)
    header = Header(**HEADER.unpack(chunk.payload, "chunk HEAD"))
    _check_header(header)
    return header


def check_signature(data: bytes) -> None:
    """Raise unless ``data`` begins with the signature.

    Raises:
        TruncatedError: ``data`` is only a part of the signature.
        CorruptedError: foreign bytes, or a file that a text-mode transfer has damaged.
    """
    start = data[: len(SIGNATURE)]
    if start == SIGNATURE:
        return
    if SIGNATURE.startswith(start):
        raise TruncatedError(f"the file ends after {len(start)} bytes, within its signature")
    if start[1:4] == SIGNATURE[1:4] and start[0] in (SIGNATURE[0], SIGNATURE[0] & 0x7F):
        raise CorruptedError("the signature is damaged as by a transfer in text mode; copy again")
    raise CorruptedError(f"not a Selfsame file, but {foreign(start)}")


_FOREIGN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a WebP picture or another RIFF file",
    b"PK\3\4": "a ZIP archive, such as .npz",
}
"""Beginnings of files that are taken for codes now and then."""


def foreign(start: bytes) -> str:
    """Return what a file is that begins so and holds no code, in words."""
    for beginning, kind in _FOREIGN.items():
        if start.startswith(beginning):
            encodes = "; selfsame encode makes a .ssm of it" if "picture" in kind else ""
            return kind + encodes
    return f"something that begins with {start[:8]!r}" if start else "an empty file"


def read_bounded(stream: IO[bytes]) -> bytes:
    """Return the whole of a stream that begins with the signature.

    Foreign streams are left after 8 bytes, endless ones after ``MAX_FILE_BYTES``.

    Raises:
        TruncatedError, CorruptedError: as ``check_signature``.
        LimitError: more than ``MAX_FILE_BYTES``.
    """
    start = stream.read(len(SIGNATURE))
    check_signature(start)
    return read_rest(stream, MAX_FILE_BYTES, start)


def _framed(chunk: Chunk) -> bytes:
    assert len(chunk.tag) == 4, chunk.tag
    assert _letters(chunk.tag), chunk.tag
    if len(chunk.payload) > MAX_CHUNK_BYTES:
        raise LimitError(
            f"chunk {chunk.tag.decode()} holds at most {MAX_CHUNK_BYTES} bytes: "
            f"this one needs {len(chunk.payload)}"
        )
    frame = _FRAME.pack(chunk.tag, len(chunk.payload))
    return frame + chunk.payload + _CRC.pack(_checksum(chunk))


def _read_chunk(data: bytes, position: int) -> tuple[Chunk, int]:
    """Return the chunk at ``position`` and the position behind it; nothing is copied before
    its length has been compared with the limit and with what the file still holds."""
    if len(data) - position < _FRAME.size:
        raise TruncatedError(f"the file ends at byte {len(data)}, before chunk TAIL")
    tag, length = _FRAME.unpack_from(data, position)
    if not _letters(tag):
        raise CorruptedError(f"a chunk tag is 4 ASCII letters: got {tag!r} at byte {position}")
    name = tag.decode("ascii")
    if length > MAX_CHUNK_BYTES:
        raise LimitError(f"chunk {name} claims {length} bytes; at most {MAX_CHUNK_BYTES}")
    start = position + _FRAME.size
    end = start + length
    if end + _CRC.size > len(data):
        raise TruncatedError(
            f"chunk {name} claims {length} bytes and a checksum; the file has "
            f"{len(data) - start} bytes left"
        )
    chunk = Chunk(tag, bytes(data[start:end]))
    (stored,) = _CRC.unpack_from(data, end)
    if stored != _checksum(chunk):
        raise CorruptedError(f"the checksum of chunk {name} at byte {position} does not match")
    return chunk, end + _CRC.size


def _letters(tag: bytes) -> bool:
    return tag.isalpha()  # of bytes: ASCII letters only


def _checksum(chunk: Chunk) -> int:
    return zlib.crc32(chunk.payload, zlib.crc32(chunk.tag))


def _check_header(header: Header) -> None:
    if header.color_space not in (GREY, SRGB, GREY_ALPHA, SRGB_ALPHA):
        raise UnsupportedError(
            f"colour space {header.color_space} is unknown: {GREY} is grey, {SRGB} is sRGB, "
            f"{GREY_ALPHA} and {SRGB_ALPHA} are the same with alpha"
        )
    width, height = header.width, header.height
    if width < 1 or height < 1:
        raise CorruptedError(f"a picture has at least one pixel: got {width}x{height}")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise LimitError(
            f"a picture has sides up to {MAX_SIDE} and at most {MAX_PIXELS} pixels: "
            f"got {width}x{height}"
        )
