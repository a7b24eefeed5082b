"""The patches of a mosaic to bytes and back: the payload of the file, and bits by element.

First comes the tree, then patch by patch, in the order of the tree: of each channel mean and
slopes; contrast; isometry. ``docs/file-format.md`` describes it.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.coding.range_coder import (
    MAX_OVERRUN,
    OVERRUN,
    Coder,
    code_mixed,
    new_coder,
    written,
)
from selfsame.coding.slots import untrained_tables
from selfsame.errors import CorruptedError
from selfsame.mosaic.code import MosaicCode
from selfsame.mosaic.syntax import contexts as c
from selfsame.mosaic.syntax.patches import PatchState, code_contrast, code_isometry, code_planes

PATCH_BYTES = 320
"""More than a patch can take: a decision costs at most 12 bits, a number has at most 20 of them."""

DAMAGED = -1

NUMBERS = ("means", "slopes", "contrasts", "isometries")
"""Of a patch, in the order of coding."""


def write_patches(code: MosaicCode) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the patches of a code, and the bits of each syntax element."""
    coder = _coder(1024 + PATCH_BYTES * len(code.cells))
    # Copies: what is coded from and what is decoded to are of one type, and compiled once.
    cells, patch_map = code.cells.copy(), _empty_map(code.grid, code.levels)
    count = code_tree(coder, False, cells, patch_map, code.levels)
    assert count == len(cells), "patches out of order, which MosaicCode refuses"
    state = _state(cells, patch_map, code.levels, code.tint, code.channels)
    for name in NUMBERS:
        getattr(state, name)[:] = getattr(code, name)
    sound = _code_patches(coder, False, state)
    assert sound, "a number that MosaicCode refuses"
    return written(coder, c.ELEMENTS)


def read_patches(
    data: bytes | memoryview, grid: int, levels: int, tint: int, channels: int
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a ``MosaicCode`` that ``write_patches`` wrote, by name.

    Raises:
        CorruptedError: the bytes are no stream of such patches.
    """
    coder = _coder(data)
    patch_map = _empty_map(grid, levels)
    room = np.empty((patch_map.size, 3), np.int32)
    count = code_tree(coder, True, room, patch_map, levels)
    if count == DAMAGED:
        raise CorruptedError("the tree of the patches is damaged")
    state = _state(room[:count].copy(), patch_map, levels, tint, channels)
    if not _code_patches(coder, True, state):
        raise CorruptedError("the numbers of the patches are damaged")
    return {name: getattr(state, name) for name in ("cells", *NUMBERS)}


@njit(cache=True)
def _code_patches(coder, decoding, state):  # type: ignore[no-untyped-def]
    """Code the numbers of all patches; return whether they are sound."""
    for patch in range(len(state.cells)):
        if not code_planes(coder, decoding, patch, state):
            return False
        code_contrast(coder, decoding, patch, state)
        code_isometry(coder, decoding, patch, state)
        if coder.state[OVERRUN] > MAX_OVERRUN:
            return False
    return True


def _coder(data: bytes | memoryview | int) -> Coder:
    return new_coder(*untrained_tables(c.SLOTS, c.WEIGHT_SETS), len(c.ELEMENTS), data)


def _empty_map(grid: int, levels: int) -> NDArray[np.int32]:
    side = grid << levels
    return np.zeros((side, side), np.int32)


def _state(
    cells: NDArray[np.int32], patch_map: NDArray[np.int32], levels: int, tint: int, channels: int
) -> PatchState:
    count = len(cells)
    return PatchState(
        cells,
        patch_map,
        np.zeros((count, channels), np.uint8),
        np.zeros((count, channels, 2), np.int8),
        np.zeros(count, np.uint8),
        np.zeros(count, np.uint8),
        np.zeros((count, c.KINDS, c.CHANNELS), np.uint8),
        np.zeros((c.KINDS, c.CHANNELS), np.int64),
        levels,
        tint,
    )


@njit(cache=True)
def code_tree(coder, decoding, cells, patch_map, levels):  # type: ignore[no-untyped-def]
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
def _split_contexts(coder, cells, patch_map, levels, level, row, column, count):  # type: ignore[no-untyped-def]
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
