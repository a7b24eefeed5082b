"""Models in files: safetensors, with the model's shape and its card as JSON beside the tensors."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

import torch

from selfsame.collage.code import CollageCode
from selfsame.collage.network.model import CollageConfig, CollageDecoder, CollageModel
from selfsame.errors import CorruptedError, InputError
from selfsame.io.files import write_bytes
from selfsame.io.model_files import (
    about_entries,
    about_model,
    card_of,
    check_weights,
    find_model,
    plain_name,
    weights_from_bytes,
    weights_to_bytes,
)

SHIPPED = ("photo", "aerial")
"""Models inside the package."""

_FORMAT = "selfsame collage 1"

_decoders: dict[bytes, CollageDecoder] = {}
"""Of the models that were loaded from a path, by fingerprint: what files made with them need."""


def save_model(
    model: CollageModel, path: str | Path, card: Mapping[str, Any] | None = None
) -> None:
    """Write a model to a file, in half precision; ``model`` itself is rounded to it.

    Args:
        card: what people should know of it, ready for JSON: data, licence, recipe, time.
    Raises:
        InputError: a weight is not finite in half precision.
    """
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    about = about_entries(_FORMAT, card, asdict(model.config))
    write_bytes(path, weights_to_bytes(model, about))


def load_model(name_or_path: str | Path) -> CollageModel:
    """Return a model: one of ``SHIPPED`` by name, or from a file.

    Files that are made with a model from a path can be decoded from then on; its name is that of
    the file.

    Raises:
        InputError: no such model.
        CorruptedError: the file is no model.
        UnsupportedError: its format is newer than this build.
    """
    path, name = _find(name_or_path)
    model = _read(path.read_bytes(), path)
    model.name = name
    if name not in SHIPPED:
        _decoders[model.decoder.fingerprint()] = model.decoder
    return model


def model_card(name_or_path: str | Path) -> dict[str, Any]:
    """Return the card of a model; errors as for ``load_model``."""
    path, _ = _find(name_or_path)
    return card_of(_about(path.read_bytes(), path), path)


def decoder_of(code: CollageCode) -> CollageDecoder:
    """Return the half of a model that a code needs.

    Raises:
        InputError: no model at hand has the fingerprint that the code names.
    """
    if code.model in SHIPPED and _shipped(code.model)[0] == code.fingerprint:
        return _shipped(code.model)[1]
    if code.fingerprint not in _decoders:
        raise InputError(
            f"the file was made with model {code.model!r} (fingerprint {code.fingerprint.hex()}), "
            "which is not at hand; give its file (--model PATH, or load_model)"
        )
    return _decoders[code.fingerprint]


@cache
def _shipped(name: str) -> tuple[bytes, CollageDecoder]:
    decoder = load_model(name).decoder
    return decoder.fingerprint(), decoder


def _find(name_or_path: str | Path) -> tuple[Path, str]:
    """Return the file of a model, and what the model is called."""
    path = find_model(
        name_or_path, "selfsame.collage", SHIPPED, noun="model", command="selfsame train collage"
    )
    return path, plain_name(path.stem)  # names go into files, where they are short and plain


def _about(data: bytes, path: Path) -> dict[str, str]:
    return about_model(data, path, _FORMAT, "model of a collage")


def _read(data: bytes, path: Path) -> CollageModel:
    about = _about(data, path)
    try:
        options = json.loads(about["config"])
        known = {field.name for field in fields(CollageConfig)}
        model = CollageModel(CollageConfig(**{k: v for k, v in options.items() if k in known}))
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error
    weights = weights_from_bytes(data, path)
    check_weights(model, weights, path)
    model.load_state_dict(weights)
    return model.eval()
