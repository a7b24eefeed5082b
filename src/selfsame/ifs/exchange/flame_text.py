"""Safe XML, numbers and palettes: what a hostile ``.flame`` file meets first."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import CorruptedError, LimitError, TruncatedError, UnsupportedError
from selfsame.ifs.exchange.flame_model import PALETTE_SIZE

MAX_ELEMENTS = 300_000
"""Most elements of a file: 1000 flames whose palettes take one element per colour."""

MAX_DEPTH = 1000
"""Deepest nesting; the edit history of real files is some hundred levels deep."""

_ENDS_EARLY = frozenset({3, 5, 6, 20})
"""Expat's codes for: no element, unclosed token, partial character, unclosed CDATA section."""

_BYTES_PER_COLOR = {"RGB": 3, "RGBA": 4}
_OLD_ATTRIBUTES = frozenset({"index0", "index1", "hue0", "hue1", "blend"})

Array = NDArray[np.float64]


class _BoundedBuilder(ElementTree.TreeBuilder):
    """Builds the tree and stops at the limits."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = 0
        self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Any:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise LimitError(
                f"the file has more than {MAX_ELEMENTS} elements or nests deeper than {MAX_DEPTH}"
            )
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Any:
        self._depth -= 1
        return super().end(tag)


def parse_xml(data: bytes) -> Any:
    """Return the root element of XML without document type, entities or external references.

    Raises:
        FormatError: TruncatedError, CorruptedError, UnsupportedError or LimitError.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_BoundedBuilder(), forbid_dtd=True)
    try:
        parser.feed(data)
        return parser.close()
    except DefusedXmlException as error:
        raise UnsupportedError("document types and entities are not accepted") from error
    except ElementTree.ParseError as error:
        kind = TruncatedError if error.code in _ENDS_EARLY else CorruptedError
        raise kind(f"not well-formed XML: {error}") from error
    except LimitError:
        raise
    except (LookupError, ValueError) as error:  # an encoding that Python or expat does not know
        raise CorruptedError(f"not readable as XML: {error}") from error


def read_numbers(text: str, count: int | None, what: str) -> NDArray[np.float64]:
    """Return finite numbers separated by spaces; ``count`` None allows any number from 1.

    Raises:
        CorruptedError: another count, or something that is no finite number.
    """
    words = text.split()
    if len(words) != count and (count is not None or not words):
        wanted = "numbers" if count is None else f"{count} number{'s' * (count > 1)}"
        raise CorruptedError(f"{what} must be {wanted}: got {text[:80]!r}")
    try:
        values = np.array([float(word) for word in words])
    except ValueError as error:
        raise CorruptedError(f"{what} must be decimal numbers: got {text[:80]!r}") from error
    if not np.isfinite(values).all():
        raise CorruptedError(f"{what} must be finite: got {text[:80]!r}")
    return values


def read_integers(text: str, count: int, what: str) -> list[int]:
    """Return ``count`` integers of at most 9 digits; errors as ``read_numbers``."""
    values = read_numbers(text, count, what)
    if (values != np.rint(values)).any() or (np.abs(values) >= 1e9).any():
        raise CorruptedError(f"{what} must be integers: got {text[:80]!r}")
    return [int(v) for v in values]


def read_palette(flame: Any, drop: Callable[[str], None]) -> Array | None:
    """Return the palette (256, 3) in [0, 1] of a ``<flame>`` element, None if it has none.

    Later entries replace earlier ones; missing ones are interpolated around the circle.

    Args:
        drop: called with the name of a palette that only flam3's own library has.
    Raises:
        CorruptedError: colours that cannot be read.
    """
    known: dict[int, Array] = {}
    for element in flame:
        if element.tag == "color":
            known.update([_single_color(element)])
        elif element.tag == "colors":
            known.update(_hex_colors(element.get("data", ""), element.get("count"), 4, skip=1))
        elif element.tag == "palette":
            if _OLD_ATTRIBUTES & set(element.attrib):
                drop("palette: a blend of numbered palettes")
                continue
            size = _BYTES_PER_COLOR.get(element.get("format", "RGB"))
            if size is None:
                raise CorruptedError(f"palette: format must be one of {sorted(_BYTES_PER_COLOR)}")
            known.update(_hex_colors(element.text or "", element.get("count"), size))
    if not known:
        if "palette" in flame.attrib:
            drop(f"palette: number {flame.get('palette')[:20]}")
        return None
    places = sorted(known)
    colors = np.stack([known[place] for place in places], axis=-1)
    everywhere = np.arange(PALETTE_SIZE)
    channels = [np.interp(everywhere, places, c, period=PALETTE_SIZE) for c in colors]
    palette: Array = np.clip(np.stack(channels, axis=-1), 0, 1)
    return palette


def _single_color(element: Any) -> tuple[int, Array]:
    (index,) = read_integers(element.get("index", ""), 1, "color: index")
    if not 0 <= index < PALETTE_SIZE:
        raise CorruptedError(f"color: index must be within 0..255: got {index}")
    if "rgba" in element.attrib:  # stored unmultiplied, shown multiplied by alpha
        *rgb, alpha = read_numbers(element.get("rgba"), 4, "color: rgba") / 255
        return index, np.clip(np.array(rgb) * alpha, 0, 1)
    return index, np.clip(read_numbers(element.get("rgb", ""), 3, "color: rgb") / 255, 0, 1)


def _hex_colors(text: str, count: str | None, size: int, *, skip: int = 0) -> dict[int, Array]:
    """Return colours by index from hexadecimal text of ``size`` bytes each, RGB after ``skip``."""
    try:
        values = np.frombuffer(bytes.fromhex("".join(text.split())), np.uint8)
    except ValueError as error:
        raise CorruptedError(f"palette: not hexadecimal: {text.strip()[:40]!r}") from error
    number = len(values) // size
    if len(values) % size or not 1 <= number <= PALETTE_SIZE:
        raise CorruptedError(
            f"palette: needs 1 to {PALETTE_SIZE} colours of {size} bytes: got {len(values)} bytes"
        )
    if count is not None and read_integers(count, 1, "palette: count") != [number]:
        raise CorruptedError(f"palette: count says {count[:20]}, the text has {number} colours")
    rgb = values.reshape(number, size)[:, skip : skip + 3] / 255
    return dict(enumerate(rgb))
