"""The picture of a code at any scale, whole or in part, computed by ``native/pifs/decode``."""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.checked import checked
from selfsame.errors import SettingError
from selfsame.family import Iterations, Picture
from selfsame.io.color import planes_from_picture
from selfsame.io.pictures import Bytes, picture_bytes
from selfsame.limits import MAX_PIXELS, MAX_SIDE
from selfsame.pifs.code import PifsCode
from selfsame.run.threads import thread_count

T = TypeVar("T", np.float32, np.uint8)

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


def decode(
    code: PifsCode,
    *,
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    region: Region | None = None,
    iterations: int | None = None,
    start: Picture | None = None,
    threads: int | None = None,
) -> Picture:
    """Return the picture of a code.

    The code has no resolution: at a whole scale its maps and cosines are evaluated on a finer grid,
    and at others on the next finer one (that of the picture below 1), which is then resampled.

    Args:
        scale: output pixels per pixel of the picture (or of ``region``), above 0, up to
            ``MAX_SCALE``. Sides are rounded, and at least 1.
        size: width and height of the result instead of ``scale``; the aspect may change.
        region: the part of the picture to decode, which costs no more than what it depends on. At
            whole scales the result equals that part of the whole picture bit for bit.
        iterations: how often the maps are applied, 0 to 64; by default as the code
            says.
        start: the picture from which the iteration starts, of any size, (H, W) or (H, W, 3), values
            in [0, 1]; by default the part of the code that is not self-similar.
        threads: at most this many; by default one for every core.
    Returns:
        (H, W) or (H, W, 3), with alpha (H, W, 2) or (H, W, 4); values in [0, 1].
    Raises:
        InputError: an argument out of its range, or more than ``MAX_PIXELS`` pixels to compute.
    """
    return _decoded(np.float32, code, scale, size, region, iterations, start, threads)


def decode_bytes(
    code: PifsCode,
    *,
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    region: Region | None = None,
    iterations: int | None = None,
    start: Picture | None = None,
    threads: int | None = None,
) -> Bytes:
    """Return ``decode`` rounded to bytes, which takes less time and memory."""
    return _decoded(np.uint8, code, scale, size, region, iterations, start, threads)


def bands_seen(
    code: PifsCode,
    rows: int,
    *,
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    region: Region | None = None,
    iterations: int | None = None,
) -> set[int]:
    """Return the bands of a picture, of so many rows of luma, on which a decoding depends.

    Raises:
        InputError: as ``decode``.
    """
    sampling = _sampling_of(code, scale, size, region)
    seen = native.bands_seen(
        _arrays(code),
        code.half_chroma,
        code.deblock,
        sampling.region,
        sampling.grid,
        sampling.size,
        sampling.is_whole_scale,
        _rounds(code, iterations),
        rows,
    )
    return set(seen)


def _decoded(
    dtype: type[T],
    code: PifsCode,
    scale: float,
    size: tuple[int, int] | None,
    region: Region | None,
    iterations: int | None,
    start: Picture | None,
    threads: int | None,
) -> NDArray[T]:
    rounds = _rounds(code, iterations)
    sampling = _sampling_of(code, scale, size, region)
    width, height = sampling.size
    out = np.empty((height, width, code.channels + (code.alpha is not None)), dtype)
    native.decode(
        _arrays(code),
        code.half_chroma,
        code.deblock,
        code.alpha,
        sampling.region,
        sampling.grid,
        sampling.is_whole_scale,
        rounds,
        [] if start is None else _start_planes(start, code.channels),
        out,
        thread_count(threads),
    )
    return out[..., 0] if out.shape[2] == 1 else out


def _arrays(code: PifsCode) -> list[tuple[Any, ...]]:
    """Return the planes as the compiled core takes them."""
    return [(p.levels, p.blocks, p.maps, p.step, p.height, p.width) for p in code.planes]


def _rounds(code: PifsCode, iterations: int | None) -> int:
    wanted = code.iterations if iterations is None else iterations
    rounds: int = checked("iterations", wanted, Iterations)
    return rounds


def _sampling_of(
    code: PifsCode, scale: float, size: tuple[int, int] | None, region: Region | None
) -> Sampling:
    """Return the sampling that the arguments of ``decode`` ask for.

    Raises:
        InputError: an argument out of its range, or more than ``MAX_PIXELS`` pixels.
    """
    x0, y0, x1, y1 = region = (0, 0, code.width, code.height) if region is None else region
    if not (0 <= x0 < x1 <= code.width and 0 <= y0 < y1 <= code.height):
        raise SettingError(
            f"region must be x0, y0, x1, y1 with x0 < x1 and y0 < y1 within the picture of "
            f"{code.width}x{code.height}: got {region}"
        )
    if size is None:
        if not 0 < scale <= MAX_SCALE:
            raise SettingError(f"scale must be above 0 and at most {MAX_SCALE:g}: got {scale}")
        size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
        across = down = float(scale)
    else:
        if min(size) < 1:
            raise SettingError(f"size must be at least 1x1: got {size[0]}x{size[1]}")
        across, down = size[0] / (x1 - x0), size[1] / (y1 - y0)
        if max(across, down) > MAX_SCALE:
            raise SettingError(
                f"size must be at most {MAX_SCALE:g} times that of the picture, "
                f"{x1 - x0}x{y1 - y0}: got {size[0]}x{size[1]}"
            )
    if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
        raise SettingError(
            f"sides up to {MAX_SIDE} and at most {MAX_PIXELS} pixels can be decoded: "
            f"got {size[0]}x{size[1]}; choose a smaller scale or a region"
        )
    grid = max(1, math.ceil(max(across, down)))
    return Sampling(region, grid, size, across == down == grid)


def _start_planes(start: Picture, channels: int) -> list[NDArray[np.float32]]:
    planes = planes_from_picture(picture_bytes(start, "start"))
    return (planes + [np.zeros_like(planes[0])] * 2)[:channels]
