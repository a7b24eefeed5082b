"""The plainest block code: ranges of one size, all domains of one size, scale and mean per range.

This is the method that Neural Collages (Poli et al. 2022) compares itself with as GPU-accelerated
PIFS without quadtree. Theirs keeps scales and means as floats and matches each channel of RGB; here
they are quantised, so that the result is an ordinary code, and Y, Cb and Cr are each matched with
domains of their own plane. Theirs tries rotations and mirror images that its decoder does not undo
alike; ours are the eight isometries of ``selfsame.isometries``.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.io.color import planes_from_picture
from selfsame.io.pictures import picture_bytes
from selfsame.isometries import ISOMETRIES
from selfsame.pifs.code import (
    CONTRACTION,
    MAX_LOG2,
    MIN_LOG2,
    SCALE_STEP,
    PifsCode,
    PlaneCode,
    padded_shape,
)
from selfsame.pifs.decoding.planes import contractive_maps, settled
from selfsame.pifs.search.full import KINDS, full_search
from selfsame.pifs.search.pools import Plane

MEAN_STEP = 0.5
"""Means are quantised to multiples of this, in units of 1/255 of the value range."""

Int = NDArray[np.int32]


def encode_baseline(
    picture: NDArray[np.uint8] | NDArray[np.floating],
    *,
    ranges: int = 8,
    domains: int = 32,
    domain_step: int | None = None,
    isometries: int = ISOMETRIES,
    threads: int | None = None,
) -> PifsCode:
    """Return the code of a picture by blocks of one size, each with a mean and a domain.

    At a border that cuts through a range, blocks of half, a quarter ... of its side take its place,
    with domains as many times their size.

    Args:
        picture: (H, W) grey or (H, W, 3) sRGB; bytes, or floats of 0 to 1, which are rounded.
        ranges: side of the blocks, 4 to 64, a power of two.
        domains: side of their domains: 1, 2 or 4 times ``ranges``.
        domain_step: of the grid of domains, in pixels; by default ``domains``, so that none
            overlap.
        isometries: how many, from the first on: 8 are all, 1 is the identity alone.
        threads: CPU threads of the search, by default one for every core.
    Raises:
        InputError: no such picture, isometries or a grid that are not allowed.
    """
    picture = picture_bytes(picture)
    kind = next(kind for kind in KINDS if CONTRACTION[kind] * ranges == domains)
    step = domains if domain_step is None else domain_step
    height, width = picture.shape[:2]
    rows, columns = padded_shape(height, width)
    padding = ((0, rows - height), (0, columns - width))
    planes = []
    for plane in planes_from_picture(picture):
        pixels = np.pad(plane, padding, mode="edge")
        planes.append(_plane_code(pixels, (height, width), ranges, kind, step, isometries, threads))
    iterations = max(settled(plane, None)[1] for plane in planes)
    return PifsCode(width, height, "pure", tuple(planes), False, iterations, 0)


def _plane_code(
    pixels: Plane,
    size: tuple[int, int],
    ranges: int,
    kind: int,
    step: int,
    isometries: int,
    threads: int | None,
) -> PlaneCode:
    blocks = _blocks(pixels.shape[0], pixels.shape[1], ranges)
    maps = np.zeros((len(blocks), 5), np.int32)
    levels = np.zeros(pixels.shape, np.int32)
    smallest = 1 << int(blocks[:, 2].min())
    level_step = MEAN_STEP * smallest
    for log2 in np.unique(blocks[:, 2]):
        n = 1 << int(log2)
        mine = blocks[:, 2] == log2
        y, x = blocks[mine, 0], blocks[mine, 1]
        tiled = pixels[: pixels.shape[0] // n * n, : pixels.shape[1] // n * n]
        means = tiled.reshape(len(tiled) // n, n, -1, n).mean(axis=(1, 3))
        levels[y, x] = np.rint(means[y // n, x // n] * n / level_step)
        found = full_search(
            pixels, pixels, n, step, kind, isometries=range(isometries), threads=threads
        )
        index = np.rint(found.scale / SCALE_STEP).astype(np.int32)
        columns = (np.full_like(index, kind), found.domain_y, found.domain_x, found.isometry, index)
        rows = np.stack([part[0, y // n, x // n] for part in columns], axis=1)
        maps[mine] = np.where(rows[:, 4:] != 0, rows, 0)
    if CONTRACTION[kind] == 1 or step % ranges:
        # Otherwise domains are unions of ranges: a range depends on averages of the ranges of its
        # domain, these on averages over larger squares, until these are means, which are known.
        # However large the scales, a few applications then settle everything.
        maps = contractive_maps(blocks, maps, pixels.shape)
    return PlaneCode(size[0], size[1], level_step, blocks, maps, levels)


def _blocks(height: int, width: int, ranges: int) -> Int:
    """Return the blocks of a padded plane in coding order, as large as ``ranges`` and it allow."""
    rows: list[tuple[int, int, int, int]] = []

    def visit(y: int, x: int, log2: int) -> None:
        side = 1 << log2
        if y >= height or x >= width:
            return
        if side <= ranges and y + side <= height and x + side <= width:
            rows.append((y, x, log2, log2))
            return
        half = side // 2
        for corner in ((y, x), (y, x + half), (y + half, x), (y + half, x + half)):
            visit(*corner, log2 - 1)

    for top in range(0, height, 1 << MAX_LOG2):
        for left in range(0, width, 1 << MAX_LOG2):
            visit(top, left, MAX_LOG2)
    assert min(row[2] for row in rows) >= MIN_LOG2
    return np.array(rows, np.int32)
