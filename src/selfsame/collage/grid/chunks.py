"""A grid as chunks: ``GRID`` (required), ``ALPH`` (with an alpha channel)."""

from selfsame.coding.container import (
    ALPHA_TAG,
    Chunk,
    Container,
    Record,
    alpha_chunks,
    read_alpha,
    sound,
)
from selfsame.collage.chunks import split_model_name
from selfsame.collage.grid.code import GridCode, check_layout
from selfsame.collage.stream import read_symbols, write_symbols

GRID = Record((("flags", "B"), ("numbers", "H"), ("rows", "H"), ("columns", "H"), ("name", "B")))
"""No bit of ``flags`` has a meaning yet; ``name`` is the length of the model's name. Behind them:
the fingerprint, the name, the levels, coded as those of one plane of a collage without domains."""

_GRID_TAG = b"GRID"
_STEP = 128
"""What the contexts of the coder are told of a quantiser's step."""


def pack(code: GridCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back."""
    numbers, rows, columns = code.levels.shape
    fields = {
        "flags": 0,
        "numbers": numbers,
        "rows": rows,
        "columns": columns,
        "name": len(code.model),
    }
    head = GRID.pack(fields) + code.fingerprint + code.model.encode("ascii")
    data, _ = coded_levels(code)
    return [Chunk(_GRID_TAG, head + data), *alpha_chunks(code.alpha)]


def coded_levels(code: GridCode) -> tuple[bytes, dict[str, float]]:
    """Return the coded levels, and the bits of each syntax element."""
    return write_symbols((code.levels,), 0, _STEP)


def unpack(container: Container) -> GridCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    header = container.header
    fields, rest, payloads = container.contents(_GRID_TAG, GRID, 0, (ALPHA_TAG,))
    (fingerprint, name), rest = split_model_name(rest, "GRID", GRID.size, fields["name"])
    layout = (fields["numbers"], fields["rows"], fields["columns"])
    with sound("layout of a grid"):
        check_layout(*layout)
    (levels,) = read_symbols(rest, [layout], 0, _STEP)
    alpha = read_alpha(header, payloads)
    with sound("grid"):
        return GridCode(
            header.width,
            header.height,
            header.channels,
            name.decode("ascii", "replace"),
            fingerprint,
            levels,
            alpha,
        )
