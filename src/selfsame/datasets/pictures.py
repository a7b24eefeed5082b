"""A set of pictures: of one size as bytes in memory, or one by one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from selfsame.datasets.columns import (
    Columns,
    column_classes,
    column_labels,
    label_column,
    no_column,
)
from selfsame.errors import InputError, LimitError
from selfsame.io.files import FilePart
from selfsame.io.pictures import Picture, picture_from_pillow, picture_size, read_picture

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]

MAX_SIDE = 4096
"""Pixels along a side of a picture of a set; larger ones are no data set of small pictures."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of one size, with labels where they have them.

    Attributes:
        images: (N, H, W, C) bytes, C 1 (grey) or 3 (sRGB), row 0 at the top.
        labels: class of each picture, (N,), from 0; or None.
        classes: names of the classes, or None.
        columns: what else is known of each picture, by name: captions, groups, styles.
    Raises:
        InputError: arrays of another shape or type, no picture, or labels or columns that do not
            fit.
    """

    images: Bytes
    labels: Labels | None = None
    classes: tuple[str, ...] | None = None
    columns: Columns = field(default_factory=dict)

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
            raise InputError(
                "images must be bytes, (N, H, W, 1) or (N, H, W, 3): "
                f"got {images.dtype} {images.shape}"
            )
        if 0 in images.shape:
            raise InputError(f"images must hold at least one pixel: got {images.shape}")
        for name, column in self.columns.items():
            if column.shape != images.shape[:1]:
                raise InputError(
                    f"column {name} must have a value for each of {len(images)} pictures: got "
                    f"the shape {column.shape}"
                )
        if labels is None:
            return
        if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
            raise InputError(
                f"labels must be int64, one for each of {len(images)} pictures: "
                f"got {labels.dtype} {labels.shape}"
            )
        classes = len(self.classes) if self.classes is not None else None
        if labels.min() < 0 or (classes is not None and labels.max() >= classes):
            raise InputError(
                f"labels must lie within 0..{classes - 1 if classes else ''}: "
                f"got {labels.min()}..{labels.max()}"
            )

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.images)

    def labelled(self, column: str, classes: Sequence[str] | None = None) -> "Pictures":
        """Return the pictures with the values of a column as their classes.

        Args:
            column: its name; or several, joined by commas: a class for each values together.
            classes: the names that have numbers 0, 1, ...; None: all values that there are, sorted.
        Raises:
            InputError: no such column, or a value that is none of the classes.
        """
        values = label_column(self.columns, column)
        if values is None:
            raise no_column(self.columns, column)
        names = column_classes(values) if classes is None else tuple(classes)
        return replace(self, labels=column_labels(values, names), classes=names)

    def with_names(self) -> "Pictures":
        """Return the pictures with classes that have names and, where labels had none, pictures:
        the numbers that there are name them."""
        if self.labels is None or self.classes is not None:
            return self
        names = column_classes(self.labels)
        return replace(self, labels=column_labels(self.labels, names), classes=names)

    def chosen(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Pictures":
        """Return some of the pictures, with all that is known of them."""
        labels = None if self.labels is None else self.labels[rows]
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Pictures(self.images[rows], labels, self.classes, columns)

    def spread(self, count: int) -> "Pictures":
        """Return ``count`` of the pictures at most, evenly spread over the set."""
        count = min(count, len(self))
        return self.chosen(np.arange(count) * len(self) // count)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of pictures and labels, not of other columns, 16 hexadecimal digits."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        if self.labels is not None:
            digest.update(self.labels.astype("<i8").data)
        return digest.hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class NamedPicture:
    """A picture of a set, which is read when it is asked for.

    Attributes:
        name: its file relative to the set, or its number in an array, five digits or more; it
            stays when the set is moved.
        source: its file, the part of a file that it is, or its pixels, (H, W, C) bytes, C 1 or 3.
    """

    name: str
    source: Path | FilePart | Bytes

    def read(self, mode: Literal["grey", "rgb", "auto"] = "auto") -> Picture:
        """Return the pixels, (H, W) or (H, W, 3), float32 in [0, 1]; see ``read_picture``.

        Raises:
            InputError: its file cannot be read as a picture.
        """
        if isinstance(self.source, Path):
            return read_picture(self.source, mode)
        if isinstance(self.source, FilePart):
            return read_picture(self.source.name, mode, self.source.read())
        return picture_from_pillow(as_image(self.source), mode)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as ``read`` will give them; errors as of it."""
        if isinstance(self.source, Path):
            return picture_size(self.source)
        if isinstance(self.source, FilePart):
            return picture_size(self.source.name, self.source.read())
        return self.source.shape[1], self.source.shape[0]


def as_image(pixels: Bytes) -> Image.Image:
    """Return a picture, (H, W, C) with C 1 or 3, as Pillow has it."""
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def check_sides(height: int, width: int, what: str) -> None:
    """Raise ``LimitError`` unless the sides of a picture, in pixels, lie within 1..MAX_SIDE."""
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise LimitError(
            f"{what} has pictures of {width}x{height} pixels: sides of 1..{MAX_SIDE} are read"
        )
