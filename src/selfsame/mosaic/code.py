"""The code of a fractal picture: every patch of it is a tinted small copy of the whole.

The picture is the unit square, x to the right and y down; its n × n first patches are cut into
quarters where that pays. With ``D`` the picture itself, shrunk to a patch and mirrored or turned,

    x_r = m_r + g_r · (u, v) + M_r · Z(D),    M_r = c_r · (t_r ⊗ w + s · (1 - 1 ⊗ w))

``m_r`` is the mean colour of the patch and ``g_r`` its slope (u and v run from -1/2 to 1/2), ``Z``
takes away mean and slope of the copy, ``c_r`` is its contrast, ``w`` weighs the channels to a luma,
``t_r`` is the tint of the copy and ``s`` the saturation that it keeps of its own. Since Z(D) moves
neither means nor slopes, those of every patch of the fixed point are the code's, and the iteration
converges as fast as powers of the contrast. A patch may instead show a block of a second picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.isometries import ISOMETRIES
from selfsame.metrics.pictures import LUMA
from selfsame.mosaic.settings import MAX_LEVELS

UPRIGHT = (0, 1)
"""Isometries that leave the copies standing on their feet."""

CONTRAST_STEP = 1 / 128
MAX_CONTRAST = 127

SLOPE_STEP = 2 / 255
"""A slope is the change across a patch, -254/255 to 254/255."""

SATURATION_STEP = 1 / 255

MAX_GRID = 512

TINT_STEP = 1 / 255

MAX_TINT = 2.0
"""A channel's shading is at most this many times that of luma: nearly pure blue has no luma."""


@dataclass(frozen=True)
class FractalCode:
    """A picture as tinted copies of itself, or of blocks of a second picture.

    Attributes:
        width, height: of the picture, in pixels.
        grid: patches along each side of the picture before any is split.
        levels: how often a patch may be split; the finest are 1 / (grid · 2^levels) of a side.
        saturation: of the copies' own colours, 0 to 255 for none to all.
        tint: how far the shading of a copy goes the way of its patch's mean colour, 0 to 255: from
            grey to as through coloured glass.
        cells: (R, 3) int32 rows ``level, row, column``, counted in patches of that level; they
            tile the picture.
        isometries: (R,) uint8, see ``selfsame.isometries``.
        contrasts: (R,) uint8, in units of ``CONTRAST_STEP``.
        means: (R, C) uint8; one channel (grey) or three (sRGB).
        slopes: (R, C, 2) int8, to the right and down, in units of ``SLOPE_STEP``.
        blocks: (R, 4) int32 rows ``y, x, height, width`` of blocks of a second picture, or None
            where every copy is one of the whole picture.
    """

    width: int
    height: int
    grid: int
    levels: int
    saturation: int
    tint: int
    cells: NDArray[np.int32]
    isometries: NDArray[np.uint8]
    contrasts: NDArray[np.uint8]
    means: NDArray[np.uint8]
    slopes: NDArray[np.int8]
    blocks: NDArray[np.int32] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height

    @property
    def channels(self) -> int:
        """1 for grey, 3 for sRGB."""
        return int(self.means.shape[1])

    @property
    def finest(self) -> int:
        """Patches of the finest level along a side."""
        return self.grid << self.levels

    @property
    def bounds(self) -> NDArray[np.int64]:
        """(R, 4) rows ``top, left, bottom, right`` in patches of the finest level."""
        side = np.left_shift(1, self.levels - self.cells[:, :1].astype(np.int64))
        corners = self.cells[:, 1:] * side
        return np.concatenate([corners, corners + side], axis=1)


def check_code(code: FractalCode) -> None:
    """Raise ``InputError`` unless patches tile the picture and all numbers are within limits."""
    if not 2 <= code.grid <= MAX_GRID or not 0 <= code.levels <= MAX_LEVELS:
        raise InputError(
            f"grid must be within 2..{MAX_GRID} and levels within 0..{MAX_LEVELS}: "
            f"got {code.grid}, {code.levels}"
        )
    count, channels = len(code.cells), code.means.shape[-1]
    shapes = {
        "cells": (code.cells.shape, (count, 3)),
        "isometries": (code.isometries.shape, (count,)),
        "contrasts": (code.contrasts.shape, (count,)),
        "means": (code.means.shape, (count, channels)),
        "slopes": (code.slopes.shape, (count, channels, 2)),
    }
    for name, (got, wanted) in shapes.items():
        if got != wanted or channels not in (1, 3):
            raise InputError(f"{name} of {count} patches must have shape {wanted}: got {got}")
    if code.isometries.max(initial=0) >= ISOMETRIES or code.contrasts.max(initial=0) > MAX_CONTRAST:
        raise InputError(
            f"isometries are 0..{ISOMETRIES - 1} and contrasts 0..{MAX_CONTRAST}: got "
            f"{code.isometries.max()}, {code.contrasts.max()}"
        )
    covered = np.zeros((code.finest, code.finest), np.int64)
    for top, left, bottom, right in code.bounds.tolist():
        covered[top:bottom, left:right] += 1
    if not (covered == 1).all():
        raise InputError("the patches must tile the picture: some overlap, or leave a gap")


def luma_weights(channels: int) -> NDArray[np.float64]:
    """Return the weights of the channels in a luma; they add up to 1."""
    return np.array(LUMA if channels == 3 else (1.0,))


def tints(means: NDArray[np.floating], tint: float) -> NDArray[np.float64]:
    """Return the shading of each channel for a shading 1 of luma, (..., C).

    Args:
        means: (..., C), in [0, 1]; tint: 0 for equal shading, 1 for shading in proportion to them.
    """
    luma = means @ luma_weights(means.shape[-1])
    ratio = means / np.maximum(luma, 1e-3)[..., None]
    return np.asarray(np.minimum(1 - tint + tint * ratio, MAX_TINT), np.float64)


def color_maps(
    tint: NDArray[np.floating], contrasts: NDArray[np.floating], saturation: float
) -> NDArray[np.float64]:
    """Return the matrices ``M_r``, (..., C, C), of tints (..., C) and contrasts (...)."""
    channels = tint.shape[-1]
    w = luma_weights(channels)
    chroma = np.eye(channels) - w
    maps = tint[..., None] * w + saturation * chroma
    return np.asarray(contrasts[..., None, None] * maps, np.float64)


def matrices(code: FractalCode) -> NDArray[np.float64]:
    """Return the matrices ``M_r`` of a code, (R, C, C)."""
    tint = tints(code.means / 255, code.tint * TINT_STEP)
    return color_maps(tint, code.contrasts * CONTRAST_STEP, code.saturation * SATURATION_STEP)


def planes(code: FractalCode) -> NDArray[np.float64]:
    """Return mean and slopes (to the right, down) of every patch, (R, 3, C), values in [0, 1]."""
    means = code.means[:, None] / 255
    return np.concatenate([means, np.swapaxes(code.slopes * SLOPE_STEP, 1, 2)], axis=1)
