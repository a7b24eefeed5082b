"""The filter across block borders after the last iteration.

Quantisation leaves a jump ``d`` at a border, beyond what the slopes on both sides explain. A block
whose finest cosine is the k-th resolves details of ``r = side / (k + 1)`` pixels. The border error
of its quantised coefficients has a variance of about ``step² / r``, so a jump is explained by them
if it is small against ``step² (1 / r + 1 / r')``: it is then taken away, each block's share in
proportion to its variance, in a linear ramp of the length of its details. A large jump is an edge
of the picture and stays. The shape of the rule is that of the least-squares corrections of
photographs, coded at four rates; its constants are where their PSNR is best.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from selfsame.blocks import ORDERED
from selfsame.pifs.code import MIN_LOG2, NO_MAP, PlaneCode
from selfsame.pifs.decoding.region import cell_owners
from selfsame.pifs.decoding.transform import level_box

GAIN = 0.75
"""Part of a small jump that is taken away, both sides together."""

TOLERANCE = 1.5
"""Square of the jump of which half as large a part is taken away, over the variance that
quantisation explains, at strength 4; twice as large at the next."""

RAMP = 0.65
"""Length of a ramp over that of the block's details."""

MAX_RAMP = 16
"""In pixels."""

SLOPE = 0.375
"""Pixels over which a block is continued, in the direction of its last two."""

MAPPED_DETAIL = 2.0
"""Length of the details of a block with a map: its cosines do not say."""

MARGIN = MAX_RAMP + 2
"""How far from a pixel the pixels lie on which its filtered value depends, in either direction."""

_STRIP = 16
"""Columns of 4 pixels that one thread filters vertically."""


def deblock(
    x: NDArray[np.float32], plane: PlaneCode, strength: int, scale: int = 1
) -> NDArray[np.float32]:
    """Return the attractor of a plane with its block borders smoothed, first vertical ones.

    Args:
        x: (padded height * scale, padded width * scale); is kept.
        plane: its blocks, levels, step, and which blocks have maps.
        strength: 0 (``x`` itself is returned) to 7.
        scale: output pixels per pixel of the plane, in either direction; ramps are as many times
            as long.
    """
    if strength == 0:
        return x
    owners = cell_owners(plane.blocks, plane.levels.shape)
    details = np.empty((len(plane.blocks), 2), np.float32)
    _measure_details(plane.levels, plane.blocks, plane.maps, details)
    tolerance = np.float32(TOLERANCE * 2.0 ** (strength - 4) * plane.step**2)
    across = x.copy()
    _smooth_columns(x, owners, details, tolerance, scale, across)
    both = across.copy()
    _smooth_rows(across, owners, details, tolerance, scale, both)
    return both


@njit(cache=True, parallel=True)
def _measure_details(levels, blocks, maps, details):  # type: ignore[no-untyped-def]
    """Fill rows with the lengths of the finest vertical and horizontal details of each block."""
    for i in prange(len(blocks)):
        h, w = 1 << blocks[i, 2], 1 << blocks[i, 3]
        rows, columns = level_box(levels, blocks[i, 0], blocks[i, 1], h, w)
        longest = np.float32(max(h, w) if maps[i, 0] == NO_MAP else MAPPED_DETAIL)
        details[i, 0] = min(np.float32(h) / np.float32(max(rows, 1)), longest)
        details[i, 1] = min(np.float32(w) / np.float32(max(columns, 1)), longest)


@njit(cache=True, inline="always")
def _ramp(detail, scale):  # type: ignore[no-untyped-def]
    """Return the length of a ramp in output pixels, and how many of their centres it covers."""
    length = min(max(detail, 1) * RAMP, MAX_RAMP) * scale
    return np.float32(length), np.uint64(length + 0.5)


@njit(cache=True, inline="always")
def _correction(inner, last, first, next_inner, slope, tolerance, gain):  # type: ignore[no-untyped-def]
    """Return ``gain`` times the jump between ``last`` and ``first``, less where it is an edge.

    ``inner`` and ``next_inner`` lie one pixel of the plane farther from the border.
    """
    jump = (first - slope * (next_inner - first)) - (last + slope * (last - inner))
    return gain * jump / (np.float32(1) + jump * jump / tolerance)


@njit(cache=True, parallel=True, fastmath=ORDERED)
def _smooth_columns(x, owners, details, tolerance, scale, out):  # type: ignore[no-untyped-def]
    """Add to ``out`` the corrections of ``x`` at vertical borders, in rows of cells at a time."""
    unit, one, far = np.uint64(scale << MIN_LOG2), np.uint64(1), np.uint64(scale + 1)
    step, slope = np.uint64(scale), np.float32(SLOPE / scale)
    for cell in prange(owners.shape[0]):
        top = np.uint64(cell) * unit
        for column in range(1, owners.shape[1]):
            ours, theirs = owners[cell, column - 1], owners[cell, column]
            if ours == theirs or min(ours, theirs) < 0:
                continue
            left, right = details[ours, 1], details[theirs, 1]
            n_left, n_right = np.float32(1) / left, np.float32(1) / right
            noise = n_left + n_right
            length_l, count_l = _ramp(left, scale)
            length_r, count_r = _ramp(right, scale)
            border = np.uint64(column) * unit
            for i in range(top, top + unit):
                c = _correction(
                    x[i, border - far],
                    x[i, border - one],
                    x[i, border],
                    x[i, border + step],
                    slope,
                    tolerance * noise,
                    np.float32(GAIN) / noise,
                )
                for k in range(count_l):
                    fall = np.float32(1) - (np.float32(k) + np.float32(0.5)) / length_l
                    out[i, border - one - k] += c * n_left * fall
                for k in range(count_r):
                    fall = np.float32(1) - (np.float32(k) + np.float32(0.5)) / length_r
                    out[i, border + k] -= c * n_right * fall


@njit(cache=True, parallel=True, fastmath=ORDERED)
def _smooth_rows(x, owners, details, tolerance, scale, out):  # type: ignore[no-untyped-def]
    """Add to ``out`` the corrections of ``x`` at horizontal borders, in strips of columns."""
    unit, one, far = np.uint64(scale << MIN_LOG2), np.uint64(1), np.uint64(scale + 1)
    step, slope = np.uint64(scale), np.float32(SLOPE / scale)
    cells = owners.shape[1]
    for strip in prange(-(-cells // _STRIP)):
        c = np.empty((scale << MIN_LOG2) * _STRIP, np.float32)
        stop = min((strip + 1) * _STRIP, cells)
        for row in range(1, owners.shape[0]):
            border = np.uint64(row) * unit
            column = strip * _STRIP
            while column < stop:
                begin = column
                ours, theirs = owners[row - 1, begin], owners[row, begin]
                while column < stop and (
                    owners[row - 1, column] == ours and owners[row, column] == theirs
                ):
                    column += 1
                if ours == theirs or min(ours, theirs) < 0:
                    continue
                above, below = details[ours, 0], details[theirs, 0]
                n_above, n_below = np.float32(1) / above, np.float32(1) / below
                noise = n_above + n_below
                allowed, gain = tolerance * noise, np.float32(GAIN) / noise
                left, width = np.uint64(begin) * unit, np.uint64(column - begin) * unit
                for j in range(width):
                    at = left + j
                    c[j] = _correction(
                        x[border - far, at],
                        x[border - one, at],
                        x[border, at],
                        x[border + step, at],
                        slope,
                        allowed,
                        gain,
                    )
                length, count = _ramp(above, scale)
                for k in range(count):
                    fall = np.float32(1) - (np.float32(k) + np.float32(0.5)) / length
                    for j in range(width):
                        out[border - one - k, left + j] += c[j] * n_above * fall
                length, count = _ramp(below, scale)
                for k in range(count):
                    fall = np.float32(1) - (np.float32(k) + np.float32(0.5)) / length
                    for j in range(width):
                        out[border + k, left + j] -= c[j] * n_below * fall
