"""Models in folders: weights as safetensors, shape and card as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selfsame.priors.vdvae import Vdvae


def save_pretrained(
    model: Vdvae, folder: str | Path, card: Mapping[str, Any] | None = None
) -> None:
    """Write a model to a folder."""
    raise NotImplementedError
