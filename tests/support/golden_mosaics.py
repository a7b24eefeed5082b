"""What the golden files of mosaics hold, from whole numbers alone. Entries are added, never
changed."""

import numpy as np

from selfsame.mosaic.code import MosaicCode, Pieces
from support.golden_collages import whole_numbers


def _tree(draws, levels, cell):
    level, row, column = cell
    if level == levels or next(draws) % 3:
        return [cell]
    quarters = [(level + 1, 2 * row + i, 2 * column + j) for i in (0, 1) for j in (0, 1)]
    return [part for quarter in quarters for part in _tree(draws, levels, quarter)]


def _code(seed, width, height, grid, levels, channels, step, turns, second=None, **fields):
    """A mosaic whose colours wander by at most ``step`` from patch to patch."""
    draws = iter(whole_numbers(seed, grid * grid * 4**levels).tolist())
    firsts = [(0, row, column) for row in range(grid) for column in range(grid)]
    cells = np.array([part for first in firsts for part in _tree(draws, levels, first)], np.int32)
    count = len(cells)
    draws = whole_numbers(seed + 1, count * (3 * channels + 2)).reshape(-1, count)
    steps = (draws[:channels] % (2 * step + 1) - step) // (1 + np.arange(channels)[:, None])
    means = (128 + np.cumsum(np.cumsum(steps, axis=0), axis=1)) % 256
    slopes = draws[channels : 3 * channels].reshape(2, channels, count) % (2 * step + 1) - step
    if second is not None:
        second = _pieces(seed + 2, *second, channels, count)
    return MosaicCode(
        width,
        height,
        grid,
        levels,
        cells=cells,
        isometries=(draws[-1] % turns).astype(np.uint8),
        contrasts=np.where(draws[-2] % 3 == 0, draws[-2] % 128, 115).astype(np.uint8),
        means=means.T.astype(np.uint8),
        slopes=np.clip(slopes, -127, 127).T.astype(np.int8),
        pieces=second,
        **fields,
    )


def _pieces(seed, width, height, channels, count):
    picture = whole_numbers(seed, height * width * channels).reshape(height, width, channels) % 256
    draws = whole_numbers(seed + 1, 4 * count).reshape(4, count)
    h, w = 1 + draws[0] % height, 1 + draws[1] % width
    y, x = draws[2] % (height - h + 1), draws[3] % (width - w + 1)
    places = np.stack([y, x, h, w], axis=1)
    return Pieces(picture.astype(np.uint8), places.astype(np.int32))


MOSAICS = {
    # Every element of the syntax, with larger numbers than a picture would have.
    "mosaic-syntax": _code(1, 451, 300, 7, 4, 3, 127, 8, saturation=178, tint=191),
    # Grey, all patches of one size, upright copies.
    "mosaic-grey": _code(2, 65535, 2, 9, 0, 1, 3, 1, saturation=255, tint=0),
    # Pieces of a second picture.
    "mosaic-pieces": _code(3, 40, 60, 4, 2, 3, 20, 4, (23, 17), saturation=0, tint=255),
    # The least that there can be, grey pieces of one pixel.
    "mosaic-pixel": _code(4, 1, 1, 2, 0, 1, 60, 2, (1, 1), saturation=1, tint=2),
}
