"""Text from strangers: captions beside pictures, and the names that a list gives to them."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from selfsame.errors import CorruptedError, LimitError
from selfsame.io.files import open_input

MAX_TEXT = 1 << 16
"""Bytes of a caption, or of what is known of one picture."""


def caption_beside(picture: Path) -> str | None:
    """Return the caption in the text file beside a picture; None: there is no such file.

    Raises:
        FormatError: it is no text, or too long.
    """
    path = picture.with_suffix(".txt")
    if not path.is_file():
        return None
    with open_input(path) as stream:
        return caption_of(stream.read(MAX_TEXT + 1), str(path))


def caption_of(contents: bytes, what: str) -> str:
    """Return the text in some bytes of UTF-8, in one line; errors as of ``text_of``."""
    return " ".join(text_of(contents, what).split())


def text_of(contents: bytes, what: str, most: int = MAX_TEXT) -> str:
    """Return the text in some bytes of UTF-8.

    Args:
        what: where they come from, for the message.
        most: bytes that are allowed.
    Raises:
        LimitError: more of them.
        CorruptedError: they are no such text.
    """
    if len(contents) > most:
        raise LimitError(f"{what} is longer than the {most} bytes that are read of a text")
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptedError(f"{what} is no text in UTF-8: {error}") from error
    if "\0" in text:
        raise CorruptedError(f"{what} is no text: it has zero bytes in it")
    return text


def json_of(contents: bytes, what: str, most: int = MAX_TEXT) -> Any:
    """Return what JSON in some bytes of UTF-8 holds; arguments as of ``text_of``.

    Raises:
        LimitError, CorruptedError: as ``text_of``, or it is no JSON.
    """
    text = text_of(contents, what, most)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptedError(f"{what} is no JSON: {error}") from error


def check_inside(name: str, what: str) -> None:
    """Raise ``CorruptedError`` unless a name with slashes leads to somewhere below its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.name:
        raise CorruptedError(f"{what} names {name!r}: it must be a file below the folder")
