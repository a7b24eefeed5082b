# mypy: disable-error-code="no-untyped-def"
"""The numbers of a patch: means and slopes, which the patches above and to the left let expect, and
contrast and isometry of its copy, bit by bit, the highest first.

The patches around are planes; where they end, this one begins. Colours go in 1/16 of a byte here,
places in halves of a finest patch.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.coding.numbers import code_number
from selfsame.coding.range_coder import code_adaptive, code_mixed
from selfsame.mosaic.code import MAX_SLOPE
from selfsame.mosaic.syntax import contexts as c

UNIT = 16
"""Of a byte."""


class PatchState(NamedTuple):
    """The patches of a mosaic on their way through the coder; see ``MosaicCode``.

    Attributes:
        cells: (R, 3) int32.
        patch_map: (finest, finest) int32.
        means: (R, C) uint8; slopes: (R, C, 2) int8; contrasts, isometries: (R,) uint8.
        sizes: (R, KINDS, CHANNELS) uint8, of the differences coded, 255 for all above.
        moves: (KINDS, CHANNELS) int64, how far the numbers of this patch were from the first guess.
        levels, tint: of the mosaic.
    """

    cells: NDArray[np.int32]
    patch_map: NDArray[np.int32]
    means: NDArray[np.uint8]
    slopes: NDArray[np.int8]
    contrasts: NDArray[np.uint8]
    isometries: NDArray[np.uint8]
    sizes: NDArray[np.uint8]
    moves: NDArray[np.int64]
    levels: int
    tint: int


@njit(cache=True)
def code_planes(coder, decoding, patch, state):
    """Code means and slopes of a patch; return whether they are in their ranges."""
    cells, patch_map = state.cells, state.patch_map
    finest = patch_map.shape[0]
    side = _side(state, patch)
    top, left = np.int64(cells[patch, 1]) * side, np.int64(cells[patch, 2]) * side
    # Of the patches along the left and the upper edge, those at the ends; then the next ones.
    west1 = west2 = below = north1 = north2 = further = corner = np.int64(0)
    if left > 0:
        west1 = np.int64(patch_map[top, left - 1])
        west2 = np.int64(patch_map[top + side - 1, left - 1])
        below = np.int64(patch_map[min(top + side, finest - 1), left - 1])
        if below >= patch:  # not coded yet
            below = west2
    if top > 0:
        north1 = np.int64(patch_map[top - 1, left])
        north2 = np.int64(patch_map[top - 1, left + side - 1])
        further = np.int64(patch_map[top - 1, min(left + side, finest - 1)])
        if further >= patch:
            further = north2
    if left > 0 and top > 0:
        corner = np.int64(patch_map[top - 1, left - 1])
    y, x, quarter, end = 2 * top, 2 * left, side // 2, 2 * side
    channels = state.means.shape[1]
    for step in range(channels):
        channel = step if channels == 1 else (1, 0, 2)[step]
        w = n = nw = ne = sw = np.int64(128 * UNIT)
        across = along = np.int64(0)
        if left > 0:
            w = _plane_at(state, west1, channel, y + quarter, x)
            w = (w + _plane_at(state, west2, channel, y + end - quarter, x)) >> 1
            sw = _plane_at(state, below, channel, y + end, x)
            across = _plane_at(state, west2, channel, y + end, x)
            across -= _plane_at(state, west1, channel, y, x)
        if top > 0:
            n = _plane_at(state, north1, channel, y, x + quarter)
            n = (n + _plane_at(state, north2, channel, y, x + end - quarter)) >> 1
            ne = _plane_at(state, further, channel, y, x + end)
            along = _plane_at(state, north2, channel, y, x + end)
            along -= _plane_at(state, north1, channel, y, x)
        if left > 0 and top > 0:
            nw = _plane_at(state, corner, channel, y, x)
        elif left > 0:
            n = ne = nw = w
        elif top > 0:
            w = sw = nw = n
        # The weights are rounded coefficients of a regression over photographs.
        guess = min(max((4 * w + 8 * n + 2 * ne + 3 * sw - nw + 128) >> 8, 0), 255)
        rough = (abs(w - n) + abs(w - nw) + abs(n - nw)) // (2 * UNIT)
        value = np.int64(state.means[patch, channel])
        value = _code_number(
            coder, decoding, patch, state, c.MEAN, step, value, guess, rough, west1, north1
        )
        if value < 0 or value > 255:
            return False
        state.means[patch, channel] = value
        # A step of slope moves the edge by a byte.
        from_west, from_north = UNIT * value - w, UNIT * value - n
        guess = (11 * from_west + 6 * along + 256) >> 9
        rough = (abs(from_west) + abs(along)) // UNIT
        value = np.int64(state.slopes[patch, channel, 0])
        value = _code_number(
            coder, decoding, patch, state, c.RIGHT, step, value, guess, rough, west1, north1
        )
        if abs(value) > MAX_SLOPE:
            return False
        state.slopes[patch, channel, 0] = value
        guess = (12 * from_north + 5 * across + 256) >> 9
        rough = (abs(from_north) + abs(across)) // UNIT
        value = np.int64(state.slopes[patch, channel, 1])
        value = _code_number(
            coder, decoding, patch, state, c.DOWN, step, value, guess, rough, west1, north1
        )
        if abs(value) > MAX_SLOPE:
            return False
        state.slopes[patch, channel, 1] = value
    return True


@njit(cache=True)
def _plane_at(state, patch, channel, y, x):
    """Return the plane of a patch at a place of the picture."""
    side = _side(state, patch)
    down = y - (2 * np.int64(state.cells[patch, 1]) + 1) * side
    right = x - (2 * np.int64(state.cells[patch, 2]) + 1) * side
    moved = np.int64(state.slopes[patch, channel, 0]) * right
    moved += np.int64(state.slopes[patch, channel, 1]) * down
    return UNIT * np.int64(state.means[patch, channel]) + UNIT * moved // side


@njit(cache=True)
def _side(state, patch):
    """Return the side of a patch, in finest patches."""
    return np.int64(1) << (state.levels - np.int64(state.cells[patch, 0]))


@njit(cache=True)
def _size_class(value):
    return np.int64(c.SIZE_CLASS[min(value, c.SIZE_LIMIT - 1)])


@njit(cache=True)
def _coarse_class(value):
    return np.int64(c.COARSE_CLASS[min(value, c.SIZE_LIMIT - 1)])


@njit(cache=True)
def _code_number(coder, decoding, patch, state, kind, step, value, guess, rough, west, north):
    """Code a number as its difference to a guess, which is first moved as the channels before were
    off theirs; return the number.

    Args:
        kind: ``MEAN``, ``RIGHT`` or ``DOWN``; step: of the channel, in the order of coding.
        rough: how little the patches around agree.
        west, north: patches whose differences tell how large this one may be.
    """
    moves, sizes = state.moves, state.sizes
    before, moved = np.int64(0), guess
    if step == 1:
        moved += (13 * moves[kind, 0] + 8) >> 4
        before = abs(moves[kind, 0])
    elif step == 2:
        moved += (19 * moves[kind, 0] - 4 * moves[kind, 1] + 8) >> 4
        before = 2 * np.int64(sizes[patch, kind, 1])
    elif kind > 0:
        before = np.int64(sizes[patch, kind - 1, 0])
    near = np.int64(sizes[west, kind, step]) + np.int64(sizes[north, kind, step])
    place = kind * c.CHANNELS + step
    shared = 2 * min(kind, 1) + min(step, 1)
    level = np.int64(state.cells[patch, 0])
    every = (_coarse_class(rough) * c.COARSE + _coarse_class(near)) * c.COARSE
    every += _coarse_class(before)
    of_level = (place * c.LEVELS + level) * c.SIZES + _size_class(before)
    contexts = coder.contexts
    contexts[0] = c.NUMBER_ROUGH + (place * c.SIZES + _size_class(rough)) * c.LENGTHS
    contexts[1] = c.NUMBER_NEAR + (shared * c.SIZES + _size_class(near)) * c.LENGTHS
    contexts[2] = c.NUMBER_BEFORE + of_level * c.LENGTHS
    contexts[3] = c.NUMBER_ALL + (shared * c.COARSE**3 + every) * c.LENGTHS
    element = c.OF_MEANS if kind == c.MEAN else c.OF_SLOPES
    difference = value - moved
    size = code_number(
        coder,
        decoding,
        abs(difference),
        c.NUMBER_INPUTS,
        c.NUMBER_SET + place,
        c.NUMBER_BITS + place * c.LENGTHS * 8,
        c.NUMBER_LOW + place * c.LENGTHS,
        element,
    )
    negative = np.int64(0)
    if size > 0:
        leaning = np.int64(1)
        if step > 0:
            leaning += np.int64(moves[kind, 0] > 0) - np.int64(moves[kind, 0] < 0)
        slot = c.NUMBER_SIGN + place * 3 + leaning
        negative = code_adaptive(coder, decoding, np.int64(difference < 0), slot, element)
    value = moved - size if negative else moved + size
    moves[kind, step] = value - guess
    sizes[patch, kind, step] = min(size, 255)
    return value


@njit(cache=True)
def code_contrast(coder, decoding, patch, state):
    """Code the contrast of a patch: one of the commonest of its level, or what white and black
    leave room for."""
    level = np.int64(state.cells[patch, 0])
    lighter, darker = _rooms(state, patch)
    before = np.int64(state.contrasts[patch - 1]) // 8 if patch > 0 else np.int64(0)
    value, prefix = np.int64(state.contrasts[patch]), np.int64(1)
    contexts = coder.contexts
    for bit in range(c.CONTRAST_BITS - 1, -1, -1):
        contexts[0] = c.CONTRAST_LEVEL + level * c.CONTRASTS + prefix
        contexts[1] = c.CONTRAST_LIGHTER + lighter * c.CONTRASTS + prefix
        contexts[2] = c.CONTRAST_DARKER + darker * c.CONTRASTS + prefix
        both = level * (c.CONTRASTS // 8) + before
        contexts[3] = c.CONTRAST_BEFORE + both * c.CONTRASTS + prefix
        weights = c.CONTRAST_SET + bit
        read = code_mixed(
            coder, decoding, value >> bit & 1, c.CONTRAST_INPUTS, weights, c.OF_CONTRASTS
        )
        prefix = prefix << 1 | read
    state.contrasts[patch] = prefix - c.CONTRASTS


@njit(cache=True)
def _rooms(state, patch):
    """Return classes of the shading, lighter and darker, that the channel with the least room for
    it has, most of the slopes being taken off; see ``fitting.patches.contrast_limits``."""
    means, tint = state.means[patch], state.tint
    luma = np.int64(means[0])
    if len(means) == 3:
        luma = (77 * luma + 150 * np.int64(means[1]) + 29 * np.int64(means[2])) >> 8
    zero, lighter, darker = np.int64(0), np.int64(c.ROOMS - 1), np.int64(c.ROOMS - 1)
    for channel in range(len(means)):
        mean = np.int64(means[channel])
        steps = abs(np.int64(state.slopes[patch, channel, 0]))
        steps += abs(np.int64(state.slopes[patch, channel, 1]))
        reach = 3 * steps // 5
        shade = max((255 - tint) * luma + tint * mean, 1)
        lighter = min(lighter, c.ROOMS * luma * max(255 - mean - reach, zero) // shade)
        darker = min(darker, c.ROOMS * luma * max(mean - reach, zero) // shade)
    return lighter, darker


@njit(cache=True)
def code_isometry(coder, decoding, patch, state):
    """Code the isometry of a patch, by its level and by the patch before."""
    level = np.int64(state.cells[patch, 0])
    before = np.int64(state.isometries[patch - 1]) if patch > 0 else np.int64(0)
    value, prefix = np.int64(state.isometries[patch]), np.int64(1)
    for bit in range(c.ISOMETRY_BITS - 1, -1, -1):
        coder.contexts[0] = c.ISOMETRY_LEVEL + level * c.ISOMETRIES + prefix
        coder.contexts[1] = c.ISOMETRY_BEFORE + before * c.ISOMETRIES + prefix
        read = code_mixed(
            coder, decoding, value >> bit & 1, c.ISOMETRY_INPUTS, c.ISOMETRY_SET, c.OF_ISOMETRIES
        )
        prefix = prefix << 1 | read
    state.isometries[patch] = prefix - c.ISOMETRIES
