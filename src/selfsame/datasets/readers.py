"""Reading sets of pictures, whatever holds them."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from selfsame.datasets.fitting import Mode, check_fit, fit_pictures
from selfsame.datasets.folders import folder_classes, folder_splits, read_folder
from selfsame.datasets.idx import idx_split, idx_splits, read_idx
from selfsame.datasets.npz import npz_splits, read_npz
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError

Split = Literal["train", "test"]

_Sets = dict[str, Callable[[], Pictures]]


def read_pictures(
    path: str | os.PathLike[str],
    split: Split | None = None,
    side: int | None = None,
    mode: Mode | None = None,
) -> Pictures:
    """Return the pictures in an ``.npz`` file, an idx file or a folder, with labels if it has any.

    docs/datasets.md has the layouts. A set without splits is its own ``train``.

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
    check_fit(side, mode)
    source = Path(path)
    sets = _sets(source, side, mode)
    found = ", ".join(sets)
    if split is None and len(sets) > 1:
        raise InputError(f"{source} has several splits; choose one of {found}")
    wanted = next(iter(sets)) if split is None else split
    if wanted not in sets:
        raise InputError(f"{source} has no split {wanted!r}; it has {found}")
    return fit_pictures(sets[wanted](), side, mode, str(source))


def unseen_split(path: str | os.PathLike[str]) -> Split:
    """Return the split ``test`` if a set has one, else ``train``; errors as ``read_pictures``."""
    return "test" if "test" in _sets(Path(path), None, None) else "train"


def _sets(source: Path, side: int | None, mode: Mode | None) -> _Sets:
    """Return how to read each split that there is."""
    if source.is_dir():
        files = idx_splits(source)
        if files:
            return {split: partial(read_idx, file) for split, file in files.items()}
        folders = folder_splits(source)
        classes = folder_classes(list(folders.values()))
        return {
            split: partial(read_folder, folder, classes, side, mode)
            for split, folder in folders.items()
        }
    if not source.exists():
        raise InputError(f"no such file or folder: {source}")
    name = source.name.lower()
    if name.endswith(".npz"):
        names = npz_splits(source)
        return {split: partial(read_npz, source, *arrays) for split, arrays in names.items()}
    if "idx" in name or name.endswith(".gz"):
        return {idx_split(source): partial(read_idx, source)}
    raise InputError(
        f"{source} is no set of pictures: .npz, idx files (.gz too) and folders of pictures are "
        "read"
    )
