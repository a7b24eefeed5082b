"""The best domains of ranges: products of matrices in tiles, and the arg-max of each tile at once.

A product of 10 000 ranges with 100 000 domains does not fit into memory, and to write it there
would take longer than to compute it. A tile stays in the second-level cache, where a compiled loop
keeps what is best of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.isometries import ISOMETRIES, MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE
from selfsame.pifs.code import MAX_SCALE
from selfsame.pifs.search.pools import CLASSES, Pool, places, transposed

Float = NDArray[np.float32]
Index = NDArray[np.int32]

TILE_VALUES = 2**17
"""The products of a tile take 512 KiB, half of a usual second-level cache."""

TILE_ROWS = {1: 512, CLASSES: 256}
"""Rows of a tile, by the number of classes: twice as many as it then has columns."""

LOWEST = np.float32(native.LOWEST_GAIN)
"""The gain of no domain."""

_TORCH_VALUES = 2**28
"""Products that a device holds at once: 1 GiB."""


@dataclass(frozen=True)
class Columns:
    """M domains as the right factor of the product.

    Attributes:
        cosines: (classes, length, M) float32: the four classes of ``Pool.cosines``, or one that
            holds them one after the other.
        reach: (M,) float32, the inner product from which on the bound on scales is met.
        penalty: (M,) float32, at least 0, subtracted from the gains.
        places: (M, 2) int32, corners as y, x.
    """

    cosines: Float
    reach: Float
    penalty: Float
    places: Index


@dataclass(frozen=True)
class Rows:
    """N ranges as the left factor.

    Attributes:
        cosines: (classes, N, variants, length) float32. With four classes the variants are the
            range and its transposition; with one, the range under the inverse of each isometry.
        places: (N, 2) int32, corners as y, x.
    """

    cosines: Float
    places: Index


def tile_ranges(isometries: Sequence[int]) -> int:
    """Return how many ranges fill the rows of a tile."""
    classes = _classes(isometries)
    return max(1, TILE_ROWS[classes] // (2 if classes == CLASSES else len(isometries)))


def columns_of(pool: Pool, isometries: Sequence[int], penalty: Float | None = None) -> Columns:
    """Return the domains of a pool; ``penalty`` is (ny, nx)."""
    classes = _classes(isometries)
    reach = np.float32(MAX_SCALE) * pool.norms.ravel()
    return Columns(
        pool.cosines.reshape(classes, CLASSES // classes * pool.cosines.shape[1], reach.size),
        reach,
        np.zeros_like(reach) if penalty is None else np.ascontiguousarray(penalty).ravel(),
        places(pool),
    )


def rows_of(blocks: Pool, isometries: Sequence[int], mine: NDArray[np.intp]) -> Rows:
    """Return those blocks of a pool that ``mine`` numbers, row by row."""
    cosines = blocks.cosines.reshape(*blocks.cosines.shape[:2], -1)[:, :, mine]
    both = np.stack([cosines, transposed(cosines)]).transpose(1, 3, 0, 2)
    if _classes(isometries) == 1:
        # With T first a mirror image, then a transposition, <r, T d> is <T⁻¹ r, d>, where T⁻¹
        # transposes first.
        variants = [_signs(i)[:, None, None] * both[:, :, i // TRANSPOSE] for i in isometries]
        both = np.stack(variants).transpose(2, 0, 1, 3).reshape(1, mine.size, len(variants), -1)
    return Rows(np.ascontiguousarray(both), places(blocks)[mine])


def best_columns(rows: Rows, columns: Columns, apart: int, keep: int) -> Index:
    """Return the indices of the best ``keep`` domains of each range, best first, -1 for none.

    Args:
        apart: a domain less than this away from the range in both directions is no match.
    Returns:
        (N, keep).
    """
    classes, count, variants, length = rows.cosines.shape
    gains = np.full((count, keep), LOWEST, np.float32)
    found = np.full((count, keep), -1, np.int32)
    tile = max(1, TILE_ROWS[classes] // variants)
    total = columns.reach.size
    memory = np.empty(TILE_VALUES, np.float32)
    for first in range(0, count, tile):
        mine = slice(first, first + tile)
        left = rows.cosines[:, mine].reshape(classes, -1, length)
        height = classes * left.shape[1]
        width = TILE_VALUES // height
        for start in range(0, total, width):
            part = slice(start, min(start + width, total))
            products = memory[: height * (part.stop - start)].reshape(classes, left.shape[1], -1)
            np.matmul(left, columns.cosines[:, :, part], out=products)
            native.keep_best(
                products,
                start,
                columns.reach[part],
                columns.penalty[part],
                columns.places[part],
                rows.places[mine],
                apart,
                gains[mine],
                found[mine],
            )
    return found


def best_columns_torch(rows: Rows, columns: Columns, apart: int, keep: int, device: str) -> Index:
    """Return the same as ``best_columns``, computed by torch on any device; ties may differ."""
    import torch

    left, ours, right, reach, penalty, theirs = (
        torch.from_numpy(part).to(device)
        for part in (
            rows.cosines,
            rows.places,
            np.ascontiguousarray(columns.cosines),
            columns.reach,
            columns.penalty,
            columns.places,
        )
    )
    classes, count, variants, length = left.shape
    found = np.full((count, keep), -1, np.int32)
    tile = max(1, _TORCH_VALUES // (classes * variants * max(1, len(reach))))
    for first in range(0, count, tile):
        part = left[:, first : first + tile].reshape(classes, -1, length)
        c = torch.bmm(part, right).view(classes, -1, variants, len(reach))
        if classes == CLASSES:
            a = (c[0] + c[3]).abs() + (c[1] + c[2]).abs()
            b = (c[0] - c[3]).abs() + (c[1] - c[2]).abs()
            best = torch.maximum(a, b).amax(1)
        else:
            best = c[0].abs().amax(1)
        gains = best**2 - (best - reach).clamp_min(0) ** 2 - penalty
        if apart:
            distance = (ours[first : first + tile, None] - theirs).abs().amax(2)
            gains = torch.where(distance < apart, float(LOWEST), gains)
        values, indices = gains.topk(min(keep, len(reach)), dim=1)
        indices = torch.where(values > float(LOWEST), indices, -1)
        found[first : first + tile, : indices.shape[1]] = indices.cpu().numpy()
    return found


def _classes(isometries: Sequence[int]) -> int:
    """Return into how many classes cosines are divided: it takes all isometries to use four."""
    return CLASSES if len(isometries) == ISOMETRIES else 1


def _signs(isometry: int) -> Float:
    """Return the signs that the mirroring of an isometry gives to the four classes."""
    column = -1 if isometry & MIRROR_COLUMNS else 1
    row = -1 if isometry & MIRROR_ROWS else 1
    return np.array([1, column, row, row * column], np.float32)
