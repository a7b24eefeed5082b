"""A folder of codes, one for each of some pictures: their names, and what became of them."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from selfsame.errors import InputError, SettingError
from selfsame.io.files import make_folder
from selfsame.run.executor import Failure
from selfsame.run.ledger import NAME, Ledger, Row, refuse_former
from selfsame.run.progress import Progress

CODE_SUFFIX = ".ssm"

FOLDER_HINT = "what comes of a folder needs a folder"
"""Said of an output that is a file."""

Entry = dict[str, Any]
"""One picture: ``source`` and ``output`` (relative names with slashes) and ``state``; if that is
``done`` also what the ledger's row says, the code's ``bytes`` among it, if ``failed`` ``error``."""


def code_names(names: Iterable[str]) -> dict[str, str]:
    """Return the name of the code of each picture: ``a.png`` has ``a.ssm``; where another picture
    has that name too, ``a.png.ssm``."""
    short = {name: str(PurePosixPath(name).with_suffix(CODE_SUFFIX)) for name in names}
    outputs = dict(short)
    while True:
        groups: dict[str, list[str]] = defaultdict(list)
        for name, output in outputs.items():
            groups[output.casefold()].append(name)  # for file systems that ignore case
        clashing = [
            name
            for group in groups.values()
            if len(group) > 1
            for name in group
            if outputs[name] == short[name]
        ]
        if not clashing:
            return outputs
        for name in clashing:
            outputs[name] = name + CODE_SUFFIX


@dataclass(frozen=True)
class Results:
    """What became of pictures.

    Attributes:
        entries: of all of them.
    """

    entries: list[Entry]

    @property
    def done(self) -> list[Entry]:
        """Entries of the pictures that have a code."""
        return [entry for entry in self.entries if entry["state"] == "done"]

    @property
    def failed(self) -> list[Entry]:
        """Entries of the pictures that could not be coded."""
        return [entry for entry in self.entries if entry["state"] == "failed"]


class Codes:
    """An open folder of codes, one for each of some pictures, with the ledger of it.

    Args:
        target: the folder.
        outputs: of ``code_names``; the codes are the items of the ledger.
        settled: called with the entry of each picture that is done or has failed.
        progress: of pictures.
    """

    def __init__(
        self,
        target: Path,
        outputs: Mapping[str, str],
        ledger: Ledger,
        settled: Callable[[Entry], object],
        progress: Progress,
    ) -> None:
        self.target, self.outputs, self.ledger = target, outputs, ledger
        self._settled, self._progress = settled, progress
        self._entries: dict[str, Entry] = {}

    def missing(self, digest: Callable[[str], str]) -> list[str]:
        """Settle the pictures that, like their codes, are what they were when they were done.

        Args:
            digest: returns that of a picture; called only where there is a code.
        Returns:
            the names of the others.
        """
        for name, output in self.outputs.items():
            entry, code = self.ledger.entries.get(output), self.target / output
            if entry is None or entry.row is None or not code.is_file():
                continue
            if code.stat().st_size == entry.row["bytes"] and digest(name) == entry.input:
                self._settle(name, entry.row)
        return [name for name in self.outputs if name not in self._entries]

    def record(self, results: Iterable[tuple[str, Row | Failure, str]]) -> None:
        """Keep what became of pictures, all at once: name, outcome, digest of each."""
        found = list(results)
        self.ledger.record_all(
            (self.outputs[name], outcome, digest) for name, outcome, digest in found
        )
        for name, outcome, _ in found:
            self._settle(name, outcome)

    def entries(self) -> list[Entry]:
        """Return the entries of all pictures."""
        return [self._entries[name] for name in self.outputs]

    def _settle(self, name: str, outcome: Row | Failure) -> None:
        known = (
            {"state": "failed", "error": outcome.error}
            if isinstance(outcome, Failure)
            else {"state": "done", **outcome}
        )
        self._entries[name] = {"source": name, "output": self.outputs[name], **known}
        self._settled(self._entries[name])
        self._progress(len(self._entries), len(self.outputs))


@contextmanager
def open_codes(
    target: Path,
    names: Iterable[str],
    kind: str,
    settings: Mapping[str, Any],
    *,
    former: tuple[str, Iterable[str]],
    overwrite: bool,
    settled: Callable[[Entry], object],
    progress: Progress | None,
) -> Iterator[Codes]:
    """Yield a folder of codes, made if need be; when the block ends, its ledger is in order.

    Args:
        names: of the pictures.
        kind, settings: as of ``Ledger``.
        former: the record of an earlier version, its name and keys; see ``refuse_former``.
        overwrite: allow to replace codes of other settings, and files that are no such codes.
        settled, progress: as of ``Codes``.
    Raises:
        InputError: it cannot be a folder, holds files that only ``overwrite`` may replace, or
            another run writes to it.
    """
    outputs = code_names(names)
    if target.suffix == CODE_SUFFIX and not target.exists():
        raise SettingError(f"output {target} is named like a code; {FOLDER_HINT}")
    make_folder(target, FOLDER_HINT)
    refuse_former(target / former[0], former[1], overwrite=overwrite)
    with Ledger(target / NAME, kind, settings, overwrite=overwrite) as ledger:
        for output in () if overwrite else outputs.values():
            if output not in ledger.entries and (target / output).exists():
                raise InputError(
                    f"{target / output} exists and is not of this archive; pass --overwrite to "
                    "replace such files"
                )
        ledger.plan(outputs.values())
        yield Codes(target, outputs, ledger, settled, progress or Progress())
        ledger.settle(outputs.values())


def absolute_model(model: str | os.PathLike[str]) -> str:
    """Return what means the same model to a process with another working directory.

    Names of the package's models and addresses of a hub stay as they are.
    """
    return os.path.abspath(model) if os.path.exists(model) else os.fspath(model)
