"""Finished work kept on disk, so that a run that was stopped goes on there.

Rows are kept in ledgers (``selfsame.run.ledger``): of a long run one by one (``Table``), of one
piece of work all at once (``finished``); arrays in a file each (``Kept``). They count only for the
sources of the package that they depend on, which patterns name: ``fingerprint``.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import selfsame
from benchmarks.harness.document import plain
from benchmarks.harness.machine import ROOT
from benchmarks.harness.options import say
from benchmarks.harness.types import Arrays, Row
from selfsame.errors import InputError
from selfsame.io.files import atomic_file
from selfsame.run.ledger import NAME, Ledger


@cache
def fingerprint(patterns: Sequence[str]) -> str:
    """Return a short hash of the files whose paths match: of the compiled core for patterns that
    begin with ``native/``, of the package for others.

    Raises:
        InputError: nothing matches a pattern, as after a move of the files it meant.
    """
    root = Path(selfsame.__file__).parent
    digest = hashlib.sha256()
    for pattern in patterns:
        paths = sorted((ROOT if pattern.startswith("native/") else root).glob(pattern))
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
    """Rows of a long run, each kept as soon as it is there, so that a killed run resumes.

    Args:
        path: of a ledger; None keeps the rows in memory only.
        keys: columns that name what was measured; a row is measured once.
        columns: all of them.
    Raises:
        SettingsChangedError: the ledger has rows of other columns.
    """

    def __init__(self, path: Path | None, keys: Sequence[str], columns: Sequence[str]) -> None:
        self.path, self.keys, self.columns = path, tuple(keys), tuple(columns)
        self.rows: dict[str, Row] = {}
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._ledger(path) as ledger:
                self.rows = {item: row for item in ledger.entries if (row := ledger.row(item))}

    def find(self, **key: Any) -> Row | None:
        """Return the row of a key, all of whose columns are given."""
        return self.rows.get(self._item(key))

    def add(self, row: Row) -> Row:
        """Keep a row, keys as text, and return it."""
        kept: Row = {c: str(row[c]) if c in self.keys else plain(row.get(c)) for c in self.columns}
        item = self._item(kept)
        if self.path is not None:
            with self._ledger(self.path) as ledger:
                ledger.record(item, kept)
        self.rows[item] = kept
        return kept

    def _item(self, row: Mapping[str, Any]) -> str:
        return json.dumps([str(row[key]) for key in self.keys])

    def _ledger(self, path: Path) -> Ledger:
        return Ledger(path, "table of a benchmark", {"keys": self.keys, "columns": self.columns})


def kept_path(options: argparse.Namespace, name: str) -> Path | None:
    """Return the ledger of ``--keep`` for the table ``NAME.csv``, or None."""
    return ledger_of(options.keep, name) if options.keep else None


def ledger_of(keep: Path, name: str) -> Path:
    """Return the ledger in a folder for the table ``NAME.csv``."""
    return (keep / name).with_suffix(".jsonl")


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


def finished(folder: Path | None, item: str, work: Callable[[], Any], settings: Any = None) -> Any:
    """Return what ``work()`` returns, from the ledger of a folder if it was done before.

    Args:
        folder: None keeps nothing.
        item: what the work is called.
        work: returns something ready for JSON.
        settings: all that it depends on and the folder does not tell, ready for JSON.
    """
    if folder is None:
        return work()
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    with Ledger(folder / NAME, "work of a benchmark", {}) as ledger:
        row = ledger.row(item, digest)
        if row is None:
            say(f"{folder.name}/{item}")
            row = json.loads(json.dumps({"result": work()}))
            ledger.record(item, row, digest)
    return row["result"]
