"""Networks in files: safetensors, with the arguments of ``make_network`` and a card as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from selfsame.errors import CorruptedError, InputError
from selfsame.io.files import write_bytes
from selfsame.io.model_files import (
    about_entries,
    about_model,
    card_of,
    check_file_size,
    check_weights,
    weights_from_bytes,
    weights_to_bytes,
)
from selfsame.lab.networks.architectures import Network, make_network

_FORMAT = "selfsame network 1"


def save_network(network: Network, path: str | Path, card: Mapping[str, Any] | None = None) -> None:
    """Write a network to a file, in single precision.

    Args:
        card: what people should know of it, ready for JSON: data, recipe, steps.
    Raises:
        InputError: a weight is not finite.
    """
    about = about_entries(_FORMAT, card, network.config())
    write_bytes(path, weights_to_bytes(network, about, dtype=torch.float32))


def load_network(path: str | Path) -> Network:
    """Return a network from a file that ``save_network`` wrote, in evaluation mode.

    Raises:
        InputError: no such file.
        CorruptedError: the file is no network, or not all of its weights are finite.
        UnsupportedError: its format is newer than this build.
    """
    data = network_bytes(path)
    try:
        config = json.loads(about_model(data, path, _FORMAT)["config"])
        with torch.device("meta"):
            network = make_network(**config)
    except (KeyError, TypeError, InputError, json.JSONDecodeError, RecursionError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error
    weights = weights_from_bytes(data, path)
    check_weights(network, weights, path)
    network.to_empty(device="cpu").load_state_dict(weights)
    return network.eval()


def network_card(path: str | Path) -> dict[str, Any]:
    """Return the card of a network's file; errors as for ``load_network``."""
    return card_of(about_model(network_bytes(path), path, _FORMAT), path)


def network_bytes(path: str | Path) -> bytes:
    """Return the bytes of a network's file.

    Raises:
        InputError: no such file, or one larger than a model may be.
    """
    place = Path(path)
    if not place.is_file():
        raise InputError(f"no network {str(path)!r}: give a file that `selfsame probe` wrote")
    check_file_size(place)
    return place.read_bytes()
