"""A mosaic as chunks: ``MOSA`` (required), ``PIEC`` (with pieces of a second picture)."""

import zlib

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.container import Chunk, Container, Record, inflated, sound
from selfsame.errors import CorruptedError, LimitError, UnsupportedError
from selfsame.mosaic.code import (
    MAX_FINEST,
    MAX_PIECES_PIXELS,
    MosaicCode,
    Pieces,
    check_layout,
    check_pieces_size,
)

MOSA = Record((("flags", "B"), ("levels", "B"), ("grid", "H"), ("saturation", "B"), ("tint", "B")))
"""Bit 0 of ``flags``: the patches show pieces, those of chunk PIEC. The coded patches follow."""

PIEC = Record((("width", "I"), ("height", "I")))
"""Size of the second picture. A zlib stream of the places and of the picture follows."""

_MOSA_TAG, _PIEC_TAG = b"MOSA", b"PIEC"
_WITH_PIECES = 1
_PLACE_BYTES = 8


def pack(code: MosaicCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back."""
    from selfsame.mosaic.stream import write_patches

    fields = {
        "flags": 0 if code.pieces is None else _WITH_PIECES,
        "levels": code.levels,
        "grid": code.grid,
        "saturation": code.saturation,
        "tint": code.tint,
    }
    chunks = [Chunk(_MOSA_TAG, MOSA.pack(fields) + write_patches(code)[0])]
    if code.pieces is not None:
        chunks.append(Chunk(_PIEC_TAG, _pack_pieces(code.pieces)))
    return chunks


def unpack(container: Container) -> MosaicCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    header = container.header
    if header.has_alpha:
        raise UnsupportedError(
            f"a mosaic has no alpha: the file claims colour space {header.color_space}"
        )
    fields, rest, payloads = container.contents(_MOSA_TAG, MOSA, _WITH_PIECES, (_PIEC_TAG,))
    grid, levels, tint = fields["grid"], fields["levels"], fields["tint"]
    if grid << levels > MAX_FINEST:
        raise LimitError(
            f"a mosaic has at most {MAX_FINEST} patches along a side: the file claims {grid} times "
            f"2 ** {levels}"
        )
    with sound("layout of patches"):
        check_layout(grid, levels)
    from selfsame.mosaic.stream import read_patches

    patches = read_patches(rest, grid, levels, tint, header.channels)
    if bool(fields["flags"] & _WITH_PIECES) != (_PIEC_TAG in payloads):
        raise CorruptedError(
            f"chunk PIEC must {'be absent' if _PIEC_TAG in payloads else 'follow'}, as chunk MOSA "
            "says"
        )
    pieces = None
    if _PIEC_TAG in payloads:
        pieces = _read_pieces(payloads[_PIEC_TAG], len(patches["cells"]), header.channels)
    with sound("mosaic"):
        return MosaicCode(
            width=header.width,
            height=header.height,
            grid=grid,
            levels=levels,
            saturation=fields["saturation"],
            tint=tint,
            **patches,
            pieces=pieces,
        )


def _pack_pieces(pieces: Pieces) -> bytes:
    height, width = pieces.picture.shape[:2]
    places = pieces.places.T.astype("<u2").tobytes()
    differences = np.diff(_color_differences(pieces.picture), axis=2, prepend=np.uint8(0))
    size = PIEC.pack({"width": width, "height": height})
    return size + zlib.compress(places + differences.tobytes(), 9)


def _read_pieces(payload: bytes, count: int, channels: int) -> Pieces:
    """Return the pieces of ``count`` patches."""
    fields = PIEC.unpack(payload, "chunk PIEC")
    width, height = fields["width"], fields["height"]
    if width * height > MAX_PIECES_PIXELS:
        raise LimitError(
            f"a second picture has at most {MAX_PIECES_PIXELS} pixels: the file claims "
            f"{width}x{height}"
        )
    with sound("size of pieces"):
        check_pieces_size(width, height)
    length = _PLACE_BYTES * count + width * height * channels
    data = inflated(payload[PIEC.size :], length, "chunk PIEC")
    places = np.frombuffer(data, "<u2", 4 * count).reshape(4, count).T.astype(np.int32)
    differences = np.frombuffer(data, np.uint8, offset=_PLACE_BYTES * count)
    planes = differences.reshape(channels, height, width).cumsum(axis=2, dtype=np.uint8)
    with sound("set of pieces"):
        return Pieces(_color_sums(planes), np.ascontiguousarray(places))


def _color_differences(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H, W, C) as planes (C, H, W): grey; or green, and red and blue less green,
    modulo 256."""
    if picture.shape[2] == 1:
        return np.moveaxis(picture, 2, 0)
    red, green, blue = np.moveaxis(picture, 2, 0)
    return np.stack([green, red - green, blue - green])


def _color_sums(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture whose ``_color_differences`` these are."""
    if len(planes) == 1:
        return np.ascontiguousarray(planes[0, ..., None])
    green, red, blue = planes
    return np.stack([red + green, green, blue + green], axis=-1)
