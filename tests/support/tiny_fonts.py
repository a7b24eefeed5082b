"""Fonts made for tests: every character is a pattern of bars that differs from all others."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from selfsame.datasets.drawn.glyphs import LETTERS

EM, ASCENT, DESCENT, WIDTH = 1000, 800, 200, 600
Bar = tuple[int, int, int, int]
"""left, bottom, right, top in units of the font."""


def bars(number: int, slant: int = 0) -> list[Bar]:
    """Return the bars of a character: a foot, and of eight above it those of the bits of its
    number plus one."""
    pattern = [(50, 0, 550, 80)]
    for bit in range(8):
        if (number + 1) >> bit & 1:
            pattern.append((100 + slant, 100 + 60 * bit, 300 + 20 * bit + slant, 140 + 60 * bit))
    return pattern


def write_font(
    path: Path,
    *,
    characters: str = LETTERS,
    blank: Iterable[str] = (),
    alike: bool = False,
    slant: int = 0,
    family: str = "Tiny",
    style: str = "Regular",
    widths: tuple[int, int] = (WIDTH, WIDTH),
    stretch: int = 1,
    **metrics: Any,
) -> Path:
    """Write a font.

    Args:
        blank: characters without ink.
        alike: all characters have one drawing.
        slant: moves the bars to the right.
        widths: of even characters and of odd ones.
        stretch: makes everything taller.
        metrics: of the table ``OS/2``; ``macStyle`` goes into ``head``.
    """
    names = [f"u{ord(character):04x}" for character in characters]
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    advances = {".notdef": (WIDTH, 0)}
    for number, (name, character) in enumerate(zip(names, characters, strict=True)):
        pen = TTGlyphPen(None)
        drawn = [] if character in blank else bars(0 if alike else number, slant)
        for left, bottom, right, top in drawn:
            corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
            pen.moveTo((corners[0][0], corners[0][1] * stretch))
            for x, y in corners[1:]:
                pen.lineTo((x, y * stretch))
            pen.closePath()
        glyphs[name] = pen.glyph()
        advances[name] = (widths[number % 2], min((bar[0] for bar in drawn), default=0))
    builder = FontBuilder(EM)
    builder.setupGlyphOrder([".notdef", *names])
    codes = dict(zip(map(ord, characters), names, strict=True))
    builder.setupCharacterMap(codes)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(advances)
    builder.setupHorizontalHeader(ascent=ASCENT, descent=-DESCENT)
    builder.setupNameTable({"familyName": family, "styleName": style})
    mac = metrics.pop("macStyle", 0)
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=-DESCENT, **metrics)
    builder.setupPost()
    builder.updateHead(macStyle=mac, created=0, modified=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    builder.save(path)
    return path


def expected_picture(number: int, side: int, em: float) -> np.ndarray:
    """Return the share of every pixel that the bars of a character cover, by plain geometry.

    Args:
        em: in sides of a picture.
    """
    unit = em * side / EM
    coverage = np.zeros((side, side))
    edges = np.arange(side)
    for left, bottom, right, top in bars(number):
        x0, x1 = (side / 2 + (x - WIDTH / 2) * unit for x in (left, right))
        y0, y1 = (side / 2 + ((ASCENT - DESCENT) / 2 - y) * unit for y in (top, bottom))
        across = np.clip(np.minimum(edges + 1, x1) - np.maximum(edges, x0), 0, 1)
        down = np.clip(np.minimum(edges + 1, y1) - np.maximum(edges, y0), 0, 1)
        coverage += down[:, None] * across[None, :]
    return coverage
