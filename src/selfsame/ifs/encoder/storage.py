"""Encoders in files: safetensors, with shape and card as JSON beside the tensors."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from selfsame.errors import CorruptedError
from selfsame.ifs.encoder.network import EncoderConfig, SetEncoder
from selfsame.io.files import write_bytes
from selfsame.io.model_files import (
    about_entries,
    about_model,
    card_of,
    check_weights,
    find_model,
    weights_from_bytes,
    weights_to_bytes,
)

SHIPPED = ("doodles",)
"""Encoders inside the package."""

_FORMAT = "selfsame encoder 1"


def save_encoder(
    encoder: SetEncoder, path: str | Path, card: Mapping[str, Any] | None = None
) -> None:
    """Write an encoder to a file, in half precision.

    Args:
        card: what people should know of it, ready for JSON: data, licence, recipe, time.
    Raises:
        InputError: a weight is not finite in half precision.
    """
    about = about_entries(_FORMAT, card, asdict(encoder.config))
    write_bytes(path, weights_to_bytes(encoder, about))


def load_encoder(name_or_path: str | Path) -> SetEncoder:
    """Return a new encoder, ready to use: one of ``SHIPPED`` by name, or from a file.

    Raises:
        InputError: no such encoder.
        CorruptedError: the file is damaged.
        UnsupportedError: it is of another kind, or newer than this build.
    """
    path = _find(name_or_path)
    return _read(path.read_bytes(), path)


def encoder_card(name_or_path: str | Path) -> dict[str, Any]:
    """Return the card of an encoder; errors as for ``load_encoder``."""
    path = _find(name_or_path)
    return card_of(about_model(path.read_bytes(), path, _FORMAT), path)


def encoder_digest(name_or_path: str | Path) -> str:
    """Return a digest of an encoder's shape and weights, 16 hexadecimal digits; errors as above."""
    encoder = load_encoder(name_or_path)
    digest = hashlib.sha256(repr(encoder.config).encode())
    for name, weight in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(weight.numpy().tobytes())
    return digest.hexdigest()[:16]


def _find(name_or_path: str | Path) -> Path:
    return find_model(
        name_or_path,
        "selfsame.ifs.encoder",
        SHIPPED,
        noun="encoder",
        command="selfsame train encoder",
    )


def _read(data: bytes, path: Path) -> SetEncoder:
    about = about_model(data, path, _FORMAT)
    try:
        with torch.device("meta"):  # no memory for a shape that the file has no weights for
            encoder = SetEncoder(EncoderConfig(**json.loads(about["config"])))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error
    weights = weights_from_bytes(data, path)
    check_weights(encoder, weights, path)
    encoder.to_empty(device="cpu").load_state_dict(weights)
    return encoder.eval()
