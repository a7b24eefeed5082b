# mypy: disable-error-code="no-untyped-def"
"""The tree of a mosaic: which patches are cut into quarters."""

import numpy as np
from numba import njit

from selfsame.coding.range_coder import OVERRUN, code_mixed
from selfsame.mosaic.syntax import contexts as c

MAX_OVERRUN = 8
"""Bytes a reader may need behind the stored ones; a longer need is damage."""

DAMAGED = -1


@njit(cache=True)
def code_tree(coder, decoding, cells, patch_map, levels):
    """Code which patches are cut; return how many patches there are, or ``DAMAGED``.

    Args:
        cells: (room, 3) int32 rows ``level, row, column``; a reader fills them.
        patch_map: (finest, finest) int32, is filled with the patch at every place.
    """
    grid = patch_map.shape[0] >> levels
    waiting = np.empty((3 * c.LEVELS + 1, 3), np.int64)
    count = 0
    for first in range(grid * grid):
        waiting[0, 0], waiting[0, 1], waiting[0, 2] = 0, first // grid, first % grid
        height = 1
        while height > 0:
            height -= 1
            level, row, column = waiting[height, 0], waiting[height, 1], waiting[height, 2]
            split = np.int64(0)
            if level < levels:
                if not decoding:
                    split = np.int64(cells[count, 0] > level)
                _split_contexts(coder, cells, patch_map, levels, level, row, column, count)
                split = code_mixed(coder, decoding, split, c.SPLIT_INPUTS, c.SPLIT_SET, c.OF_SPLITS)
            if split:
                for quarter in range(3, -1, -1):
                    waiting[height, 0] = level + 1
                    waiting[height, 1] = 2 * row + (quarter >> 1)
                    waiting[height, 2] = 2 * column + (quarter & 1)
                    height += 1
                continue
            cells[count, 0], cells[count, 1], cells[count, 2] = level, row, column
            side = 1 << (levels - level)
            patch_map[row * side : (row + 1) * side, column * side : (column + 1) * side] = count
            count += 1
            if coder.state[OVERRUN] > MAX_OVERRUN:
                return DAMAGED
    return count


@njit(cache=True)
def _split_contexts(coder, cells, patch_map, levels, level, row, column, count):
    """Choose the slots by which of the patches around are finer: those at the ends of the left and
    of the upper edge, that beyond the corner, and the one before."""
    side = 1 << (levels - level)
    top, left = row * side, column * side
    west = north = corner = before = np.int64(0)
    if left > 0:
        west += np.int64(cells[patch_map[top, left - 1], 0] > level)
        west += np.int64(cells[patch_map[top + side - 1, left - 1], 0] > level)
    if top > 0:
        north += np.int64(cells[patch_map[top - 1, left], 0] > level)
        north += np.int64(cells[patch_map[top - 1, left + side - 1], 0] > level)
    if top > 0 and left > 0:
        corner = np.int64(cells[patch_map[top - 1, left - 1], 0] > level)
    if count > 0:
        before = 1 + np.int64(cells[count - 1, 0] > level)
    coder.contexts[0] = c.SPLIT_SIDES + (level * 3 + west) * 3 + north
    around = (west + north) >> 1
    coder.contexts[1] = c.SPLIT_BEFORE + ((level * 3 + around) * 3 + before) * 2 + corner
