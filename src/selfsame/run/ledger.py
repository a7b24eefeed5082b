"""The one journal of everything that can be resumed: archives, fits, data sets, experiments.

A ledger is a file of JSON lines, ``ledger.jsonl`` in the folder of the results. The first line says
what the work is::

    {"ledger": 1, "kind": "archive", "settings": {...}}

and every other one what became of an item of it::

    {"item": "a.png"}                                          it is planned
    {"item": "a.png", "input": "9f86d0...", "row": {...}}      it is done
    {"item": "a.png", "input": "9f86d0...", "error": "..."}    it failed

Lines are only ever appended, the last one of an item counts, and a line that a kill cut short costs
its item only. An item is done again if its input has another digest than the line; other items
never matter, so inputs may come and go. While a process has the ledger open no other one can.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Self

from selfsame.errors import InputError
from selfsame.run.executor import Failure

NAME = "ledger.jsonl"
VERSION = 1

_BEGINNING = b'{"ledger": '
_MOST_SHOWN = 120
"""Characters of a setting in a message."""

Row = dict[str, Any]
"""What is known of an item that is done, ready for JSON."""


class LedgerBusyError(InputError):
    """Another process has the ledger open."""


class SettingsChangedError(InputError):
    """The ledger is of the same kind of work with other settings; the message says which."""


@dataclass(frozen=True)
class Entry:
    """What is known of an item.

    Attributes:
        input: digest of what it was made of; "" where the settings say it all.
        row: of a done one.
        error: of a failed one. A planned item has neither.
    """

    item: str
    input: str = ""
    row: Row | None = None
    error: str | None = None

    def line(self) -> bytes:
        return _line({key: value for key, value in vars(self).items() if value not in ("", None)})


class Ledger:
    """An open ledger: a context that holds its lock.

    Args:
        path: of the file; its folder exists.
        kind: a word for the work; a folder has one kind.
        settings: all that every item depends on, ready for JSON.
        overwrite: drop what the file holds of other settings; entries of the same ones stay.
    Raises:
        LedgerBusyError: another process has it open.
        SettingsChangedError: it is of other settings, and ``overwrite`` is false.
        InputError: it is of another kind of work, of a newer version, or no ledger at all; whatever
            ``overwrite`` says it is left alone.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        kind: str,
        settings: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.kind = kind
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        self.entries: dict[str, Entry] = {}
        self._file = _open_locked(self.path)
        try:
            self._take_over(overwrite=overwrite)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let other processes have it; a file in which nothing was noted is removed."""
        if not self._file.closed and self._file.tell() == 0:
            self.path.unlink()
        self._file.close()

    def row(self, item: str, input: str = "") -> Row | None:
        """Return the row of an item that is done and was made of that input, otherwise None."""
        entry = self.entries.get(item)
        return None if entry is None or entry.input != input else entry.row

    def plan(self, items: Iterable[str]) -> None:
        """Note items that are not known yet, so that what a kill leaves of them is."""
        self._append([Entry(item) for item in items if item not in self.entries])

    def record(self, item: str, outcome: Row | Failure, input: str = "") -> None:
        """Keep what became of an item."""
        self.record_all([(item, outcome, input)])

    def record_all(self, items: Iterable[tuple[str, Row | Failure, str]]) -> None:
        """Keep what became of several items, all at once: ``record`` of item, outcome, input."""
        self._append(
            [
                Entry(item, input, error=outcome.error)
                if isinstance(outcome, Failure)
                else Entry(item, input, row=outcome)
                for item, outcome, input in items
            ]
        )

    def restart(self) -> None:
        """Forget every item."""
        self._rewrite([])

    def settle(self, items: Iterable[str]) -> None:
        """Rewrite the file with one line for each item: these in this order, then the others.

        After that nothing in it tells in which order and how many times the work was done.
        """
        order = dict.fromkeys(items) | dict.fromkeys(self.entries)
        self._rewrite([self.entries[item] for item in order])

    def _take_over(self, *, overwrite: bool) -> None:
        data = self._file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and not (data.startswith(_BEGINNING) or _BEGINNING.startswith(data)):
            raise InputError(f"{self.path} is no ledger of this package; give another folder")
        if len(whole) < len(data):  # what a kill cut short would spoil the next line too
            self._file.truncate(len(whole))
            self._file.seek(0, os.SEEK_END)
        if not whole:
            return
        contents = _parse(self.path, whole)
        if contents.kind != self.kind:
            raise InputError(
                f"{self.path} is of another kind of work, {contents.kind!r} and not {self.kind!r}; "
                "give another folder"
            )
        if contents.settings == self.settings:
            self.entries = contents.entries
        elif overwrite:
            self.restart()
        else:
            raise SettingsChangedError(
                f"{self.path.parent} holds work of other settings: "
                f"{', '.join(differences(contents.settings, self.settings))}; use the same ones or "
                "another folder, or pass --overwrite to replace it"
            )

    def _head(self) -> bytes:
        return _line({"ledger": VERSION, "kind": self.kind, "settings": self.settings})

    def _append(self, entries: list[Entry]) -> None:
        lines = [entry.line() for entry in entries]
        if self._file.tell() == 0:
            lines.insert(0, self._head())
        _write(self._file, b"".join(lines))
        self.entries |= {entry.item: entry for entry in entries}

    def _rewrite(self, entries: list[Entry]) -> None:
        """Put a new file in the place of this one in one step, locked before it is there."""
        handle, name = tempfile.mkstemp(prefix=f".{self.path.stem}-", dir=self.path.parent)
        file = FileIO(handle, "r+b")
        try:
            _lock(file)
            os.chmod(name, os.stat(self.path).st_mode)
            _write(file, b"".join([self._head(), *(entry.line() for entry in entries)]))
            os.replace(name, self.path)
        except BaseException:
            file.close()
            os.unlink(name)
            raise
        self._file.close()
        self._file = file
        self.entries = {entry.item: entry for entry in entries}


@dataclass(frozen=True)
class Contents:
    """What the file of a ledger says."""

    kind: str
    settings: dict[str, Any]
    entries: dict[str, Entry]


def read_ledger(path: str | os.PathLike[str]) -> Contents:
    """Return the contents of a ledger, which a process may be writing meanwhile.

    Raises:
        InputError: there is none, or it is none, or of a newer version.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"no such ledger: {os.fspath(path)}") from error
    return _parse(Path(path), data)


def _parse(path: Path, data: bytes) -> Contents:
    first, *lines = data.split(b"\n")
    try:
        head = json.loads(first)
        version = head["ledger"]
        if version != VERSION:
            raise InputError(f"{path} has version {version!r} of ledgers, this build {VERSION}")
        kind, settings = head["kind"], dict(head["settings"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is no ledger of this package; give another folder") from error
    entries = (_entry(line) for line in lines)
    return Contents(kind, settings, {entry.item: entry for entry in entries if entry is not None})


def _entry(line: bytes) -> Entry | None:
    """Return the entry of a line, None of one that is damaged."""
    try:
        values = json.loads(line)
        entry = Entry(**values)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = isinstance(entry.item, str) and isinstance(entry.input, str)
    return entry if texts and isinstance(entry.row, dict | None) else None


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return in words every setting that differs, as JSON; nested ones by names with dots."""
    old, new = dict(_flat(there)), dict(_flat(here))
    return [
        f"{name} is {_shown(old.get(name))} there and {_shown(new.get(name))} here"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def refuse_former(path: Path, keys: Iterable[str], *, overwrite: bool) -> bool:
    """Refuse to go on with work that a version without ledgers left; return whether there was any.

    Args:
        path: of the file in which it kept its record, a JSON object with at least these keys.
        overwrite: remove that file instead.
    Raises:
        InputError: there is such a record.
    """
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(values, dict) or not values.keys() >= set(keys):
        return False
    if not overwrite:
        raise InputError(
            f"{path} is the record of an earlier version, whose work this one cannot go on with; "
            "give another folder, or pass --overwrite to do all of it again"
        )
    path.unlink()
    return True


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes, as ``sha256sum`` prints it."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, json.dumps(value)


def _shown(text: str | None) -> str:
    if text is None:
        return "nothing"
    if len(text) <= _MOST_SHOWN:
        return text
    return f"{text[: _MOST_SHOWN // 2]}…{text[-_MOST_SHOWN // 2 :]}"  # paths differ at their end


def _line(values: Row) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _write(file: FileIO, data: bytes) -> None:
    """Append bytes, all of them or, on a full disk, none."""
    end = file.tell()
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.truncate(end)
        file.seek(end)
        raise


def _open_locked(path: Path) -> FileIO:
    """Open a file for reading and appending, made if it is not there, and lock it.

    The lock is on the file itself, opened for writing: network file systems need that. It ends with
    the process, however it ends.
    """
    while True:
        file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            if not _lock(file):
                raise LedgerBusyError(
                    f"another run is writing to {path.parent}; wait until it ends"
                )
            # Between opening and locking another process may have put a new file there.
            if _is_at(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _lock(file: FileIO) -> bool:
    """Lock an open file against other processes; return False if one has the lock."""
    try:
        import fcntl
    except ImportError:  # there are no such locks on Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks
        pass
    return True
