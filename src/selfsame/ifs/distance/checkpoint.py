"""Saving and loading the state of a fit: plain tensors, numbers and text, never code."""

import hashlib
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from selfsame.errors import InputError
from selfsame.io.files import atomic_file

VERSION = 1


def fingerprint(settings: object, pictures: Sequence[Any]) -> str:
    """Return a digest of everything that a resumed fit must share with its first part."""
    digest = hashlib.sha256(repr(settings).encode())
    for picture in pictures:
        array = np.ascontiguousarray(picture, np.float32)
        digest.update(repr(array.shape).encode() + array.tobytes())
    return digest.hexdigest()


def save_checkpoint(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Write ``state`` (dicts, lists, tensors, numbers, text) as one atomic step."""
    with atomic_file(path) as stream:
        torch.save({"version": VERSION, **state}, stream)


def load_checkpoint(path: str | os.PathLike[str], digest: str) -> dict[str, Any] | None:
    """Return the state saved under ``path``, or None if there is no such file.

    Raises:
        InputError: not a checkpoint of this method, or one of another fit (its
            ``fingerprint`` differs from ``digest``).
    """
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(f"{path} cannot be read as a checkpoint: {error}") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise InputError(f"{path} is not a checkpoint of the distance method, version {VERSION}")
    if state.get("fingerprint") != digest:
        raise InputError(
            f"{path} belongs to a fit of other pictures or settings; "
            "use the same ones, or another file name"
        )
    return state
