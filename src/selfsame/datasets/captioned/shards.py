"""Pictures in tars, as WebDataset has them: members of one name belong together.

``a/7.png`` is a picture, ``a/7.txt`` its caption, ``a/7.cls`` the number of its class and
``a/7.json`` an object with whatever else is known of it. What else lies there is passed over.

Source: the format of the library WebDataset: the name of a sample ends at the first dot of the
file's name.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from selfsame.datasets.captioned.texts import MAX_TEXT, caption_of, check_inside, json_of, text_of
from selfsame.datasets.columns import CAPTIONS, column_name, column_of
from selfsame.datasets.listing import Listing
from selfsame.datasets.pictures import Labels, NamedPicture
from selfsame.errors import CorruptedError, FormatError, InputError, LimitError, TruncatedError
from selfsame.io.files import FilePart, open_input
from selfsame.io.pictures import SUFFIXES

MAX_PICTURE = 1 << 28
"""Bytes of a picture in a tar: it is read into memory before it is opened."""

_TEXTS = (".txt", ".json", ".cls")


class _Sample(NamedTuple):
    """Members of one name."""

    picture: FilePart
    about: dict[str, object]
    label: int | None


def folder_shards(folder: Path) -> list[Path]:
    """Return the tars of a folder, sorted by name, if there is nothing of a set but tars."""
    entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if any(path.is_dir() or path.suffix.lower() in SUFFIXES for path in entries):
        return []
    return sorted(path for path in entries if path.suffix.lower() == ".tar")


def list_shards(paths: list[Path]) -> Listing:
    """Return the pictures of some tars in their order, named like members, of several tars
    with the name of the tar before.

    Raises:
        InputError: no such file, no picture in them, or pictures with and without a class.
        FormatError: a damaged tar, what is no text or no JSON object, two members for one thing,
            or beyond the limits.
    """
    samples = [sample for path in paths for sample in _samples(path, len(paths) > 1)]
    where = str(paths[0])
    if not samples:
        raise InputError(f"{where} holds no picture: members {', '.join(sorted(SUFFIXES))}")
    keys = sorted({key for sample in samples for key in sample.about})
    columns = {
        key: column_of([sample.about.get(key) for sample in samples], f"{where}, {key}")
        for key in keys
    }
    pictures = [NamedPicture(sample.picture.name, sample.picture) for sample in samples]
    return Listing(pictures, columns, _labels([sample.label for sample in samples], where))


def _labels(labels: list[int | None], where: str) -> Labels | None:
    known = [label for label in labels if label is not None]
    if known and len(known) < len(labels):
        raise InputError(f"{where}: {len(known)} of {len(labels)} pictures have a .cls")
    return np.array(known, np.int64) if known else None


def _samples(path: Path, named: bool) -> list[_Sample]:
    """Return the samples of a tar that have a picture.

    Args:
        named: put the name of the tar before those of the pictures.
    """
    found: dict[str, dict[str, FilePart]] = {}
    for part in _members(path):
        check_inside(part.name, str(path))
        folder, slash, file = part.name.rpartition("/")
        key, dot, ending = file.partition(".")
        suffix = (dot + ending).lower()
        kind = "picture" if suffix in SUFFIXES else suffix
        if kind not in ("picture", *_TEXTS):
            continue
        members = found.setdefault(folder + slash + key, {})
        if kind in members:
            raise CorruptedError(f"{path} holds {part.name} beside {members[kind].name}")
        members[kind] = part
    prefix = f"{path.name}/" if named else ""
    return [_sample(members, prefix, path) for members in found.values() if "picture" in members]


def _members(path: Path) -> Iterator[FilePart]:
    """Yield the regular files of a tar that is not compressed."""
    size = path.stat().st_size if path.is_file() else 0
    with open_input(path) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r:") as tar:
                for member in tar:
                    if member.isreg() and not member.issparse():
                        if member.offset_data + member.size > size:
                            raise TruncatedError(f"{path} ends within {member.name}")
                        name = member.name.removeprefix("./")
                        yield FilePart(name, path, member.offset_data, member.size)
                end = tar.offset
            stream.seek(end)
            rest = stream.read(tarfile.BLOCKSIZE)
        except (FormatError, MemoryError):
            raise
        except Exception as error:  # tarfile raises a wide assortment on damaged files
            raise CorruptedError(
                f"{path} cannot be read as a tar: {error}; compressed ones must be unpacked first"
            ) from error
    if rest.strip(b"\0"):  # where tarfile has stopped, without a word
        raise CorruptedError(f"{path} is damaged from byte {end} on")


def _sample(members: dict[str, FilePart], prefix: str, path: Path) -> _Sample:
    picture = members["picture"]
    if picture.size > MAX_PICTURE:
        raise LimitError(f"{path}, {picture.name} is larger than {MAX_PICTURE} bytes")
    about = _about(members[".json"], path) if ".json" in members else {}
    if ".txt" in members:
        about[CAPTIONS] = caption_of(*_text(members[".txt"], path))
    label = _label(*_text(members[".cls"], path)) if ".cls" in members else None
    return _Sample(replace(picture, name=prefix + picture.name), about, label)


def _text(part: FilePart, path: Path) -> tuple[bytes, str]:
    """Return the bytes of a small member, and what it is called."""
    what = f"{path}, {part.name}"
    if part.size > MAX_TEXT:
        raise LimitError(f"{what} is longer than the {MAX_TEXT} bytes that are read of a text")
    return part.read(), what


def _about(part: FilePart, path: Path) -> dict[str, object]:
    """Return the texts, numbers and truth values of a JSON object; others are passed over."""
    contents, what = _text(part, path)
    values = json_of(contents, what)
    if not isinstance(values, dict):
        raise CorruptedError(f"{what} must hold an object: got {type(values).__name__}")
    return {
        column_name(key): " ".join(value.split()) if isinstance(value, str) else value
        for key, value in values.items()
        if isinstance(value, str | int | float)
    }


def _label(contents: bytes, what: str) -> int:
    text = text_of(contents, what).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise CorruptedError(f"{what} must hold the number of a class: got {text[:20]!r}")
    return int(text)
