"""What font files say of themselves: which characters they have, weight, slant, serifs.

Source: the OpenType specification: tables ``OS/2``, ``head``, ``name``, ``cmap``.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from selfsame.errors import CorruptedError

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})

MAX_FACES = 64
"""Of a collection that are looked at."""

_MAX_NAME = 80
_PICTORIAL = 5
"""PANOSE's family of fonts that draw pictures."""

_SYMBOLIC = re.compile(
    r"symbol|dingbat|icon|ornament|emoji|barcode|pictogram|wingding|webding|blank|notdef", re.I
)
"""In the names of fonts whose letters are no letters."""


class Face(NamedTuple):
    """One font of a file.

    Attributes:
        number: in a collection, from 0.
        family, subfamily: its names, such as DejaVu Sans, Bold Oblique.
        weight: 1 to 1000, 400 being regular and 700 bold; 0: not said.
        italic: slanted, oblique too.
        serifs: ``serif``, ``sans`` or, where it is not said, ``""``.
        symbols: it draws symbols, by its own account.
        characters: code points that it has.
    """

    number: int
    family: str
    subfamily: str
    weight: int
    italic: bool
    serifs: str
    symbols: bool
    characters: frozenset[int]


def read_faces(path: Path) -> list[Face]:
    """Return the fonts of a file, several of a collection.

    Raises:
        CorruptedError: it is no font, or a damaged one.
        MissingExtraError: the extra ``data`` is not installed.
    """
    from fontTools.ttLib import TTCollection, TTFont

    try:
        with path.open("rb") as stream, _unspoken():
            several = stream.read(4) == b"ttcf"
            stream.seek(0)
            fonts = (
                TTCollection(stream, lazy=True).fonts if several else [TTFont(stream, lazy=True)]
            )
            faces = [_face(font, number) for number, font in enumerate(fonts[:MAX_FACES])]
    except MemoryError:
        raise
    except Exception as error:  # fontTools raises a wide assortment on damaged files
        raise CorruptedError(f"{path} is no sound font: {error}") from error
    return faces


@contextmanager
def _unspoken() -> Iterator[None]:
    """Keep fontTools from warning of what is odd in a font: many are, and are drawn as well."""
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _face(font: "TTFont", number: int) -> Face:
    names, metrics, head = font["name"], font["OS/2"], font["head"]
    family, subfamily = (_name(names, *numbers) for numbers in ((16, 1), (17, 2)))
    slanted = metrics.fsSelection & 0x201 or head.macStyle & 2
    return Face(
        number,
        family,
        subfamily,
        _weight(metrics.usWeightClass),
        bool(slanted),
        _serifs(metrics),
        metrics.panose.bFamilyType == _PICTORIAL or _SYMBOLIC.search(family) is not None,
        frozenset(font.getBestCmap() or ()),
    )


def _name(names: Any, *numbers: int) -> str:
    """Return the first of the names that there is, as printable text."""
    found = next(filter(None, map(names.getDebugName, numbers)), "")
    return " ".join("".join(c if c.isprintable() else " " for c in found).split())[:_MAX_NAME]


def _weight(value: int) -> int:
    """Return a weight; fonts of old count in hundreds, and some say nonsense."""
    weight = 100 * value if 1 <= value <= 9 else value
    return weight if 1 <= weight <= 1000 else 0


def _serifs(metrics: Any) -> str:
    """Return whether a font has serifs, by IBM's class of its family, or by PANOSE."""
    family = metrics.sFamilyClass >> 8
    if family in (1, 2, 3, 4, 5, 7):
        return "serif"
    if family == 8:
        return "sans"
    panose = metrics.panose
    if panose.bFamilyType != 2 or panose.bSerifStyle < 2:  # no text, or not said
        return ""
    return "serif" if panose.bSerifStyle <= 10 else "sans"
