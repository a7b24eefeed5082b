"""A code on the way to its fixed point: pictures to start from, and the steps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.codes.encode import decode
from selfsame.collage.code import CollageCode
from selfsame.errors import InputError
from selfsame.pifs.code import PifsCode

STARTS = ("grey", "noise")


def channels_of(code: PifsCode | CollageCode) -> int:
    """Return the number of colour channels of a code's picture, 1 or 3."""
    return len(code.planes if isinstance(code, PifsCode) else code.atoms)


def starting_picture(code: PifsCode | CollageCode, name: str) -> NDArray[np.float32]:
    """Return ``noise`` (always the same) or ``grey``, in size and channels of the code.

    Raises:
        InputError: another name.
    """
    width, height = code.size
    shape = (height, width) + ((3,) if channels_of(code) == 3 else ())
    if name == "noise":
        return np.random.default_rng(0).random(shape, np.float32)
    if name == "grey":
        return np.full(shape, 0.5, np.float32)
    raise InputError(f"start must be a picture, {' or '.join(map(repr, STARTS))}: got {name!r}")


def decode_steps(
    code: PifsCode | CollageCode,
    *,
    steps: int | None = None,
    start: NDArray[np.float32] | str | None = None,
    **options: Any,
) -> Iterator[NDArray[np.float32]]:
    """Yield the pictures after 0, 1, ..., ``steps`` applications of the maps.

    Args:
        steps: by default as many as the code says.
        start: a picture as in ``decode``, a name of ``STARTS``, or by default the part of the code
            that is not self-similar.
        options: other arguments of ``selfsame.decode``: ``scale``, ``size``, ``threads``, and of a
            block code ``region``.
    Raises:
        InputError: as ``decode``.
    """
    if isinstance(start, str):
        start = starting_picture(code, start)
    for rounds in range((code.iterations if steps is None else steps) + 1):
        yield decode(code, iterations=rounds, start=start, **options)
