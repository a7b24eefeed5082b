"""Reading sets of pictures, whatever holds them."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from selfsame.checked import checked
from selfsame.datasets.captioned.shards import folder_shards, list_shards
from selfsame.datasets.captioned.tables import folder_table, list_table
from selfsame.datasets.columns import Columns, column_classes, label_column
from selfsame.datasets.fitting import Mode, Side, fit_pictures
from selfsame.datasets.folders import folder_classes, folder_labels, folder_splits, list_folder
from selfsame.datasets.idx import GZIP, MAGIC, idx_split, idx_splits, read_idx
from selfsame.datasets.listing import Listing, stack_pictures
from selfsame.datasets.npz import npz_splits, read_columns, read_npz
from selfsame.datasets.pictures import NamedPicture, Pictures
from selfsame.errors import InputError, SettingError
from selfsame.io.files import open_input

Split = Literal["train", "test"]
Kind = Literal["folder", "npz", "idx", "tar", "csv", "picture"]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TAR, _TAR_PLACE = b"ustar", 257


class _Arrays(NamedTuple):
    """A split whose pictures lie in an array; ``read(with_labels)``."""

    read: Callable[[bool], Pictures]
    columns: Callable[[], Columns]

    def pictures(self, side: int | None, mode: Mode | None, with_labels: bool) -> Pictures:
        return self.read(with_labels)

    def named(self) -> list[NamedPicture]:
        images = self.read(False).images
        return [NamedPicture(f"{i:05d}", image) for i, image in enumerate(images)]


class _Files(NamedTuple):
    """A split whose pictures lie in files of their own, or are parts of files.

    Attributes:
        where: the folder or file that holds or lists them.
        listing: of them.
        classes: see ``folder_classes``.
    """

    where: Path
    listing: Callable[[], Listing]
    classes: tuple[str, ...] | None = None

    def columns(self) -> Columns:
        return self.listing().columns

    def pictures(self, side: int | None, mode: Mode | None, with_labels: bool) -> Pictures:
        pictures, columns, labels = self.listing()
        classes = None
        if self.classes is not None and with_labels:
            labels = folder_labels(self.where, [each.name for each in pictures], self.classes)
            classes = None if labels is None else self.classes
        where = self.where if self.where.is_dir() else self.where.parent
        images = stack_pictures(pictures, side, mode, where)
        return Pictures(images, labels if with_labels else None, classes, columns)

    def named(self) -> list[NamedPicture]:
        return self.listing().pictures


_Part = _Arrays | _Files
_Splits = Mapping[str, _Part]
"""Each split that there is, ``train`` first."""


def read_pictures(
    path: str | os.PathLike[str],
    split: Split | None = None,
    side: int | None = None,
    mode: Mode | None = None,
    label: str | None = None,
) -> Pictures:
    """Return the pictures of a set as one array, with labels and columns if it has any.

    A set is an ``.npz`` or idx file, a tar, a table, a folder, or one picture; docs/datasets.md has
    the layouts. A set without splits is its own ``train``.

    Args:
        split: which part; None takes the only one.
        side: pixels of the squares that pictures of other sizes are scaled down and cut to; None
            leaves their size, which must be the same.
        mode: channels; None leaves them, colour if any picture has it.
        label: the column whose values become the classes, numbered over all splits, or several,
            as of ``Pictures.labelled``; None: the labels that the set has.
    Raises:
        InputError: nothing there, no such split or column, pictures that do not go together, or
            an argument out of its range.
        FormatError: a file is damaged, holds what is not read, or is beyond the limits.
    """
    side, mode = checked("side", side, Side | None), checked("mode", mode, Mode | None)
    source = Path(path)
    splits = _splits(source)
    if split is None and len(splits) > 1:
        raise SettingError(f"{source} has several splits; choose one of {', '.join(splits)}")
    part = _part(splits, split, source)
    pictures = part.pictures(side, mode, label is None)
    if label is not None:
        pictures = pictures.labelled(label, _classes(splits, label))
    return fit_pictures(pictures, side, mode, str(source))


def list_pictures(path: str | os.PathLike[str], split: Split | None = None) -> list[NamedPicture]:
    """Return the pictures of a set by name, each of its own size; files are not yet read.

    The sets are those of ``read_pictures``, but pictures may lie beside sub-folders too.

    Args:
        split: which part; None takes the only one, or ``train``.
    Raises:
        InputError, FormatError: as ``read_pictures``.
    """
    source = Path(path)
    return _part(_splits(source), split, source).named()


def unseen_split(path: str | os.PathLike[str]) -> Split:
    """Return the split ``test`` if a set has one, else ``train``; errors as ``read_pictures``."""
    return "test" if "test" in _splits(Path(path)) else "train"


def set_kind(path: str | os.PathLike[str]) -> Kind:
    """Return what holds a set, told by the first bytes of a file, then by its name.

    Raises:
        InputError: nothing is there.
    """
    source = Path(path)
    if source.is_dir():
        return "folder"
    if not source.exists():
        raise InputError(f"no such file or folder: {source}")
    with open_input(source) as stream:
        start = stream.read(_TAR_PLACE + len(_TAR))
    name = source.name.lower()
    if start[:4] in _ZIP or name.endswith(".npz"):
        return "npz"
    if start[_TAR_PLACE:] == _TAR or name.endswith(".tar"):
        return "tar"
    if start[:4] == MAGIC or start[:2] == GZIP or "idx" in name or name.endswith(".gz"):
        return "idx"
    return "csv" if name.endswith(".csv") else "picture"


def _part(splits: _Splits, split: Split | None, source: Path) -> _Part:
    if split is None:
        return next(iter(splits.values()))
    if split not in splits:
        raise SettingError(f"{source} has no split {split!r}; it has {', '.join(splits)}")
    return splits[split]


def _classes(splits: _Splits, label: str) -> tuple[str, ...] | None:
    """Return the values of a column in all splits, so that one that lacks some does not renumber
    the others; None: no split has it."""
    found = [label_column(part.columns(), label) for part in splits.values()]
    known = [column for column in found if column is not None]
    return column_classes(np.concatenate(known)) if known else None


def _splits(source: Path) -> _Splits:
    kind = set_kind(source)
    if kind == "npz":
        return {
            split: _Arrays(partial(read_npz, source, names), partial(read_columns, source, names))
            for split, names in npz_splits(source).items()
        }
    if kind == "idx":
        return {idx_split(source): _idx(source)}
    if kind == "tar":
        return {"train": _Files(source, partial(list_shards, [source]))}
    if kind == "csv":
        return {"train": _Files(source, partial(list_table, source))}
    if kind == "picture":
        alone = Listing([NamedPicture(source.name, source)], {})
        return {"train": _Files(source, lambda: alone)}
    files = idx_splits(source)
    if files:
        return {split: _idx(file) for split, file in files.items()}
    folders = folder_splits(source)
    classes = folder_classes(list(folders.values()))
    return {split: _folder(folder, classes) for split, folder in folders.items()}


def _idx(path: Path) -> _Arrays:
    return _Arrays(partial(read_idx, path), dict)


def _folder(folder: Path, classes: tuple[str, ...] | None) -> _Files:
    """Return the pictures of a folder, whichever way they lie there."""
    if table := folder_table(folder):
        return _Files(folder, partial(list_table, table))
    if shards := folder_shards(folder):
        return _Files(folder, partial(list_shards, shards))
    return _Files(folder, partial(list_folder, folder), classes)
