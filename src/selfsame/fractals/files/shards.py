"""Making one shard of a data set: a pure function of its task, run anywhere any number of times."""

import hashlib
import io
import json
import os
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from selfsame.fractals.files.layout import SPLITS, STAGING, Format, Shard
from selfsame.fractals.recipes.base import Recipe
from selfsame.io.png import COLOR_TYPES, SIGNATURE, write_chunk
from selfsame.run.ledger import Row

_BATCH_SAMPLES = 1 << 24
"""Samples of pictures that are drawn at once: 16 MiB."""

_NONE, _SUB = 0, 1  # filters of PNG
_DEFLATE_LEVEL = 1
"""Of zlib: on coloured pictures level 3 saves 3 % of the bytes in twice the time."""


@dataclass(frozen=True, eq=False)
class ShardTask:
    """All that a process needs to make a shard; ``root`` is the folder of the data set."""

    recipe: Recipe
    shard: Shard
    format: Format
    root: Path


def write_shard(task: ShardTask) -> Row:
    """Draw the pictures of a shard and write its files; return ``pictures``, ``bytes``, ``sha256``.

    Every file appears whole or not at all. The digest is of the tar file; of a folder's shard it is
    that of the lines which ``sha256sum`` prints for its files.

    Two processes may make the same shard at the same time: both rename the same bytes into place.
    """
    staging = task.root / STAGING
    staging.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=staging) as folder:
        write = _write_pictures if task.format == "folder" else _write_tar
        size, digest = write(task, Path(folder) / "file")
    return {"pictures": len(task.shard.indices), "bytes": size, "sha256": digest}


def shard_files(task: ShardTask) -> list[str]:
    """Return the names of a shard's files, relative to the folder of the data set."""
    shard = task.shard
    if task.format == "webdataset":
        return [f"{shard.name}.tar"]
    labels, instances = np.divmod(shard.indices, task.recipe.instances)
    names = [
        f"{label:05d}/{instance:05d}.png"
        for label, instance in zip(labels.tolist(), instances.tolist(), strict=True)
    ]
    if shard.parts is None:
        return names
    return [f"{SPLITS[p]}/{name}" for p, name in zip(shard.parts, names, strict=True)]


def shown_classes(recipe: Recipe, indices: NDArray[np.int64]) -> Iterator[list[int]]:
    """Yield the classes whose fractals each picture shows, in rising order."""
    batch = max(1, _BATCH_SAMPLES // recipe.classes)
    for first in range(0, len(indices), batch):
        for row in recipe.label_matrix(indices[first : first + batch]):
            yield np.flatnonzero(row).tolist()


def _pictures(task: ShardTask) -> Iterator[NDArray[np.uint8]]:
    recipe, indices = task.recipe, task.shard.indices
    batch = max(1, _BATCH_SAMPLES // (recipe.side**2 * recipe.channels))
    for first in range(0, len(indices), batch):
        yield from recipe.pictures(indices[first : first + batch])


def _write_pictures(task: ShardTask, temporary: Path) -> tuple[int, str]:
    names = shard_files(task)
    for folder in sorted({os.path.dirname(name) for name in names}):
        (task.root / folder).mkdir(parents=True, exist_ok=True)
    digest, total = hashlib.sha256(), 0
    for name, picture in zip(names, _pictures(task), strict=True):
        data = png_bytes(picture)
        temporary.write_bytes(data)
        os.replace(temporary, task.root / name)
        digest.update(f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode())
        total += len(data)
    return total, digest.hexdigest()


def _write_tar(task: ShardTask, temporary: Path) -> tuple[int, str]:
    recipe, indices = task.recipe, task.shard.indices
    shown = shown_classes(recipe, indices)
    target = task.root / f"{task.shard.name}.tar"
    target.parent.mkdir(exist_ok=True)
    with tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar:
        for index, picture in zip(indices.tolist(), _pictures(task), strict=True):
            key = f"{index:09d}"
            _add(tar, f"{key}.png", png_bytes(picture))
            _add(tar, f"{key}.cls", str(recipe.label(index)).encode())
            if recipe.multi_label:
                _add(tar, f"{key}.json", json.dumps({"labels": next(shown)}).encode())
    with temporary.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    size = temporary.stat().st_size
    os.replace(temporary, target)
    return size, digest


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file to a tar, with nothing in its header that depends on when and where."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    tar.addfile(header, io.BytesIO(data))


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a PNG file of 8 bits per sample.

    Several times as fast as Pillow, which tries five filters on every row, and hardly larger.
    Fractals in grey are runs of equal pixels, which want no filter and zlib's run lengths; coloured
    ones are smooth, which wants differences along the row.

    Args:
        pixels: (H, W) grey or (H, W, 3) sRGB, row 0 at the top.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    rows = pixels.reshape(height, width * channels)
    stored = np.empty((height, 1 + width * channels), np.uint8)
    if channels == 1:
        stored[:, 0] = _NONE
        stored[:, 1:] = rows
        strategy = zlib.Z_RLE
    else:
        stored[:, 0] = _SUB
        stored[:, 1 : 1 + channels] = rows[:, :channels]
        np.subtract(rows[:, channels:], rows[:, :-channels], out=stored[:, 1 + channels :])
        strategy = zlib.Z_DEFAULT_STRATEGY
    deflate = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    out = io.BytesIO()
    out.write(SIGNATURE)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    write_chunk(out, b"IHDR", header)
    write_chunk(out, b"IDAT", deflate.compress(stored.data) + deflate.flush())
    write_chunk(out, b"IEND", b"")
    return out.getvalue()
