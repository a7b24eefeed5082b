"""Checkpoints of a training: whole or not there, the newest few, never code."""

import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.io.files import atomic_file, make_folder
from selfsame.run.ledger import differences

VERSION = 2
_NAME = re.compile(r"step-(\d{10})\.pt")


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """Return step and path of every checkpoint in ``folder``, the newest first."""
    if not folder.is_dir():
        return []
    found = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted(((int(match[1]), path) for match, path in found), reverse=True)


def save_checkpoint(folder: Path, step: int, state: Mapping[str, Any], *, keep: int) -> Path:
    """Write the checkpoint of ``step`` as one atomic step; return its path.

    Args:
        state: dicts, lists, tensors, numbers and text.
        keep: older checkpoints than the newest ``keep`` are deleted.
    """
    make_folder(folder, "checkpoints need a folder")
    path = folder / f"step-{step:010d}.pt"
    with atomic_file(path) as stream:
        torch.save({**state, "version": VERSION, "step": step}, stream)
    for _, old in checkpoints(folder)[keep:]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return the state in a checkpoint, tensors on the CPU.

    Raises:
        CorruptedError: the file is damaged or of another kind.
        UnsupportedError: it is of another version of Selfsame.
    """
    try:
        # torch.load does not look at the checksums of its archive.
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"checksum of {damaged}")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        RuntimeError,
        ValueError,
        KeyError,
        EOFError,
        NotImplementedError,  # zipfile: a flag or method it does not know
    ) as error:
        raise CorruptedError(f"checkpoint {path} is damaged: {error}") from error
    if not isinstance(state, dict) or "version" not in state:
        raise CorruptedError(f"{path} is no checkpoint of a training")
    if state["version"] != VERSION:
        raise UnsupportedError(
            f"{path} is a checkpoint of version {state['version']}, this build reads {VERSION}; go "
            "on with the release that began the training, or start anew with --restart"
        )
    return state


def latest_checkpoint(folder: Path, note: Callable[[str], None]) -> dict[str, Any] | None:
    """Return the state of the newest checkpoint that can be read, or None if there is none.

    Args:
        note: called with a sentence about every newer one that is damaged.
    """
    for _, path in checkpoints(folder):
        try:
            return load_checkpoint(path)
        except CorruptedError as error:
            note(f"{error}; going back to the one before")
    return None


def remove_checkpoints(folder: Path) -> None:
    """Delete every checkpoint in ``folder``."""
    for _, path in checkpoints(folder):
        path.unlink(missing_ok=True)


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Raise ``InputError``, naming what differs, unless both settings are equal as JSON."""
    changes = differences(before, now)
    if changes:
        raise InputError(
            f"the training in {folder} was begun with other settings: {', '.join(changes)}; "
            "use the same ones or another folder, or start anew with --restart"
        )
