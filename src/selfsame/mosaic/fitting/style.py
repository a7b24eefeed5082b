"""A picture made of another's pieces.

The patches of a mosaic stay where they are; each shows, instead of the whole picture, the
block of a second picture that needs the least change. Of a block's colours the share ``tint`` of
the difference to the patch's mean and slopes is made up for; its own texture stays as it is, as far
as black and white allow. Blocks are compared by one matrix product over all their isometries.
"""

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Range, checked
from selfsame.errors import InputError
from selfsame.io.pictures import picture_bytes
from selfsame.mosaic.code import MosaicCode, Pieces
from selfsame.mosaic.drawing.rendering import resized
from selfsame.mosaic.fitting import patches as of_patches
from selfsame.mosaic.fitting.fit import possible_moves
from selfsame.mosaic.settings import Share

Bytes = NDArray[np.uint8]
Float = NDArray[np.float64]

THUMB = 8
"""Side of the thumbnails that are compared."""

FRACTIONS = (2, 3, 4, 6, 8, 12, 16)
"""Blocks are the largest window of the patches' shape that fits the second picture, over these."""

OVERLAP = 3
"""Windows start at every such part of their side."""

MIN_BLOCK = 16
"""Pixels: smaller blocks have no detail to show."""

LEAST_COLOR = 0.3
"""Least weight of a difference in mean or slopes."""

SHARP = 3
"""Pixels of a block over those of its patch, if there are such blocks: so far a rendering can be
enlarged before the piece is unsharp."""

TOO_COARSE = 1e6
"""More than any squared change of a thumbnail."""

CHUNK = 256
"""Patches that are compared at once, 30 MB of costs."""

CANDIDATES = 256
"""Best moved blocks of a patch among which one that is not used up is taken."""


def restyled(
    code: MosaicCode,
    picture: NDArray[np.uint8] | NDArray[np.floating],
    second: NDArray[np.uint8] | NDArray[np.floating],
    *,
    tint: float = 0.7,
    repeats: int | None = None,
    seed: int = 0,
) -> MosaicCode:
    """Return a code for the same picture, of pieces of a second one, which it holds.

    Args:
        code: of ``fit``, whose patches are kept.
        picture: that it was fitted to, as of ``fit``.
        second: grey or colour like the code, of any size; as of ``fit``.
        tint: from 0, blocks in their own colours, to 1, means and slopes of the picture.
        repeats: how often a block may appear, or None for twice its even share.
        seed: order in which patches of one size choose.
    Raises:
        InputError: numbers out of range, no such pictures, other channels, or a second picture too
            small.
    """
    tint = checked("tint", tint, Share)
    repeats = checked("repeats", repeats, Annotated[int, Range(1)] | None)
    picture = _pixels(picture, "picture", code.channels)
    second = _pixels(second, "second", code.channels)
    places = block_places(second.shape[0], second.shape[1], code.width / code.height)
    if repeats is None:
        repeats = max(1, -(-2 * len(code.cells) // len(places)))
    moves = possible_moves("any", code.width, code.height)
    thumbs = of_patches.moved(_thumbnails(second, places), moves)
    targets = _patch_thumbnails(code, picture)
    wanted, offered = _features(targets, tint), _features(thumbs, tint)
    levels = code.cells[:, 0]
    best = np.empty((len(wanted), min(CANDIDATES, offered.shape[0] * len(moves))), np.intp)
    for level in np.unique(levels):
        sharp = SHARP * code.width / (code.grid << level)
        fine = places[:, 3] >= min(sharp, places[:, 3].max())
        best[levels == level] = _best_pieces(wanted[levels == level], offered, fine, best.shape[1])
    choice = _assigned(best, levels, len(places), len(moves), repeats, seed)
    block, move = np.divmod(choice, len(moves))
    means, slopes = of_patches.smooth_part(targets)
    own_means, own_slopes = of_patches.smooth_part(thumbs[block, move])
    tinted = of_patches.plane(
        own_means + tint * (means - own_means), own_slopes + tint * (slopes - own_slopes), THUMB
    )
    fitted = of_patches.fit_planes(tinted)
    tails = of_patches.luma_tails(of_patches.without_plane(thumbs[block, move]))
    limits = of_patches.contrast_limits(fitted, 0.0, *tails)
    return replace(
        code,
        saturation=255,
        tint=0,
        isometries=np.array(moves, np.uint8)[move],
        contrasts=of_patches.whole_contrasts(np.minimum(limits, 1)).astype(np.uint8),
        means=fitted.means.astype(np.uint8),
        slopes=fitted.slopes.astype(np.int8),
        pieces=Pieces(second, places[block]),
    )


def _pixels(picture: NDArray[np.uint8] | NDArray[np.floating], name: str, channels: int) -> Bytes:
    """Return a picture as bytes, (H, W, channels)."""
    pixels = np.atleast_3d(picture_bytes(picture, name))
    if pixels.shape[2] != channels:
        wanted = "grey, (H, W)" if channels == 1 else "colour, (H, W, 3)"
        raise InputError(f"{name} must be {wanted}, like the code: got {np.shape(picture)}")
    return pixels


def block_places(height: int, width: int, shape: float) -> NDArray[np.int32]:
    """Return the blocks on offer, (K, 4) rows ``y, x, height, width``.

    Args:
        shape: width over height of a patch.
    Raises:
        InputError: the picture is smaller than ``MIN_BLOCK``.
    """
    places = []
    largest = min(float(width), height * shape)
    for fraction in FRACTIONS:
        w = round(largest / fraction)
        h = round(largest / fraction / shape)
        if min(w, h) < MIN_BLOCK:
            break
        for y in range(0, height - h + 1, max(1, h // OVERLAP)):
            for x in range(0, width - w + 1, max(1, w // OVERLAP)):
                places.append((y, x, h, w))
    if not places:
        raise InputError(
            f"the second picture is too small: got {width}x{height}; blocks of at least "
            f"{MIN_BLOCK} pixels must fit twice along its sides"
        )
    return np.array(places, np.int32)


def _thumbnails(second: Bytes, places: NDArray[np.int32]) -> Float:
    """Return every block as a thumbnail, (K, s, s, C), values in [0, 1]."""
    blocks = [np.ascontiguousarray(second[y : y + h, x : x + w]) for y, x, h, w in places.tolist()]
    return np.stack([resized(block, THUMB, THUMB) for block in blocks]) / 255


def _patch_thumbnails(code: MosaicCode, picture: Bytes) -> Float:
    """Return a picture, (H, W, C), at every patch as a thumbnail: (R, s, s, C) in [0, 1]."""
    raster = of_patches.shrunk(picture / np.float32(255), 4 * code.finest)
    bounds = (4 * code.bounds).tolist()
    blocks = [raster[top:bottom, left:right] for top, left, bottom, right in bounds]
    return np.stack([of_patches.shrunk(block, THUMB) for block in blocks])


def _best_pieces(
    wanted: NDArray[np.float32],
    offered: NDArray[np.float32],
    fine: NDArray[np.bool_],
    count: int,
) -> NDArray[np.intp]:
    """Return the moved blocks that need the least squared change to be each patch, best first.

    Args:
        wanted: (R, f); offered: (K, moves, f), see ``_features``.
        fine: (K,) blocks to choose from; the others come after all of these.
    Returns:
        (R, count) numbers ``block · moves + move``.
    """
    moves = offered.shape[1]
    lengths = (offered**2).sum(axis=2) + np.where(fine, 0, TOO_COARSE).astype(np.float32)[:, None]
    lengths, offered = lengths.reshape(-1), offered.reshape(len(fine) * moves, -1)
    best = np.empty((len(wanted), count), np.intp)
    for first in range(0, len(wanted), CHUNK):
        # Less the patch's own length, which moves none of its candidates.
        costs = lengths - 2 * (wanted[first : first + CHUNK] @ offered.T)
        some = np.argpartition(costs, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(costs, some, axis=1), axis=1, kind="stable")
        best[first : first + CHUNK] = np.take_along_axis(some, order, axis=1)
    return best


def _features(blocks: Float, tint: float) -> NDArray[np.float32]:
    """Return vectors (..., f) whose squared distances are costs, of blocks (..., s, s, C)."""
    textures = of_patches.without_plane(blocks)
    # What is made up for by tinting counts less, but colours that fit look better.
    smooth = (blocks - textures) * max(1 - tint, LEAST_COLOR)
    both = np.stack([textures, smooth], axis=-1)
    return both.reshape(*blocks.shape[:-3], -1).astype(np.float32)


def _assigned(
    best: NDArray[np.intp],
    levels: NDArray[np.int32],
    blocks: int,
    moves: int,
    repeats: int,
    seed: int,
) -> NDArray[np.intp]:
    """Return one of each patch's best, (R,), no block more than ``repeats`` times if possible.

    Large patches choose first, patches of one size in random order; one that finds all of its best
    blocks used up takes the least used of them.
    """
    used = np.zeros(blocks, np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(best))
    chosen = np.zeros(len(best), np.intp)
    for row in shuffled[np.argsort(levels[shuffled], kind="stable")].tolist():
        uses = used[best[row] // moves]
        free = np.flatnonzero(uses < repeats)
        pick = int(free[0]) if len(free) else int(uses.argmin())
        chosen[row] = best[row, pick]
        used[chosen[row] // moves] += 1
    return chosen
