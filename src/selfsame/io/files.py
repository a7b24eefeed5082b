"""Writing files so that nothing is ever half-written; listing those of a folder."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from selfsame.errors import InputError


@contextmanager
def atomic_path(target: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; rename it to ``target`` on success.

    If the block raises, the temporary file is removed and ``target`` stays as it was.
    The temporary name keeps the target's suffix, by which Pillow chooses the format.

    Raises:
        InputError: ``target`` exists and ``overwrite`` is false, is a directory, or its
            folder does not exist.
    """
    final = Path(target)
    check_writable(final, overwrite=overwrite)
    handle, name = tempfile.mkstemp(prefix=f".{final.stem}-", suffix=final.suffix, dir=final.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes the file private; give it the mode that open() would have given.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(final)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


def write_bytes(target: str | os.PathLike[str], contents: bytes, *, overwrite: bool = True) -> None:
    """Write ``contents`` to ``target`` as one atomic step; errors as in ``atomic_path``."""
    with atomic_path(target, overwrite=overwrite) as temporary:
        temporary.write_bytes(contents)


def check_writable(target: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raise ``InputError`` now if ``target`` could not be written after a long computation."""
    path = Path(target)
    if path.is_dir():
        raise InputError(f"output {path} is a directory; give a file name")
    if path.exists() and not overwrite:
        raise InputError(f"output {path} exists; pass --overwrite to replace it")
    if not path.parent.is_dir():
        raise InputError(f"folder {path.parent} of the output does not exist; create it first")


def make_folder(folder: Path, hint: str) -> None:
    """Make a folder unless it is there.

    Args:
        hint: what to do if it is a file.
    Raises:
        InputError: it is a file, or lies in a folder that does not exist.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise InputError(f"{folder} is a file; {hint}") from error
    except FileNotFoundError as error:
        raise InputError(f"folder {folder.parent} does not exist; create it first") from error


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
