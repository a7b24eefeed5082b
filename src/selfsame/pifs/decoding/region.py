"""The part of a plane on which a rectangle of its attractor depends."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.pifs.code import LUMA, MIN_LOG2, NO_MAP, PlaneCode

Rectangle = tuple[int, int, int, int]
"""top, left, bottom, right in pixels of a plane, the last two exclusive."""


class PlanePart(NamedTuple):
    """Some blocks of a plane, as a plane of their own.

    Attributes:
        plane: its blocks need not tile it; what lies between them means nothing.
        top, left: where it lies in the plane it was cut from, in pixels.
    """

    plane: PlaneCode
    top: int
    left: int


def part_of_plane(
    plane: PlaneCode, needed: Rectangle, iterations: int, drawn: NDArray[np.bool_] | None = None
) -> PlanePart:
    """Return the blocks that the rectangle ``needed`` depends on through ``iterations`` rounds.

    Within ``needed`` (and where ``drawn`` is true) the attractor of the part is that of the plane.

    Args:
        drawn: (padded height / 4, padded width / 4), further cells of 4 × 4 pixels that are needed.
    """
    cells = np.zeros(tuple(side >> MIN_LOG2 for side in plane.levels.shape), np.uint8)
    top, left, bottom, right = needed
    unit = 1 << MIN_LOG2
    cells[top // unit : -(-bottom // unit), left // unit : -(-right // unit)] = 1
    if drawn is not None:
        cells |= drawn
    depth = native.depths(plane.blocks, plane.maps, cells, iterations)
    chosen = np.flatnonzero(depth >= 0)
    blocks, maps = plane.blocks[chosen], plane.maps[chosen]
    if iterations > 0:
        # Of the blocks reached last only b is needed, and their domains are not there.
        maps[depth[chosen] == iterations] = 0
    origin = blocks[:, :2].min(axis=0)
    end = (blocks[:, :2] + (1 << blocks[:, 2:])).max(axis=0)
    blocks[:, :2] -= origin
    moved = (maps[:, 0] != NO_MAP) & (maps[:, 0] != LUMA)
    maps[moved, 1:3] -= origin
    (top, left), (bottom, right) = origin.tolist(), end.tolist()
    levels = np.ascontiguousarray(plane.levels[top:bottom, left:right])
    height, width = min(bottom, plane.height) - top, min(right, plane.width) - left
    part = replace(plane, height=height, width=width, blocks=blocks, maps=maps, levels=levels)
    return PlanePart(part, top, left)


def luma_cells(part: PlanePart, ratio: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the cells of 4 × 4 luma pixels from which maps of a part of a chroma plane draw.

    Args:
        ratio: resolution of luma over that of the plane, 1 or 2.
        shape: padded height and width of luma.
    """
    cells = np.zeros((shape[0] >> MIN_LOG2, shape[1] >> MIN_LOG2), np.bool_)
    for y, x, log_h, log_w in part.plane.blocks[part.plane.maps[:, 0] == LUMA].tolist():
        top, left = (y + part.top) * ratio >> MIN_LOG2, (x + part.left) * ratio >> MIN_LOG2
        rows, columns = ratio << log_h >> MIN_LOG2, ratio << log_w >> MIN_LOG2
        cells[top : top + rows, left : left + columns] = True
    return cells
