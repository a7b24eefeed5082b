"""Decoded planes to the pixels of a picture."""

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH, ORDERED

Plane = NDArray[np.float32]


class Window(NamedTuple):
    """A rectangle of a plane.

    Attributes:
        values: C-contiguous float32, centred on 0, in units of 1/255 of the value range.
        top, left: of ``values`` in the plane.
        height, width: of the plane, as far as it belongs to the picture.
    """

    values: Plane
    top: int
    left: int
    height: int
    width: int


def compose(windows: list[Window], half_chroma: bool, top: int, left: int, out: Plane) -> None:
    """Fill the colour channels of ``out`` with values in [0, 1].

    Args:
        windows: of one plane (grey), or of Y, Cb and Cr as in JFIF.
        half_chroma: whether the planes of Cb and Cr have half the resolution of Y; they are then
            interpolated linearly.
        top, left: of ``out`` in the plane of Y. The windows hold what it needs.
        out: (H, W, at least as many channels as windows).
    """
    y = windows[0]
    top_y, left_y = top - y.top, left - y.left
    if len(windows) == 1:
        _grey(y.values, top_y, left_y, out)
        return
    cb, cr = windows[1:]
    if not half_chroma:
        corners = np.array([(top - w.top, left - w.left) for w in windows], np.int64)
        _colour(y.values, cb.values, cr.values, corners, out)
        return
    corners = np.array([(top_y, left_y), (cb.top, cb.left), (cr.top, cr.left)], np.int64)
    _half_colour(y.values, cb.values, cr.values, corners, top, left, cb.height, cb.width, out)


@njit(cache=True, parallel=True, fastmath=ORDERED)
def _grey(y, top, left, out):  # type: ignore[no-untyped-def]
    for i in prange(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j, 0] = _unit(y[top + i, left + j])


@njit(cache=True, parallel=True, fastmath=ORDERED)
def _colour(y, cb, cr, corners, out):  # type: ignore[no-untyped-def]
    width = out.shape[1]
    for i in prange(out.shape[0]):
        (a, b), (c, d), (e, f) = corners
        _colour_row(
            y[a + i, b : b + width],
            cb[c + i, d : d + width],
            cr[e + i, f : f + width],
            out[i],
        )


@njit(cache=True, parallel=True, fastmath=ORDERED)
def _half_colour(y, cb, cr, corners, top, left, height, width, out):  # type: ignore[no-untyped-def]
    columns = out.shape[1]
    for i in prange(out.shape[0]):
        fine = np.empty((2, columns), np.float32)
        _doubled_row(cb, corners[1, 0], corners[1, 1], top + i, left, height, width, fine[0])
        _doubled_row(cr, corners[2, 0], corners[2, 1], top + i, left, height, width, fine[1])
        first = corners[0, 1]
        _colour_row(y[corners[0, 0] + i, first : first + columns], fine[0], fine[1], out[i])


@njit(cache=True, fastmath=FASTMATH)
def _doubled_row(plane, top, left, i, j, height, width, row):  # type: ignore[no-untyped-def]
    """Fill ``row`` with row i, from column j on, of a plane enlarged 2:1; its edges are repeated.

    ``plane`` lies at top, left of one of ``height`` × ``width`` pixels. An even pixel 2 q lies a
    quarter of a pixel before the centre of pixel q of the plane, an odd one as much behind.
    """
    near, far = np.float32(0.75), np.float32(0.25)
    a = i >> 1
    b = min(max(a + (1 if i & 1 else -1), 0), height - 1) - top
    a -= top
    last = width - 1 - left
    for k in range(row.size):
        c = (j + k) >> 1
        d = min(max(c + (1 if (j + k) & 1 else -1), 0) - left, last)
        c -= left
        at_c = near * plane[a, c] + far * plane[b, c]
        at_d = near * plane[a, d] + far * plane[b, d]
        row[k] = near * at_c + far * at_d


@njit(cache=True, fastmath=FASTMATH)
def _colour_row(y, cb, cr, out):  # type: ignore[no-untyped-def]
    for j in range(y.size):
        out[j, 0] = _unit(y[j] + np.float32(1.402) * cr[j])
        green = np.float32(0.344136286) * cb[j] + np.float32(0.714136286) * cr[j]
        out[j, 1] = _unit(y[j] - green)
        out[j, 2] = _unit(y[j] + np.float32(1.772) * cb[j])


@njit(cache=True, fastmath=FASTMATH)
def _unit(value):  # type: ignore[no-untyped-def]
    scaled = (value + np.float32(128)) * np.float32(1 / 255)
    return min(max(scaled, np.float32(0)), np.float32(1))
