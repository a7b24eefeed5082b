"""Which files of a folder there are, and what theirs are called elsewhere."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from selfsame.errors import InputError
from selfsame.io.files import files_below
from selfsame.io.pictures import SUFFIXES
from selfsame.run.executor import Failure
from selfsame.run.ledger import Ledger, Row

CODE_SUFFIX = ".ssm"

FOLDER_HINT = "what comes of a folder needs a folder"
"""Said of an output that is a file."""

Entry = dict[str, Any]
"""One picture: ``source`` and ``output`` (relative names with slashes) and ``state``; if that is
``done`` also what the ledger's row says, the code's ``bytes`` among it, if ``failed`` ``error``."""


def picture_names(folder: Path) -> list[str]:
    """Return the pictures of a folder and its sub-folders, sorted; errors as ``files_below``."""
    return files_below(folder, SUFFIXES)


def code_names(names: Iterable[str]) -> dict[str, str]:
    """Return the name of the code of each picture: ``a.png`` has ``a.ssm``; where another picture
    has that name too, ``a.png.ssm``."""
    short = {name: str(PurePosixPath(name).with_suffix(CODE_SUFFIX)) for name in names}
    outputs = dict(short)
    while True:
        groups: dict[str, list[str]] = defaultdict(list)
        for name, output in outputs.items():
            groups[output.casefold()].append(name)  # for file systems that ignore case
        clashing = [
            name
            for group in groups.values()
            if len(group) > 1
            for name in group
            if outputs[name] == short[name]
        ]
        if not clashing:
            return outputs
        for name in clashing:
            outputs[name] = name + CODE_SUFFIX


def entry_of(name: str, output: str, outcome: Row | Failure) -> Entry:
    """Return the entry of a picture that is done or has failed."""
    entry: Entry = {"source": name, "output": output}
    if isinstance(outcome, Failure):
        return entry | {"state": "failed", "error": outcome.error}
    return entry | {"state": "done", **outcome}


def kept_row(ledger: Ledger, target: Path, output: str, digest: Callable[[], str]) -> Row | None:
    """Return the row of a code that is done: it, and the picture, are what they were then.

    Items of the ledger are codes, by their names in the folder ``target``.

    Args:
        digest: returns that of the picture; called only where there is a code.
    """
    entry, code = ledger.entries.get(output), target / output
    if entry is None or entry.row is None or not code.is_file():
        return None
    if code.stat().st_size != entry.row["bytes"]:
        return None
    return ledger.row(output, digest())


def check_foreign(ledger: Ledger, target: Path, outputs: Iterable[str]) -> None:
    """Raise ``InputError`` if a code would replace a file that the ledger does not know."""
    for output in outputs:
        if output not in ledger and (target / output).exists():
            raise InputError(
                f"{target / output} exists and is not of this archive; pass --overwrite to "
                "replace such files"
            )


def absolute_model(model: str | os.PathLike[str]) -> str:
    """Return what means the same model to a process with another working directory.

    Names of the package's models and addresses of a hub stay as they are.
    """
    return os.path.abspath(model) if os.path.exists(model) else os.fspath(model)
