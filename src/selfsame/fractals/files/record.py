"""``dataset.json``: what a data set is, and which of its shards are done.

While a run goes on, finished shards are lines of ``shards.jsonl``; the end of the run moves them
into ``dataset.json``, in order, so that nothing there tells how often the work was interrupted.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from selfsame.errors import InputError
from selfsame.fractals.files.shards import ShardRecord
from selfsame.fractals.split import SPLITS
from selfsame.io.files import write_bytes

NAME = "dataset.json"
JOURNAL = "shards.jsonl"
SCHEMA = 1

_CONSEQUENCES = {"systems", "all", *SPLITS}
"""Entries that differ because others do; named only where nothing else differs."""


class DatasetRecord:
    """The record of the data set in a folder.

    Attributes:
        head: identity of the recipe, layout, counts; all that a resumed run must agree on.
        done: finished shards by name.
    """

    def __init__(self, folder: Path, head: dict[str, Any]) -> None:
        self.folder = folder
        self.head = {"schema": SCHEMA, **head}
        self.done: dict[str, ShardRecord] = {}

    def take_over(self) -> None:
        """Take the finished shards of an earlier run.

        Raises:
            InputError: the folder holds another data set.
        """
        old = read_record(self.folder)
        if old is None:
            return
        found = dict(_differences(old, self.head))
        differences = [found[key] for key in found if key not in _CONSEQUENCES] or list(
            found.values()
        )
        if differences:
            raise InputError(
                f"{self.folder} holds another data set: {'; '.join(differences)}; give another "
                "folder, or pass --overwrite to replace it"
            )
        for record in [*old["shards"], *self._journal()]:
            self.done[record["name"]] = record

    def begin(self) -> None:
        """Write the record of a data set that is not complete, and start a new journal."""
        self._write(complete=False, shards=list(self.done.values()))
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def add(self, record: ShardRecord) -> None:
        """Keep a finished shard."""
        self.done[record["name"]] = record
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")

    def finish(self, names: Iterable[str]) -> None:
        """Write the record of a complete data set, its shards in this order."""
        self._write(complete=True, shards=[self.done[name] for name in names])
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def _write(self, *, complete: bool, shards: list[ShardRecord]) -> None:
        lines = ",\n  ".join(json.dumps(record) for record in shards)
        head = json.dumps({**self.head, "complete": complete}, indent=1)[:-2]
        text = f'{head},\n "shards": [\n  {lines}\n ]\n}}\n'
        write_bytes(self.folder / NAME, text.encode())

    def _journal(self) -> Iterator[ShardRecord]:
        try:
            lines = (self.folder / JOURNAL).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                record = json.loads(line)
                yield ShardRecord(**{key: record[key] for key in ShardRecord.__annotations__})  # type: ignore[typeddict-item]
            except (ValueError, KeyError, TypeError):
                continue  # cut short by a kill or a full disk: its shard is made again


def read_record(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what ``dataset.json`` of a folder says; None where there is none.

    Raises:
        InputError: it is not the record of a data set of fractals, or of a newer version.
    """
    path = Path(folder) / NAME
    try:
        values = json.loads(path.read_bytes())
        schema = values["schema"]
        if schema != SCHEMA:
            raise InputError(f"{path} has schema {schema!r}, this build knows {SCHEMA}")
        for key in ("recipe", "layout", "complete"):
            values[key]
        for record in values["shards"]:
            for key in ShardRecord.__annotations__:
                record[key]
    except FileNotFoundError:
        return None
    except InputError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no record of a data set of fractals ({error!r}); give another folder"
        ) from error
    return dict(values)


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each entry of ``new`` that is other than in ``old``, and how, in words."""
    for key, value in new.items():
        there = old.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            yield from _differences(there, value)
        elif there != value:
            yield key, f"{key} is {json.dumps(there)} there and {json.dumps(value)} here"
