"""Which part of a picture is to be decoded, and on which grid."""

import math
from dataclasses import dataclass

from selfsame.errors import InputError
from selfsame.limits import MAX_PIXELS, MAX_SIDE
from selfsame.pifs.code import PifsCode

MAX_SCALE = 64.0

Region = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the picture, the last two exclusive."""


@dataclass(frozen=True)
class Sampling:
    """What is to be computed.

    Attributes:
        region: x0, y0, x1, y1 in pixels of the picture.
        grid: samples per pixel of the picture at which the planes are rendered.
        size: width and height of the result.
        is_whole_scale: whether the samples are the pixels of the result.
    """

    region: Region
    grid: int
    size: tuple[int, int]
    is_whole_scale: bool


def sampling_of(
    code: PifsCode, scale: float, size: tuple[int, int] | None, region: Region | None
) -> Sampling:
    """Return the sampling that the arguments of ``selfsame.pifs.decoding.decode.decode`` ask for.

    Raises:
        InputError: an argument out of its range, or more than ``MAX_PIXELS`` pixels.
    """
    x0, y0, x1, y1 = region = (0, 0, code.width, code.height) if region is None else region
    if not (0 <= x0 < x1 <= code.width and 0 <= y0 < y1 <= code.height):
        raise InputError(
            f"region must be x0, y0, x1, y1 with x0 < x1 and y0 < y1 within the picture of "
            f"{code.width}x{code.height}: got {region}"
        )
    if size is None:
        if not 0 < scale <= MAX_SCALE:
            raise InputError(f"scale must be above 0 and at most {MAX_SCALE:g}: got {scale}")
        size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
        across = down = float(scale)
    else:
        if min(size) < 1:
            raise InputError(f"size must be at least 1x1: got {size[0]}x{size[1]}")
        across, down = size[0] / (x1 - x0), size[1] / (y1 - y0)
        if max(across, down) > MAX_SCALE:
            raise InputError(
                f"size must be at most {MAX_SCALE:g} times that of the picture, "
                f"{x1 - x0}x{y1 - y0}: got {size[0]}x{size[1]}"
            )
    if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
        raise InputError(
            f"sides up to {MAX_SIDE} and at most {MAX_PIXELS} pixels can be decoded: "
            f"got {size[0]}x{size[1]}; choose a smaller scale or a region"
        )
    grid = max(1, math.ceil(max(across, down)))
    return Sampling(region, grid, size, across == down == grid)
