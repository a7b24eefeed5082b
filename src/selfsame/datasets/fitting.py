"""Pictures of other sizes and colours made alike."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from PIL import Image

from selfsame.checked import Range
from selfsame.datasets.pictures import MAX_SIDE, Bytes, Pictures, as_image
from selfsame.errors import SettingError
from selfsame.io.arrays import check_shape

Mode = Literal["grey", "rgb"]

Side = Annotated[int, Range(1, MAX_SIDE)]
"""Of square pictures, in pixels."""

Binarise = Literal["none", "threshold", "static", "dynamic"]
"""How values become 0 or 1, see ``selfsame.datasets.batches.PictureBatches``."""

MAX_PAD = 512


def fit_pictures(pictures: Pictures, side: int | None, mode: Mode | None, what: str) -> Pictures:
    """Return the pictures in grey or colour, squares of a side; None leaves them as they are.

    Grey is as Pillow makes it (ITU-R 601), squares as ``fit_square`` does.

    Args:
        what: where they come from, for the message.
    Raises:
        InputError: they are smaller than ``side``.
    """
    images = pictures.images
    count, height, width, channels = images.shape
    wanted = channels if mode is None else 1 if mode == "grey" else 3
    if wanted < channels:
        rows = [Image.fromarray(image).convert("L") for image in images]
        images = np.stack([np.asarray(row) for row in rows])[..., None]
    if side is not None and (height, width) != (side, side):
        images = np.stack([fit_square(image, side, what) for image in images])
    if wanted > channels:
        check_shape((count, *images.shape[1:3], wanted), 1, what)
        images = np.repeat(images, wanted, axis=3)
    if images is pictures.images:
        return pictures
    return replace(pictures, images=images)


def fit_square(pixels: Bytes, side: int, what: str) -> Bytes:
    """Return the middle of a picture, (H, W, C), scaled down to (side, side, C).

    Raises:
        InputError: it is smaller.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (side, side):
        return pixels
    least = min(height, width)
    if least < side:
        raise SettingError(
            f"{what} is smaller than side, {side}: {width}x{height} pixels; choose a side of at "
            f"most {least}, or leave it out"
        )
    left, top = (width - least) // 2, (height - least) // 2
    middle = pixels[top : top + least, left : left + least]
    fitted = as_image(middle).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(fitted).reshape(side, side, -1)
