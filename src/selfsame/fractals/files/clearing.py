"""Removing the files of a data set, and nothing else that lies in its folder."""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from selfsame.fractals.files.shards import STAGING
from selfsame.fractals.split import SPLITS

SIDECARS = ("README.md", "classes.json", "classes.safetensors", "labels.jsonl", "dataset.json")
FORMER = ("shards.jsonl",)
"""What an earlier version left of a run that was killed."""

_SPLIT = re.compile("|".join(SPLITS))
_CLASS = re.compile(r"\d{5,}")
_FILE = re.compile(r"\d{5,}\.png|\d{6,}\.tar")


def clear_dataset(folder: Path) -> None:
    """Remove the pictures of the data set in a folder and what lies beside them; other files stay.

    So does the ledger, by which what a kill leaves is still known as a data set.
    """
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    _clear_numbered(folder)
    for name in (*SIDECARS, *FORMER):
        (folder / name).unlink(missing_ok=True)


def _clear_numbered(folder: Path) -> None:
    """Remove pictures and shards here and in folders of splits and classes; then those folders."""
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if _SPLIT.fullmatch(entry.name) or _CLASS.fullmatch(entry.name):
                _clear_numbered(Path(entry.path))
                with suppress(OSError):  # not empty: something of others lies there
                    os.rmdir(entry.path)
        elif _FILE.fullmatch(entry.name):
            os.unlink(entry.path)
