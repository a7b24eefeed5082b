"""Pictures in ``.npz`` archives, under the names and in the layouts that are usual."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.datasets.columns import CHARACTERS, Columns, column_name, spread
from selfsame.datasets.pictures import Bytes, Labels, Pictures, check_sides
from selfsame.errors import CorruptedError, FormatError, InputError
from selfsame.io.arrays import Archive, open_npz

NAMES = {
    "train": (("train_images", "train_labels"), ("x_train", "y_train"), ("X_train", "y_train")),
    "test": (
        ("test_images", "test_labels"),
        ("x_test", "y_test"),
        ("X_test", "y_test"),
        ("val_images", "val_labels"),
        ("x_val", "y_val"),
        ("X_val", "y_val"),
    ),
}
"""Names of the arrays of a split, pictures and labels; the first that are there."""

ALONE = ("images", "x", "X", "data")
LABELS = ("labels", "label", "y", "Y", "targets", "target")
"""Names of the arrays of a set without splits; of each the first that is there."""

UNNAMED = ("arr_0", "arr_1")
"""What numpy calls pictures and labels that were given no names."""

_SHOWN = 20


class NpzSplit(NamedTuple):
    """The names of the arrays of a split.

    Attributes:
        images, labels: of pictures and labels, None if there are no labels.
        columns: what else is known of the pictures, with what each is called in the archive.
        characters: the second axis of the pictures is this array's, see ``CHARACTERS``.
    """

    images: str
    labels: str | None
    columns: Mapping[str, str]
    characters: bool = False


def npz_splits(path: Path) -> dict[str, NpzSplit]:
    """Return the names of the arrays of each split.

    A set without splits is the split ``train``.

    Raises:
        InputError: no pictures under any known name, or no such file.
        FormatError: no archive, or a damaged one.
    """
    with open_npz(path) as archive:
        there = archive.names
        return {
            split: _with_columns(archive, images, labels)
            for split, (images, labels) in _pictures_and_labels(path, there).items()
        }


def _pictures_and_labels(path: Path, there: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    found: dict[str, tuple[str, str | None]] = {}
    for split, pairs in NAMES.items():
        for images, labels in pairs:
            if images in there:
                found.setdefault(split, (images, labels if labels in there else None))
    if found:
        return found
    alone = [(images, LABELS) for images in ALONE] + [(UNNAMED[0], UNNAMED[1:])]
    for images, choices in alone:
        if images in there:
            return {"train": (images, next((name for name in choices if name in there), None))}
    known = [*ALONE, UNNAMED[0], *(pair[0] for pairs in NAMES.values() for pair in pairs)]
    raise InputError(
        f"{path} has no array of pictures ({', '.join(known)}): found "
        f"{', '.join(there[:_SHOWN]) or 'none'}"
    )


def _with_columns(archive: Archive, images: str, labels: str | None) -> NpzSplit:
    """Return the split of an array of pictures: every array with a value for each is a column.

    Those of a split are called like its pictures: ``train_captions``, ``captions_train``.
    """
    shape = _shape(archive, images)
    if not shape:  # reading it will say what it is
        return NpzSplit(images, labels, {})
    head = images.removesuffix("images") if images.endswith("images") else ""
    tail = "" if head or images in (*ALONE, *UNNAMED) else images[1:]
    columns = {}
    for name in archive.names:
        inner = name.removeprefix(head).removesuffix(tail)
        whole = name == head + inner + tail and name != images
        if whole and inner and _shape(archive, name) == shape[:1]:
            columns[column_name(inner)] = name
    table = len(shape) == 4 and _shape(archive, CHARACTERS) == shape[1:2]
    return NpzSplit(images, labels, columns, table)


def _shape(archive: Archive, name: str) -> tuple[int, ...] | None:
    """Return the shape of an array; None of what is not there or is not read."""
    if name not in archive.names:
        return None
    try:
        return archive.shape(name)
    except (FormatError, InputError):
        return None


def read_columns(path: Path, split: NpzSplit) -> Columns:
    """Return what is known of the pictures of a split, by name.

    Raises:
        InputError: no such file.
        FormatError: a damaged array, or one beyond the limits.
    """
    with open_npz(path) as archive:
        return _columns(archive, split)


def _columns(archive: Archive, split: NpzSplit) -> Columns:
    columns = {name: archive.read(array, text=True) for name, array in split.columns.items()}
    if not split.characters:
        return columns
    shape = archive.shape(split.images)
    return spread(columns, shape[0], archive.read(CHARACTERS, text=True))


def read_npz(path: Path, split: NpzSplit, with_labels: bool = True) -> Pictures:
    """Return the pictures of a split of an archive, with labels, if it has any, and columns.

    Raises:
        InputError: an array of another shape, type or range; no such file.
        FormatError: a damaged archive, one with objects in it, or beyond the limits.
    """
    images, labels = split.images, split.labels
    with open_npz(path) as archive:
        array = archive.read(images)
        if split.characters:
            array = array.reshape(-1, *array.shape[2:])
        pixels = _as_bytes(array, f"{path}, {images}")
        numbers = None
        if labels is not None and with_labels:
            numbers = _as_labels(archive.read(labels), f"{path}, {labels}")
        columns = _columns(archive, split)
    if numbers is not None and len(numbers) != len(pixels):
        raise CorruptedError(
            f"{path} has {len(pixels)} pictures in {images}, but {len(numbers)} labels in {labels}"
        )
    return Pictures(pixels, numbers, columns=columns)


def _as_bytes(array: NDArray[np.generic], what: str) -> Bytes:
    """Return pictures of any layout and type as (N, H, W, C) bytes.

    Truth values, floats and whole numbers of 0 and 1 alone are taken as 0 to 1.
    """
    pixels = _as_pictures(array, what)
    if pixels.dtype == np.bool_:
        # In a file, any byte but 0 is true.
        return (pixels.view(np.uint8) > 0).astype(np.uint8) * np.uint8(255)
    low, high = pixels.min(), pixels.max()
    most = 1 if pixels.dtype.kind == "f" else 255
    if not (low >= 0 and high <= most):  # not true of NaN either
        raise InputError(
            f"{what} must lie within 0..{most}, being {pixels.dtype}: got {low}..{high}"
        )
    if most == 1:
        scaled = np.empty(pixels.shape, np.uint8)
        for picture, values in zip(scaled, pixels, strict=True):
            picture[...] = np.rint(values * 255)
        return scaled
    whole = np.ascontiguousarray(pixels, np.uint8)
    return whole * np.uint8(255) if high == 1 else whole


def _as_pictures(array: NDArray[np.generic], what: str) -> NDArray[np.generic]:
    """Return an array as (N, H, W, C), from (N, H·H), (N, H, W), (N, H, W, C) or (N, C, H, W)."""
    shape = array.shape
    if len(shape) == 2 and math.isqrt(shape[1]) ** 2 == shape[1]:
        side = math.isqrt(shape[1])
        array = array.reshape(len(array), side, side, 1)
    elif len(shape) == 3:
        array = array[..., None]
    elif len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    if array.ndim != 4 or array.shape[3] not in (1, 3):
        raise InputError(
            f"{what} must be (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, or (N, H·H): "
            f"got {shape}"
        )
    check_sides(array.shape[1], array.shape[2], what)
    return array


def _as_labels(array: NDArray[np.generic], what: str) -> Labels:
    """Return labels, (N,) or (N, 1), as int64."""
    if (
        array.dtype.kind not in "iu"
        or array.ndim not in (1, 2)
        or array.shape[1:] not in ((), (1,))
    ):
        raise InputError(f"{what} must be whole numbers, (N,): got {array.dtype} {array.shape}")
    flat = array.reshape(-1)
    if flat.min() < 0 or flat.max() >= 1 << 31:
        raise InputError(f"{what} must lie within 0..2^31 - 1: got {flat.min()}..{flat.max()}")
    return flat.astype(np.int64)
