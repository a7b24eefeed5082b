"""Codes in and out of files of every format, chosen by the suffix."""

import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.io.files import check_writable, make_folder, write_bytes

if TYPE_CHECKING:
    from selfsame.ifs.exchange.flame import Flame

SUFFIXES = (".ssm", ".flame", ".json")


def read_code_file(
    path: Path, *, drop_unsupported: bool = False
) -> tuple[list["IFSCode | Flame"], list[str]]:
    """Return the codes in a file, and a line for each flame from which parts were dropped.

    Raises:
        InputError: no such file, or another suffix.
        FormatError: as the format's reader says.
    """
    suffix = _known_suffix(path)
    if suffix == ".flame":
        from selfsame.ifs.exchange.flame import read_flames

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            flames = read_flames(path, on_unsupported="warn" if drop_unsupported else "error")
        return [*flames], [str(w.message) for w in caught]
    if suffix == ".json":
        from selfsame.ifs.exchange.json_code import read_json_code

        return [read_json_code(path)], []
    return [load_ifs(path)], []


def load_ifs(path: str | os.PathLike[str]) -> IFSCode:
    """Return the IFS in a ``.ssm`` file.

    Raises:
        InputError: no such file, or it holds a code of another kind.
        FormatError: as ``selfsame.load``.
    """
    from selfsame.codes.store import load

    code = load(path)
    if not isinstance(code, IFSCode):
        raise InputError(f"{path} holds the blocks of a picture, not an IFS; use selfsame decode")
    return code


def output_paths(output: Path, count: int, *, overwrite: bool) -> list[Path]:
    """Return where ``count`` codes go, checked before they are made.

    A name with a suffix is one file, which holds several codes if it is a ``.flame``; any other
    name is a folder, made if need be, of ``00000.ssm …``.

    Raises:
        InputError: several codes for one file, another suffix, or not writable.
    """
    if output.suffix and not output.is_dir():
        if _known_suffix(output) != ".flame" and count != 1:
            raise InputError(
                f"{output} holds one code, and there are {count}; give a folder or pick one"
            )
        paths = [output]
    else:
        make_folder(output, "give a folder, or a name with suffix")
        paths = [output / f"{i:05d}.ssm" for i in range(count)]
    for path in paths:
        check_writable(path, overwrite=overwrite)
    return paths


def write_code_files(
    paths: Sequence[Path], codes: Sequence["IFSCode | Flame"], *, overwrite: bool
) -> None:
    """Write codes to the paths that ``output_paths`` gave."""
    if len(paths) == 1 and paths[0].suffix.lower() == ".flame":
        from selfsame.ifs.exchange.flame import flame_from_code, write_flames

        flames = [flame_from_code(c) if isinstance(c, IFSCode) else c for c in codes]
        write_flames(paths[0], flames, overwrite=overwrite)
        return
    for path, code in zip(paths, codes, strict=True):
        _write_one(path, code if isinstance(code, IFSCode) else code.code, overwrite=overwrite)


def _write_one(path: Path, code: IFSCode, *, overwrite: bool) -> None:
    if path.suffix.lower() == ".json":
        from selfsame.ifs.exchange.json_code import code_to_values

        text = json.dumps(code_to_values(code), indent=1) + "\n"
        write_bytes(path, text.encode(), overwrite=overwrite)
        return
    from selfsame.codes.store import save

    save(code, path, overwrite=overwrite)


def _known_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: a code file ends in {', '.join(SUFFIXES)}: got {suffix!r}")
    return suffix
