"""Letters and digits of many fonts, drawn from a folder of font files."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from selfsame.datasets.columns import spread
from selfsame.datasets.drawn.drawing import DrawnSet
from selfsame.datasets.drawn.fonts import SUFFIXES, Face, read_faces
from selfsame.datasets.pictures import Bytes
from selfsame.errors import CorruptedError, InputError
from selfsame.io.files import files_below
from selfsame.run.progress import Progress

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

EM = 0.625
"""Of a font, in sides of a picture: 20 of 32 pixels. Fonts whose letters would reach beyond the
picture are drawn smaller."""

BOLD = 600
"""Weight from which letters are called bold: semi-bold, too."""

LEAST_DRAWN = 512
"""Pixels: pictures are drawn at least so large and averaged. FreeType moves outlines to the pixels
that it draws; at this size that is a thousandth of a picture, so that a letter of 32 pixels and one
of 128 are the same drawing."""

_MEASURED = 2048
"""Pixels of an em at which letters are measured."""

_COMPARED = 32
"""Side of the pictures by which two fonts are the same."""

LEAST_DISTINCT = 30
"""Different pictures among the 62: capitals for small letters, O for 0 and I for 1 leave 34."""


class _Font(NamedTuple):
    """A font and how large it is drawn.

    Attributes:
        path, face: its file, and what that says.
        scale: em of the font in sides of a picture.
        baseline: how far it is below the middle between ascender and descender, in ems.
        widths: how far each character moves the pen, in ems.
    """

    path: Path
    face: Face
    scale: float
    baseline: float
    widths: tuple[float, ...]

    @property
    def monospace(self) -> bool:
        """Whether all characters are equally wide, to the pixels that they are measured in."""
        return max(self.widths) - min(self.widths) < 2.5 / _MEASURED


class UnusableFontError(Exception):
    """A font that is left out; the message is why."""


def glyph_set(
    folder: str | os.PathLike[str],
    *,
    left_out: Callable[[str, str], object] = lambda name, reason: None,
    progress: Progress | None = None,
) -> DrawnSet:
    """Return letters and digits of all fonts below a folder, white on black, font by font.

    All have the same em, see ``EM``; in the middle of a picture are the middle of the pen's way and
    the middle between ascender and descender. Fonts that lack characters, draw symbols or nothing,
    or draw the same as one before are left out. Of fonts with variations the default is drawn.

    Columns: ``files`` (relative to the folder, with ``#1`` for the second font of a collection),
    ``families``, ``subfamilies``, ``weights`` (1 to 1000, or 0), ``bold``, ``italic``,
    ``monospace``, ``serifs`` (``serif``, ``sans`` or ""), ``characters``.

    Args:
        left_out: called with the file and the reason of every font that is left out.
    Raises:
        InputError: no such folder, no font in it, or none that can be used.
        MissingExtraError: the extra ``data`` is not installed.
    """
    root = Path(folder)
    names = files_below(root, SUFFIXES)
    tell = progress or Progress()
    fonts: dict[str, _Font] = {}
    seen: dict[bytes, str] = {}
    for done, name in enumerate(names):
        tell(done, len(names))
        try:
            for face in read_faces(root / name):
                label = f"{name}#{face.number}" if face.number else name
                try:
                    font = _measured(root / name, face)
                    digest = _digest(font)
                    if digest in seen:
                        raise UnusableFontError("the same as another font")
                except UnusableFontError as error:
                    left_out(label, str(error))
                else:
                    seen[digest] = label
                    fonts[label] = font
        except CorruptedError:
            left_out(name, "damaged")
    if not fonts:
        raise InputError(
            f"{root} has no font that draws letters and digits, among {len(names)} files"
        )
    used = list(fonts.values())
    rows = {
        "files": np.array(list(fonts)),
        "families": np.array([font.face.family for font in used]),
        "subfamilies": np.array([font.face.subfamily for font in used]),
        "weights": np.array([font.face.weight for font in used], np.int64),
        "bold": np.array([font.face.weight >= BOLD for font in used]),
        "italic": np.array([font.face.italic for font in used]),
        "monospace": np.array([font.monospace for font in used]),
        "serifs": np.array([font.face.serifs for font in used]),
    }
    characters = np.array(list(LETTERS))

    def picture(row: int, side: int) -> Bytes:
        return _drawn(used[row // len(LETTERS)], row % len(LETTERS), side)[..., None]

    columns = spread(rows, len(used), characters)
    return DrawnSet(columns, ("files", "characters"), columns["families"], 1, picture, characters)


def _measured(path: Path, face: Face) -> _Font:
    """Return a font with the size in which it is drawn.

    Raises:
        UnusableFontError: it does not draw letters and digits.
    """
    if face.symbols:
        raise UnusableFontError("symbols")
    if not face.characters.issuperset(map(ord, LETTERS)):
        raise UnusableFontError("lacks letters or digits")
    try:
        font = _loaded(path, face.number, _MEASURED)
        boxes = np.array([font.getbbox(letter, anchor="ls") for letter in LETTERS]) / _MEASURED
        widths = np.array([font.getlength(letter) for letter in LETTERS]) / _MEASURED
        ascent, descent = font.getmetrics()
    except (OSError, ValueError) as error:
        raise UnusableFontError("damaged") from error
    left, top, right, bottom = boxes.T
    if not (right > left).all() or not (bottom > top).all():
        raise UnusableFontError("blank letters")
    baseline = (ascent - descent) / 2 / _MEASURED
    reach = max(
        (widths / 2 - left).max(),
        (right - widths / 2).max(),
        (-top - baseline).max(),
        (bottom + baseline).max(),
    )
    scale = float(min(EM, 0.5 / reach))
    return _Font(path, face, scale, baseline, tuple(widths.tolist()))


def _digest(font: _Font) -> bytes:
    """Return a digest of what a font draws.

    Raises:
        UnusableFontError: blank letters, or too many that look the same.
    """
    pictures = [_drawn(font, number, _COMPARED, least=_COMPARED) for number in range(len(LETTERS))]
    if not all(picture.any() for picture in pictures):
        raise UnusableFontError("blank letters")
    if len({picture.tobytes() for picture in pictures}) < LEAST_DISTINCT:
        raise UnusableFontError("letters that look the same")
    return hashlib.sha256(np.stack(pictures).tobytes()).digest()


def _drawn(font: _Font, number: int, side: int, least: int = LEAST_DRAWN) -> Bytes:
    """Return a character of a font, (side, side) bytes.

    Args:
        least: pixels that it is drawn large before it is averaged.
    """
    times = -(-least // side)
    large = side * times
    try:
        loaded = _loaded(font.path, font.face.number, font.scale * large)
        canvas = Image.new("L", (large, large))
        em = font.scale * large
        place = (large / 2 - font.widths[number] / 2 * em, large / 2 + font.baseline * em)
        ImageDraw.Draw(canvas).text(place, LETTERS[number], 255, loaded, anchor="ls")
    except (OSError, ValueError) as error:
        if least != LEAST_DRAWN:
            raise UnusableFontError("damaged") from error
        raise CorruptedError(f"{font.path} cannot be drawn: {error}") from error
    return np.asarray(canvas.reduce(times) if times > 1 else canvas)


@lru_cache(4)
def _loaded(path: Path, number: int, size: float) -> ImageFont.FreeTypeFont:
    # The basic engine is in every Pillow; the other one needs a library that is not.
    return ImageFont.truetype(path, size, number, layout_engine=ImageFont.Layout.BASIC)
