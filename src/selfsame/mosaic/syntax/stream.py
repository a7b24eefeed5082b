"""The patches of a mosaic to bytes and back: the payload of the file, and bits by element.

First comes the tree, then patch by patch, in the order of the tree: of each channel mean and
slopes; contrast; isometry. ``docs/file-format.md`` describes it.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.coding.range_coder import OVERRUN, Coder, new_coder, written
from selfsame.coding.slots import untrained_tables
from selfsame.errors import CorruptedError
from selfsame.mosaic.code import MosaicCode
from selfsame.mosaic.syntax import contexts as c
from selfsame.mosaic.syntax.copies import code_contrast, code_isometry
from selfsame.mosaic.syntax.planes import PatchState, code_planes
from selfsame.mosaic.syntax.tree import DAMAGED, MAX_OVERRUN, code_tree

PATCH_BYTES = 320
"""More than a patch can take: a decision costs at most 12 bits, a number has at most 20 of them."""

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
    data: bytes, grid: int, levels: int, tint: int, channels: int
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


def _coder(data: bytes | int) -> Coder:
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
