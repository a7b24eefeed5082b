"""Fitting a mosaic to a picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError, SettingError
from selfsame.io.pictures import picture_bytes
from selfsame.mosaic.code import (
    MAX_FINEST,
    MAX_GRID,
    SATURATION_STEP,
    TINT_STEP,
    MosaicCode,
    tree_order,
)
from selfsame.mosaic.fitting import patches as of_patches
from selfsame.mosaic.maps import luma_weights
from selfsame.mosaic.settings import Settings, Turns

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

TURNS: dict[str, tuple[int, ...]] = {
    "none": (0,),
    "mirror": (0, 1),
    "any": (0, 1, 2, 3, 4, 5, 6, 7),
}
"""Isometries of the copies. Only a square picture can be turned by a quarter without stretching:
of any other, ``any`` takes the first four."""

RASTER_PIXELS = 4
"""Pixels of the target raster along a finest patch."""

DEFAULT_GRID = 16
"""First patches along a side if nothing else is asked for."""

PATCHES_PER_CELL = 8
"""Patches aimed at, over those of the first level: a good half of what full splitting of the
details of a photograph gives, by eye."""

TAIL_SIDE = 64
"""Side of the copy whose extremes limit the contrast."""

BISECTIONS = 40
LOWEST_PRICE = 1e-9
"""Of one patch, over the error of all of the first level: below, splitting is for rounding only."""


def fit(
    picture: NDArray[np.uint8] | NDArray[np.floating], settings: Settings | None = None
) -> MosaicCode:
    """Return the mosaic of a picture: the picture made of itself.

    Means and slopes of all patches are those of the picture (after ``tones``, rounded). A copy's
    isometry is that of the best correlation of luma, its contrast least squares, but at least
    ``strength`` and no more than the gamut has room for.

    Args:
        picture: (H, W) grey or (H, W, 3) sRGB; bytes, or floats of 0 to 1, which are rounded to
            bytes.
    Raises:
        InputError: no such picture, settings out of range, patches larger than half the picture, or
            a picture too small for any.
    """
    chosen = settings or Settings()
    target = np.atleast_3d(picture_bytes(picture))
    height, width = target.shape[:2]
    if min(width, height) < 4:
        raise InputError(f"picture must be at least 4x4 pixels: got {width}x{height}")
    grid = grid_of(chosen.patch, width, height)
    levels = min(chosen.levels, _levels_of(min(width, height), grid))
    raster = of_patches.shrunk(target.astype(np.float64), RASTER_PIXELS * (grid << levels)) / 255
    black, white = chosen.tones
    raster = black + (white - black) * raster
    moves = possible_moves(chosen.turns, width, height)
    fits = [
        _fit_level(raster, grid << level, chosen, chosen.fade ** (levels - level), moves)
        for level in range(levels + 1)
    ]
    goal = PATCHES_PER_CELL * grid * grid if chosen.patches is None else chosen.patches
    kept = chosen_patches([f.errors for f in fits], goal)
    cells = np.concatenate(
        [
            np.stack([np.full(mask.sum(), level), *np.nonzero(mask)], axis=1)
            for level, mask in enumerate(kept)
        ]
    )
    order = np.argsort(tree_order(cells, grid, levels))

    def gathered(by_level: list[NDArray[Any]]) -> NDArray[Any]:
        chosen = [values[mask] for values, mask in zip(by_level, kept, strict=True)]
        return np.concatenate(chosen)[order]

    return MosaicCode(
        width=width,
        height=height,
        grid=grid,
        levels=levels,
        saturation=round(chosen.saturation / SATURATION_STEP),
        tint=round(chosen.tint / TINT_STEP),
        cells=cells[order].astype(np.int32),
        isometries=gathered([f.isometries for f in fits]).astype(np.uint8),
        contrasts=gathered([f.contrasts for f in fits]).astype(np.uint8),
        means=gathered([f.means for f in fits]).astype(np.uint8),
        slopes=gathered([f.slopes for f in fits]).astype(np.int8),
    )


def possible_moves(turns: Turns, width: int, height: int) -> tuple[int, ...]:
    """Return the isometries of ``turns`` that do not stretch copies of this shape."""
    return TURNS[turns] if width == height else TURNS[turns][:4]


def grid_of(patch: int | None, width: int, height: int) -> int:
    """Return the patches along a side for patches of a width in pixels.

    Raises:
        InputError: the picture holds fewer than two such patches, or too many.
    """
    if patch is None:
        return max(2, min(DEFAULT_GRID, min(width, height) // 2))
    if not 1 <= patch <= width // 2:
        raise SettingError(
            f"patch must be within 1..{width // 2} (half the width): got {patch} for "
            f"{width}x{height}"
        )
    grid = round(width / patch)
    if grid > min(MAX_GRID, height):
        raise SettingError(
            f"patch {patch} gives {grid} patches along a side of {width}x{height}; at most "
            f"{min(MAX_GRID, height)} are allowed, choose larger ones"
        )
    return grid


def _levels_of(side: int, grid: int) -> int:
    """Return how often patches can be cut and keep two pixels and the limit of a code."""
    return max(0, min(side // (2 * grid), MAX_FINEST // grid).bit_length() - 1)


@dataclass(frozen=True)
class _LevelFit:
    """Fits of all patches of a level, (k, k, ...), as ``MosaicCode`` has them, and errors."""

    isometries: NDArray[np.int64]
    contrasts: Float
    means: Float
    slopes: Float
    errors: Float


def _fit_level(
    raster: Float, count: int, settings: Settings, fade: float, moves: tuple[int, ...]
) -> _LevelFit:
    blocks = of_patches.cut(raster, count)
    side, channels = blocks.shape[-2:]
    patches = of_patches.fit_planes(blocks)
    whole = of_patches.without_plane(of_patches.shrunk(raster, side))
    copies = of_patches.moved(whole, moves)
    w = luma_weights(channels)
    luma = (copies @ w).reshape(len(moves), -1)
    matches = (patches.rest @ w).reshape(count * count, -1) @ luma.T
    best = matches.argmax(axis=1).reshape(count, count)
    wanted = matches.max(axis=1).reshape(count, count) / max(float(luma[0] @ luma[0]), 1e-12)
    fine = of_patches.without_plane(of_patches.shrunk(raster, min(TAIL_SIDE, len(raster))))
    limits = of_patches.contrast_limits(patches, settings.tint, *of_patches.luma_tails(fine))
    # A patch is split for what it cannot show, not for the texture that it is made to show.
    plain = np.clip(wanted, 0, limits)
    errors = of_patches.copy_errors(
        patches, copies[best], plain, settings.tint, settings.saturation
    )
    contrasts = np.minimum(np.maximum(wanted, settings.strength * fade), limits)
    return _LevelFit(
        isometries=np.array(moves)[best],
        contrasts=of_patches.whole_contrasts(contrasts),
        means=patches.means,
        slopes=patches.slopes,
        errors=errors,
    )


def chosen_patches(errors: list[NDArray[np.float64]], goal: int) -> list[Mask]:
    """Return which patches of every level to keep, (k, k) each; together they tile the square.

    A tree costs its error plus a price for every patch; for a price, the best tree follows from the
    bottom up. The price is bisected until the number of patches is the one wished for.

    Args:
        errors: by level, (k, k) with k doubling: error of showing each place by one patch.
        goal: the number of patches; the most that does not exceed it is aimed at, never less than
            those of the first level.
    """
    total = float(errors[0].sum())
    low, high = np.log(LOWEST_PRICE), 0.0
    best = best_tree(errors, max(total, 1e-12))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        tree = best_tree(errors, total * float(np.exp(middle)) + 1e-12)
        if sum(int(mask.sum()) for mask in tree) > goal:
            low = middle
        else:
            high, best = middle, tree
    return best


def best_tree(errors: list[NDArray[np.float64]], price: float) -> list[Mask]:
    """Return the tree of the least error plus price times patches; see ``chosen_patches``."""
    cost = errors[-1] + price
    split: list[Mask] = []
    for error in errors[-2::-1]:
        parts = cost.reshape(len(error), 2, len(error), 2).sum(axis=(1, 3))
        split.insert(0, parts < error + price)
        cost = np.minimum(parts, error + price)
    split.append(np.zeros(errors[-1].shape, bool))
    reached = np.ones(errors[0].shape, bool)
    kept = []
    for divided in split:
        kept.append(reached & ~divided)
        reached = (reached & divided).repeat(2, axis=0).repeat(2, axis=1)
    return kept
