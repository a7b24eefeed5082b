"""Pictures in idx files, the format of MNIST, plain or gzipped.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits": two zero bytes, the
type, the number of dimensions, each dimension as 32 bits, big-endian; then the values.
"""

import gzip
import math
import re
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from selfsame.datasets.pictures import Bytes, Pictures, check_sides
from selfsame.errors import CorruptedError, FormatError, InputError, UnsupportedError
from selfsame.io.arrays import MAX_DEFLATE, check_shape, read_exactly
from selfsame.io.files import open_input

IMAGES = re.compile(r"(.*)images([-.]idx)3([-.]ubyte)(\.gz)?")
"""Names of files with pictures, with dashes or dots; ``labels`` and 1 stand in those of labels."""

_UBYTE = 0x08

MAGIC = bytes([0, 0, _UBYTE, 3])
GZIP = b"\x1f\x8b"
"""How a file of pictures begins, and how a gzipped one does."""


def idx_splits(folder: Path) -> dict[str, Path]:
    """Return the file of the pictures of each split, told by its name, ``train`` first.

    Raises:
        InputError: several sets lie in the folder.
    """
    found: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if IMAGES.fullmatch(path.name)):
        other = found.setdefault(idx_split(path), path)
        if path.name not in (other.name, other.name + ".gz"):
            raise InputError(
                f"{folder} holds several sets, {other.name} and {path.name}; give one of the files"
            )
    return {split: found[split] for split in ("train", "test") if split in found}


def idx_split(path: Path) -> str:
    """Return the split that a file's name tells: ``test`` for ``t10k`` or ``test``, else ``train``.

    Only the name counts, not the folders above.
    """
    return "test" if re.search("t10k|test", path.name) else "train"


def read_idx(path: Path, with_labels: bool = True) -> Pictures:
    """Return the pictures of an idx file, and the labels of the file beside it if it is there.

    Args:
        with_labels: look for that file.
    Raises:
        InputError: no such file, or an empty one.
        FormatError: it is damaged, has other dimensions than pictures, or is beyond the limits.
    """
    pixels = _read(path, 3)
    beside = _labels_beside(path) if with_labels else None
    if beside is None:
        return Pictures(pixels[..., None])
    labels = _read(beside, 1)
    if len(labels) != len(pixels):
        raise CorruptedError(
            f"{path} has {len(pixels)} pictures, but {beside.name} beside it {len(labels)} labels"
        )
    return Pictures(pixels[..., None], labels.astype(np.int64))


def _labels_beside(path: Path) -> Path | None:
    """Return the file of the labels, which may be gzipped where the pictures are not."""
    parts = IMAGES.fullmatch(path.name)
    if parts is None:
        return None
    wanted = f"{parts[1]}labels{parts[2]}1{parts[3]}"
    candidates = (path.with_name(wanted), path.with_name(wanted + ".gz"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _read(path: Path, dimensions: int) -> Bytes:
    """Return the bytes of an idx file of so many dimensions, 3 for pictures, 1 for labels."""
    try:
        with open_input(path) as file:
            held, packed = path.stat().st_size, file.read(2) == GZIP
            file.seek(0)
            if not packed:
                return _values(file, dimensions, held, path)
            with gzip.open(file) as stream:
                return _values(cast(IO[bytes], stream), dimensions, held * MAX_DEFLATE, path)
    except (FormatError, InputError):
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorruptedError(f"{path} is no sound gzip file: {error}; get it once more") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _values(stream: IO[bytes], dimensions: int, most: int, path: Path) -> Bytes:
    """Return all values of a stream that holds at most ``most`` bytes."""
    magic = bytes(read_exactly(stream, 4, str(path)))
    if magic[:2] != b"\0\0":
        raise CorruptedError(f"{path} is no idx file: it starts with {magic.hex()}, not with 0000")
    if magic[2] != _UBYTE or magic[3] != dimensions:
        kind = "pictures" if dimensions == 3 else "labels"
        raise UnsupportedError(
            f"{path} must hold bytes in {dimensions} dimensions ({kind}): got type 0x{magic[2]:02x}"
            f" in {magic[3]} dimensions"
        )
    sizes = read_exactly(stream, 4 * dimensions, str(path))
    shape = tuple(int(size) for size in sizes.view(">u4"))
    if 0 in shape:
        raise InputError(f"{path} is empty: {shape}")
    if dimensions == 3:
        check_sides(shape[1], shape[2], str(path))
    check_shape(shape, 1, str(path))
    count = math.prod(shape)
    if count > most:
        raise CorruptedError(f"{path} claims {shape}, {count} bytes: more than it can hold")
    values = read_exactly(stream, count, str(path))
    if stream.read(1):
        raise CorruptedError(f"{path} goes on after the {count} bytes that {shape} takes")
    return values.reshape(shape)
