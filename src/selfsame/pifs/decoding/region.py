"""The part of a plane on which a rectangle of its attractor depends."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.pifs.code import CONTRACTION, LUMA, MIN_LOG2, NO_MAP, PlaneCode

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
    cells = np.zeros(tuple(side >> MIN_LOG2 for side in plane.levels.shape), np.bool_)
    top, left, bottom, right = needed
    unit = 1 << MIN_LOG2
    cells[top // unit : -(-bottom // unit), left // unit : -(-right // unit)] = True
    if drawn is not None:
        cells |= drawn
    owners = cell_owners(plane.blocks, plane.levels.shape)
    depth = _depths(plane.blocks, plane.maps, owners, cells, iterations)
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


def cell_owners(blocks: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the block that holds each cell of 4 × 4 pixels of a plane of ``shape``, or -1."""
    owners = np.full((shape[0] >> MIN_LOG2, shape[1] >> MIN_LOG2), -1, np.int32)
    _fill_owners(blocks, owners)
    return owners


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


@njit(cache=True)
def _depths(blocks, maps, owner, cells, iterations):  # type: ignore[no-untyped-def]
    """Return after how many steps along the maps each block is reached from ``cells``, or -1."""
    depth = np.full(len(blocks), -1, np.int64)
    front = np.empty(len(blocks), np.int64)
    end = 0
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            i = owner[y, x]
            if cells[y, x] and depth[i] < 0:
                depth[i], front[end], end = 0, i, end + 1
    done = 0
    while done < end:
        i = front[done]
        done += 1
        kind = maps[i, 0]
        if kind in (NO_MAP, LUMA) or depth[i] == iterations:
            continue
        side = CONTRACTION[kind] << blocks[i, 2]
        top, left = maps[i, 1], maps[i, 2]
        for y in range(top >> MIN_LOG2, ((top + side - 1) >> MIN_LOG2) + 1):
            for x in range(left >> MIN_LOG2, ((left + side - 1) >> MIN_LOG2) + 1):
                other = owner[y, x]
                if depth[other] < 0:
                    depth[other], front[end], end = depth[i] + 1, other, end + 1
    return depth


@njit(cache=True)
def _fill_owners(blocks, owners):  # type: ignore[no-untyped-def]
    for i in range(len(blocks)):
        y, x = blocks[i, 0] >> MIN_LOG2, blocks[i, 1] >> MIN_LOG2
        height, width = 1 << (blocks[i, 2] - MIN_LOG2), 1 << (blocks[i, 3] - MIN_LOG2)
        owners[y : y + height, x : x + width] = i
