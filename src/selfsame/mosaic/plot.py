"""A picture of how a mosaic is made: the outlines of its patches."""

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.limits import MAX_PIXELS
from selfsame.mosaic.code import MosaicCode

WANTED_SIDE = 1600
"""The longer side of the plot, about."""

LEAST_PATCH = 4
"""Pixels of a finest patch, at the least: of fewer, outlines would hide everything."""

SOFTNESS = 0.65
"""How far outlines go from what is below them to white, or of bright patches to black."""

BRIGHT = 140
"""Of 255, the mean of a patch from where on its outline is black."""


def plot_code(code: MosaicCode) -> NDArray[np.uint8]:
    """Return the picture with a line along the upper and left edge of every patch, (H, W, 3)
    bytes.

    Raises:
        InputError: a picture so narrow that its patches cannot be told apart.
    """
    from selfsame.mosaic.drawing.rendering import render

    factor = max(WANTED_SIDE / max(code.size), LEAST_PATCH * code.finest / min(code.size))
    width, height = round(code.width * factor), round(code.height * factor)
    if width * height > MAX_PIXELS:
        raise InputError(f"{code.width}x{code.height} pixels are too narrow to plot the patches of")
    page = np.broadcast_to(render(code, (width, height)), (height, width, 3)).copy()
    patch = code.patch_map[_places(height, code.finest)[:, None], _places(width, code.finest)]
    edges = np.zeros((height, width), bool)
    edges[1:] |= patch[1:] != patch[:-1]
    edges[:, 1:] |= patch[:, 1:] != patch[:, :-1]
    below = page[edges].astype(np.float64)
    ink = np.where(code.means.mean(axis=1) > BRIGHT, 0, 255)[patch[edges], None]
    page[edges] = np.rint(below + SOFTNESS * (ink - below))
    return page


def _places(pixels: int, finest: int) -> NDArray[np.int64]:
    """Return in which finest patch each pixel along a side lies; edges as in renderings."""
    edges = np.rint(np.arange(1, finest) * (pixels / finest))
    return np.searchsorted(edges, np.arange(pixels), side="right")
