"""The weights of a model as bytes: safetensors, in single, half or eighth precision.

Of weights in 8 bits the matrices and kernels are whole numbers times a scale per output, which
stands beside them as ``NAME.scale``; of pictures, which are wider than kernels, a scale per row of
pixels. Vectors are in half precision.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from selfsame.errors import CorruptedError, InputError

FileDtype = torch.dtype | Literal["exact"]
"""Of numbers in a file: ``torch.float32``, ``torch.float16``, ``torch.int8``, or ``"exact"``, of
each tensor the smallest of these that gives it back as it is."""

_SCALE = ".scale"
_GREATEST = 127
_WIDE = 32
"""Numbers in a row that has its own scale. One for a whole picture would lose its flat parts beside
its greatest numbers."""


def rounded(tensor: Tensor, dtype: FileDtype) -> Tensor:
    """Return the numbers that a file in ``dtype`` gives back, in the dtype of the tensor."""
    parts = _stored("", tensor, dtype)
    return _restored("", parts).to(tensor) if tensor.is_floating_point() else tensor


def weights_to_bytes(model: nn.Module, about: Mapping[str, str], dtype: FileDtype) -> bytes:
    """Return the weights of a model as the bytes of a safetensors file.

    Args:
        about: entries for the file's metadata.
        dtype: of the numbers in the file; whole numbers stay whole, and the model as it is.
    Raises:
        InputError: a weight is not finite in this ``dtype``; such a file could not be read.
    """
    tensors: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        tensors |= _stored(name, tensor.detach().cpu(), dtype)
    if not _finite(tensors):
        raise InputError(
            f"the model holds numbers that are not finite in {dtype}; write it in torch.float32, "
            "or train it anew if they are not finite at all"
        )
    return save_tensors(tensors, dict(about))


def weights_from_bytes(data: bytes, path: Path) -> dict[str, Tensor]:
    """Return the tensors in the bytes of a safetensors file, numbers in single precision.

    Raises:
        CorruptedError: the bytes are no safetensors, or not all of their numbers finite.
    """
    try:
        parts = load_tensors(data)
        whole = [name for name, tensor in parts.items() if tensor.dtype == torch.int8]
        scales = {name + _SCALE for name in whole}
        weights = {name: _restored(name, parts) for name in parts if name not in scales}
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error
    if not _finite(weights):
        raise CorruptedError(f"{path} is a damaged model: it holds numbers that are not finite")
    return weights


def _smallest_exact(tensor: Tensor) -> torch.dtype:
    """Return the dtype of the smallest file that gives a tensor back as it is."""
    for dtype in (torch.int8, torch.float16):
        if torch.equal(rounded(tensor, dtype), tensor):
            return dtype
    return torch.float32


def _stored(name: str, tensor: Tensor, dtype: FileDtype) -> dict[str, Tensor]:
    """Return a tensor of a model as a file holds it, by names."""
    if not tensor.is_floating_point():
        return {name: tensor.contiguous()}
    if dtype == "exact":
        dtype = _smallest_exact(tensor)
    if dtype != torch.int8:
        return {name: tensor.to(dtype).contiguous()}
    if tensor.ndim < 2:
        return {name: tensor.half().contiguous()}
    rows = tensor.flatten(tensor.ndim - 1 if tensor.shape[-1] >= _WIDE else 1)
    scale = (rows.abs().amax(-1, keepdim=True) / _GREATEST).half()
    # What is too small for half precision is 0, and so are its weights.
    whole = (rows / scale.to(rows).where(scale > 0, torch.inf)).round()
    levels = whole.clamp(-_GREATEST, _GREATEST).nan_to_num().to(torch.int8)
    return {name: levels.reshape(tensor.shape).contiguous(), name + _SCALE: scale.squeeze(-1)}


def _restored(name: str, parts: Mapping[str, Tensor]) -> Tensor:
    """Return a tensor of a file, numbers in single precision.

    Raises:
        ValueError: its scale does not fit it.
    """
    tensor, scale = parts[name], parts.get(name + _SCALE)
    if scale is None:
        return tensor.float() if tensor.is_floating_point() else tensor
    fits = 0 < scale.ndim < tensor.ndim and scale.shape == tensor.shape[: scale.ndim]
    if tensor.dtype != torch.int8 or not fits:
        raise ValueError(f"the scale of {name} does not fit it")
    return tensor.float() * scale.float().reshape(*scale.shape, *[1] * (tensor.ndim - scale.ndim))


def _finite(tensors: Mapping[str, Tensor]) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in tensors.values())
