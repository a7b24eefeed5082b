"""The picture of a code, at any scale: whole, or a part of it."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from selfsame._native import pifs as native
from selfsame.errors import SettingError
from selfsame.io.color import planes_from_picture
from selfsame.io.pictures import picture_bytes
from selfsame.limits import MAX_PIXELS, MAX_SIDE
from selfsame.pifs.code import LUMA, MAX_ITERATIONS, PifsCode, PlaneCode
from selfsame.pifs.decoding.planes import MARGIN, Plane, deblock, reconstruct_plane
from selfsame.pifs.decoding.region import PlanePart, luma_cells, part_of_plane
from selfsame.run.threads import thread_count

Picture = NDArray[np.float32]
"""(H, W) grey or (H, W, 3) sRGB, with alpha (H, W, 2) or (H, W, 4); float32 in [0, 1]."""

_REACH = 3
"""Half width of Pillow's Lanczos filter, in samples of the coarser of its two grids."""

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


class Window(NamedTuple):
    """A rectangle of a plane.

    Attributes:
        values: centred on 0, in units of 1/255 of the value range.
        top, left: of ``values`` in the plane.
        height, width: of the plane, as far as it belongs to the picture.
    """

    values: Plane
    top: int
    left: int
    height: int
    width: int


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
        iterations: how often the maps are applied, 0 to ``MAX_ITERATIONS``; by default as the code
            says.
        start: the picture from which the iteration starts, of any size, (H, W) or (H, W, 3), values
            in [0, 1]; by default the part of the code that is not self-similar.
        threads: at most this many; by default one for every core.
    Returns:
        (H, W) or (H, W, 3), with alpha (H, W, 2) or (H, W, 4); values in [0, 1].
    Raises:
        InputError: an argument out of its range, or more than ``MAX_PIXELS`` pixels to compute.
    """
    rounds = code.iterations if iterations is None else iterations
    if not 0 <= rounds <= MAX_ITERATIONS:
        raise SettingError(f"iterations must be 0 to {MAX_ITERATIONS}: got {rounds}")
    sampling = _sampling_of(code, scale, size, region)
    width, height = sampling.size
    count = thread_count(threads)
    parts = _parts(code, sampling, rounds, whole=region is None)
    _check_work(parts, sampling)
    windows = _windows(code, sampling, parts, rounds, start, count)
    out = np.empty((height, width, len(code.planes) + (code.alpha is not None)), np.float32)
    x0, y0, half_chroma = sampling.region[0], sampling.region[1], code.half_chroma
    if not sampling.is_whole_scale:
        ratios = (1, 2, 2) if half_chroma else (1, 1, 1)
        windows = [_resampled(w, sampling, r) for w, r in zip(windows, ratios, strict=False)]
        x0, y0, half_chroma = 0, 0, False
    native.compose(windows, half_chroma, y0 * sampling.grid, x0 * sampling.grid, out, count)
    if code.alpha is not None:
        out[..., -1] = _alpha(code.alpha, sampling)
    return out[..., 0] if out.shape[2] == 1 else out


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


def _parts(code: PifsCode, sampling: Sampling, rounds: int, whole: bool) -> list[PlanePart]:
    """Return what must be computed of each plane."""
    if whole:
        return [PlanePart(plane, 0, 0) for plane in code.planes]
    parts = []
    drawn = None
    # Chroma first: its maps may draw from luma outside of the region.
    for c in range(len(code.planes) - 1, -1, -1):
        plane = code.planes[c]
        parts.append(
            part_of_plane(plane, _needed(code, sampling, c), rounds, drawn if c == 0 else None)
        )
        if c > 0 and rounds > 0:
            ratio = 2 if code.half_chroma else 1
            cells = luma_cells(parts[-1], ratio, code.planes[0].levels.shape)
            drawn = cells if drawn is None else drawn | cells
    return parts[::-1]


def _needed(code: PifsCode, sampling: Sampling, channel: int) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right of what the filters need of a plane."""
    x0, y0, x1, y1 = sampling.region
    ratio = 2 if channel > 0 and code.half_chroma else 1
    margin = 1 if ratio == 2 else 0
    if not sampling.is_whole_scale:
        coarser = max((x1 - x0) / sampling.size[0], (y1 - y0) / sampling.size[1], 1)
        margin = math.ceil(_REACH * coarser) + 1
    if code.deblock > 0:
        margin += MARGIN
    height, width = code.planes[channel].levels.shape
    return (
        max(0, y0 // ratio - margin),
        max(0, x0 // ratio - margin),
        min(height, -(-y1 // ratio) + margin),
        min(width, -(-x1 // ratio) + margin),
    )


def _check_work(parts: list[PlanePart], sampling: Sampling) -> None:
    for part in parts:
        height, width = part.plane.levels.shape
        samples = height * width * sampling.grid**2
        # Padding adds to a picture of just MAX_PIXELS, but never a tenth to a large one.
        if samples > MAX_PIXELS * 1.1:
            raise SettingError(
                f"this scale is computed on a grid of {sampling.grid} samples a pixel in either "
                f"direction, {samples} in all; at most {MAX_PIXELS} are allowed: choose a smaller "
                "scale or a region"
            )


def _windows(
    code: PifsCode,
    sampling: Sampling,
    parts: list[PlanePart],
    rounds: int,
    start: Picture | None,
    threads: int,
) -> list[Window]:
    """Return the planes on the grid of the sampling, with smoothed block borders."""
    is_drawn = any(np.any(part.plane.maps[:, 0] == LUMA) for part in parts[1:])
    starts = None if start is None else _start_planes(start, len(code.planes))
    windows = []
    luma = None
    for c, (plane, part) in enumerate(zip(code.planes, parts, strict=True)):
        first = None if starts is None else _start(starts[c], plane, part, sampling.grid)
        drawn = None
        if luma is not None:
            drawn = _colocated(luma, parts[0], part, 2 if code.half_chroma else 1, sampling.grid)
        x = reconstruct_plane(part.plane, rounds, sampling.grid, drawn, first, threads)
        if c == 0 and is_drawn:
            luma = x
        smooth = deblock(x, part.plane, code.deblock, sampling.grid, threads)
        sides = (part.top, part.left, plane.height, plane.width)
        windows.append(Window(smooth, *(side * sampling.grid for side in sides)))
    return windows


def _colocated(
    luma: NDArray[np.float32], luma_part: PlanePart, part: PlanePart, ratio: int, grid: int
) -> NDArray[np.float32]:
    """Return luma where a part of a chroma plane lies, as far as there is any."""
    height, width = (side * ratio * grid for side in part.plane.levels.shape)
    top = (part.top * ratio - luma_part.top) * grid
    left = (part.left * ratio - luma_part.left) * grid
    if (top, left) == (0, 0) and luma.shape == (height, width):
        return luma
    moved = np.zeros((height, width), np.float32)
    there = luma[max(0, top) : top + height, max(0, left) : left + width]
    y, x = max(0, -top), max(0, -left)
    moved[y : y + there.shape[0], x : x + there.shape[1]] = there
    return moved


def _start_planes(start: Picture, channels: int) -> list[NDArray[np.float32]]:
    planes = planes_from_picture(picture_bytes(start, "start"))
    return (planes + [np.zeros_like(planes[0])] * 2)[:channels]


def _start(
    values: NDArray[np.float32], plane: PlaneCode, part: PlanePart, grid: int
) -> NDArray[np.float32]:
    """Return the start of a part of a plane, from one of any size; padding repeats its edge."""
    height, width = part.plane.height, part.plane.width
    down, across = values.shape[0] / plane.height, values.shape[1] / plane.width
    box = (
        part.left * across,
        part.top * down,
        (part.left + width) * across,
        (part.top + height) * down,
    )
    inner = _resized(values, (width * grid, height * grid), box, Image.Resampling.BICUBIC)
    padded = part.plane.levels.shape
    missing = ((0, (padded[0] - height) * grid), (0, (padded[1] - width) * grid))
    return np.pad(inner, missing, mode="edge")


def _resampled(window: Window, sampling: Sampling, ratio: int) -> Window:
    """Return a plane, of 1 / ``ratio`` of the picture's resolution, on the pixels of the result."""
    rows, columns = window.height - window.top, window.width - window.left
    unit = sampling.grid / ratio
    x0, y0, x1, y1 = (side * unit for side in sampling.region)
    box = (x0 - window.left, y0 - window.top, x1 - window.left, y1 - window.top)
    # Chroma of half resolution is interpolated linearly, as it is at whole scales.
    kind = Image.Resampling.BILINEAR if ratio == 2 else Image.Resampling.LANCZOS
    values = _resized(window.values[:rows, :columns], sampling.size, box, kind)
    return Window(values, 0, 0, *values.shape)


def _alpha(alpha: NDArray[np.uint8], sampling: Sampling) -> NDArray[np.float32]:
    """Return an alpha channel on the pixels of the result, in [0, 1]."""
    x0, y0, x1, y1 = sampling.region
    if sampling.is_whole_scale and sampling.grid == 1:
        values = alpha[y0:y1, x0:x1].astype(np.float32)
    else:
        whole = alpha.astype(np.float32)
        values = _resized(whole, sampling.size, sampling.region, Image.Resampling.BICUBIC)
    return np.asarray(np.clip(np.rint(values), 0, 255) / np.float32(255), np.float32)


def _resized(
    values: NDArray[np.float32],
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    kind: Image.Resampling,
) -> NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(values)).resize(size, kind, box)
    resized: NDArray[np.float32] = np.asarray(image, np.float32)
    return resized
