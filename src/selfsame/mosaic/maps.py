"""What the numbers of a mosaic mean: the plane of every patch and the matrix of its copy.

Colours are in [0, 1] here; see ``selfsame.mosaic.code`` for the formula.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.metrics.pictures import LUMA
from selfsame.mosaic.code import (
    CONTRAST_STEP,
    SATURATION_STEP,
    SLOPE_STEP,
    TINT_STEP,
    MosaicCode,
)

MAX_TINT = 2.0
"""A channel's shading is at most this many times that of luma: nearly pure blue has no luma."""


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


def matrices(code: MosaicCode) -> NDArray[np.float64]:
    """Return the matrices ``M_r`` of a code, (R, C, C)."""
    tint = tints(code.means / 255, code.tint * TINT_STEP)
    return color_maps(tint, code.contrasts * CONTRAST_STEP, code.saturation * SATURATION_STEP)


def planes(code: MosaicCode) -> NDArray[np.float64]:
    """Return mean and slopes (to the right, down) of every patch, (R, 3, C), values in [0, 1]."""
    means = code.means[:, None] / 255
    return np.concatenate([means, np.swapaxes(code.slopes * SLOPE_STEP, 1, 2)], axis=1)
