"""Small mosaics and pictures for the tests, and a plain rendering of one patch."""

import numpy as np

from selfsame.isometries import transformed
from selfsame.mosaic.code import (
    CONTRAST_STEP,
    SATURATION_STEP,
    SLOPE_STEP,
    TINT_STEP,
    MosaicCode,
    Pieces,
)
from selfsame.mosaic.maps import MAX_TINT

W = {1: np.ones(1), 3: np.array([0.299, 0.587, 0.114])}


def random_code(*, channels=3, grid=4, levels=1, size=(96, 96), moves=8, contrast=60, seed=0):
    """A code of random numbers, some patches split, whose colours stay within the gamut."""
    rng = np.random.default_rng(seed)

    def tree(level, row, column):
        if level == levels or rng.random() >= 0.3:
            return [(level, row, column)]
        quarters = [(2 * row + i, 2 * column + j) for i in (0, 1) for j in (0, 1)]
        return [cell for place in quarters for cell in tree(level + 1, *place)]

    cells = [cell for row in range(grid) for column in range(grid) for cell in tree(0, row, column)]
    n = len(cells)
    return MosaicCode(
        width=size[0],
        height=size[1],
        grid=grid,
        levels=levels,
        saturation=150,
        tint=190,
        cells=np.array(cells, np.int32),
        isometries=rng.integers(0, moves, n).astype(np.uint8),
        contrasts=rng.integers(contrast // 2, contrast + 1, n).astype(np.uint8),
        means=rng.integers(90, 166, (n, channels)).astype(np.uint8),
        slopes=rng.integers(-10, 11, (n, channels, 2)).astype(np.int8),
    )


def random_pieces(code, *, size=(40, 30), seed=0):
    """Pieces of a picture of noise for every patch of a code."""
    rng = np.random.default_rng(seed)
    width, height = size
    sides = rng.integers(1, min(size) + 1, (len(code.cells), 2))
    corners = (rng.random((len(code.cells), 2)) * ((height, width) - sides + 1)).astype(int)
    picture = rng.integers(0, 256, (height, width, code.channels), dtype=np.uint8)
    return Pieces(picture, np.concatenate([corners, sides], axis=1).astype(np.int32))


def trend(block):
    """Mean and slopes of a block (h, w, C) by a general least squares, and their picture."""
    h, w = block.shape[:2]
    u, v = np.meshgrid((np.arange(w) + 0.5) / w - 0.5, (np.arange(h) + 0.5) / h - 0.5)
    basis = np.stack([np.ones_like(u), u, v], axis=-1).reshape(-1, 3)
    fitted, *_ = np.linalg.lstsq(basis, block.reshape(h * w, -1), rcond=None)
    return fitted, (basis @ fitted).reshape(block.shape)


def patch_by_hand(code, index, copy):
    """What patch ``index`` shows, (h, w, C) in bytes, if ``copy`` is the whole picture."""
    channels = code.means.shape[1]
    moved = np.moveaxis(
        transformed(np.moveaxis(copy.astype(np.float64), -1, 0), int(code.isometries[index])), 0, -1
    )
    texture = moved - trend(moved)[1]
    w, mean = W[channels], code.means[index] / 255
    share = code.tint * TINT_STEP
    tint = np.minimum(1 - share + share * mean / max(w @ mean, 1e-3), MAX_TINT)
    luma = texture @ w
    chroma = texture - luma[..., None]
    shown = luma[..., None] * tint + code.saturation * SATURATION_STEP * chroma
    h, width = copy.shape[:2]
    u = ((np.arange(width) + 0.5) / width - 0.5)[None, :, None]
    v = ((np.arange(h) + 0.5) / h - 0.5)[:, None, None]
    right, down = np.moveaxis(code.slopes[index] * SLOPE_STEP * 255, -1, 0)
    smooth = code.means[index] + u * right + v * down
    return np.clip(smooth + code.contrasts[index] * CONTRAST_STEP * shown, 0, 255)
