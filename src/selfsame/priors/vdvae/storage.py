"""Models in folders: weights as safetensors, shape and card as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import torch

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.io.files import make_folder, write_bytes
from selfsame.io.model_files import (
    check_file_size,
    check_weights,
    plain_name,
    weights_from_bytes,
    weights_to_bytes,
)
from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.priors.vdvae.network import Vdvae

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"

_FORMAT = "selfsame vdvae 1"


def save_pretrained(
    model: Vdvae,
    folder: str | Path,
    card: Mapping[str, Any] | None = None,
    *,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a model to a folder, made if need be: ``config.json`` and ``model.safetensors``.

    Args:
        card: what people should know of it, ready for JSON: data, licence, recipe, time.
        dtype: of the numbers in the file; ``model`` keeps its own.
    Raises:
        InputError: the folder cannot be made, or a weight is not finite in this ``dtype``.
    """
    weights = weights_to_bytes(model, dtype=dtype)
    about = {"format": _FORMAT, "config": asdict(model.config), "card": dict(card or {})}
    place = Path(folder)
    make_folder(place, "a model needs a folder")
    write_bytes(place / WEIGHTS_NAME, weights)
    write_bytes(place / CONFIG_NAME, (json.dumps(about, indent=1) + "\n").encode())


def from_pretrained(name_or_path: str | Path) -> Vdvae:
    """Return a model, ready to use: one of ``shipped_models`` by name, or from a folder.

    Args:
        name_or_path: a folder that ``save_pretrained`` wrote, or a file in it.
    Raises:
        InputError: no such model.
        CorruptedError: what is there is no model.
        UnsupportedError: its format is newer than this build.
    """
    folder, name = _find(name_or_path)
    path = folder / WEIGHTS_NAME
    if not path.is_file():
        raise CorruptedError(f"{path} is missing: a model is {CONFIG_NAME} and {WEIGHTS_NAME}")
    weights = weights_from_bytes(_read(path), str(path))
    model = _empty_model(folder, len(weights))
    check_weights(model, weights, str(path))
    model.to_empty(device="cpu").load_state_dict(weights)
    model.name = name
    return model.eval()


def model_card(name_or_path: str | Path) -> dict[str, Any]:
    """Return the card of a model; errors as for ``from_pretrained``."""
    folder, _ = _find(name_or_path)
    card = _about(folder).get("card", {})
    if not isinstance(card, dict):
        raise CorruptedError(f"{folder / CONFIG_NAME} is damaged: its card is no object")
    return card


def shipped_models() -> list[str]:
    """Return the names of the models inside the package, sorted."""
    home = _home()
    return sorted(place.name for place in home.iterdir() if place.is_dir()) if home.is_dir() else []


def _home() -> Traversable:
    return resources.files("selfsame.priors") / "models"


def _find(name_or_path: str | Path) -> tuple[Traversable, str]:
    """Return the folder of a model, and what the model is called."""
    shipped = shipped_models()
    if str(name_or_path) in shipped:
        return _home() / str(name_or_path), str(name_or_path)
    path = Path(name_or_path)
    folder = path.parent if path.name in (CONFIG_NAME, WEIGHTS_NAME) else path
    if not (folder / CONFIG_NAME).is_file():
        names = f"one of {', '.join(shipped)}, or " if shipped else ""
        raise InputError(
            f"no model {str(name_or_path)!r}: give {names}the folder that holds {CONFIG_NAME} and "
            f"{WEIGHTS_NAME}, as `selfsame train vdvae` writes it"
        )
    return folder, plain_name(folder.resolve().name)


def _read(place: Traversable) -> bytes:
    if isinstance(place, Path):
        check_file_size(place)
    return place.read_bytes()


def _about(folder: Traversable) -> dict[str, Any]:
    """Return what ``config.json`` says."""
    path = folder / CONFIG_NAME
    try:
        about = json.loads(_read(path))
        kind = about["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptedError(f"{path} describes no very deep VAE") from error
    if kind != _FORMAT:
        raise UnsupportedError(
            f"{path} has the format {kind!r}, this build reads {_FORMAT!r}; update selfsame"
        )
    if not isinstance(about.get("config"), dict):
        raise CorruptedError(f"{path} is damaged: it has no config")
    return dict(about)


def _empty_model(folder: Traversable, tensors: int) -> Vdvae:
    """Return a model of the shape that ``config.json`` gives, its weights on the device ``meta``.

    Args:
        tensors: how many there are to fill it: a shape that needs more is refused before the work.
    """
    path, options = folder / CONFIG_NAME, _about(folder)["config"]
    try:
        config = VdvaeConfig(**options)
        least = sum(1 + level.encoder_blocks + level.decoder_blocks for level in config.levels)
        if least > tensors:
            raise ValueError(f"{tensors} tensors cannot fill {least} levels and blocks")
        with torch.device("meta"):
            return Vdvae(config)
    except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        raise CorruptedError(f"{path} is damaged: {error}") from error
