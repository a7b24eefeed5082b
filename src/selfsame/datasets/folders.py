"""Pictures in folders, one folder per class or all in one."""

from pathlib import Path

import numpy as np

from selfsame.datasets.fitting import Mode, fit_square
from selfsame.datasets.pictures import Bytes, Pictures, check_sides
from selfsame.errors import InputError, LimitError
from selfsame.io.arrays import MAX_BYTES
from selfsame.io.pictures import read_picture, to_uint8

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


def read_files(
    folder: Path,
    names: list[str],
    classes: tuple[str, ...] | None,
    side: int | None,
    mode: Mode | None,
) -> Pictures:
    """Return the pictures in some files below a folder, labelled by the sub-folder they lie in.

    Without a mode they are grey if all of them are.

    Args:
        names: relative to the folder, with slashes; at least one.
        classes: see ``folder_classes``.
        side: pictures of other sizes are scaled down and cut to squares of it; None: all must be
            of one size.
    Raises:
        InputError: a picture that cannot be read or has another size, or pictures both
            beside and in folders.
        LimitError: more than fits in memory.
    """
    inside = [name for name in names if "/" in name]
    if inside and len(inside) < len(names):
        raise InputError(
            f"{folder} has pictures both beside and in its sub-folders; have one sub-folder per "
            "class, or none"
        )
    images: list[Bytes] = []
    held = 0
    for name in names:
        image = _read(folder / name, side, mode)
        if images and image.shape[:2] != images[0].shape[:2]:
            raise InputError(
                f"{folder / name} has {_size(image)} pixels, {names[0]} has {_size(images[0])}; "
                "give side to make them alike"
            )
        images.append(image)
        held += image.nbytes
        _check_held(held, folder)
    if len({image.shape[2] for image in images}) > 1:
        _check_held(3 * images[0][..., 0].size * len(images), folder)
        images = [np.repeat(image, 3 // image.shape[2], axis=2) for image in images]
    if not inside or classes is None:
        return Pictures(np.stack(images))
    numbers = {name: number for number, name in enumerate(classes)}
    labels = [numbers[name.split("/")[0]] for name in names]
    return Pictures(np.stack(images), np.array(labels, np.int64), classes)


def _sub_folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _read(path: Path, side: int | None, mode: Mode | None) -> Bytes:
    """Return one picture, (H, W, C)."""
    picture = to_uint8(read_picture(path, mode or "auto"))
    pixels = picture.reshape(*picture.shape[:2], -1)
    if side is not None:
        return fit_square(pixels, side, str(path))
    check_sides(pixels.shape[0], pixels.shape[1], str(path))
    return pixels


def _size(image: Bytes) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _check_held(count: int, folder: Path) -> None:
    if count > MAX_BYTES:
        raise LimitError(
            f"the pictures of {folder} take more than {MAX_BYTES} bytes; give a smaller side or "
            "fewer pictures"
        )
