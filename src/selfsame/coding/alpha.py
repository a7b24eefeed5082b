"""The chunk ``ALPH``: an alpha channel, kept exactly."""

import zlib

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import CorruptedError

ALPHA_TAG = b"ALPH"


def pack_alpha(alpha: NDArray[np.uint8]) -> bytes:
    """Return an alpha channel as the zlib stream of its differences to the left neighbour."""
    return zlib.compress(np.diff(alpha, axis=1, prepend=np.uint8(0)).tobytes(), 9)


def read_alpha(
    payloads: dict[bytes, bytes], height: int, width: int, *, expected: bool
) -> NDArray[np.uint8] | None:
    """Return the (height, width) alpha channel of a file, None if it has none.

    Args:
        payloads: of the file's chunks, by tag.
        expected: whether the file's colour space has alpha.
    Raises:
        CorruptedError: the chunk is missing, misplaced or damaged.
    """
    if expected and ALPHA_TAG not in payloads:
        raise CorruptedError("a picture with alpha needs chunk ALPH: the file has none")
    if not expected:
        if ALPHA_TAG in payloads:
            raise CorruptedError("chunk ALPH stands in a picture without alpha")
        return None
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(payloads[ALPHA_TAG], height * width + 1)
    except zlib.error as error:
        raise CorruptedError(f"chunk ALPH is no zlib stream: {error}") from error
    if len(data) != height * width or not inflater.eof or inflater.unused_data:
        raise CorruptedError(f"chunk ALPH must hold {height * width} bytes of alpha")
    differences = np.frombuffer(data, np.uint8).reshape(height, width)
    return np.cumsum(differences, axis=1, dtype=np.uint8)
