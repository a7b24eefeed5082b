"""A recipe to a folder of files: resumable, with the same bytes for any number of processes."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from selfsame.errors import InputError
from selfsame.fractals.files.card import card, class_files, label_lines
from selfsame.fractals.files.layout import (
    SPLITS,
    STAGING,
    Layout,
    Shard,
    clear_dataset,
    plan_shards,
)
from selfsame.fractals.files.shards import ShardTask, shard_files, write_shard
from selfsame.fractals.recipes.base import Recipe
from selfsame.io.files import atomic_file, make_folder, write_bytes
from selfsame.run.executor import Executor, WorkerDiedError
from selfsame.run.ledger import NAME as LEDGER
from selfsame.run.ledger import Ledger, Row, refuse_former
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress

NAME = "dataset.json"
SCHEMA = 2  # 1 had the shards in it, which the ledger has now
KIND = "data set of fractals"

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
    executor: Executor | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write all pictures of a recipe, its classes with their parameters, and a card.

    A run that was interrupted, or killed, goes on where it stopped; a complete data set is left
    as it is. See ``selfsame.fractals.files.layout`` for the files. Items of the ledger are shards,
    with ``pictures``, ``bytes`` and ``sha256`` of each.

    Args:
        output: a folder; made if its parent is there. One that is not empty must hold this very
            data set, unless ``overwrite``, which removes the files of another one.
        executor: where shards are made; default processes here, one per core. Where one shard is
            made at a time here, it takes the threads of the recipe.
        progress: of pictures.
    Raises:
        InputError: the folder holds another data set or other files, or cannot be written; another
            run writes to it; a disk is full; a process died. What is finished is kept.
        CancelledError: ``progress`` was cancelled.
    """
    begin = time.perf_counter()
    layout = Layout() if layout is None else layout
    executor = Processes() if executor is None else executor
    progress = Progress() if progress is None else progress
    folder = Path(output).resolve()
    shards = plan_shards(recipe, layout)
    tasks = [ShardTask(recipe, shard, layout.format, folder) for shard in shards]
    splits = _count(shards)
    settings = {"recipe": recipe.identity(), "layout": layout.as_dict()}
    with _named_errors(folder):
        make_folder(folder, _HINT)
        _check_contents(folder, overwrite=overwrite)
        with Ledger(folder / LEDGER, KIND, settings, overwrite=overwrite) as ledger:
            if overwrite:
                clear_dataset(folder)
                ledger.restart()
            ledger.plan([])  # from here on the folder is known as this data set
            rows = _kept(ledger, tasks)
            kept = done = sum(row["pictures"] for row in rows.values())
            progress(done, len(recipe))
            _write_sidecars(folder, recipe, layout, tasks, splits)
            write_bytes(folder / NAME, _description(settings, splits, complete=False))
            try:
                for name, row in _made([t for t in tasks if t.shard.name not in rows], executor):
                    rows[name] = row
                    ledger.record(name, row)
                    done += row["pictures"]
                    progress(done, len(recipe))
            finally:  # also of what a killed run left
                shutil.rmtree(folder / STAGING, ignore_errors=True)
            ledger.settle(shard.name for shard in shards)
            write_bytes(folder / NAME, _description(settings, splits, complete=True))
    return Written(
        pictures=len(recipe),
        shards=len(shards),
        bytes=sum(row["bytes"] for row in rows.values()),
        splits=splits,
        made=len(recipe) - kept,
        kept=kept,
        seconds=time.perf_counter() - begin,
    )


def _made(tasks: list[ShardTask], executor: Executor) -> Iterator[tuple[str, Row]]:
    """Make shards; yield name and row of each."""
    if tasks and executor.threads_each(len(tasks)) is not None:
        sent = replace(tasks[0].recipe, threads=1)
        tasks = [replace(task, recipe=sent) for task in tasks]
    lost = []
    for task, result in executor.run(write_shard, tasks):
        if isinstance(result, WorkerDiedError):
            lost.append(task.shard.name)
        else:
            yield task.shard.name, result
    if lost:
        raise InputError(
            f"the processes that made shards {', '.join(sorted(lost))} died, perhaps for lack of "
            "memory; all others are kept: run the same command again, with fewer --jobs"
        )


def _count(shards: list[Shard]) -> dict[str, int]:
    """Return the pictures of each split, or of all."""
    parts = [shard.parts for shard in shards if shard.parts is not None]
    if not parts:
        return {"all": sum(len(shard.indices) for shard in shards)}
    numbers = np.bincount(np.concatenate(parts), minlength=len(SPLITS))
    return dict(zip(SPLITS, numbers.tolist(), strict=True))


def _check_contents(folder: Path, *, overwrite: bool) -> None:
    """Raise ``InputError`` if a folder holds files and is no data set of this version."""
    if (folder / LEDGER).exists():
        return
    if refuse_former(folder / NAME, ("schema", "recipe", "layout", "shards"), overwrite=overwrite):
        clear_dataset(folder)
    foreign = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    if foreign:
        raise InputError(f"{folder} holds {foreign[0]} but no {LEDGER}; {_HINT}")


def _kept(ledger: Ledger, tasks: list[ShardTask]) -> dict[str, Row]:
    """Return the row of each finished shard whose files are still there, and of their size."""
    rows = {}
    for task in tasks:
        row = ledger.row(task.shard.name)
        if row is None:
            continue
        root = str(task.root)
        try:
            size = sum(os.stat(os.path.join(root, name)).st_size for name in shard_files(task))
        except FileNotFoundError:
            continue
        if size == row["bytes"]:
            rows[task.shard.name] = row
    return rows


def _description(settings: Row, splits: dict[str, int], *, complete: bool) -> bytes:
    values = {"schema": SCHEMA, **settings, "splits": splits, "complete": complete}
    return (json.dumps(values, indent=1) + "\n").encode()


def _write_sidecars(
    folder: Path, recipe: Recipe, layout: Layout, tasks: list[ShardTask], splits: dict[str, int]
) -> None:
    files = {"README.md": card(recipe, layout, splits).encode(), **class_files(recipe)}
    for name, data in files.items():
        write_bytes(folder / name, data)
    if recipe.multi_label and layout.format == "folder":
        with atomic_file(folder / "labels.jsonl") as stream:
            for task in tasks:
                lines = label_lines(recipe, shard_files(task), task.shard.indices)
                stream.write("".join(lines).encode())


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
