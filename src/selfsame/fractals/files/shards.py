"""Making one shard of a data set: a pure function of its task, run anywhere any number of times."""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypedDict

import numpy as np
from numpy.typing import NDArray

from selfsame.fractals.files.layout import Format, Shard
from selfsame.fractals.files.small_png import png_bytes
from selfsame.fractals.recipes.base import Recipe
from selfsame.fractals.split import SPLITS

STAGING = ".partial"
"""Folder of a data set in which files are written before they are renamed into place."""

_BATCH_SAMPLES = 1 << 24
"""Samples of pictures that are drawn at once: 16 MiB."""


class ShardRecord(TypedDict):
    """What is known of a finished shard.

    ``sha256``: of the tar file; of a folder's shard that of the lines which ``sha256sum`` prints
    for its files.
    """

    pictures: int
    bytes: int
    sha256: str


@dataclass(frozen=True, eq=False)
class ShardTask:
    """All that a process needs to make a shard; ``root`` is the folder of the data set."""

    recipe: Recipe
    shard: Shard
    format: Format
    root: Path


def write_shard(task: ShardTask) -> ShardRecord:
    """Draw the pictures of a shard and write its files; every file appears whole or not at all.

    Two processes may make the same shard at the same time: both rename the same bytes into place.
    """
    staging = task.root / STAGING
    staging.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=staging) as folder:
        if task.format == "folder":
            return _write_pictures(task, Path(folder) / "picture.png")
        return _write_tar(task, Path(folder) / "shard.tar")


def shard_files(shard: Shard, recipe: Recipe, form: Format) -> list[str]:
    """Return the names of a shard's files, relative to the folder of the data set."""
    if form == "webdataset":
        return [f"{shard.name}.tar"]
    labels, instances = np.divmod(shard.indices, recipe.instances)
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


def _write_pictures(task: ShardTask, temporary: Path) -> ShardRecord:
    names = shard_files(task.shard, task.recipe, "folder")
    for folder in sorted({os.path.dirname(name) for name in names}):
        (task.root / folder).mkdir(parents=True, exist_ok=True)
    digest, total = hashlib.sha256(), 0
    for name, picture in zip(names, _pictures(task), strict=True):
        data = png_bytes(picture)
        temporary.write_bytes(data)
        os.replace(temporary, task.root / name)
        digest.update(f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode())
        total += len(data)
    return _record(task, total, digest.hexdigest())


def _write_tar(task: ShardTask, temporary: Path) -> ShardRecord:
    recipe, indices = task.recipe, task.shard.indices
    shown = shown_classes(recipe, indices)
    target = task.root / f"{task.shard.name}.tar"
    target.parent.mkdir(exist_ok=True)
    with temporary.open("wb") as stream:
        out = _Hashed(stream)
        with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as tar:  # type: ignore[call-overload]
            for index, picture in zip(indices.tolist(), _pictures(task), strict=True):
                key = f"{index:09d}"
                _add(tar, f"{key}.png", png_bytes(picture))
                _add(tar, f"{key}.cls", str(recipe.label(index)).encode())
                if recipe.multi_label:
                    _add(tar, f"{key}.json", json.dumps({"labels": next(shown)}).encode())
    os.replace(temporary, target)
    return _record(task, out.length, out.digest.hexdigest())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file to a tar, with nothing in its header that depends on when and where."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    tar.addfile(header, io.BytesIO(data))


class _Hashed:
    """A stream for writing that keeps the length and the SHA-256 of what went through."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.digest, self.length = stream, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.length += len(data)
        return self.stream.write(data)


def _record(task: ShardTask, total: int, digest: str) -> ShardRecord:
    return ShardRecord(pictures=len(task.shard.indices), bytes=total, sha256=digest)
