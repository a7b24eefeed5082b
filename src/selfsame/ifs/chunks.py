"""An IFS code as chunks: ``MAPS`` (required), ``LEAF`` (with a primitive), ``note`` (optional).

No number loses a bit: every group of numbers is stored in single precision if that holds each of
them exactly, in double precision otherwise. A flag per group says which.
"""

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.container import SRGB, Chunk, Container, Record, sound
from selfsame.errors import CorruptedError, InputError, LimitError, UnsupportedError
from selfsame.ifs.code import PRIMITIVE_PARAMETERS, IFSCode, Primitive, PrimitiveKind, Viewport
from selfsame.ifs.system import IFS, MAX_MAPS

MAX_NOTES_BYTES = 1 << 16
"""64 KiB of notes: they say how a code came about, and should not outweigh it."""

MAPS = Record((("doubles", "B"), ("dimension", "B"), ("maps", "I")))
"""Followed by the groups of numbers in the order of ``_group_shapes``; bit i of ``doubles`` is set
if group i has double precision."""

LEAF = Record((("doubles", "B"), ("shape", "B")))
"""Followed by the primitive's parameters, one group of numbers."""

SHAPES: dict[int, PrimitiveKind] = {1: "disk", 2: "rectangle", 3: "segment"}

_MAPS_TAG, _LEAF_TAG, _NOTE_TAG = b"MAPS", b"LEAF", b"note"
_TAGS = frozenset((_MAPS_TAG, _LEAF_TAG, _NOTE_TAG))
_LENGTH = struct.Struct("<H")

_Array = NDArray[np.float64]
_Shapes = dict[str, tuple[int, ...]]


def pack(code: IFSCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back.

    Raises:
        InputError: notes that are not text, or longer than ``MAX_NOTES_BYTES``.
    """
    system = code.system
    groups = [np.asarray(code.viewport, np.float64), system.matrices, system.offsets]
    groups += [system.probabilities] + ([] if system.colors is None else [system.colors])
    doubles, numbers = _pack_groups(groups)
    fields = {"doubles": doubles, "dimension": system.dimension, "maps": len(system)}
    chunks = [Chunk(_MAPS_TAG, MAPS.pack(fields) + numbers)]
    if code.primitive is not None:
        chunks.append(Chunk(_LEAF_TAG, _pack_primitive(code.primitive)))
    if code.notes:
        chunks.append(Chunk(_NOTE_TAG, _pack_notes(code.notes)))
    return chunks


def unpack(container: Container) -> IFSCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    header = container.header
    if header.has_alpha:
        raise UnsupportedError(f"an IFS has no alpha channel: colour space {header.color_space}")
    payloads = container.payloads(_TAGS)
    if _MAPS_TAG not in payloads:
        raise CorruptedError("an IFS needs chunk MAPS: the file has none")
    maps = _unpack_maps(payloads[_MAPS_TAG], colored=header.color_space == SRGB)
    leaf, note = payloads.get(_LEAF_TAG), payloads.get(_NOTE_TAG)
    with sound("IFS"):
        return IFSCode(
            IFS(maps["matrices"], maps["offsets"], maps["probabilities"], maps.get("colors")),
            Viewport(*maps["viewport"].tolist()),
            (header.width, header.height),
            None if leaf is None else _unpack_primitive(leaf),
            {} if note is None else _unpack_notes(note),
        )


def _group_shapes(maps: int, dimension: int, *, colored: bool) -> _Shapes:
    shapes: _Shapes = {
        "viewport": (4,),
        "matrices": (maps, dimension, dimension),
        "offsets": (maps, dimension),
        "probabilities": (maps,),
    }
    return shapes | ({"colors": (maps, 3)} if colored else {})


def _unpack_maps(payload: bytes, *, colored: bool) -> dict[str, _Array]:
    fields = MAPS.unpack(payload, "chunk MAPS")
    if fields["dimension"] not in (2, 3):
        raise UnsupportedError(f"an IFS has 2 or 3 dimensions: the file has {fields['dimension']}")
    if fields["maps"] > MAX_MAPS:
        raise LimitError(f"an IFS has at most {MAX_MAPS} maps: the file claims {fields['maps']}")
    shapes = _group_shapes(fields["maps"], fields["dimension"], colored=colored)
    return _unpack_groups(payload[MAPS.size :], shapes, fields["doubles"], "chunk MAPS")


def _pack_groups(groups: list[_Array]) -> tuple[int, bytes]:
    """Return the flags of the groups in double precision, and the numbers of all groups."""
    doubles, parts = 0, []
    for bit, group in enumerate(groups):
        with np.errstate(over="ignore", under="ignore"):  # such numbers show as different below
            single = group.astype("<f4")
        if np.array_equal(single.astype(np.float64), group):
            parts.append(single.tobytes())
        else:
            doubles |= 1 << bit
            parts.append(group.astype("<f8").tobytes())
    return doubles, b"".join(parts)


def _unpack_groups(data: bytes, shapes: _Shapes, doubles: int, owner: str) -> dict[str, _Array]:
    """Return the named groups; the length is compared with ``data`` before anything is made."""
    if doubles >> len(shapes):
        raise UnsupportedError(f"{owner} sets flags that this build does not know: {doubles:#04x}")
    kinds = [np.dtype("<f8" if doubles >> bit & 1 else "<f4") for bit in range(len(shapes))]
    counts = [int(np.prod(shape)) for shape in shapes.values()]
    needed = sum(count * kind.itemsize for count, kind in zip(counts, kinds, strict=True))
    if len(data) != needed:
        raise CorruptedError(f"{owner} needs {needed} bytes of numbers: it has {len(data)}")
    groups, start = {}, 0
    for (name, shape), count, kind in zip(shapes.items(), counts, kinds, strict=True):
        stored = np.frombuffer(data, kind, count, start).reshape(shape)
        with np.errstate(invalid="ignore"):  # a signalling NaN; the types refuse it below
            groups[name] = stored.astype(np.float64)
        start += count * kind.itemsize
    return groups


def _pack_primitive(primitive: Primitive) -> bytes:
    shape = next(number for number, kind in SHAPES.items() if kind == primitive.kind)
    doubles, numbers = _pack_groups([np.asarray(primitive.parameters, np.float64)])
    return LEAF.pack({"doubles": doubles, "shape": shape}) + numbers


def _unpack_primitive(payload: bytes) -> Primitive:
    fields = LEAF.unpack(payload, "chunk LEAF")
    if fields["shape"] not in SHAPES:
        raise UnsupportedError(f"primitive {fields['shape']} is unknown: this build has {SHAPES}")
    kind = SHAPES[fields["shape"]]
    shapes: _Shapes = {"parameters": (PRIMITIVE_PARAMETERS[kind],)}
    groups = _unpack_groups(payload[LEAF.size :], shapes, fields["doubles"], "chunk LEAF")
    return Primitive(kind, tuple(groups["parameters"].tolist()))


def _pack_notes(notes: Mapping[str, str]) -> bytes:
    packed = bytearray()
    for text in (text for pair in notes.items() for text in pair):
        if not isinstance(text, str):
            raise InputError(f"notes hold text by text: got {text!r} of {type(text).__name__}")
        try:
            encoded = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(f"notes must be valid Unicode: {error}") from error
        if len(packed) + _LENGTH.size + len(encoded) > MAX_NOTES_BYTES:  # so it fits its length
            raise InputError(f"notes hold at most {MAX_NOTES_BYTES} bytes of UTF-8; shorten them")
        packed += _LENGTH.pack(len(encoded)) + encoded
    return bytes(packed)


def _unpack_notes(payload: bytes) -> dict[str, str]:
    if len(payload) > MAX_NOTES_BYTES:
        raise LimitError(f"chunk note holds at most {MAX_NOTES_BYTES} bytes: got {len(payload)}")
    texts, position = [], 0
    while position < len(payload):
        start = position + _LENGTH.size
        position = start + int.from_bytes(payload[position:start], "little")
        if position > len(payload):
            raise CorruptedError("a text of chunk note is longer than the chunk")
        try:
            texts.append(payload[start:position].decode("utf-8"))
        except UnicodeDecodeError as error:
            raise CorruptedError(f"chunk note is not UTF-8: {error}") from error
    if len(texts) % 2:
        raise CorruptedError("chunk note has a key without a value")
    notes = dict(zip(texts[::2], texts[1::2], strict=True))
    if len(notes) != len(texts) // 2:
        raise CorruptedError("chunk note gives a key twice")
    return notes
