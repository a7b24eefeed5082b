"""Codes from files of every format: ``.ssm``, ``.json``, ``.flame`` and ``.flam3``.

The first bytes tell the format, and where they do not, the suffix.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from selfsame.codes.store import unpack
from selfsame.coding import container
from selfsame.errors import CorruptedError, FormatError, InputError, SettingError
from selfsame.family import Code
from selfsame.ifs.code import IFSCode
from selfsame.io.files import files_below, open_input, read_rest

if TYPE_CHECKING:
    from selfsame.ifs.exchange.flame import Flame

Form = Literal["ssm", "json", "flame"]

FORMS: dict[str, Form] = {".ssm": "ssm", ".json": "json", ".flame": "flame", ".flam3": "flame"}
"""Suffix -> format; ``.flam3`` is what flam3 and Electric Sheep call their ``.flame``."""

STDIN = "-"
"""The name that stands for standard input."""

_START = 256
"""Bytes by which a format is told: text may begin with blanks."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, eq=False)
class CodeFile:
    """What a file of codes holds.

    Attributes:
        name: of the file, for messages.
        form: its format.
        data: its bytes.
        codes: all of them in order, or the one that was asked for.
        flames: of a ``.flame``, the same with what codes do not hold; else empty.
        count: codes in the file.
        dropped: a line for each flame from which parts were dropped.
    """

    name: str
    form: Form
    data: bytes
    codes: Sequence[Code]
    flames: "Sequence[Flame]" = ()
    count: int = 1
    dropped: Sequence[str] = ()

    def systems(self) -> list[IFSCode]:
        """Return the codes, all of them IFS.

        Raises:
            InputError: one is of another kind.
        """
        systems = [code for code in self.codes if isinstance(code, IFSCode)]
        if len(systems) < len(self.codes):
            families = sorted({code.family for code in self.codes} - {IFSCode.family})
            raise SettingError(
                f"{self.name} holds a code of the family {', '.join(families)}, not an IFS; "
                "selfsame decode draws it"
            )
        return systems


def read_codes(
    source: str | os.PathLike[str], *, index: int | None = None, drop_unsupported: bool = False
) -> CodeFile:
    """Return the codes in a file, or in standard input for ``-``.

    Args:
        index: read only this one, counted from 0; what ails the others does not matter.
        drop_unsupported: drop what a ``.flame`` has beyond affine maps instead of refusing it.
    Raises:
        InputError: no such file, or no code ``index``.
        FormatError: no format that is known, or as its reader says; the message begins with the
            file's name.
    """
    piped = os.fspath(source) == STDIN
    name = "standard input" if piped else os.fspath(source)
    with nullcontext(sys.stdin.buffer) if piped else open_input(source) as stream:
        try:
            found = _read(stream, name, index, drop_unsupported)
        except FormatError as error:
            raise type(error)(f"{name}: {error}") from error
    if index is not None and not 0 <= index < found.count:
        raise SettingError(
            f"index must be within 0..{found.count - 1}, codes of {name}: got {index}"
        )
    return found


def read_systems(path: str | os.PathLike[str]) -> list[IFSCode]:
    """Return all IFS codes in a file, or in the files of a folder and its sub-folders, by name.

    A ``.json`` of a folder that says no kind of code is left out: other things are kept so too.

    Raises:
        InputError: there are none, or codes of another kind; or as ``read_codes``.
        FormatError: as ``read_codes``.
    """
    folder = Path(path)
    if not folder.is_dir():
        return read_codes(path).systems()
    try:
        files = [folder / name for name in files_below(folder, FORMS)]
    except InputError:  # there are none
        files = []
    systems = [code for file in files if _says_code(file) for code in read_codes(file).systems()]
    if not systems:
        raise InputError(
            f"{folder} has no codes ({', '.join(FORMS)}); make some with: selfsame sample, or fit"
        )
    return systems


def _read(stream: IO[bytes], name: str, index: int | None, drop_unsupported: bool) -> CodeFile:
    start = stream.read(_START)
    form = _form(start, name)
    if form == "ssm":
        container.check_signature(start)
        data = read_rest(stream, container.MAX_FILE_BYTES, start)
        return CodeFile(name, form, data, [unpack(data)])
    if form == "json":
        from selfsame.ifs.exchange import json_code

        data = read_rest(stream, json_code.MAX_FILE_BYTES, start)
        return CodeFile(name, form, data, [json_code.code_from_json(data)])
    from selfsame.ifs.exchange import flame_read

    data = read_rest(stream, flame_read.MAX_FILE_BYTES, start)
    read = flame_read.flames_from_xml(data, strict=not drop_unsupported, index=index)
    codes = [flame.code for flame in read.flames]
    return CodeFile(name, form, data, codes, read.flames, read.total, read.dropped)


def _form(start: bytes, name: str) -> Form:
    """Return the format of a file that begins so.

    Raises:
        CorruptedError: neither the bytes nor the name tell it.
    """
    if start[1:4] == container.SIGNATURE[1:4]:  # the others suffer from transfers in text mode
        return "ssm"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") or start.startswith(_UTF_16):
        return "flame"
    if text.startswith(b"{"):
        return "json"
    form = FORMS.get(Path(name).suffix.lower())
    if form is None:
        raise CorruptedError(
            f"no code, but {container.foreign(start)}; {', '.join(FORMS)} files are read"
        )
    return form


def _says_code(path: Path) -> bool:
    """Return whether a file may hold codes: one of JSON must say of which kind."""
    if FORMS[path.suffix.lower()] != "json":
        return True
    from selfsame.ifs.exchange.json_code import MAX_FILE_BYTES

    with open_input(path) as stream:
        data = read_rest(stream, MAX_FILE_BYTES)
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return True  # read_codes names the fault
    return isinstance(values, dict) and "kind" in values
