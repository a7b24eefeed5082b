"""Files in and out: nothing is ever half-written; listing those of a folder.

A regular file is written beside its place and moved there as one step, with the mode of the file
that it replaces; a symbolic link stays, and the file that it names is replaced. FIFOs and devices
are written through: they are no place where a file could be put.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from selfsame.errors import InputError, LimitError, SettingError, TruncatedError

_TEMPORARY = ".selfsame-"
"""How the names of unfinished files begin. They have nothing of the target's: its name may be as
long as names can be."""


@contextmanager
def atomic_file(target: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """Yield a stream of bytes that becomes the file ``target`` when the block succeeds.

    If the block raises, ``target`` stays as it was and nothing else is left. What is no regular
    file gets the bytes as they are written.

    Raises:
        InputError: as ``check_writable``.
        OSError: the disk is full, or the like; it names the file.
    """
    check_writable(target, overwrite=overwrite)
    path = Path(target)
    before = _status(path)
    if before is not None and not stat.S_ISREG(before.st_mode):
        with _named_errors(path), path.open("wb") as stream:
            yield stream
        return
    final = _place(path)
    temporary = final.with_name(f"{_TEMPORARY}{os.urandom(6).hex()}")
    try:
        with _named_errors(path), temporary.open("xb") as stream:
            yield stream
        if before is not None:
            temporary.chmod(stat.S_IMODE(before.st_mode))
        temporary.replace(final)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Let what the system says of a stream name the file that the stream becomes."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


def write_bytes(target: str | os.PathLike[str], contents: bytes, *, overwrite: bool = True) -> None:
    """Write ``contents`` to ``target`` as one atomic step; errors as in ``atomic_file``."""
    with atomic_file(target, overwrite=overwrite) as stream:
        stream.write(contents)


def file_bytes(path: str | os.PathLike[str]) -> int | None:
    """Return the size of a file; None of what keeps nothing, such as a FIFO."""
    status = os.stat(path)
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def check_writable(
    target: str | os.PathLike[str],
    *,
    overwrite: bool,
    inputs: Iterable[str | os.PathLike[str]] = (),
) -> None:
    """Raise ``InputError`` now if ``target`` could not be written after a long computation.

    FIFOs and character devices hold nothing that could be lost: they need no ``overwrite``.

    Args:
        inputs: what the computation reads; they are never overwritten.
    """
    path = Path(target)
    if os.fspath(path) == "-":
        raise SettingError("output - would be a file of that name: /dev/stdout is standard output")
    there = _status(path)
    if there is None:
        _check_folder(_place(path).parent)
        return
    if stat.S_ISDIR(there.st_mode):
        raise InputError(f"output {path} is a directory; give a file name")
    if any(_is_same(there, Path(source)) for source in inputs):
        raise InputError(f"output {path} is the input; choose another name")
    through = stat.S_ISFIFO(there.st_mode) or stat.S_ISCHR(there.st_mode)
    if not overwrite and not through:
        raise InputError(f"output {path} exists; pass --overwrite to replace it")
    if not os.access(path, os.W_OK):
        raise InputError(f"output {path} is write-protected; choose another name")
    if stat.S_ISREG(there.st_mode):
        _check_folder(_place(path).parent)


def _place(path: Path) -> Path:
    """Return the path at the end of all links, there or not."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _status(path: Path) -> os.stat_result | None:
    """Return what there is at the end of all links; None: nothing."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:  # a circle of links, too long a name, a file as a folder
        raise InputError(f"output {path} cannot be written: {error.strerror}") from error


def _is_same(there: os.stat_result, other: Path) -> bool:
    try:
        return os.path.samestat(there, other.stat())
    except OSError:
        return False


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"folder {folder} of the output does not exist; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"folder {folder} of the output is write-protected; choose another")


def remove_unfinished(folder: Path) -> None:
    """Delete what a killed process left of files that it was writing into a folder.

    Nobody else may be writing there.
    """
    for path in folder.glob(f"{_TEMPORARY}*"):
        path.unlink(missing_ok=True)


@contextmanager
def open_input(source: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Yield a file as a stream of bytes.

    Raises:
        InputError: no such file, a folder, or one that may not be read.
    """
    try:
        stream = open(source, "rb")  # noqa: SIM115 - errors of the block are not those of opening
    except FileNotFoundError as error:
        raise InputError(f"no such file: {os.fspath(source)}") from error
    except IsADirectoryError as error:
        raise InputError(f"{os.fspath(source)} is a folder; give a file") from error
    except OSError as error:
        raise InputError(f"{os.fspath(source)} cannot be read: {error.strerror}") from error
    with stream:
        yield stream


@dataclass(frozen=True)
class FilePart:
    """A file that lies within another one as it is, such as a member of a tar.

    Attributes:
        name: what messages call it.
        archive: the file that it lies in.
        offset, size: where, in bytes.
    """

    name: str
    archive: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """Return its bytes.

        Raises:
            InputError: there is no such archive any more.
            TruncatedError: it has become shorter.
        """
        with open_input(self.archive) as stream:
            stream.seek(self.offset)
            contents = stream.read(self.size)
        if len(contents) < self.size:
            raise TruncatedError(f"{self.name} ends after {len(contents)} of {self.size} bytes")
        return contents


def read_rest(stream: IO[bytes], most: int, start: bytes = b"") -> bytes:
    """Return ``start``, read before, and the rest of a stream.

    Raises:
        LimitError: more than ``most`` bytes; endless streams are left after as many.
    """
    data = start + stream.read(max(0, most - len(start) + 1))
    if len(data) > most:
        raise LimitError(f"at most {most} bytes are read: this is longer")
    return data


def make_folder(folder: Path, hint: str) -> None:
    """Make a folder unless it is there.

    Args:
        hint: what to do if it is a file.
    Raises:
        InputError: it is a file, it lies in a folder that does not exist, or nothing can be
            written into it.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise InputError(f"{folder} is a file; {hint}") from error
    except FileNotFoundError as error:
        raise InputError(f"folder {folder.parent} does not exist; create it first") from error
    _check_folder(folder)


def files_below(folder: Path, suffixes: Iterable[str]) -> list[str]:
    """Return the files of a folder and its sub-folders by relative name with slashes, sorted.

    Hidden files and folders are left out, links to folders are not followed.

    Raises:
        InputError: no such folder, or none of its files has one of the suffixes.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}")
    wanted = frozenset(suffixes)
    names = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(parent).relative_to(folder)
        names += [
            (inside / name).as_posix()
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in wanted
        ]
    if not names:
        raise InputError(f"folder {folder} holds no file {', '.join(sorted(wanted))}")
    return sorted(names)
