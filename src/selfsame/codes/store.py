"""Code files: one container for every kind of code (``docs/file-format.md``).

save(code, "fern.ssm")
code = load("fern.ssm")          # equal to what was saved, bit for bit
data = encode(code)              # the same without a file
code = decode(data)
"""

import os
from typing import IO

from selfsame.codes.registry import Code, kind_by_number, kind_of
from selfsame.coding.container import read_bounded, read_container, write_container
from selfsame.errors import FormatError, InputError
from selfsame.io.files import write_bytes

__all__ = ["Code", "decode", "encode", "load", "read_file", "save"]


def encode(code: Code) -> bytes:
    """Return the bytes of a file that holds ``code``; equal codes of equal notes give equal bytes.

    Raises:
        InputError: not a code, or one that is beyond the limits of the format.
    """
    return write_container(kind_of(code).encode(code))


def decode(data: bytes) -> Code:
    """Return the code in the bytes of a file, equal to the one that was encoded.

    Raises:
        FormatError: TruncatedError, CorruptedError, UnsupportedError or LimitError, as
            ``selfsame.errors`` tells them apart.
    """
    container = read_container(data)
    return kind_by_number(container.header.kind).decode(container)


def save(code: Code, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
    """Write ``code`` to ``path`` (suffix ``.ssm``) in one atomic step.

    Raises:
        InputError: as ``encode``, or the file cannot be written (see ``files.atomic_path``).
    """
    write_bytes(path, encode(code), overwrite=overwrite)


def load(source: str | os.PathLike[str] | IO[bytes]) -> Code:
    """Return the code in a file, given by path or as a binary stream at its start.

    Raises:
        InputError: no such file.
        FormatError: as ``decode``; the message begins with the path.
    """
    if not isinstance(source, str | os.PathLike):
        return decode(read_bounded(source))
    data = read_file(source)
    try:
        return decode(data)
    except FormatError as error:
        raise type(error)(f"{os.fspath(source)}: {error}") from error


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a code file, at most ``container.MAX_FILE_BYTES``, not yet decoded.

    Raises:
        InputError: no such file, or a folder.
        FormatError: foreign bytes or too many of them; the message begins with the path.
    """
    try:
        with open(path, "rb") as stream:
            return read_bounded(stream)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {os.fspath(path)}") from error
    except IsADirectoryError as error:
        raise InputError(f"{os.fspath(path)} is a folder; give a .ssm file") from error
    except FormatError as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from error
