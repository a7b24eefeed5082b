"""The manifest of a folder of codes: what was planned, what is done, what failed."""

import json
import time
from pathlib import Path
from typing import Any

from selfsame.codes.settings import EncodeSettings
from selfsame.errors import InputError
from selfsame.io.files import write_bytes

NAME = "manifest.json"
SCHEMA = 1

_MOST_OF_TIME = 0.05
"""Share of the time that may go into rewriting the manifest."""

Entry = dict[str, Any]
"""One picture: ``source``, ``output`` (relative names with slashes), ``source_bytes``,
``source_mtime_ns``, ``state`` (pending, done or failed); if done also ``ssim``, ``seconds`` and
what ``codec.results`` returns; if failed ``error``."""

_KEYS = ("source", "output", "source_bytes", "source_mtime_ns", "state")


class Manifest:
    """The manifest of a run; its entries change while the run goes on."""

    def __init__(
        self, path: Path, source: Path, settings: EncodeSettings, entries: list[Entry]
    ) -> None:
        self.path = path
        self.entries = entries
        self.head = {
            "schema": SCHEMA,
            "source": str(source.resolve()),
            "settings": settings.as_dict(),
        }
        self.written = 0.0
        self.cost = 0.0

    def take_over(self, *, overwrite: bool) -> int:
        """Take the entries of an earlier run that still hold; return how many are done.

        Raises:
            InputError: something would be replaced that only ``overwrite`` may.
        """
        old = _read_manifest(self.path)
        folder = self.path.parent
        if old is None:
            old = {**self.head, "files": []}
        same = all(old[key] == self.head[key] for key in ("source", "settings"))
        if not same and not overwrite:
            raise InputError(
                f"{self.path} is of folder {old['source']} with settings {old['settings']}; give "
                "another output folder, or pass --overwrite to replace its codes"
            )
        known = {entry["output"]: entry for entry in old["files"]}
        kept = 0
        for entry in self.entries:
            earlier = known.get(entry["output"])
            if same and earlier is not None and _still_holds(earlier, entry, folder):
                entry.update(earlier)
                kept += 1
            elif earlier is None and not overwrite and (folder / entry["output"]).exists():
                raise InputError(
                    f"{folder / entry['output']} exists and is not of this archive; pass "
                    "--overwrite to replace such files"
                )
        return kept

    def write(self) -> None:
        begin = time.perf_counter()
        text = json.dumps(self.head | {"files": self.entries}, indent=1)
        write_bytes(self.path, text.encode() + b"\n")
        self.written = time.perf_counter()
        self.cost = self.written - begin

    def write_now_and_then(self) -> None:
        """Write unless that was done a short while ago; a kill loses no more than that while."""
        if time.perf_counter() - self.written > self.cost / _MOST_OF_TIME:
            self.write()


def _still_holds(earlier: Entry, entry: Entry, folder: Path) -> bool:
    """Return whether an entry of an earlier run is done, its picture and its code unchanged."""
    same = ("source", "source_bytes", "source_mtime_ns")
    if earlier["state"] != "done" or any(earlier[key] != entry[key] for key in same):
        return False
    code = folder / entry["output"]
    return code.is_file() and bool(code.stat().st_size == earlier["bytes"])


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_bytes())
        if values["schema"] != SCHEMA:
            raise InputError(f"{path} has schema {values['schema']}, this build knows {SCHEMA}")
        for key in ("source", "settings", "files"):
            values[key]
        for entry in values["files"]:
            for key in _KEYS:
                entry[key]
            if entry["state"] == "done":
                entry["bytes"]
    except FileNotFoundError:
        return None
    except InputError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no manifest of an archive ({error!r}); remove it, or give another folder"
        ) from error
    return dict(values)
