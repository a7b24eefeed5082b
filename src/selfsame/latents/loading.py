"""A latent space by the place where it is kept."""

from importlib import import_module
from pathlib import Path
from typing import Any

from selfsame.errors import SettingError
from selfsame.io import hub
from selfsame.io.model_place import WEIGHTS_NAME, format_of, local_weights
from selfsame.latents.space import LatentSpace

_SPACES = {
    "grid": ("selfsame.latents.collages", "CollageSpace"),
    "maps": ("selfsame.latents.maps.space", "MapsSpace"),
}
"""Module and class of the spaces, by the kind that the files of their models name."""


def load_space(source: str | Path) -> LatentSpace[Any]:
    """Return a latent space of any kind.

    Args:
        source: the folder that ``selfsame train latents`` or ``selfsame latents maps`` wrote, a
            file in it, or ``hf://OWNER/NAME[@REVISION]``.
    Raises:
        InputError: there is no such space, or what is there is damaged or something else.
    """
    text = str(source)
    weights = (
        hub.download(text, WEIGHTS_NAME)[0] if text.startswith(hub.SCHEME) else local_weights(text)
    )
    said = None if weights is None else format_of(weights)
    kind = "grid" if said is None else said.split()[1]  # whose loader says what is wrong
    if kind not in _SPACES:
        raise SettingError(
            f"{text} is a model of the kind {kind!r}: latent spaces are {' or '.join(_SPACES)}"
        )
    module, name = _SPACES[kind]
    space: LatentSpace[Any] = getattr(import_module(module), name).from_pretrained(source)
    return space
