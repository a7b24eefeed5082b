"""Rendering a mosaic at any size, band by band.

A patch w × h pixels large shows the whole picture rendered at w × h pixels, which is itself such a
rendering: two to four steps down, the patches are as small as a pixel and the *seed* stands in, the
fixed point at ``SEED_PIXELS`` pixels a patch. All that is held is the copies, as bytes, and a band.
Edges of patches lie on whole pixels, so copies of up to four sizes a level are made.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from selfsame._native import mosaic as native
from selfsame.errors import SettingError
from selfsame.isometries import MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE
from selfsame.mosaic.code import MosaicCode
from selfsame.mosaic.maps import matrices, planes
from selfsame.run.threads import thread_count

Bytes = NDArray[np.uint8]
Copies = Callable[[tuple[int, ...], int, int], Bytes]

SEED_PIXELS = 4
"""Pixels of the seed along a finest patch; also the smallest patch that is painted as a copy."""

SEED_STEPS = 4
"""Steps from the picture of means and slopes to the seed; copies fade by their contrast a step."""

BAND_PIXELS = 1 << 23
"""Pixels of a band: 24 MB of colours, and enough to share among threads."""

KEPT_BYTES = 1 << 27
"""Of pieces of a second picture that are kept for the next band."""

MAX_SIDE, MAX_PIXELS = 1 << 20, 1 << 32
"""Largest rendering: 4 gigapixels."""


def plane_of(picture: NDArray[Any]) -> NDArray[np.float64]:
    """Return mean and slopes of a picture (H, W, C), (3, C), by least squares over its pixels."""
    height, width = picture.shape[:2]
    rows = picture.sum(axis=1, dtype=np.float64)
    columns = picture.sum(axis=0, dtype=np.float64)
    u = (np.arange(width) + 0.5) / width - 0.5
    v = (np.arange(height) + 0.5) / height - 0.5
    right = u @ columns / max(float(height * (u @ u)), 1e-9)
    down = v @ rows / max(float(width * (v @ v)), 1e-9)
    return np.stack([rows.sum(axis=0) / (width * height), right, down])


def moved_plane(plane: NDArray[np.float64], isometry: int) -> NDArray[np.float64]:
    """Return mean and slopes of a picture moved by an isometry."""
    mean, right, down = plane
    if isometry & MIRROR_COLUMNS:
        right = -right
    if isometry & MIRROR_ROWS:
        down = -down
    if isometry & TRANSPOSE:
        right, down = down, right
    return np.stack([mean, right, down])


class Painter:
    """Paints bands of one code at one size.

    Args:
        copies: returns the copy of a piece ``(y, x, height, width)`` of the second picture, or of
            the whole picture, ``()``, of the given width and height.
    """

    def __init__(
        self, code: MosaicCode, size: tuple[int, int], copies: Copies, threads: int
    ) -> None:
        self.code, self.size, self.copies, self.threads = code, size, copies, threads
        width, height = size
        bounds = code.bounds
        self.x = np.rint(np.arange(code.finest + 1) * (width / code.finest)).astype(np.int64)
        self.y = np.rint(np.arange(code.finest + 1) * (height / code.finest)).astype(np.int64)
        self.top, self.left = self.y[bounds[:, 0]], self.x[bounds[:, 1]]
        self.bottom, self.right = self.y[bounds[:, 2]], self.x[bounds[:, 3]]
        self.planes, self.matrices = planes(code), matrices(code)

    def band(self, first: int, last: int) -> Bytes:
        """Return rows ``first`` to ``last``, excluded, of the rendering, (rows, W, C) bytes."""
        code = self.code
        band = np.zeros((last - first, self.size[0], code.channels), np.uint8)
        inside = np.flatnonzero((self.top < last) & (self.bottom > first))
        keys = np.stack([self.right - self.left, self.bottom - self.top], axis=1)
        if code.pieces is not None:
            keys = np.concatenate([keys, code.pieces.places], axis=1)
        kinds, which = np.unique(keys[inside], axis=0, return_inverse=True)
        for index, (w, h, *piece) in enumerate(kinds.tolist()):
            members = inside[which.ravel() == index]
            copy = self.copies(tuple(piece), w, h)
            isometries, maps = code.isometries[members], self.matrices[members]
            # M (D - plane of D) as M D and a plane.
            plane = plane_of(copy)
            own = np.stack([moved_plane(plane, i) for i in range(8)])[isometries]
            base = 255 * self.planes[members] - np.einsum("kcd,kpd->kpc", maps, own)
            rects = np.stack([self.top[members], self.left[members]], axis=1)
            numbers = base.astype(np.float32), maps.astype(np.float32)
            native.paint(band, first, rects, isometries, *numbers, copy, self.threads)
        return band


def self_copies(code: MosaicCode, threads: int) -> Copies:
    """Return what makes copies of the whole picture of a code, and keeps them."""
    seed = seed_picture(code, threads)

    @cache
    def copy(piece: tuple[int, ...], width: int, height: int) -> Bytes:
        if min(width, height) < SEED_PIXELS * code.finest:
            return resized(seed, width, height)
        return Painter(code, (width, height), copy, threads).band(0, height)

    return copy


def seed_picture(code: MosaicCode, threads: int = 1) -> Bytes:
    """Return the fixed point at ``SEED_PIXELS`` pixels a finest patch, (side, side, C)."""
    side = SEED_PIXELS * code.finest
    seed = np.zeros((side, side, code.channels), np.uint8)

    def shrunk(piece: tuple[int, ...], width: int, height: int) -> Bytes:
        return resized(seed, width, height)

    for _ in range(1 + SEED_STEPS):
        seed = Painter(code, (side, side), shrunk, threads).band(0, side)
    return seed


class PieceCopies:
    """Cuts pieces out of a second picture at its full resolution; keeps the last used ones."""

    def __init__(self, second: Bytes) -> None:
        self.second = second
        self.made: dict[tuple[int, ...], Bytes] = {}
        self.kept = 0

    def __call__(self, piece: tuple[int, ...], width: int, height: int) -> Bytes:
        """Return a piece ``(y, x, height, width)`` at a size."""
        key = (*piece, width, height)
        copy = self.made.pop(key, None)
        if copy is None:
            y, x, h, w = piece
            copy = resized(np.ascontiguousarray(self.second[y : y + h, x : x + w]), width, height)
            self.kept += copy.nbytes
        self.made[key] = copy
        while len(self.made) > 1 and self.kept > KEPT_BYTES:
            self.kept -= self.made.pop(next(iter(self.made))).nbytes
        return copy


def resized(picture: Bytes, width: int, height: int) -> Bytes:
    """Return a picture (H, W, C) at another size: averages where smaller, Lanczos where larger."""
    smaller = width <= picture.shape[1] and height <= picture.shape[0]
    method = Image.Resampling.BOX if smaller else Image.Resampling.LANCZOS
    image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    return np.asarray(image.resize((width, height), method)).reshape(height, width, -1)


def render(
    code: MosaicCode,
    size: tuple[int, int] | None = None,
    *,
    threads: int | None = None,
) -> Bytes:
    """Return the picture of a code, (H, W, C) bytes, C = 1 or 3.

    Args:
        size: ``(width, height)``, or None for that of the original.
        threads: of the compiled loop; None for all.
    Raises:
        InputError: see ``check_size``.
    """
    return np.concatenate(list(render_bands(code, size, threads=threads)))


def render_bands(
    code: MosaicCode,
    size: tuple[int, int] | None = None,
    *,
    threads: int | None = None,
) -> Iterator[Bytes]:
    """Return the rendering from the top in bands (rows, W, C); see ``render``."""
    width, height = check_size(code.size if size is None else size)
    pieces = code.pieces
    count = thread_count(threads)
    copies = self_copies(code, count) if pieces is None else PieceCopies(pieces.picture)
    return _bands(code, (width, height), copies, count)


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``(width, height)``.

    Raises:
        InputError: not whole numbers from 1 on, or beyond ``MAX_SIDE`` and ``MAX_PIXELS``.
    """
    width, height = size
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE) or width * height > MAX_PIXELS:
        raise SettingError(
            f"a rendering has sides of 1..{MAX_SIDE} and at most {MAX_PIXELS} pixels: got "
            f"{width}x{height}; choose a smaller scale"
        )
    return int(width), int(height)


def _bands(
    code: MosaicCode, size: tuple[int, int], copies: Copies, threads: int
) -> Iterator[Bytes]:
    width, height = size
    smallest = SEED_PIXELS * code.finest
    # Where patches would be smaller than they are painted: a larger picture, made smaller.
    across, down = (max(1, -(-smallest // side)) for side in size)
    painter = Painter(code, (width * across, height * down), copies, threads)
    rows = max(1, BAND_PIXELS // (width * across * down))
    for first in range(0, height, rows):
        last = min(height, first + rows)
        band = painter.band(first * down, last * down)
        yield band if across == down == 1 else resized(band, width, last - first)
