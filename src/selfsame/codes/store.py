"""Code files: one container for the codes of every family (``docs/file-format.md``).

save(code, "fern.ssm")
code = load("fern.ssm")          # equal to what was saved, bit for bit
data = pack(code)                # the same without a file
code = unpack(data)
"""

import os
from typing import IO, Any

from selfsame.codes.registry import family_named, family_of, name_by_number, number_of
from selfsame.coding.container import (
    Container,
    Header,
    color_space,
    read_bounded,
    read_container,
    write_container,
)
from selfsame.errors import FormatError, InputError
from selfsame.family import Code, ReadsParts, View
from selfsame.io.files import open_input, write_bytes
from selfsame.limits import MAX_PIXELS


def pack(code: Code) -> bytes:
    """Return the bytes of a file that holds ``code``; equal codes of equal notes give equal bytes.

    Raises:
        InputError: not a code, more than ``MAX_PIXELS`` pixels, or what its family cannot pack.
    """
    family = family_of(code)
    if not isinstance(code, family.code_type):
        raise InputError(
            f"a file holds codes, {family.code_type.__name__} here: got {type(code).__name__}"
        )
    width, height = code.size
    if width * height > MAX_PIXELS:
        raise InputError(
            f"a file holds a picture of at most {MAX_PIXELS} pixels: got {width}x{height}"
        )
    space = color_space(code.channels, code.alpha is not None)
    header = Header(number_of(family), space, width, height)
    return write_container(Container(header, tuple(family.pack(code))))


def unpack(data: bytes, view: View | None = None, **options: Any) -> Any:
    """Return the code in the bytes of a file, equal to the one that was packed.

    Args:
        view, options: what ``selfsame.codes.render.draw`` will be asked for, if nothing else will:
            of a large picture in the family ``pifs`` only what that depends on is read.
    Raises:
        FormatError: TruncatedError, CorruptedError, UnsupportedError or LimitError, as
            ``selfsame.errors`` tells them apart.
        InputError: a view that the code has not.
    """
    container = read_container(data)
    family = family_named(name_by_number(container.header.kind))
    if view is not None and isinstance(family, ReadsParts):
        return family.unpack_part(container, view, **options)
    return family.unpack(container)


def save(code: Code, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
    """Write ``code`` to ``path`` (suffix ``.ssm``) in one atomic step.

    Raises:
        InputError: as ``pack``, or the file cannot be written (see ``io.files.atomic_file``).
    """
    write_bytes(path, pack(code), overwrite=overwrite)


def load(
    source: str | os.PathLike[str] | IO[bytes], view: View | None = None, **options: Any
) -> Any:
    """Return the code in a file, given by path or as a binary stream at its start.

    Args:
        view, options: see ``unpack``.
    Raises:
        InputError: no such file, or as ``unpack``.
        FormatError: as ``unpack``; the message begins with the path.
    """
    if not isinstance(source, str | os.PathLike):
        return unpack(read_bounded(source), view, **options)
    with open_input(source) as stream:
        try:
            return unpack(read_bounded(stream), view, **options)
        except FormatError as error:
            raise type(error)(f"{os.fspath(source)}: {error}") from error
