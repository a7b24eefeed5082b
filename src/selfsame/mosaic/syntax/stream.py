"""The patches of a mosaic to bytes and back: the payload of the file, and bits by element.

First comes the tree, then patch by patch, in the order of the tree: of each channel mean and
slopes; contrast; isometry. ``docs/file-format.md`` describes it.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.coding.range_coder import OVERRUN, Coder, finish, new_coder
from selfsame.coding.slots import Tables, untrained_tables
from selfsame.errors import CorruptedError
from selfsame.mosaic.code import MosaicCode
from selfsame.mosaic.syntax import contexts as c
from selfsame.mosaic.syntax.copies import code_contrast, code_isometry
from selfsame.mosaic.syntax.planes import PatchState, code_planes
from selfsame.mosaic.syntax.tree import DAMAGED, MAX_OVERRUN, code_tree

PATCH_BYTES = 320
"""More than a patch can take: a decision costs at most 12 bits, a number has at most 20 of them."""


class PatchLayout(NamedTuple):
    """What a reader knows before the first bit; see ``MosaicCode``."""

    grid: int
    levels: int
    tint: int
    channels: int


class PatchArrays(NamedTuple):
    """What the stream holds; see ``MosaicCode``."""

    cells: NDArray[np.int32]
    isometries: NDArray[np.uint8]
    contrasts: NDArray[np.uint8]
    means: NDArray[np.uint8]
    slopes: NDArray[np.int8]


def write_patches(code: MosaicCode) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the patches of a code, and the bits of each syntax element."""
    coder = _coder(1024 + PATCH_BYTES * len(code.cells))
    # Copies: what is coded from and what is decoded to are of one type, and compiled once.
    cells, patch_map = code.cells.copy(), _empty_map(code.grid, code.levels)
    count = code_tree(coder, False, cells, patch_map, code.levels)
    assert count == len(cells), "patches out of order, which MosaicCode refuses"
    layout = PatchLayout(code.grid, code.levels, code.tint, code.channels)
    state = _state(layout, cells, patch_map)
    for name in ("means", "slopes", "contrasts", "isometries"):
        getattr(state, name)[:] = getattr(code, name)
    sound = _code_patches(coder, False, state)
    assert sound, "a number that MosaicCode refuses"
    length = finish(coder)
    bits = dict(zip(c.ELEMENTS, coder.spent.tolist(), strict=True))
    return coder.buffer[:length].tobytes(), bits


def read_patches(data: bytes, layout: PatchLayout) -> PatchArrays:
    """Return what ``write_patches`` wrote.

    Raises:
        CorruptedError: the bytes are no stream of such patches.
    """
    coder = _coder(data)
    patch_map = _empty_map(layout.grid, layout.levels)
    room = np.empty((patch_map.size, 3), np.int32)
    count = code_tree(coder, True, room, patch_map, layout.levels)
    if count == DAMAGED:
        raise CorruptedError("the tree of the patches is damaged")
    state = _state(layout, room[:count].copy(), patch_map)
    if not _code_patches(coder, True, state):
        raise CorruptedError("the numbers of the patches are damaged")
    return PatchArrays(state.cells, state.isometries, state.contrasts, state.means, state.slopes)


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


@cache
def _initial_tables() -> Tables:
    """Return the slots and weights of ``Coder`` at the start of a stream; do not change them."""
    return untrained_tables(c.SLOTS, c.WEIGHT_SETS)


def _coder(data: bytes | int) -> Coder:
    return new_coder(*_initial_tables(), len(c.ELEMENTS), data)


def _empty_map(grid: int, levels: int) -> NDArray[np.int32]:
    side = grid << levels
    return np.zeros((side, side), np.int32)


def _state(
    layout: PatchLayout, cells: NDArray[np.int32], patch_map: NDArray[np.int32]
) -> PatchState:
    count, channels = len(cells), layout.channels
    return PatchState(
        cells,
        patch_map,
        np.zeros((count, channels), np.uint8),
        np.zeros((count, channels, 2), np.int8),
        np.zeros(count, np.uint8),
        np.zeros(count, np.uint8),
        np.zeros((count, c.KINDS, c.CHANNELS), np.uint8),
        np.zeros((c.KINDS, c.CHANNELS), np.int64),
        layout.levels,
        layout.tint,
    )
