"""Reading sets of pictures, whatever holds them."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from selfsame.checked import checked
from selfsame.datasets.fitting import Mode, Side, fit_pictures
from selfsame.datasets.folders import folder_classes, folder_splits, read_files
from selfsame.datasets.idx import GZIP, MAGIC, idx_split, idx_splits, read_idx
from selfsame.datasets.npz import npz_splits, read_npz
from selfsame.datasets.pictures import NamedPicture, Pictures
from selfsame.errors import InputError, SettingError
from selfsame.io.files import files_below, open_input
from selfsame.io.pictures import SUFFIXES

Split = Literal["train", "test"]
Kind = Literal["folder", "npz", "idx", "picture"]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class _Arrays(NamedTuple):
    """A split whose pictures lie in an array; ``read(with_labels)``."""

    read: Callable[[bool], Pictures]

    def pictures(self, side: int | None, mode: Mode | None) -> Pictures:
        return self.read(True)

    def named(self) -> list[NamedPicture]:
        images = self.read(False).images
        return [NamedPicture(f"{i:05d}", image) for i, image in enumerate(images)]


class _Files(NamedTuple):
    """A split whose pictures lie in files of their own.

    Attributes:
        names: of the files, relative to the folder.
        classes: see ``folder_classes``.
    """

    folder: Path
    names: Callable[[], list[str]]
    classes: tuple[str, ...] | None

    def pictures(self, side: int | None, mode: Mode | None) -> Pictures:
        return read_files(self.folder, self.names(), self.classes, side, mode)

    def named(self) -> list[NamedPicture]:
        return [NamedPicture(name, self.folder / name) for name in self.names()]


_Part = _Arrays | _Files
_Splits = Mapping[str, _Part]
"""Each split that there is, ``train`` first."""


def read_pictures(
    path: str | os.PathLike[str],
    split: Split | None = None,
    side: int | None = None,
    mode: Mode | None = None,
) -> Pictures:
    """Return the pictures of a set as one array, with labels if it has any.

    A set is an ``.npz`` or idx file, a folder, or one picture; docs/datasets.md has the layouts.
    A set without splits is its own ``train``.

    Args:
        split: which part; None takes the only one.
        side: pixels of the squares that pictures of other sizes are scaled down and cut to; None
            leaves their size, which must be the same.
        mode: channels; None leaves them, colour if any picture has it.
    Raises:
        InputError: nothing there, no such split, pictures that do not go together, or an argument
            out of its range.
        FormatError: a file is damaged, holds what is not read, or is beyond the limits.
    """
    side, mode = checked("side", side, Side | None), checked("mode", mode, Mode | None)
    source = Path(path)
    splits = _splits(source)
    if split is None and len(splits) > 1:
        raise SettingError(f"{source} has several splits; choose one of {', '.join(splits)}")
    part = _part(splits, split, source)
    return fit_pictures(part.pictures(side, mode), side, mode, str(source))


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
        start = stream.read(4)
    name = source.name.lower()
    if start in _ZIP or name.endswith(".npz"):
        return "npz"
    if start == MAGIC or start[:2] == GZIP or "idx" in name or name.endswith(".gz"):
        return "idx"
    return "picture"


def _part(splits: _Splits, split: Split | None, source: Path) -> _Part:
    if split is None:
        return next(iter(splits.values()))
    if split not in splits:
        raise SettingError(f"{source} has no split {split!r}; it has {', '.join(splits)}")
    return splits[split]


def _splits(source: Path) -> _Splits:
    kind = set_kind(source)
    if kind == "npz":
        names = npz_splits(source)
        return {split: _Arrays(partial(_npz, source, *arrays)) for split, arrays in names.items()}
    if kind == "idx":
        return {idx_split(source): _Arrays(partial(read_idx, source))}
    if kind == "picture":
        return {"train": _Files(source.parent, lambda: [source.name], None)}
    files = idx_splits(source)
    if files:
        return {split: _Arrays(partial(read_idx, file)) for split, file in files.items()}
    folders = folder_splits(source)
    classes = folder_classes(list(folders.values()))
    return {
        split: _Files(folder, partial(files_below, folder, SUFFIXES), classes)
        for split, folder in folders.items()
    }


def _npz(path: Path, images: str, labels: str | None, with_labels: bool) -> Pictures:
    return read_npz(path, images, labels if with_labels else None)
