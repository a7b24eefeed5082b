"""The registry of the kinds of code that a file can hold.

A new kind is one more entry here, with its own number, chunk tags and three functions; container,
saving, loading and the Pillow plug-in stay as they are.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.container import Container
from selfsame.collage import chunks as collage_chunks
from selfsame.collage.code import CollageCode
from selfsame.errors import InputError, UnsupportedError
from selfsame.ifs import chunks as ifs_chunks
from selfsame.ifs.code import IFSCode
from selfsame.pifs import chunks as pifs_chunks
from selfsame.pifs.code import PifsCode

Code = IFSCode | PifsCode | CollageCode
"""Any code that a file can hold."""


class Kind(NamedTuple):
    """How one kind of code is stored and shown.

    Attributes:
        name: as ``selfsame info`` prints it.
        code_type: the class of its codes.
        encode: code -> container. Raises InputError if the code cannot be stored.
        decode: container -> equal code. Raises FormatError and nothing else.
        render: code -> (H, W) or (H, W, 3) float32 in [0, 1] at the code's own size, one channel
            more with alpha. It imports what it needs when it is called, so that reading a header
            stays light.
    """

    name: str
    code_type: type
    encode: Callable[[Any], Container]
    decode: Callable[[Container], Code]
    render: Callable[[Any], NDArray[np.float32]]


def _render_ifs(code: IFSCode) -> NDArray[np.float32]:
    from selfsame.ifs.render.pictures import render

    return render(code)


def _decode_pifs(code: PifsCode) -> NDArray[np.float32]:
    from selfsame.pifs.decoding.decode import decode

    return decode(code)


def _decode_collage(code: CollageCode) -> NDArray[np.float32]:
    from selfsame.collage.codec.decode import decode

    return decode(code)


KINDS: dict[int, Kind] = {
    ifs_chunks.KIND: Kind(
        "ifs", IFSCode, ifs_chunks.encode_ifs, ifs_chunks.decode_ifs, _render_ifs
    ),
    pifs_chunks.KIND: Kind(
        "pifs", PifsCode, pifs_chunks.encode_pifs, pifs_chunks.decode_pifs, _decode_pifs
    ),
    collage_chunks.KIND: Kind(
        "collage",
        CollageCode,
        collage_chunks.encode_collage,
        collage_chunks.decode_collage,
        _decode_collage,
    ),
}


def kind_of(code: Code) -> Kind:
    """Return the kind that stores ``code``.

    Raises:
        InputError: no kind does.
    """
    for kind in KINDS.values():
        if isinstance(code, kind.code_type):
            return kind
    known = ", ".join(kind.code_type.__name__ for kind in KINDS.values())
    raise InputError(f"code must be one of {known}: got {type(code).__name__}")


def kind_by_number(number: int) -> Kind:
    """Return the kind that a header names.

    Raises:
        UnsupportedError: this build does not know it.
    """
    if number not in KINDS:
        known = ", ".join(f"{n} ({kind.name})" for n, kind in KINDS.items())
        raise UnsupportedError(
            f"the file holds code of kind {number}, this build knows {known}; update selfsame"
        )
    return KINDS[number]
