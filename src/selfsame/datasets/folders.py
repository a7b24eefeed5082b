"""Pictures in folders, one folder per class or all in one."""

from pathlib import Path

import numpy as np

from selfsame.datasets.captioned.texts import caption_beside
from selfsame.datasets.columns import CAPTIONS, column_of
from selfsame.datasets.listing import Listing
from selfsame.datasets.pictures import Labels, NamedPicture
from selfsame.errors import InputError
from selfsame.io.files import files_below
from selfsame.io.pictures import SUFFIXES

SPLIT_NAMES = {"train": ("train",), "test": ("test", "val")}
"""Folders that hold a split, the first that is there."""


def folder_splits(folder: Path) -> dict[str, Path]:
    """Return the folder of each split; the folder itself, as ``train``, if it has none.

    Splits are what the sub-folders are only if all of them have a split's name: ``train`` may be
    a class as well.
    """
    names = {path.name for path in _sub_folders(folder)}
    if names and names <= {name for names in SPLIT_NAMES.values() for name in names}:
        return {
            split: folder / next(name for name in choices if name in names)
            for split, choices in SPLIT_NAMES.items()
            if not names.isdisjoint(choices)
        }
    return {"train": folder}


def folder_classes(folders: list[Path]) -> tuple[str, ...] | None:
    """Return the names of the classes that the sub-folders of some splits are; None: none are.

    Taken from all splits, so that a class that one of them lacks does not renumber the others.
    """
    names = {path.name for folder in folders for path in _sub_folders(folder)}
    return tuple(sorted(names)) or None


def list_folder(folder: Path) -> Listing:
    """Return the pictures in a folder and its sub-folders, sorted by name, with the words of the
    text file beside each, ``a.txt`` for ``a.png``, as its caption.

    Raises:
        InputError: no picture there.
        FormatError: a text that is too long, or none.
    """
    names = files_below(folder, SUFFIXES)
    captions = [caption_beside(folder / name) for name in names]
    columns = {}
    if any(caption is not None for caption in captions):
        columns[CAPTIONS] = column_of(captions, str(folder))
    return Listing([NamedPicture(name, folder / name) for name in names], columns)


def folder_labels(folder: Path, names: list[str], classes: tuple[str, ...]) -> Labels | None:
    """Return the class of each picture, the sub-folder that it lies in; None: all lie beside them.

    Args:
        names: relative to the folder, with slashes.
        classes: see ``folder_classes``.
    Raises:
        InputError: pictures both beside and in sub-folders.
    """
    inside = [name for name in names if "/" in name]
    if inside and len(inside) < len(names):
        raise InputError(
            f"{folder} has pictures both beside and in its sub-folders; have one sub-folder per "
            "class, or none"
        )
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[name.split("/")[0]] for name in inside], np.int64) if inside else None


def _sub_folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
