"""Small pictures as PNG, many of them: several times as fast as Pillow, and hardly larger.

Pillow tries five filters on every row. Fractals in grey are runs of equal pixels, which want no
filter and zlib's run lengths; coloured ones are smooth, which wants differences along the row.
"""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from selfsame.io.png import COLOR_TYPES, SIGNATURE, write_chunk

_NONE, _SUB = 0, 1  # filters of PNG
_LEVEL = 1
"""Of zlib: on coloured pictures level 3 saves 3 % of the bytes in twice the time."""


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a PNG file of 8 bits per sample.

    Args:
        pixels: (H, W) grey or (H, W, 3) sRGB, row 0 at the top.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    rows = pixels.reshape(height, width * channels)
    stored = np.empty((height, 1 + width * channels), np.uint8)
    if channels == 1:
        stored[:, 0] = _NONE
        stored[:, 1:] = rows
        strategy = zlib.Z_RLE
    else:
        stored[:, 0] = _SUB
        stored[:, 1 : 1 + channels] = rows[:, :channels]
        np.subtract(rows[:, channels:], rows[:, :-channels], out=stored[:, 1 + channels :])
        strategy = zlib.Z_DEFAULT_STRATEGY
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    out = io.BytesIO()
    out.write(SIGNATURE)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    write_chunk(out, b"IHDR", header)
    write_chunk(out, b"IDAT", deflate.compress(stored.data) + deflate.flush())
    write_chunk(out, b"IEND", b"")
    return out.getvalue()
