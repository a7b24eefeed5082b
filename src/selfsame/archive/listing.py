"""Which files of a folder there are, and what theirs are called elsewhere."""

from collections import defaultdict
from pathlib import Path, PurePosixPath

from selfsame.io.files import files_below
from selfsame.io.pictures import SUFFIXES

CODE_SUFFIX = ".ssm"

FOLDER_HINT = "what comes of a folder needs a folder"
"""Said of an output that is a file."""


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
