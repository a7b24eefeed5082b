"""Finished work kept on disk, so that a run that was stopped goes on there.

Rows of a long run are one CSV file (``Table``), arrays a file each (``Kept``), the rows of one
piece of work a file in a folder (``kept_folder``, ``finished``). They count only for the sources of
the package that they depend on, which patterns name: ``fingerprint``.
"""

import argparse
import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import selfsame
from benchmarks.harness.options import say
from benchmarks.harness.tables import write_csv
from benchmarks.harness.types import Arrays, Row
from selfsame.errors import InputError
from selfsame.io.files import atomic_file, write_bytes


@cache
def fingerprint(patterns: Sequence[str]) -> str:
    """Return a short hash of the files of the package whose paths match.

    Raises:
        InputError: nothing matches a pattern, as after a move of the files it meant.
    """
    root = Path(selfsame.__file__).parent
    digest = hashlib.sha256()
    for pattern in patterns:
        paths = sorted(root.glob(pattern))
        if not paths:
            raise InputError(f"no source of selfsame matches {pattern}; mend the pattern")
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def work_digest(sources: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Return a short hash of what work depends on: the package's sources, and plain settings."""
    text = json.dumps([fingerprint(tuple(sources)), settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Table:
    """Rows of a long run, one file that is rewritten after each, so that a killed run resumes.

    Args:
        path: a CSV file; None keeps the rows in memory only.
        keys: columns that name what was measured; a row is measured once.
        columns: all of them.
    """

    def __init__(self, path: Path | None, keys: Sequence[str], columns: Sequence[str]) -> None:
        self.path, self.keys, self.columns = path, tuple(keys), tuple(columns)
        self.rows: dict[tuple[str, ...], dict[str, Any]] = {}
        if path is not None and path.exists():
            with path.open(newline="", encoding="utf-8") as stream:
                reader = csv.DictReader(stream)
                if tuple(reader.fieldnames or ()) != self.columns:
                    raise InputError(f"{path} holds rows of another kind; remove it")
                for text in reader:
                    row = {c: text[c] if c in keys else _number(text[c]) for c in columns}
                    self.rows[self._key(row)] = row

    def _key(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[key]) for key in self.keys)

    def find(self, **key: Any) -> dict[str, Any] | None:
        """Return the row of a key, all of whose columns are given."""
        return self.rows.get(self._key(key))

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        """Keep a row, keys as text, and return it."""
        kept = {c: str(row[c]) if c in self.keys else row.get(c) for c in self.columns}
        self.rows[self._key(kept)] = kept
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_csv(self.path, list(self.rows.values()), self.columns)
        return kept


def _number(text: str) -> float | int | str | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None


def kept_path(options: argparse.Namespace, name: str) -> Path | None:
    """Return the file of ``--keep`` for a table, or None."""
    return options.keep / name if options.keep else None


class Kept:
    """Arrays of finished work in files, so that a run that was stopped goes on there.

    Args:
        folder: of the files, one for each piece of work; None keeps nothing.
        prefix: of their names.
        sources: patterns of the package's files that all of the work depends on.
        shown: names of settings that are told when work begins.
    """

    def __init__(
        self, folder: Path | None, prefix: str, sources: Sequence[str], shown: Sequence[str]
    ) -> None:
        self.folder, self.prefix, self.sources, self.shown = folder, prefix, sources, shown

    def get(self, name: str, settings: Mapping[str, Any], work: Callable[[], Arrays]) -> Arrays:
        """Return what ``work()`` returns, from the file if it was done before.

        Args:
            settings: all that the arrays depend on besides the package's sources; plain values.
        """
        if self.folder is None:
            return work()
        path = self.folder / f"{self.prefix}-{name}-{work_digest(self.sources, settings)}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
        shown = [f"{key} {value}" for key, value in settings.items() if key in self.shown]
        say(f"{name}: {', '.join(shown)}")
        arrays = work()
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as stream:
            np.savez_compressed(stream, **arrays)
        return arrays


def kept_folder(keep: Path, kind: str, sources: Sequence[str], settings: Mapping[str, Any]) -> Path:
    """Return the folder of work of a kind with these sources and settings, ready for JSON."""
    return keep / f"{kind}-{work_digest(sources, settings)}"


def finished(path: Path, work: Callable[[], list[Row]]) -> list[Row]:
    """Return the rows that ``work()`` returns, from the file if it was done before."""
    if not path.exists():
        say(f"{path.parent.name}/{path.stem}")
        write_rows(path, work())
    return read_rows(path)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows to a file in one atomic step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json.dumps(rows, allow_nan=False).encode())


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file of ``write_rows``."""
    rows: list[Row] = json.loads(path.read_text())
    return rows
