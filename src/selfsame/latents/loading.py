"""A latent space by the place where it is kept."""

from importlib import import_module
from pathlib import Path
from typing import Any

from selfsame.codes.models import SHIPPED
from selfsame.errors import SettingError
from selfsame.io.model_place import kind_at
from selfsame.latents.space import LatentSpace

_SPACES = {
    "grid": ("selfsame.latents.collages", "CollageSpace"),
    "maps": ("selfsame.latents.maps.space", "MapsSpace"),
}
"""Module and class of the spaces, by the kind that the files of their models name."""


def load_space(source: str | Path, name: str | None = None) -> LatentSpace[Any]:
    """Return a latent space of any kind.

    Args:
        source: the name of a space that ships, the folder that ``selfsame train latents`` or
            ``selfsame latents maps`` wrote, a file in it, or ``hf://OWNER/NAME[@REVISION]``.
        name: that codes are to call it, if not that of its place.
    Raises:
        InputError: there is no such space, or what is there is damaged or something else.
    """
    ships = SHIPPED.get(str(source))  # whatever folder has the same name
    kind = ships[0] if ships else kind_at(source) or "grid"  # whose loader says what is wrong
    if kind not in _SPACES:
        raise SettingError(
            f"{source} is a model of the kind {kind!r}: latent spaces are {' or '.join(_SPACES)}"
        )
    module, space = _SPACES[kind]
    loaded: LatentSpace[Any] = getattr(import_module(module), space).from_pretrained(source, name)
    return loaded
