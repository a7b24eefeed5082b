"""Weights of networks as the bytes of safetensors files: numbers, shapes, and text about them."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from selfsame.errors import CorruptedError, InputError


def weights_to_bytes(model: nn.Module, about: Mapping[str, str], dtype: torch.dtype) -> bytes:
    """Return the weights of a model as the bytes of a safetensors file.

    Args:
        about: entries for the file's metadata.
        dtype: of the numbers in the file; whole numbers stay whole, and the model as it is.
    Raises:
        InputError: a weight is not finite in this ``dtype``; such a file could not be read.
    """
    tensors = {
        name: tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None).contiguous()
        for name, tensor in model.state_dict().items()
    }
    if not _finite(tensors):
        raise InputError(
            f"the model holds numbers that are not finite in {dtype}; write it in torch.float32, "
            "or train it anew if they are not finite at all"
        )
    return save_tensors(tensors, dict(about))


def weights_from_bytes(data: bytes, path: str | Path) -> dict[str, Tensor]:
    """Return the tensors in the bytes of a safetensors file, numbers in single precision.

    Args:
        path: what errors call the file.
    Raises:
        CorruptedError: the bytes are no safetensors, or not all of their numbers finite.
    """
    try:
        weights = {
            name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in load_tensors(data).items()
        }
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error
    if not _finite(weights):
        raise CorruptedError(f"{path} is a damaged model: it holds numbers that are not finite")
    return weights


def metadata_from_bytes(data: bytes) -> dict[str, str]:
    """Return the metadata in the bytes of a safetensors file; none if they cannot be read."""
    length = int.from_bytes(data[:8], "little")
    try:
        about = json.loads(data[8 : 8 + length])["__metadata__"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def check_weights(model: nn.Module, weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Raise ``CorruptedError`` unless ``weights`` are those of a model, by names and shapes.

    Args:
        model: of any device, ``meta`` among them.
        path: what errors call the file.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise CorruptedError(
                f"{path} is a damaged model: its shape asks for {name} of size "
                f"{wanted.get(name, 'none')}, the file has {found.get(name, 'none')}"
            )


def _finite(tensors: Mapping[str, Tensor]) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in tensors.values())
