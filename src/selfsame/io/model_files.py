"""Weights of models as safetensors: what the files of every kind of model share."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from selfsame.errors import CorruptedError, InputError, UnsupportedError

MAX_FILE_BYTES = 1 << 30

_NAME_LENGTH = 32


def weights_to_bytes(
    model: nn.Module,
    about: Mapping[str, str] | None = None,
    *,
    dtype: torch.dtype = torch.float16,
) -> bytes:
    """Return the weights of a model as the bytes of a safetensors file.

    Args:
        about: entries for the file's metadata.
        dtype: of the numbers in the file; the model keeps its own.
    Raises:
        InputError: a weight is not finite in this ``dtype``; such a file could not be read.
    """
    tensors = {
        name: tensor.detach().to("cpu", dtype).contiguous()
        for name, tensor in model.state_dict().items()
    }
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise InputError(
            f"the model holds numbers that are not finite in {dtype}; write it in torch.float32, "
            "or train it anew if they are not finite at all"
        )
    return save_tensors(tensors, None if about is None else dict(about))


def weights_from_bytes(data: bytes, path: str | Path) -> dict[str, Tensor]:
    """Return the tensors in the bytes of a safetensors file, in single precision.

    Args:
        path: what errors call the file.
    Raises:
        CorruptedError: the bytes are no safetensors, or not all of their numbers finite.
    """
    try:
        weights = {name: tensor.float() for name, tensor in load_tensors(data).items()}
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise CorruptedError(f"{path} is a damaged model: it holds numbers that are not finite")
    return weights


def about_model(data: bytes, path: str | Path, kind: str, noun: str = "model") -> dict[str, str]:
    """Return the metadata in the bytes of a safetensors file, as ``weights_to_bytes`` wrote them.

    Args:
        path: what errors call the file.
        kind: what the entry ``format`` must say.
        noun: what the file should be, for the error.
    Raises:
        CorruptedError: the bytes are no safetensors with such an entry.
        UnsupportedError: the file is of another kind, or of a newer version of it.
    """
    length = int.from_bytes(data[:8], "little")
    try:
        about = json.loads(data[8 : 8 + length])["__metadata__"]
        found = about["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptedError(f"{path} is no {noun}: it does not say of which kind") from error
    if found != kind:
        raise UnsupportedError(
            f"{path} has the format {found!r}, {kind!r} is read here; take another file, or update "
            "selfsame"
        )
    return dict(about)


def about_entries(
    kind: str, card: Mapping[str, Any] | None, config: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return the metadata of a model's file, which ``about_model`` and ``card_of`` read.

    Args:
        kind: its format, with a version.
        card: what people should know of it, ready for JSON.
        config: its shape, ready for JSON; None where there is but one.
    """
    about = {"format": kind, "card": json.dumps(dict(card or {}))}
    return about if config is None else {**about, "config": json.dumps(dict(config))}


def find_model(
    name_or_path: str | Path, package: str, shipped: Sequence[str], *, noun: str, command: str
) -> Path:
    """Return the file of a model: one in the folder ``models`` of a package by name, or a path.

    Args:
        shipped: names of the models inside the package.
        noun, command: what errors call a model, and what writes one.
    Raises:
        InputError: there is none, or it is larger than a model may be.
    """
    if str(name_or_path) in shipped:
        found = resources.files(package) / "models" / f"{name_or_path}.safetensors"
        with resources.as_file(found) as path:
            return path
    path = Path(name_or_path)
    if not path.is_file():
        raise InputError(
            f"no {noun} {str(name_or_path)!r}: give one of {', '.join(shipped)}, or the path of a "
            f"file that `{command}` wrote"
        )
    check_file_size(path)
    return path


def card_of(about: Mapping[str, str], path: str | Path) -> dict[str, Any]:
    """Return the card in what ``about_model`` returned.

    Args:
        path: what errors call the file.
    Raises:
        CorruptedError: there is none, or it is no object of JSON.
    """
    try:
        card = json.loads(about["card"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptedError(f"{path} is a damaged model: it has no card") from error
    if not isinstance(card, dict):
        raise CorruptedError(f"{path} is a damaged model: its card is no object")
    return card


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


def check_file_size(path: Path) -> None:
    """Raise ``InputError`` if a file is larger than a model may be."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"{path}: a model has at most {MAX_FILE_BYTES} bytes")


def plain_name(name: str) -> str:
    """Return a name of at most 32 letters, digits, dots, dashes and underscores, for a model."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return plain[:_NAME_LENGTH] or "model"
