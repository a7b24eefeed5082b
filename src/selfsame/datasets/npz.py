"""Pictures in ``.npz`` archives, read without trust in them."""

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from selfsame.datasets.pictures import (
    MAX_DEFLATE,
    Bytes,
    Labels,
    Pictures,
    check_shape,
    check_sides,
    read_exactly,
)
from selfsame.errors import CorruptedError, FormatError, InputError, UnsupportedError

NAMES = {
    "train": (("train_images", "train_labels"), ("x_train", "y_train")),
    "test": (("test_images", "test_labels"), ("x_test", "y_test"), ("val_images", "val_labels")),
}
"""Names of the arrays of a split, pictures and labels; the first that are there."""

ALONE = ("images", "labels")
"""Names of the arrays of a set without splits."""

_MAX_ENTRIES = 1024
_SHOWN = 20
_MAX_HEADER = 4096
_ENTRY_SLACK = 64
"""Bytes that a few compressed ones may become: the ratio of ``MAX_DEFLATE`` is a limit's."""


def npz_splits(path: Path) -> dict[str, tuple[str, str]]:
    """Return the names of two arrays for each split of an archive: pictures and labels.

    A set without splits is the split ``train``. The labels need not be there.

    Raises:
        InputError: no pictures under any known name, or no such file.
        FormatError: no archive.
    """
    with _opened(path) as archive:
        there = _entries(archive, path)
    found = {
        split: next(pair for pair in pairs if pair[0] in there)
        for split, pairs in NAMES.items()
        if any(pair[0] in there for pair in pairs)
    }
    if not found and ALONE[0] in there:
        found["train"] = ALONE
    if not found:
        known = [ALONE[0], *(pair[0] for pairs in NAMES.values() for pair in pairs)]
        raise InputError(
            f"{path} has no array of pictures ({', '.join(known)}): found "
            f"{', '.join(sorted(there)[:_SHOWN]) or 'none'}"
        )
    return found


def read_npz(path: Path, images: str, labels: str) -> Pictures:
    """Return the pictures of one array of an archive, and their labels if these are there.

    Raises:
        InputError: an array of another shape, type or range; no such file.
        FormatError: a damaged archive, one with objects in it, or beyond the limits.
    """
    with _opened(path) as archive:
        entries = _entries(archive, path)
        pixels = _as_bytes(_array(archive, entries[images], path), f"{path}, {images}")
        numbers = None
        if labels in entries:
            numbers = _as_labels(_array(archive, entries[labels], path), f"{path}, {labels}")
    if numbers is not None and len(numbers) != len(pixels):
        raise CorruptedError(
            f"{path} has {len(pixels)} pictures in {images}, but {len(numbers)} labels in {labels}"
        )
    return Pictures(pixels, numbers)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except Exception as error:  # zipfile raises a wide assortment on damaged files
        raise CorruptedError(f"{path} cannot be read as .npz: {error}") from error


def _entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return what the archive holds by the names of the arrays."""
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise UnsupportedError(
            f"{path} holds {len(entries)} arrays: at most {_MAX_ENTRIES} are allowed"
        )
    return {entry.filename.removesuffix(".npy"): entry for entry in entries}


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> NDArray[np.generic]:
    """Return an array of numbers or truth values, its size checked before it is allocated."""
    what = f"{path}, {entry.filename}"
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsupportedError(f"{what} is encrypted or compressed in a way that .npz has not")
    try:
        with archive.open(entry) as stream:
            shape, order, dtype = _header(stream, what)
            check_shape(shape, dtype.itemsize, what)
            count = math.prod(shape) * dtype.itemsize
            most = entry.compress_size * MAX_DEFLATE + _ENTRY_SLACK
            if count > min(most, entry.file_size):
                raise CorruptedError(
                    f"{what} claims {shape} values of {dtype}, more than it can hold"
                )
            contents = read_exactly(stream, count, what)
            if stream.read(1):
                raise CorruptedError(f"{what} goes on after its {count} bytes")
    except (FormatError, InputError, MemoryError):
        raise
    except Exception as error:  # numpy and zipfile raise a wide assortment on damaged files
        raise CorruptedError(f"{what} is damaged: {error}") from error
    return contents.view(dtype).reshape(shape, order="F" if order else "C")


def _header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Return shape, whether columns come first, and type of an array; leave the stream behind."""
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise UnsupportedError(f"{what} is of version {version} of .npy, which is not known")
    shape, order, dtype = readers[version](stream, max_header_size=_MAX_HEADER)
    if dtype.kind not in "biuf" or dtype.shape or dtype.itemsize > 8:
        raise UnsupportedError(
            f"{what} holds {dtype}: whole numbers, floats of at most 64 bits or truth values are "
            "read; save the array as uint8"
        )
    if any(size < 0 for size in shape):
        raise CorruptedError(f"{what} claims the shape {shape}")
    if 0 in shape:
        raise InputError(f"{what} is empty: {shape}")
    return shape, order, dtype


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
