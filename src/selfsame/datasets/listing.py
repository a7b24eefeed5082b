"""Pictures that lie in files, with what is known of them, and how they become one array."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from selfsame.datasets.columns import Columns
from selfsame.datasets.fitting import Mode, fit_square
from selfsame.datasets.pictures import Bytes, Labels, NamedPicture, check_sides
from selfsame.errors import InputError, LimitError
from selfsame.io.arrays import MAX_BYTES
from selfsame.io.pictures import to_uint8


class Listing(NamedTuple):
    """Pictures that are not read yet.

    Attributes:
        pictures: at least one.
        columns: what is known of them, see ``Pictures``.
        labels: their classes, or None.
    """

    pictures: list[NamedPicture]
    columns: Columns
    labels: Labels | None = None


def stack_pictures(
    pictures: Iterable[NamedPicture], side: int | None, mode: Mode | None, where: Path
) -> Bytes:
    """Return pictures as one array, (N, H, W, C).

    Without a mode they are grey if all of them are.

    Args:
        pictures: at least one.
        side: pictures of other sizes are scaled down and cut to squares of it; None: all must be
            of one size.
        where: what holds them, for messages.
    Raises:
        InputError: a picture that cannot be read or has another size.
        LimitError: more than fits in memory.
    """
    images: list[Bytes] = []
    held, first = 0, ""
    for picture in pictures:
        image = _read(picture, side, mode, where)
        first = first or picture.name
        if images and image.shape[:2] != images[0].shape[:2]:
            raise InputError(
                f"{where / picture.name} has {_size(image)} pixels, {first} has "
                f"{_size(images[0])}; give side to make them alike"
            )
        images.append(image)
        held += image.nbytes
        _check_held(held, where)
    if len({image.shape[2] for image in images}) > 1:
        _check_held(3 * images[0][..., 0].size * len(images), where)
        images = [np.repeat(image, 3 // image.shape[2], axis=2) for image in images]
    return np.stack(images)


def _read(picture: NamedPicture, side: int | None, mode: Mode | None, where: Path) -> Bytes:
    """Return one picture, (H, W, C)."""
    values = to_uint8(picture.read(mode or "auto"))
    pixels = values.reshape(*values.shape[:2], -1)
    if side is not None:
        return fit_square(pixels, side, str(where / picture.name))
    check_sides(pixels.shape[0], pixels.shape[1], str(where / picture.name))
    return pixels


def _size(image: Bytes) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _check_held(count: int, where: Path) -> None:
    if count > MAX_BYTES:
        raise LimitError(
            f"the pictures of {where} take more than {MAX_BYTES} bytes; give a smaller side or "
            "fewer pictures"
        )
