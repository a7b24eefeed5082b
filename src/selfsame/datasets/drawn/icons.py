"""Sets of icons, and names of emoji, as packages of npm have them.

Source: Iconify's icon sets (``icons.json``, ``chars.json``) and emojibase (``data.json``,
``messages.json``), in the form that their packages document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfsame.datasets.captioned.texts import json_of
from selfsame.datasets.drawn.svg import svg_document
from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.io.files import open_input

MAX_JSON = 1 << 28
"""Bytes; the largest such file has 26 million."""

_MAX_ALIASES = 8
"""Names that stand for each other until one has a drawing."""

_SIDE = 16
"""Of an icon that does not say, as Iconify has it."""


def check_packages(folder: Path, packages: Sequence[str]) -> Path:
    """Return the folder of npm's packages, which is ``folder`` or its ``node_modules``.

    Raises:
        InputError: one of them is not there; the message has the command that installs them.
    """
    inner = folder / "node_modules"
    place = inner if inner.is_dir() else folder
    missing = [name for name in packages if not (place / name / "package.json").is_file()]
    if missing:
        raise InputError(
            f"{folder} has no {', '.join(missing)}: npm install {' '.join(packages)}, then give "
            "the folder node_modules"
        )
    return place


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        InputError: no such file.
        FormatError: it is no JSON, or too long.
    """
    with open_input(path) as stream:
        return json_of(stream.read(MAX_JSON + 1), str(path), MAX_JSON)


def entry(values: Any, key: str | int, kind: type | tuple[type, ...], what: str) -> Any:
    """Return what an object of JSON has under a key.

    Raises:
        CorruptedError: it is no object, has no such key, or something else there.
    """
    value = values.get(key) if isinstance(values, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise CorruptedError(f"{what} has no usable {key}: {str(value)[:40]}")
    return value


def concept_of(points: str, what: str) -> str:
    """Return code points, ``1F473-1F3FE-200D-2642-FE0F``, in lower case and four digits or more,
    without those that only ask for a picture (FE0F).

    Raises:
        CorruptedError: they are none.
    """
    try:
        numbers = [int(point, 16) for point in points.split("-")]
    except ValueError as error:
        raise CorruptedError(f"{what} has {points[:40]!r} for code points") from error
    return "-".join(f"{number:04x}" for number in numbers if number != 0xFE0F)


@dataclass(frozen=True)
class IconSet:
    """The drawings of a package.

    Attributes:
        names: of the icon of each concept, see ``concept_of``.
        values: what ``icons.json`` holds.
        what: its path, for messages.
    """

    names: dict[str, str]
    values: dict[str, Any]
    what: str

    def document(self, concept: str) -> str:
        """Return the drawing of a concept as SVG.

        Raises:
            FormatError: there is none, or it is damaged.
        """
        name, flips = self.names[concept], set[str]()
        what = f"{self.what}, {name}"
        for _ in range(_MAX_ALIASES):
            icons = entry(self.values, "icons", dict, self.what)
            alias = name not in icons
            holder = self.values.get("aliases", {}) if alias else icons
            icon = entry(holder, name, dict, what)
            flips ^= {flip[0] for flip in ("hFlip", "vFlip") if icon.get(flip)}
            if icon.get("rotate"):
                raise UnsupportedError(f"{what} is turned by quarters, which is not drawn")
            if not alias:
                box = [self._number(icon, key, what) for key in ("left", "top", "width", "height")]
                body = entry(icon, "body", str, what)
                return svg_document(body, (box[0], box[1], box[2], box[3]), "".join(sorted(flips)))
            name = entry(icon, "parent", str, what)
        raise CorruptedError(f"{what} stands for other names without end")

    def _number(self, icon: Any, key: str, what: str) -> float:
        default = 0 if key in ("left", "top") else _SIDE
        source = icon if key in icon else self.values
        value = float(entry({key: default} | source, key, (int, float), what))
        low = 0 if default else -1e6
        if not low < value < 1e6:
            raise CorruptedError(f"{what} has the {key} {value}")
        return value


def read_icons(package: Path) -> IconSet:
    """Return the icons of a package; errors as of ``read_json`` and ``entry``."""
    values, characters = (read_json(package / name) for name in ("icons.json", "chars.json"))
    what = str(package / "icons.json")
    entry(values, "icons", dict, what)
    if not isinstance(characters, dict):
        raise CorruptedError(f"{package / 'chars.json'} must hold an object")
    names = {
        concept_of(points, f"{package / 'chars.json'}"): entry(characters, points, str, what)
        for points in characters
    }
    return IconSet(names, values, what)
