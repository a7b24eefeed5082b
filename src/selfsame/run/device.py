"""Choosing the torch device."""

from typing import TYPE_CHECKING

from selfsame.errors import InputError, SettingError

if TYPE_CHECKING:
    import torch

CHOICES = ("auto", "cpu", "cuda")


def resolve_device(name: str = "auto") -> "torch.device":
    """Return the torch device for ``auto`` (CUDA where there is one), ``cpu`` or ``cuda``.

    Raises:
        InputError: the name is unknown, or CUDA is asked for and absent.
    """
    import torch

    kind = name.split(":")[0]
    if kind not in CHOICES:
        raise SettingError(f"device must be one of {', '.join(CHOICES)}: got {name!r}")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError("device cuda is not available here; use --device cpu or auto")
    return torch.device(name)
