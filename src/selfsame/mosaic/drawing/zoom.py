"""Zooming into a fractal picture without end.

The *gate* is one patch whose copy stands upright; the zoom closes in on the fixed point of its map,
the one place that lies at the same spot of the picture and of the patch. When the patch fills the
frame it shows the whole picture, so a zoom is periodic in the ratio of the two: any depth is a view
of the first period. On the way the gate's tint fades, as it grows from a patch to the frame.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from selfsame.errors import SettingError
from selfsame.mosaic.code import CONTRAST_STEP, MosaicCode
from selfsame.mosaic.drawing.rendering import Bytes
from selfsame.mosaic.drawing.window import Viewer, check_self, frame_size, place_in

MAX_FRAMES = 10_000
MAX_ZOOM = 1e100

FADE_FROM, FADE_TO = 0.15, 0.9
"""Share of the frame's width that the gate has when its tint begins to fade and when it is gone.
A gate that has more of it from the start begins there."""


@dataclass(frozen=True)
class Gate:
    """The patch that a zoom goes through.

    Attributes:
        patch: its row in the code.
        ratio: how often it goes into a side of the picture.
        x, y: the fixed point of its map, in [0, 1], y down.
    """

    patch: int
    ratio: float
    x: float
    y: float


def find_gate(code: MosaicCode, at: tuple[float, float] | None = None) -> Gate:
    """Return the patch to zoom into: upright, large, of strong contrast, near the middle.

    Args:
        at: ``(x, y)`` in pixels of the original: the upright patch nearest to it instead.
    Raises:
        InputError: a code of pieces of a second picture, without an upright patch, or a place
            outside of the picture.
    """
    check_self(code)
    upright = np.flatnonzero(code.isometries == 0)
    if not len(upright):
        raise SettingError("no copy stands upright; fit with other turns to zoom")
    rects = code.bounds[upright] / code.finest
    middle = (rects[:, :2] + rects[:, 2:]) / 2
    if at is None:
        away = np.hypot(*(middle - 0.5).T)
        score = code.contrasts[upright] * CONTRAST_STEP * np.exp(-8 * away**2)
        score *= (rects[:, 2] - rects[:, 0]) ** 0.5
        chosen = int(score.argmax())
    else:
        x, y = place_in(code, at)
        outside = np.maximum(rects[:, :2] - (y, x), (y, x) - rects[:, 2:])
        chosen = int(np.hypot(*np.maximum(outside, 0).T).argmin())
    top, left, bottom, _ = rects[chosen]
    side = bottom - top
    # p = corner + side · p
    return Gate(int(upright[chosen]), 1 / side, left / (1 - side), top / (1 - side))


def zoom_frames(
    code: MosaicCode,
    frames: int,
    *,
    zoom: float | None = None,
    size: tuple[int, int] | None = None,
    at: tuple[float, float] | None = None,
    threads: int | None = None,
) -> Iterator[Bytes]:
    """Return an iterator of the frames (H, W, C) of a zoom of constant visual speed.

    Args:
        zoom: magnification of the last frame over the first, which shows the whole picture; None
            for an endless loop, whose frame after the last would be the first.
        size: ``(width, height)`` of the frames, or None for that of the original.
        at: see ``find_gate``.
    Raises:
        InputError: numbers out of range, or no gate.
    """
    if not 1 <= frames <= MAX_FRAMES:
        raise SettingError(f"frames must be within 1..{MAX_FRAMES}: got {frames}")
    if zoom is not None and not 1 <= zoom <= MAX_ZOOM:
        raise SettingError(f"zoom must be within 1..{MAX_ZOOM:g}: got {zoom}")
    shape = frame_size(code, size)
    gate = find_gate(code, at)
    depth, steps = (gate.ratio, frames) if zoom is None else (zoom, max(1, frames - 1))
    zooms = [depth ** (number / steps) for number in range(frames)]
    return _frames(code, gate, shape, zooms, threads)


def _frames(
    code: MosaicCode,
    gate: Gate,
    size: tuple[int, int],
    zooms: list[float],
    threads: int | None,
) -> Iterator[Bytes]:
    viewer = Viewer(code, size, threads)
    for zoom in zooms:
        yield through(viewer, gate, zoom)


def through(viewer: Viewer, gate: Gate, zoom: float) -> Bytes:
    """Return the view on the way through a gate at a magnification of at least 1."""
    periods = math.floor(math.log(zoom) / math.log(gate.ratio) + 1e-9)
    extent = gate.ratio**periods / zoom
    fade = _fade(1 / (gate.ratio * extent), max(FADE_FROM, 1 / gate.ratio))
    left, top = gate.x * (1 - extent), gate.y * (1 - extent)
    return viewer.window(left, top, extent, patch=gate.patch, fade=fade)


def _fade(share: float, start: float) -> float:
    """Return how far the tint of a gate of this share of the frame has faded, 0 to 1; it begins to
    at the share ``start``."""
    t = min(max(math.log(share / start) / math.log(FADE_TO / start), 0.0), 1.0)
    return t * t * (3 - 2 * t)
