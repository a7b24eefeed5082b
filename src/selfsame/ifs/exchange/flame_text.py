"""Safe XML and numbers: what a hostile ``.flame`` file meets first."""

from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import CorruptedError, LimitError, TruncatedError, UnsupportedError

MAX_ELEMENTS = 300_000
"""Most elements of a file: 1000 flames whose palettes take one element per colour."""

MAX_DEPTH = 1000
"""Deepest nesting; the edit history of real files is some hundred levels deep."""

_ENDS_EARLY = frozenset({3, 5, 6, 20})
"""Expat's codes for: no element, unclosed token, partial character, unclosed CDATA section."""


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
