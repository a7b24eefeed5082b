"""A picture's planes to bytes and back: the payload of the file, and bits by syntax element.

A large picture is cut into bands of rows. Each is a stream of its own, which learns anew: threads
share them, at a small price in bits.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from selfsame._native import pifs as native
from selfsame.coding import slots
from selfsame.coding.container import Record
from selfsame.coding.slots import Tables
from selfsame.errors import CorruptedError, InputError
from selfsame.pifs.code import PlaneCode
from selfsame.run.threads import thread_count
from selfsame.values import sealed

ELEMENTS = ("partition", "maps", "means", "extents", "levels", "signs")
"""Syntax elements that bits are counted by."""

BAND_UNIT = native.BAND_UNIT
"""Rows of luma; the height of bands is a whole multiple."""

BAND_PIXELS = 3 << 18
"""The size of a band, or more."""

BANDS = Record((("rows", "H"),))
SIZE = Record((("size", "I"),))
"""A file in bands has the height of a band, in units of ``BAND_UNIT``, the sizes of all bands but
the last, in bytes, and the bands."""

Shapes = Sequence[tuple[int, int]]
"""Heights and widths."""


@cache
def initial_tables() -> Tables:
    """Return the slots and weights at the start of a stream, learned from photographs; do not
    change them."""
    return slots.load_tables("selfsame.pifs", "tables.npz")


def band_rows(height: int, width: int) -> int:
    """Return the height of the bands of a picture, in units of ``BAND_UNIT`` rows, or 0 for one
    that is a single band.

    Args:
        height, width: of the padded luma plane.
    """
    units = -(-height // BAND_UNIT)
    count = min(height * width // BAND_PIXELS, units) & ~1  # as many for each of two threads
    return 0 if count < 2 else -(-units // count)


def planes_writer(padded: Shapes) -> native.Writer:
    """Return the writer of planes of these padded shapes."""
    return native.Writer(list(padded), band_rows(*padded[0]) * BAND_UNIT, *initial_tables())


def stream_of(bands: Sequence[bytes], rows: int) -> bytes:
    """Return the bytes of a file that hold the streams of bands of a height from ``band_rows``."""
    if not rows:
        return bands[0]
    sizes = b"".join(SIZE.pack({"size": len(band)}) for band in bands[:-1])
    return BANDS.pack({"rows": rows}) + sizes + b"".join(bands)


def bands_of(data: memoryview, height: int) -> tuple[list[bytes], int]:
    """Return the streams of bands that ``stream_of`` joined, and the height of the bands.

    Args:
        height: of the padded luma plane.
    Raises:
        CorruptedError: there are fewer bytes than the bands claim, or the bands are none.
    """
    rows = BANDS.unpack(data, "the bands of a picture")["rows"]
    count = -(-height // (rows * BAND_UNIT)) if rows else 0
    if count < 2:
        raise CorruptedError(f"bands of {rows} units do not divide {height} rows")
    data = data[BANDS.size :]
    ends = [0]
    for i in range(count - 1):
        ends.append(ends[-1] + SIZE.unpack(data[i * SIZE.size :], "the size of a band")["size"])
    data = data[(count - 1) * SIZE.size :]
    if ends[-1] > len(data):
        raise CorruptedError(f"the bands of a picture need {ends[-1]} bytes: got {len(data)}")
    return [bytes(data[start:end]) for start, end in pairwise([*ends, len(data)])], rows


def write_planes(planes: Sequence[PlaneCode]) -> tuple[list[bytes], dict[str, float]]:
    """Return the streams of the bands of the planes, and the bits of each syntax element.

    Raises:
        InputError: planes that no stream holds: blocks in another order than that of a tree, or
            levels too far from zero or from what the blocks around let expect.
    """
    writer = planes_writer([plane.levels.shape for plane in planes])
    for i, plane in enumerate(planes):
        try:
            writer.write(i, plane.blocks, plane.maps, plane.levels, thread_count(None))
        except ValueError as error:
            raise InputError(f"a file does not hold plane {i} of this code: {error}") from error
    return writer.finished(), dict(zip(ELEMENTS, writer.spent, strict=True))


def read_planes(
    bands: Sequence[bytes | None], rows: int, shapes: Shapes, padded: Shapes, steps: Sequence[float]
) -> tuple[PlaneCode, ...]:
    """Return the planes that ``write_planes`` wrote.

    Args:
        bands: those that are None are left out: blocks without maps and levels take their place.
        rows: height of the bands in units of ``BAND_UNIT``, 0 for a single one.
    Raises:
        CorruptedError: the bytes are no streams of such planes.
    """
    tables = initial_tables()
    read = native.read_planes(
        list(bands), list(padded), rows * BAND_UNIT, *tables, thread_count(None)
    )
    if read is None:
        raise CorruptedError("the blocks of the picture are damaged")
    return tuple(
        PlaneCode(*shape, step, *map(sealed, arrays))
        for shape, step, arrays in zip(shapes, steps, read, strict=True)
    )
