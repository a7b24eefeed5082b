# mypy: disable-error-code="no-untyped-def"
"""Contrast and isometry of the copy in a patch, bit by bit, the highest first."""

import numpy as np
from numba import njit

from selfsame.coding.range_coder import code_mixed
from selfsame.mosaic.syntax import contexts as c


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
