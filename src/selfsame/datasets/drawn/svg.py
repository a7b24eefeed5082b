"""Drawings in SVG, from strangers, as pixels.

What draws them follows references and nesting as deep as they go, until the stack ends and the
process with it, and a few lines can ask for more work than there is time. So a drawing is looked
at before: only shapes, colours and groups, nested a little, and not too much of them once all
references are followed. Nothing outside of the drawing is read, neither files nor fonts.
"""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from selfsame.datasets.pictures import Bytes
from selfsame.errors import CorruptedError, LimitError, UnsupportedError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH = 32
"""Elements within each other, references included; emoji have fewer than ten."""

MAX_WORK = 20_000
"""Elements once all references are followed; emoji have hundreds."""

MAX_LENGTH = 1 << 20

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_KNOWN = frozenset(
    f"{{{_SVG}}}{name}"
    for name in (
        *("svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line"),
        *("polyline", "polygon", "linearGradient", "radialGradient", "stop", "clipPath", "mask"),
        *("filter", "feBlend", "feColorMatrix", "feFlood", "feGaussianBlur", "feOffset"),
        *("feComposite", "feMerge", "feMergeNode", "title", "desc"),
    )
)
_REFERENCE = re.compile(r"url\(\s*['\"]?\s*#([^)'\"]*)['\"]?\s*\)")


def svg_document(body: str, box: tuple[float, float, float, float], flips: str = "") -> str:
    """Return a drawing as a document, which is square: its box is in the middle.

    Args:
        body: its elements.
        box: left, top, width, height of what is shown.
        flips: ``h``, ``v`` or both: mirrored from left to right, upside down.
    """
    left, top, width, height = box
    if flips:
        across, down = "h" in flips, "v" in flips
        move = f"{2 * left + width if across else 0:g} {2 * top + height if down else 0:g}"
        scale = f"{-1 if across else 1} {-1 if down else 1}"
        body = f'<g transform="translate({move}) scale({scale})">{body}</g>'
    view = f"{left:g} {top:g} {width:g} {height:g}"
    side = max(width, height)
    if width != height:
        place = f'x="{(side - width) / 2:g}" y="{(side - height) / 2:g}"'
        size = f'width="{width:g}" height="{height:g}"'
        body = f'<svg {place} {size} viewBox="{view}">{body}</svg>'
        view = f"0 0 {side:g} {side:g}"
    return f'<svg xmlns="{_SVG}" xmlns:xlink="{_XLINK}" viewBox="{view}">{body}</svg>'


def draw_svg(document: str, side: int, what: str) -> Bytes:
    """Return a drawing on white: (side, side, 3) bytes.

    Args:
        document: see ``svg_document``.
        what: the drawing, for the message.
    Raises:
        FormatError: it is no drawing, has other things than shapes in it, or is beyond the limits.
        MissingExtraError: the extra ``data`` is not installed.
    """
    import resvg_py

    _check(document, what)
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=document,
            width=side,
            height=side,
            background="#ffffff",
            skip_system_fonts=True,
        )
    except ValueError as error:
        raise CorruptedError(f"{what} cannot be drawn: {error}") from error
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def _check(document: str, what: str) -> None:
    """Refuse a drawing that would harm whoever draws it."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(document) > MAX_LENGTH:
        raise LimitError(f"{what} has {len(document)} characters: at most {MAX_LENGTH} are read")
    try:
        root: Element = fromstring(document)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise CorruptedError(f"{what} is no SVG: {error}") from error
    strange = next((each.tag for each in root.iter() if each.tag not in _KNOWN), None)
    if strange is not None:
        raise UnsupportedError(f"{what} has {strange} in it, which is not drawn")
    named = {element.get("id", ""): element for element in root.iter()}
    _measure(root, named, {}, what, 0)


class _Extent(NamedTuple):
    """Of an element, with all that it refers to, every time that it does.

    Attributes:
        work: elements to draw.
        height: most elements within each other.
    """

    work: int
    height: int


def _measure(
    element: "Element",
    named: dict[str, "Element"],
    known: dict[str, _Extent],
    what: str,
    depth: int,
) -> _Extent:
    """Return how much there is to draw of an element that lies so deep."""
    if depth > MAX_DEPTH:
        raise LimitError(f"{what} nests more than {MAX_DEPTH} elements, or refers to itself")
    inner = [_measure(below, named, known, what, depth + 1) for below in element]
    for name in _references(element, what):
        if name in named:
            if name not in known:
                known[name] = _measure(named[name], named, known, what, depth + 1)
            inner.append(known[name])
    extent = _Extent(
        1 + sum(each.work for each in inner), 1 + max((each.height for each in inner), default=0)
    )
    if extent.work > MAX_WORK or depth + extent.height > MAX_DEPTH + 1:
        raise LimitError(
            f"{what} has more than {MAX_WORK} elements to draw, or more than {MAX_DEPTH} within "
            "each other"
        )
    return extent


def _references(element: "Element", what: str) -> Iterator[str]:
    """Yield the names that an element refers to; only those of the drawing itself are allowed."""
    for name, value in element.items():
        if name in ("href", f"{{{_XLINK}}}href"):
            if not value.startswith("#"):
                raise UnsupportedError(f"{what} refers to {value[:40]!r}, which is outside of it")
            yield value[1:]
        else:
            yield from _REFERENCE.findall(value)
