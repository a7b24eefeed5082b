"""Arrays in ``.npy`` and ``.npz`` files, read without trust in them.

What a header claims is checked before memory is taken, and nothing is ever unpickled.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)
from selfsame.io.files import open_input

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.generic]
"""Whole numbers, floats or truth values; where text is asked for, that too."""

MAX_BYTES = 1 << 31
"""2 GiB: the most that one array of a file may take in memory."""

MAX_DEFLATE = 1032
"""Deflate makes at most so many bytes of one: what claims more is no honest file."""

_MAX_ENTRIES = 1024
_MAX_HEADER = 4096
_MAX_TEXT = 4 << 12
"""Bytes of a text in an array, four a character."""
_ENTRY_SLACK = 64
"""Bytes that a few compressed ones may become: the ratio of ``MAX_DEFLATE`` is a limit's."""

_PIECE = 1 << 20


class Archive:
    """The arrays of an open ``.npz`` file, each read when it is asked for."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        entries = archive.infolist()
        if len(entries) > _MAX_ENTRIES:
            raise UnsupportedError(
                f"{path} holds {len(entries)} arrays: at most {_MAX_ENTRIES} are allowed"
            )
        self._archive, self._path = archive, path
        self._entries = {entry.filename.removesuffix(".npy"): entry for entry in entries}

    @property
    def names(self) -> list[str]:
        """The names of the arrays, sorted."""
        return sorted(self._entries)

    def read(self, name: str, *, text: bool = False) -> Numbers:
        """Return the array ``name``, which is one of ``names``.

        Args:
            text: arrays of text are read too.
        Raises:
            InputError: it is empty.
            FormatError: it is damaged, beyond the limits, or holds other things than numbers.
        """
        with self._opened(name) as (stream, most, what):
            return _read_array(stream, most, what, text)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of the array ``name`` from its head; text or numbers, errors as
        of ``read``."""
        with self._opened(name) as (stream, _, what):
            return _header(stream, what, text=True)[0]

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], int, str]]:
        """Yield an entry as a stream, the most bytes that it can hold, and what it is called."""
        entry = self._entries[name]
        what = f"{self._path}, {entry.filename}"
        stored = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if entry.flag_bits & 1 or not stored:
            raise UnsupportedError(f"{what} is encrypted or compressed in a way that .npz has not")
        most = min(entry.compress_size * MAX_DEFLATE + _ENTRY_SLACK, entry.file_size)
        with _damage(what), self._archive.open(entry) as stream:
            yield stream, most, what


@contextmanager
def open_npz(path: Path) -> Iterator[Archive]:
    """Yield the arrays of a ``.npz`` file.

    Raises:
        InputError: no such file.
        FormatError: no archive, or one of too many arrays.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except Exception as error:  # zipfile raises a wide assortment on damaged files
        raise CorruptedError(f"{path} cannot be read as .npz: {error}") from error
    with archive:
        yield Archive(archive, path)


def read_npy(path: Path) -> Numbers:
    """Return the array in a ``.npy`` file; errors as of ``open_npz`` and ``Archive.read``."""
    with open_input(path) as stream, _damage(str(path)):
        return _read_array(stream, path.stat().st_size, str(path), text=False)


@contextmanager
def _damage(what: str) -> Iterator[None]:
    """Name whatever numpy and zipfile find wrong."""
    try:
        yield
    except (FormatError, InputError, MemoryError):
        raise
    except Exception as error:  # they raise a wide assortment on damaged files
        raise CorruptedError(f"{what} is damaged: {error}") from error


def _read_array(stream: IO[bytes], most: int, what: str, text: bool) -> Numbers:
    """Return the array in a stream of at most ``most`` bytes, its header included."""
    shape, order, dtype = _header(stream, what, text)
    check_shape(shape, dtype.itemsize, what)
    count = math.prod(shape) * dtype.itemsize
    if count > most:
        raise CorruptedError(f"{what} claims {shape} values of {dtype}, more than it can hold")
    contents = read_exactly(stream, count, what)
    if stream.read(1):
        raise CorruptedError(f"{what} goes on after its {count} bytes")
    if dtype.kind == "U":
        _check_characters(contents.view(dtype.str[0] + "u4"), what)
    return contents.view(dtype).reshape(shape, order="F" if order else "C")


def _check_characters(points: NDArray[np.uint32], what: str) -> None:
    """Refuse code points that no text has: Python fails only once such a text is looked at."""
    if (points > 0x10FFFF).any() or ((points >= 0xD800) & (points <= 0xDFFF)).any():
        raise CorruptedError(f"{what} holds characters that do not exist")


def _header(
    stream: IO[bytes], what: str, text: bool
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Return shape, whether columns come first, and type of an array; leave the stream behind."""
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise UnsupportedError(f"{what} is of version {version} of .npy, which is not known")
    shape, order, dtype = readers[version](stream, max_header_size=_MAX_HEADER)
    is_text = text and dtype.kind == "U" and 0 < dtype.itemsize <= _MAX_TEXT
    if not is_text and (dtype.kind not in "biuf" or dtype.shape or dtype.itemsize > 8):
        raise UnsupportedError(
            f"{what} holds {dtype}: whole numbers, floats of at most 64 bits and truth values are "
            "read"
        )
    if any(size < 0 for size in shape):
        raise CorruptedError(f"{what} claims the shape {shape}")
    if 0 in shape:
        raise InputError(f"{what} is empty: {shape}")
    return shape, order, dtype


def check_shape(shape: tuple[int, ...], item_bytes: int, what: str) -> None:
    """Raise ``LimitError`` if an array is too large to be read.

    Args:
        shape: (N, ...) as a file claims it, not below 0.
        item_bytes: of each value.
        what: the array, for the message.
    """
    count = item_bytes * math.prod(shape)
    if count > MAX_BYTES:
        raise LimitError(
            f"{what} takes {count} bytes, {shape}: at most {MAX_BYTES} are read; split the set"
        )


def read_exactly(stream: IO[bytes], count: int, what: str) -> Bytes:
    """Return the next ``count`` bytes of a stream.

    Args:
        what: the stream, for the message.
    Raises:
        TruncatedError: it ends before.
    """
    contents = np.empty(count, np.uint8)
    filled = 0
    while filled < count:
        piece = stream.read(min(count - filled, _PIECE))
        got = len(piece)
        contents[filled : filled + got] = np.frombuffer(piece, np.uint8)
        if not got:
            raise TruncatedError(
                f"{what} ends after {filled} of {count} bytes; get the file once more"
            )
        filled += got
    return contents
