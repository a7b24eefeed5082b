"""Trained models that code pictures: which family a model is of, and how it is loaded."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from selfsame.errors import SettingError
from selfsame.io import hub
from selfsame.io.model_place import kind_at, model_place, unknown_model

if TYPE_CHECKING:
    from selfsame.io.model_file import Pretrained


class _Kind(NamedTuple):
    """The class of a kind of model."""

    module: str
    name: str

    def load(self, source: str | Path) -> "Pretrained":
        model: Any = getattr(import_module(self.module), self.name)
        loaded: Pretrained = model.from_pretrained(source)
        return loaded


_KINDS = {
    "collage": _Kind("selfsame.collage.network.model", "CollageModel"),
    "grid": _Kind("selfsame.collage.grid.network.model", "GridModel"),
}

SHIPPED = {
    "collage": ("collage", "photo"),
    "collage-aerial": ("collage", "aerial"),
    "digits": ("grid", "digits"),
    "glyphs": ("grid", "glyphs"),
    "emoji": ("grid", "emoji"),
}
"""Models of the package, as settings call them: their kind, and their names within it."""


def kind_of(model: str) -> str:
    """Return the family that a model codes for: of a name, a path or an address.

    Raises:
        SettingError: what lies there is a model of another kind.
    """
    if model in SHIPPED:
        return SHIPPED[model][0]
    kind = kind_at(model)
    if kind is None:  # an early file, or none: its loader says what is wrong
        return "collage"
    if kind not in _KINDS:
        raise SettingError(
            f"{model} is a model of the kind {kind!r}: pictures are coded by {' or '.join(_KINDS)}"
        )
    return kind


def check_there(model: str) -> None:
    """Raise ``SettingError`` if a name or path is that of no model: of no kind at all."""
    names = {*SHIPPED, *(name for _, name in SHIPPED.values())}
    if model in names or model.startswith(hub.SCHEME) or model_place(model).exists():
        return
    raise unknown_model(model, SHIPPED, ["selfsame train collage", "selfsame train latents"])


def name_of(model: str) -> str:
    """Return a model's name as its family knows it, or its path."""
    return SHIPPED[model][1] if model in SHIPPED else model


def load_model(model: str) -> "Pretrained":
    """Return a model that codes pictures, ready to use; codes made with it can then be drawn.

    Raises:
        InputError: as ``Pretrained.from_pretrained``, ``kind_of`` and ``check_there``.
    """
    check_there(model)
    return _KINDS[kind_of(model)].load(name_of(model))
