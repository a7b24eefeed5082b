"""Where a model's files lie, and of which kind it is, without loading it."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from selfsame.errors import SettingError
from selfsame.io import hub

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "README.md"
RUN_MODEL = "model"
"""The folder of the model within the folder of its training."""

_MOST_METADATA = 1 << 24
"""Bytes of a file's head; no model has as many."""


def local_weights(source: str | Path) -> Path | None:
    """Return the file of weights of a model on this machine, which need not be a sound one.

    Args:
        source: the model's folder, a file in it, the folder of its training, or a single file.
    """
    place = model_place(source)
    files = (place, place / WEIGHTS_NAME, place / RUN_MODEL / WEIGHTS_NAME)
    return next((file for file in files if file.is_file()), None)


def unknown_model(
    source: str | Path,
    names: Iterable[str],
    made_by: Sequence[str],
    noun: str = "model",
    folder: str = "the folder",
) -> SettingError:
    """Return the error that there is no such model, with those that ship and what makes others."""
    known = "".join(f"{name}, " for name in names)
    makers = " or ".join(f"`{command}`" for command in made_by)
    return SettingError(
        f"no {noun} {str(source)!r}: give {known}{folder} that {makers} wrote, or "
        f"{hub.SCHEME}OWNER/NAME"
    )


def model_place(source: str | Path) -> Path:
    """Return the folder, or the single file, that a path to a model means."""
    path = Path(source)
    return path.parent if path.name in (CONFIG_NAME, WEIGHTS_NAME, CARD_NAME) else path


def kind_at(source: str | Path) -> str | None:
    """Return of which kind a model says that it is, on this machine or on the hub; None: there is
    none, or it does not say, as early ones.

    Raises:
        InputError, MissingExtraError: as ``hub.download``.
    """
    if str(source).startswith(hub.SCHEME):
        weights: Path | None = hub.download(str(source), WEIGHTS_NAME)[0]
    else:
        weights = local_weights(source)
    if weights is None:
        return None
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = file.read(length) if length <= _MOST_METADATA else b""
    said = metadata_of(head).get("format")
    parts = said.split() if isinstance(said, str) else []
    return parts[1] if len(parts) == 3 else said  # ``selfsame KIND VERSION``


def metadata_of(head: bytes) -> dict[str, str]:
    """Return the metadata in the head of a safetensors file; none if they cannot be read."""
    try:
        about = json.loads(head)["__metadata__"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}
