"""Pictures that a table lists: a CSV file of names, captions and whatever else is known of them."""

import csv
import io
from pathlib import Path

from selfsame.datasets.captioned.texts import check_inside, text_of
from selfsame.datasets.columns import CAPTIONS, column_name, column_of
from selfsame.datasets.listing import Listing
from selfsame.datasets.pictures import NamedPicture
from selfsame.errors import CorruptedError, InputError
from selfsame.io.files import open_input
from selfsame.io.pictures import SUFFIXES

TABLES = ("captions.csv", "metadata.csv")
"""Files of a folder that say which pictures belong to it; the first that is there."""

FILE_NAMES = ("file_name", "filename", "file", "files", "image", "path")
"""What the column with the names of the pictures may be called; without one it is the first."""

MAX_TABLE = 1 << 28


def folder_table(folder: Path) -> Path | None:
    """Return the table that lists the pictures of a folder; None: there is none."""
    paths = (folder / name for name in TABLES)
    return next((path for path in paths if path.is_file()), None)


def list_table(path: Path) -> Listing:
    """Return the pictures of a table in its order, named relative to the folder that it lies in.

    The first line has the names of the columns, or is the first picture already: then there are
    two columns, file and caption.

    Raises:
        InputError: no such file, or no picture in it.
        FormatError: it is no table: no text, lines of unequal length, a picture twice, or one that
            lies elsewhere.
    """
    with open_input(path) as stream:
        text = text_of(stream.read(MAX_TABLE + 1), str(path), MAX_TABLE)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        numbered = [(lines.line_num, cells) for cells in lines if cells]
    except csv.Error as error:
        raise CorruptedError(f"{path}, line {lines.line_num}: {error}") from error
    if not numbered:
        raise InputError(f"{path} is empty; its lines are to be: file, caption")
    names, place = _header(numbered[0][1], path)
    rows = numbered if names == [*_PLAIN] else numbered[1:]
    for line, cells in rows:
        if len(cells) != len(names):
            raise CorruptedError(
                f"{path}, line {line} has {len(cells)} cells, and there are {len(names)} columns"
            )
        check_inside(cells[place], f"{path}, line {line}")
    files = [cells[place] for _, cells in rows]
    if not files:
        raise InputError(f"{path} lists no picture")
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise CorruptedError(f"{path} lists {twice} twice")
    columns = {
        name: column_of([cells[number] for _, cells in rows], f"{path}, {name}")
        for number, name in enumerate(names)
        if number != place
    }
    return Listing([NamedPicture(file, path.parent / file) for file in files], columns)


_PLAIN = ("", CAPTIONS)
"""The columns of a table that does not name them."""


def _header(cells: list[str], path: Path) -> tuple[list[str], int]:
    """Return the names of the columns, ``_PLAIN`` if the line is that of a picture, and the place
    of the column of files."""
    if Path(cells[0]).suffix.lower() in SUFFIXES:
        if len(cells) != len(_PLAIN):
            raise CorruptedError(
                f"{path} has {len(cells)} columns and does not name them: lines are file, caption, "
                "or the first has the names"
            )
        return [*_PLAIN], 0
    names = [column_name(cell.strip()) for cell in cells]
    if len(set(names)) < len(names) or "" in names:
        raise CorruptedError(f"{path} must name each of its columns once: got {', '.join(cells)}")
    known = [number for number, name in enumerate(names) if name.lower() in FILE_NAMES]
    return names, known[0] if known else 0
