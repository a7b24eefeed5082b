"""Windows of a picture made of itself, however small.

Every sample of a pixel goes down through patches with its exact address until it is larger than a
pixel of a stored rendering, and reads that with the blur that its size needs.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame._native import mosaic as native
from selfsame.errors import SettingError
from selfsame.mosaic.code import MosaicCode
from selfsame.mosaic.drawing.rendering import Bytes, moved_plane, render
from selfsame.mosaic.maps import matrices, planes
from selfsame.run.threads import thread_count

SAMPLES = 3
"""Samples of a pixel along each axis."""

STORED_SIDE = 2048
"""Larger side of the rendering that samples are read from."""

MAX_VIEW = 1e9
"""Beyond, double precision no longer places the samples of a large frame."""

MAX_FRAME_SIDE = 4096


class Viewer:
    """Renders windows of one code, however small.

    Args:
        size: ``(width, height)`` of the frames.
        threads: at most so many; by default one for every core.
    """

    def __init__(self, code: MosaicCode, size: tuple[int, int], threads: int | None = None) -> None:
        self.code, self.size, self.threads = code, size, thread_count(threads)
        factor = STORED_SIDE / max(code.size)
        stored = (max(1, round(code.width * factor)), max(1, round(code.height * factor)))
        self.stored, self.places = _pyramid(render(code, stored, threads=threads))
        self.rects = code.bounds / code.finest
        self.index = code.patch_map
        self.maps = matrices(code)
        own = whole_plane(code)
        moved = np.stack([moved_plane(own, i) for i in range(8)])[code.isometries]
        self.base = planes(code) - np.einsum("rcd,rpd->rpc", self.maps, moved)

    def window(
        self, left: float, top: float, extent: float, *, patch: int = 0, fade: float = 0.0
    ) -> Bytes:
        """Return a window of the picture's shape, (H, W, C) bytes.

        Args:
            left, top, extent: in widths and heights of the picture; the window lies inside.
            patch, fade: a patch whose tint has faded, from 0, not at all, to 1.
        """
        channels = self.code.channels
        # A row of its own: the same patch in copies deeper down is not fading yet.
        faded_map = (1 - fade) * self.maps[patch] + fade * np.eye(channels)
        faded_base = (1 - fade) * self.base[patch]
        frame = np.empty((self.size[1], self.size[0], channels), np.uint8)
        native.view(
            frame,
            left,
            top,
            extent,
            patch,
            self.index,
            self.rects,
            self.code.isometries,
            np.concatenate([self.base, faded_base[None]]),
            np.concatenate([self.maps, faded_map[None]]),
            self.stored,
            self.places,
            SAMPLES,
            self.threads,
        )
        return frame


def view(
    code: MosaicCode,
    zoom: float,
    center: tuple[float, float],
    size: tuple[int, int] | None = None,
    *,
    threads: int | None = None,
) -> Bytes:
    """Return a part of the picture magnified, (H, W, C) bytes, without rendering all of it.

    Args:
        zoom: 1 for the whole picture, up to ``MAX_VIEW``.
        center: ``(x, y)`` in pixels of the original, y down, which is at the same place of the view
            as of the picture: where the zoom goes to.
        size: ``(width, height)``, or None for that of the original.
    Raises:
        InputError: numbers out of range, or a code of pieces of a second picture.
    """
    if not 1 <= zoom <= MAX_VIEW:
        raise SettingError(f"zoom must be within 1..{MAX_VIEW:g}: got {zoom}")
    check_self(code)
    x, y = place_in(code, center)
    viewer = Viewer(code, frame_size(code, size), threads)
    return viewer.window(x * (1 - 1 / zoom), y * (1 - 1 / zoom), 1 / zoom)


def check_self(code: MosaicCode) -> None:
    """Raise ``InputError`` unless every copy of the code is one of the whole picture."""
    if code.pieces is not None:
        raise SettingError("only a picture made of itself can be zoomed into without end")


def place_in(code: MosaicCode, place: tuple[float, float]) -> tuple[float, float]:
    """Return a place in pixels of the original as shares of its width and height.

    Raises:
        InputError: outside of the picture.
    """
    x, y = place[0] / code.width, place[1] / code.height
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise SettingError(
            f"the place to zoom to must lie in the picture, {code.width}x{code.height}: got "
            f"{place[0]:g},{place[1]:g}"
        )
    return x, y


def frame_size(code: MosaicCode, size: tuple[int, int] | None) -> tuple[int, int]:
    """Return ``(width, height)`` of frames, that of the original for None.

    Raises:
        InputError: beyond ``MAX_FRAME_SIDE``.
    """
    width, height = code.size if size is None else size
    if not (1 <= width <= MAX_FRAME_SIDE and 1 <= height <= MAX_FRAME_SIDE):
        raise SettingError(
            f"frames have sides of 1..{MAX_FRAME_SIDE} pixels: got {width}x{height}; pass a size"
        )
    return width, height


def whole_plane(code: MosaicCode) -> NDArray[np.float64]:
    """Return mean and slopes of the whole fixed point, (3, C): those of its patches' planes."""
    rects = code.bounds / code.finest
    own = planes(code)
    side = rects[:, 2] - rects[:, 0]
    area = side**2
    middle = (rects[:, :2] + rects[:, 2:]) / 2 - 0.5
    mean = area @ own[:, 0]
    # Least squares over a unit square: 12 times the first moment.
    right = 12 * ((area * middle[:, 1]) @ own[:, 0] + (area * side / 12) @ own[:, 1])
    down = 12 * ((area * middle[:, 0]) @ own[:, 0] + (area * side / 12) @ own[:, 2])
    return np.stack([mean, right, down])


def _pyramid(picture: Bytes) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return a picture and its halvings in one flat array, values in [0, 1], and where they are.

    Returns:
        (n, C) pixels, and (levels, 3) rows ``offset, height, width``.
    """
    level = picture.astype(np.float32) / np.float32(255)
    parts, places, offset = [], [], 0
    while True:
        height, width = level.shape[:2]
        parts.append(level.reshape(height * width, -1))
        places.append((offset, height, width))
        offset += height * width
        if height == 1 and width == 1:
            return np.concatenate(parts), np.array(places, np.int64)
        even = np.pad(level, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        level = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
