"""A recipe to a folder of files: resumable, with the same bytes for any number of processes."""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from selfsame.errors import InputError
from selfsame.fractals.files.card import card, class_files, label_lines
from selfsame.fractals.files.clearing import clear_dataset
from selfsame.fractals.files.layout import Layout, Shard, plan_shards
from selfsame.fractals.files.record import NAME, DatasetRecord, read_record
from selfsame.fractals.files.shards import STAGING, ShardRecord, ShardTask, shard_files, write_shard
from selfsame.fractals.recipes.base import Recipe
from selfsame.fractals.split import SPLITS
from selfsame.io.files import atomic_file, make_folder, write_bytes
from selfsame.run.processes import WorkerDiedError, available_cores, run_tasks

_HINT = "give a new or empty folder"


@dataclass(frozen=True)
class Written:
    """What ``write_dataset`` did.

    Attributes:
        pictures, shards, bytes: of the whole data set; bytes without what lies beside the pictures.
        splits: pictures of each split; one entry "all" without splits.
        made, kept: pictures drawn now, and those there already.
        seconds: of the call.
    """

    pictures: int
    shards: int
    bytes: int
    splits: dict[str, int]
    made: int
    kept: int
    seconds: float


def write_dataset(
    recipe: Recipe,
    output: str | os.PathLike[str],
    layout: Layout | None = None,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write all pictures of a recipe, its classes with their parameters, and a card.

    A run that was interrupted, or killed, goes on where it stopped; a complete data set is left
    as it is. See ``selfsame.fractals.files.layout`` for the files.

    Args:
        output: a folder; made if its parent is there. One that is not empty must hold this very
            data set, unless ``overwrite``, which removes the files of another one.
        jobs: processes; default one per core. With 1 everything runs in this one, on the threads
            of the recipe.
        scheduler: address of a Dask scheduler, "tcp://host:port", whose workers make the shards
            instead; ``output`` must be a folder that they and this machine share.
        progress: called with the number of pictures done since the last call.
    Raises:
        InputError: the folder holds another data set or other files, or cannot be written; a disk
            is full; a process died. What is finished is kept.
        MissingExtraError: ``scheduler`` without Dask.
    """
    begin = time.perf_counter()
    layout = Layout() if layout is None else layout
    folder = Path(output).resolve()
    shards = plan_shards(recipe, layout)
    splits = _count(shards)
    head = {"recipe": recipe.identity(), "layout": layout.as_dict(), "splits": splits}
    with _named_errors(folder):
        make_folder(folder, _HINT)
        with _only_writer(folder):
            _check_contents(folder)
            record = DatasetRecord(folder, head)
            if overwrite:
                clear_dataset(folder)
            else:
                record.take_over()
            for name in _lost(record, shards, recipe, layout, folder):
                del record.done[name]
            kept = sum(entry["pictures"] for entry in record.done.values())
            if progress:
                progress(kept)
            record.begin()
            _write_sidecars(folder, recipe, layout, shards, splits)
            try:
                _make_shards(record, recipe, layout, shards, folder, jobs, scheduler, progress)
            finally:  # also of what a killed run left
                shutil.rmtree(folder / STAGING, ignore_errors=True)
            record.finish(shard.name for shard in shards)
    return Written(
        pictures=len(recipe),
        shards=len(shards),
        bytes=sum(entry["bytes"] for entry in record.done.values()),
        splits=splits,
        made=len(recipe) - kept,
        kept=kept,
        seconds=time.perf_counter() - begin,
    )


def _make_shards(
    record: DatasetRecord,
    recipe: Recipe,
    layout: Layout,
    shards: list[Shard],
    folder: Path,
    jobs: int | None,
    scheduler: str | None,
    progress: Callable[[int], None] | None,
) -> None:
    open_shards = [shard for shard in shards if shard.name not in record.done]
    jobs = max(1, min(available_cores() if jobs is None else jobs, len(open_shards)))
    alone = recipe if jobs == 1 and scheduler is None else replace(recipe, threads=1)
    tasks = [ShardTask(alone, shard, layout.format, folder) for shard in open_shards]
    results: Iterator[tuple[ShardTask, ShardRecord | WorkerDiedError]]
    if scheduler is None:
        results = run_tasks(write_shard, tasks, jobs)
    else:
        from selfsame.fractals.files.cluster import run_on_cluster

        results = run_on_cluster(write_shard, tasks, scheduler)
    lost = []
    for task, result in results:
        if isinstance(result, WorkerDiedError):
            lost.append(task.shard.name)
            continue
        record.add(result)
        if progress:
            progress(result["pictures"])
    if lost:
        raise InputError(
            f"the processes that made shards {', '.join(sorted(lost))} died, perhaps for lack of "
            "memory; all others are kept: run the same command again, with fewer --jobs"
        )


def _count(shards: list[Shard]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for shard in shards:
        if shard.parts is None:
            counts["all"] += len(shard.indices)
        else:
            numbers = np.bincount(shard.parts, minlength=len(SPLITS))
            counts.update(dict(zip(SPLITS, numbers.tolist(), strict=True)))
    return dict(counts)


def _check_contents(folder: Path) -> None:
    """Raise ``InputError`` if a folder holds files, none of which is the record of a data set."""
    foreign = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    if foreign and read_record(folder) is None:
        raise InputError(f"{folder} holds {foreign[0]} but no {NAME}; {_HINT}")


def _lost(
    record: DatasetRecord, shards: list[Shard], recipe: Recipe, layout: Layout, folder: Path
) -> list[str]:
    """Return the names of the finished shards whose files are no longer there, or of other size."""
    root, lost = str(folder), []
    for shard in shards:
        if shard.name not in record.done:
            continue
        names = shard_files(shard, recipe, layout.format)
        try:
            size = sum(os.stat(os.path.join(root, name)).st_size for name in names)
        except FileNotFoundError:
            size = -1
        if size != record.done[shard.name]["bytes"]:
            lost.append(shard.name)
    return lost


def _write_sidecars(
    folder: Path, recipe: Recipe, layout: Layout, shards: list[Shard], splits: dict[str, int]
) -> None:
    files = {"README.md": card(recipe, layout, splits).encode(), **class_files(recipe)}
    for name, data in files.items():
        write_bytes(folder / name, data)
    if recipe.multi_label and layout.format == "folder":
        with atomic_file(folder / "labels.jsonl") as stream:
            for shard in shards:
                names = shard_files(shard, recipe, layout.format)
                stream.write("".join(label_lines(recipe, names, shard.indices)).encode())


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, which ends with the process, however it ends."""
    try:
        import fcntl
    except ImportError:  # there are no such locks on Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"another run is writing to {folder}; wait until it ends") from error
        except OSError:  # some network file systems have no locks
            pass
        yield
    finally:
        os.close(handle)


@contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into an ``InputError`` that says what to do."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written: {error.strerror or error}; finished shards are kept: "
            "run the same command again once there is room and permission"
        ) from error
