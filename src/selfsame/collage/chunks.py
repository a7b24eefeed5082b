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


def split_model_name(
    rest: memoryview, tag: str, head: int, name: int, *more: int
) -> tuple[list[bytes], memoryview]:
    """Return the fingerprint and the name of a model, with which the part of a chunk behind its
    fields begins, then pieces of the lengths ``more``; and what is left.

    Args:
        tag, head: of the chunk, and the bytes of its fields, for the message.
        name: length of the name.
    Raises:
        CorruptedError: a longer name than there may be, or too few bytes.
    """
    if name > MAX_NAME:
        raise CorruptedError(f"a model's name has at most {MAX_NAME} bytes: got {name}")
    ends = list(accumulate((FINGERPRINT_BYTES, name, *more), initial=0))
    if len(rest) < ends[-1]:
        raise CorruptedError(
            f"chunk {tag} needs at least {head + ends[-1]} bytes: got {head + len(rest)}"
        )
    return [bytes(rest[a:b]) for a, b in pairwise(ends)], rest[ends[-1] :]


def unpack(container: Container) -> CollageCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    from selfsame.collage.stream import read_symbols

    header = container.header
    fields, rest, payloads = container.contents(_CLGE_TAG, CLGE, 0, (ALPHA_TAG,))
    (fingerprint, name, atoms), rest = split_model_name(
        rest, "CLGE", CLGE.size, fields["name"], header.channels
    )
    layout = (header.width, header.height, fields["range_size"], tuple(atoms), fields["domains"])
    with sound("layout of ranges"):
        check_layout(*layout)
    shapes = symbol_shapes(*layout)
    if symbol_count(shapes) > MAX_SYMBOLS:
        raise LimitError(
            f"a collage has at most {MAX_SYMBOLS} symbols: the file claims {symbol_count(shapes)}"
        )
    symbols = read_symbols(rest, shapes, fields["domains"], fields["step"])
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
