"""What is known of each picture of a set besides its pixels: named columns, a value per picture."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError, SettingError
from selfsame.io.arrays import check_shape

Column = NDArray[np.generic]
"""(N,): whole numbers, floats, truth values or text."""

Columns = Mapping[str, Column]

CAPTIONS = "captions"
"""The column of what pictures show, in words; "" where nothing is said."""

TAGS = "tags"
"""The column of more words for it. Both in other languages are such as ``captions_de``."""

CHARACTERS = "characters"
"""The column of the letters and digits that pictures show: the second axis of a table."""

_CAPTION_NAMES = ("caption", "text")
"""What captions are called elsewhere."""


def column_name(name: str) -> str:
    """Return what a column of a file is called here."""
    return CAPTIONS if name in _CAPTION_NAMES else name


def column_of(values: Sequence[object], what: str) -> Column:
    """Return values as a column: whole numbers, floats or truth values if all are, else text.

    Args:
        values: plain Python values; None, where a picture has none, makes a column of text.
        what: where they come from, for the message.
    Raises:
        LimitError: they take too much memory, all being as long as the longest.
    """
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return np.array(values, np.bool_)
    if kinds == {int} and all(abs(value) < 1 << 63 for value in values):  # type: ignore[arg-type]
        return np.array(values, np.int64)
    if kinds == {float}:
        return np.array(values, np.float64)
    texts = ["" if value is None else str(value) for value in values]
    check_shape((len(texts), max(map(len, texts), default=0)), 4, what)
    return np.array(texts, np.str_)


def text_kind(name: str) -> str | None:
    """Return ``CAPTIONS`` or ``TAGS`` of a column of them in any language; None of others."""
    kind = name.partition("_")[0]
    return kind if kind in (CAPTIONS, TAGS) else None


def no_column(columns: Columns, name: str) -> SettingError:
    """Return the error that there is no such column."""
    known = ", ".join(columns) or "none"
    return SettingError(f"no column {name!r}; the pictures have {known}")


def label_column(columns: Columns, label: str) -> Column | None:
    """Return the column that a label names, or what several have together: the values of
    ``"groups,styles"`` are such as ``"flags, noto"``. None: there is no such column."""
    if label in columns:
        return columns[label]
    names = [name.strip() for name in label.split(",")]
    if not all(name in columns for name in names):
        return None
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    texts = [", ".join(str(value) for value in row if value != "") for row in rows]
    return column_of(texts, f"the columns {label}")


def column_classes(column: Column) -> tuple[str, ...]:
    """Return the values of a column as names of classes, in order: numbers by size, text as text
    is sorted."""
    return tuple(map(str, np.unique(column)))


def column_labels(column: Column, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each picture's class, (N,).

    Raises:
        InputError: a value that is none of the classes.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    values, places = np.unique(column, return_inverse=True)
    unknown = [str(value) for value in values if str(value) not in numbers]
    if unknown:
        raise InputError(f"{unknown[0]!r} is none of the {len(numbers)} classes")
    return np.array([numbers[str(value)] for value in values], np.int64)[places]


def spread(columns: Columns, rows: int, characters: Column) -> dict[str, Column]:
    """Return the columns of a table as those of its pictures, row after row.

    Args:
        columns: of the rows, (rows,) each.
        characters: (K,), what the pictures of every row show.
    Returns:
        (rows · K,) each, ``CHARACTERS`` the last of them.
    """
    repeated = {name: np.repeat(values, len(characters)) for name, values in columns.items()}
    return repeated | {CHARACTERS: np.tile(characters, rows)}
