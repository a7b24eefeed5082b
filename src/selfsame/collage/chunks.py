"""A collage as chunks: ``CLGE`` (required), ``ALPH`` (with an alpha channel)."""

from itertools import pairwise

from selfsame.coding.alpha import ALPHA_TAG, pack_alpha, read_alpha
from selfsame.coding.container import Chunk, Container
from selfsame.coding.fields import Record
from selfsame.collage.code import (
    FINGERPRINT_BYTES,
    MAX_NAME,
    MAX_SYMBOLS,
    CollageCode,
    check_layout,
    symbol_count,
    symbol_shapes,
)
from selfsame.errors import CorruptedError, InputError, LimitError, UnsupportedError

CLGE = Record(
    (
        ("flags", "B"),
        ("step", "B"),
        ("range_size", "B"),
        ("domains", "B"),
        ("iterations", "B"),
        ("name", "B"),
    )
)
"""No bit of ``flags`` has a meaning yet; ``name`` is the length of the model's name. Behind them:
the fingerprint, the name, the number of atoms (``u8``) of each plane, the coded symbols."""

_CLGE_TAG = b"CLGE"
_TAGS = frozenset((_CLGE_TAG, ALPHA_TAG))


def pack(code: CollageCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back."""
    from selfsame.collage.syntax.stream import write_symbols

    data, _ = write_symbols(code.symbols, code.domains, code.step)
    chunks = [Chunk(_CLGE_TAG, _pack_fields(code) + data)]
    if code.alpha is not None:
        chunks.append(Chunk(ALPHA_TAG, pack_alpha(code.alpha)))
    return chunks


def _pack_fields(code: CollageCode) -> bytes:
    fields = {
        "flags": 0,
        "step": code.step,
        "range_size": code.range_size,
        "domains": code.domains,
        "iterations": code.iterations,
        "name": len(code.model),
    }
    return CLGE.pack(fields) + code.fingerprint + code.model.encode("ascii") + bytes(code.atoms)


def unpack(container: Container) -> CollageCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    header = container.header
    payloads = container.payloads(_TAGS)
    if _CLGE_TAG not in payloads:
        raise CorruptedError("a collage needs chunk CLGE: the file has none")
    payload = payloads[_CLGE_TAG]
    fields = CLGE.unpack(payload, "chunk CLGE")
    if fields["flags"]:
        raise UnsupportedError(
            f"chunk CLGE sets flags that this build does not know: {fields['flags']:#04x}"
        )
    planes = header.channels
    if fields["name"] > MAX_NAME:
        raise CorruptedError(f"a model's name has at most {MAX_NAME} bytes: got {fields['name']}")
    starts = [CLGE.size]
    for length in (FINGERPRINT_BYTES, fields["name"], planes):
        starts.append(starts[-1] + length)
    if len(payload) < starts[-1]:
        raise CorruptedError(f"chunk CLGE needs at least {starts[-1]} bytes: got {len(payload)}")
    fingerprint, name, atoms = (payload[a:b] for a, b in pairwise(starts))
    layout = (header.width, header.height, fields["range_size"], tuple(atoms), fields["domains"])
    try:
        check_layout(*layout)
    except InputError as error:
        raise CorruptedError(f"chunk CLGE holds an impossible layout: {error}") from error
    shapes = symbol_shapes(*layout)
    if symbol_count(shapes) > MAX_SYMBOLS:
        raise LimitError(
            f"a collage has at most {MAX_SYMBOLS} symbols: the file claims {symbol_count(shapes)}"
        )
    from selfsame.collage.syntax.stream import read_symbols

    symbols = read_symbols(payload[starts[-1] :], shapes, fields["domains"], fields["step"])
    alpha = read_alpha(payloads, header.height, header.width, expected=header.has_alpha)
    try:
        return CollageCode(
            header.width,
            header.height,
            name.decode("ascii"),
            fingerprint,
            fields["step"],
            fields["range_size"],
            tuple(atoms),
            fields["domains"],
            fields["iterations"],
            symbols,
            alpha,
        )
    except (InputError, UnicodeDecodeError) as error:  # the type checks the ranges of its contents
        raise CorruptedError(f"the file holds an impossible collage: {error}") from error
