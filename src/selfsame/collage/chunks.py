"""A collage as chunks: ``CLGE`` (required), ``ALPH`` (with an alpha channel)."""

from itertools import accumulate, pairwise

from selfsame.coding.container import (
    ALPHA_TAG,
    Chunk,
    Container,
    Record,
    alpha_chunks,
    read_alpha,
    sound,
)
from selfsame.collage.code import (
    FINGERPRINT_BYTES,
    MAX_NAME,
    MAX_SYMBOLS,
    CollageCode,
    check_layout,
    symbol_count,
    symbol_shapes,
)
from selfsame.errors import CorruptedError, LimitError

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


def pack(code: CollageCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back."""
    from selfsame.collage.stream import write_symbols

    fields = {
        "flags": 0,
        "step": code.step,
        "range_size": code.range_size,
        "domains": code.domains,
        "iterations": code.iterations,
        "name": len(code.model),
    }
    head = CLGE.pack(fields) + code.fingerprint + code.model.encode("ascii") + bytes(code.atoms)
    data, _ = write_symbols(code.symbols, code.domains, code.step)
    return [Chunk(_CLGE_TAG, head + data), *alpha_chunks(code.alpha)]


def unpack(container: Container) -> CollageCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    from selfsame.collage.stream import read_symbols

    header = container.header
    fields, rest, payloads = container.contents(_CLGE_TAG, CLGE, 0, (ALPHA_TAG,))
    if fields["name"] > MAX_NAME:
        raise CorruptedError(f"a model's name has at most {MAX_NAME} bytes: got {fields['name']}")
    lengths = (FINGERPRINT_BYTES, fields["name"], header.channels)
    if len(rest) < sum(lengths):
        raise CorruptedError(
            f"chunk CLGE needs at least {CLGE.size + sum(lengths)} bytes: got "
            f"{CLGE.size + len(rest)}"
        )
    ends = list(accumulate(lengths, initial=0))
    fingerprint, name, atoms = (bytes(rest[a:b]) for a, b in pairwise(ends))
    layout = (header.width, header.height, fields["range_size"], tuple(atoms), fields["domains"])
    with sound("layout of ranges"):
        check_layout(*layout)
    shapes = symbol_shapes(*layout)
    if symbol_count(shapes) > MAX_SYMBOLS:
        raise LimitError(
            f"a collage has at most {MAX_SYMBOLS} symbols: the file claims {symbol_count(shapes)}"
        )
    symbols = read_symbols(rest[ends[-1] :], shapes, fields["domains"], fields["step"])
    alpha = read_alpha(header, payloads)
    with sound("collage"):
        return CollageCode(
            header.width,
            header.height,
            name.decode("ascii", "replace"),
            fingerprint,
            fields["step"],
            fields["range_size"],
            tuple(atoms),
            fields["domains"],
            fields["iterations"],
            symbols,
            alpha,
        )
