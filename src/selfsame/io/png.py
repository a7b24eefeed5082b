"""Writing a PNG row by row: pictures larger than memory, compressed by all threads.

The rows go in bands. Each is filtered and deflated in shares that end on a byte boundary
(``Z_SYNC_FLUSH``), so that shares are independent and the bytes do not depend on the threads; the
checksum of the whole is taken on the way. PNG: ISO/IEC 15948; filters as its section 9.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterable
from typing import IO

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.io.files import atomic_file
from selfsame.run.threads import run_shares

Bytes = NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Grey, grey with alpha, RGB and RGBA, by channels."""

SHARE_BYTES = 1 << 20
"""Bytes that one thread takes at once; zlib's window of 32 KiB loses little by the cut."""

MAX_SIDE = (1 << 31) - 1
LEVEL = 3
"""Of zlib: beyond, photographs take twice the time for a percent or two."""

UP = 2
"""The one filter used: less the byte above. Choosing the best of several for every row makes such
files hardly smaller and takes longer than all the rest."""


def write_png(
    path: str | os.PathLike[str],
    size: tuple[int, int],
    channels: int,
    bands: Iterable[Bytes],
    *,
    threads: int | None = None,
    overwrite: bool = True,
    progress: Callable[[float], object] = lambda fraction: None,
) -> None:
    """Write bands of rows as a PNG of 8 bits; holds one band in memory.

    Args:
        size: ``(width, height)``.
        channels: 1 to 4, see ``COLOR_TYPES``.
        bands: arrays (rows, width, channels), from the top; their rows add up to the height.
        threads: that compress; None for all cores.
        progress: called with the fraction done.
    Raises:
        InputError: a size or number of channels that PNG does not have, bands of another shape or
            number of rows, or the file cannot be written (see ``atomic_file``).
    """
    width, height = size
    if channels not in COLOR_TYPES or not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise InputError(
            f"a PNG has 1 to 4 channels and sides of 1..{MAX_SIDE}: got {channels} channels, "
            f"{width}x{height}"
        )
    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    with atomic_file(path, overwrite=overwrite) as out:
        out.write(SIGNATURE)
        write_chunk(out, b"IHDR", header)
        write_chunk(out, b"IDAT", b"\x78\x01")  # a zlib stream: deflate, window of 32 KiB
        done, checksum = 0, 1
        above = np.zeros((1, width * channels), np.uint8)
        for band in bands:
            if band.dtype != np.uint8 or band.shape[1:] != (width, channels):
                raise InputError(
                    f"a band must be bytes of shape (rows, {width}, {channels}): got {band.shape}"
                )
            rows = np.concatenate([above, band.reshape(len(band), -1)])
            above = rows[-1:]
            checksum = _write_rows(out, rows, checksum, threads)
            done += len(band)
            progress(done / height)
        if done != height:
            raise InputError(f"the bands must have {height} rows together: got {done}")
        last = zlib.compressobj(wbits=-15).flush(zlib.Z_FINISH)
        write_chunk(out, b"IDAT", last + struct.pack(">I", checksum))
        write_chunk(out, b"IEND", b"")


def write_chunk(out: IO[bytes], kind: bytes, payload: bytes) -> None:
    """Write a chunk of PNG: length, kind, payload and their checksum."""
    out.write(struct.pack(">I", len(payload)) + kind + payload)
    out.write(struct.pack(">I", zlib.crc32(payload, zlib.crc32(kind))))


def _write_rows(out: IO[bytes], rows: Bytes, checksum: int, threads: int | None) -> int:
    """Write all rows but the first, which is the one above them; return the new Adler-32."""
    count = max(1, SHARE_BYTES // rows.shape[1])

    def work(first: int) -> tuple[bytes, bytes]:
        filtered = filtered_rows(rows[first : first + count + 1]).tobytes()
        deflate = zlib.compressobj(LEVEL, wbits=-15)
        return filtered, deflate.compress(filtered) + deflate.flush(zlib.Z_SYNC_FLUSH)

    for filtered, deflated in run_shares(work, range(0, len(rows) - 1, count), threads):
        checksum = zlib.adler32(filtered, checksum)
        write_chunk(out, b"IDAT", deflated)
    return checksum


def filtered_rows(rows: Bytes) -> Bytes:
    """Return rows as PNG stores them, (n - 1, 1 + bytes): the filter's number, then differences.

    Args:
        rows: (n, bytes), the first of them the row above, which is not stored.
    """
    stored = np.empty((len(rows) - 1, 1 + rows.shape[1]), np.uint8)
    stored[:, 0] = UP
    np.subtract(rows[1:], rows[:-1], out=stored[:, 1:])
    return stored
