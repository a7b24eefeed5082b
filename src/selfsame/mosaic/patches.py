"""What a code says of its patches, fitted at all places of one level at once.

The target is a square raster: the picture at a whole number of pixels a patch, whatever its shape.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from selfsame.isometries import transformed
from selfsame.mosaic.code import (
    CONTRAST_STEP,
    MAX_CONTRAST,
    SLOPE_STEP,
    color_maps,
    luma_weights,
    tints,
)

Float = NDArray[np.float64]

TAILS = (0.02, 0.98)
"""Quantiles of a copy's luma that stay within black and white; the rest may be clipped."""

PLANE_ROOM = 0.9
"""Share of the room to black or white that a patch's slopes may take at its corners."""

TEXTURE_ROOM = 0.6
"""Share of the corners' reach that is kept free for the copy: both are extreme at few pixels."""

MAX_SLOPE_STEPS = 127


@dataclass(frozen=True)
class Patches:
    """The smooth part of patches, (..., ) for any shape of their arrangement.

    Attributes:
        means: (..., C); slopes: (..., C, 2); whole numbers, as in ``FractalCode``.
        rest: (..., s, s, C): the target less its smooth part, values in [0, 1].
    """

    means: Float
    slopes: Float
    rest: Float


def centred(side: int) -> Float:
    """Return the places of ``side`` pixels along a patch, -1/2 to 1/2."""
    return (np.arange(side) + 0.5) / side - 0.5


def smooth_part(blocks: Float) -> tuple[Float, Float]:
    """Return means (..., C) and slopes (..., C, 2) of blocks (..., s, s, C), by least squares."""
    axis = centred(blocks.shape[-2])
    norm = max(float(len(axis) * (axis @ axis)), 1e-12)
    right = np.einsum("...ijc,j->...c", blocks, axis) / norm
    down = np.einsum("...ijc,i->...c", blocks, axis) / norm
    return blocks.mean(axis=(-3, -2)), np.stack([right, down], axis=-1)


def plane(means: Float, slopes: Float, side: int) -> Float:
    """Return smooth parts as blocks (..., side, side, C)."""
    axis = centred(side)
    right = axis[None, :, None] * slopes[..., None, None, :, 0]
    down = axis[:, None, None] * slopes[..., None, None, :, 1]
    return np.asarray(means[..., None, None, :] + right + down)


def without_plane(blocks: Float) -> Float:
    """Return blocks (..., s, s, C) less their means and slopes."""
    return np.asarray(blocks - plane(*smooth_part(blocks), blocks.shape[-2]))


def cut(raster: Float, count: int) -> Float:
    """Return a square raster as ``count`` × ``count`` blocks, (count, count, s, s, C)."""
    side = raster.shape[0] // count
    return raster.reshape(count, side, count, side, -1).swapaxes(1, 2)


def shrunk(picture: NDArray[np.floating], side: int) -> Float:
    """Return averages of a picture (H, W, C) over the squares of a raster (side, side, C)."""
    channels = [
        Image.fromarray(picture[..., c].astype(np.float32)).resize(
            (side, side), Image.Resampling.BOX
        )
        for c in range(picture.shape[2])
    ]
    return np.stack([np.asarray(channel, np.float64) for channel in channels], axis=-1)


def moved(blocks: Float, isometries: tuple[int, ...]) -> Float:
    """Return blocks (..., s, s, C) moved by every isometry, (..., moves, s, s, C)."""
    first = np.moveaxis(blocks, -1, -3)
    copies = [np.moveaxis(transformed(first, i), -3, -1) for i in isometries]
    return np.stack(copies, axis=-4)


def fit_planes(blocks: Float) -> Patches:
    """Return the quantised smooth parts of blocks; slopes are cut to what fits the gamut."""
    means, slopes = smooth_part(blocks)
    room = np.minimum(means, 1 - means)
    reach = np.abs(slopes).sum(axis=-1) / 2
    cut_down = np.minimum(1, PLANE_ROOM * room / np.maximum(reach, 1e-9)).min(axis=-1)
    whole_means = np.rint(np.clip(means, 0, 1) * 255)
    steps = np.rint(slopes * cut_down[..., None, None] / SLOPE_STEP)
    whole_slopes = np.clip(steps, -MAX_SLOPE_STEPS, MAX_SLOPE_STEPS)
    smooth = plane(whole_means / 255, whole_slopes * SLOPE_STEP, blocks.shape[-2])
    return Patches(whole_means, whole_slopes, blocks - smooth)


def contrast_limits(patches: Patches, tint: float, darkest: Float, lightest: Float) -> Float:
    """Return the contrasts (...) at which copies reach black or white.

    Args:
        darkest, lightest: luma of the copies less their smooth parts, at the ``TAILS``; (...) or
            one number each.
    """
    means = patches.means / 255
    reach = TEXTURE_ROOM * np.abs(patches.slopes * SLOPE_STEP).sum(axis=-1) / 2
    shading = np.maximum(tints(means, tint), 1e-6)
    up = (1 - means - reach) / (shading * np.maximum(lightest, 1e-6)[..., None])
    down = (means - reach) / (shading * np.maximum(-darkest, 1e-6)[..., None])
    return np.asarray(np.maximum(np.minimum(up, down).min(axis=-1), 0))


def luma_tails(copies: Float) -> tuple[Float, Float]:
    """Return the two ``TAILS`` of the luma of copies (..., s, s, C) less their smooth parts."""
    luma = copies @ luma_weights(copies.shape[-1])
    low, high = np.quantile(luma.reshape(*luma.shape[:-2], -1), TAILS, axis=-1)
    return np.asarray(low), np.asarray(high)


def whole_contrasts(contrasts: Float) -> Float:
    """Return contrasts in whole steps, rounded."""
    return np.clip(np.rint(contrasts / CONTRAST_STEP), 0, MAX_CONTRAST)


def copy_errors(
    patches: Patches, copies: Float, contrasts: Float, tint: float, saturation: float
) -> Float:
    """Return the squared error (...) of patches that show their copies (..., s, s, C)."""
    maps = color_maps(tints(patches.means / 255, tint), contrasts, saturation)
    missed = patches.rest - np.einsum("...cd,...ijd->...ijc", maps, copies)
    return np.asarray((missed**2).sum(axis=(-3, -2, -1)))
