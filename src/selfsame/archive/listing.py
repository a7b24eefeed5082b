"""Which files of a folder there are, and what theirs are called elsewhere."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from selfsame.errors import InputError
from selfsame.images import SUFFIXES

CODE_SUFFIX = ".ssm"

FOLDER_HINT = "what comes of a folder needs a folder"
"""Said of an output that is a file."""


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


def code_names(folder: Path) -> list[tuple[str, str]]:
    """Return each picture of the folder and the name of its code."""
    names = files_below(folder, SUFFIXES)
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
            return list(outputs.items())
        for name in clashing:
            outputs[name] = name + CODE_SUFFIX
