"""Candidate maps of the encoder: what is tried by mode and effort, where a block's domain lies,
what it predicts, what it costs."""

from typing import NamedTuple

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

from selfsame.coding.range_coder import COSTS
from selfsame.pifs.code import (
    CONTRACTION,
    HALF,
    LUMA,
    MAX_SCALE_INDEX,
    MIN_LOG2,
    NO_MAP,
    SCALE_STEP,
    Mode,
)
from selfsame.pifs.decoding.attractor import apply_maps
from selfsame.pifs.search.full import full_search, local_search
from selfsame.pifs.syntax import contexts as c

Float = NDArray[np.float32]
Int = NDArray[np.int32]

PURE_LAST, ANY_LAST = 2, 1 << 12
"""Highest index in the scan of a block's levels: mean and two slopes, or all."""


class Search(NamedTuple):
    """How domains of half the resolution are sought for the blocks of one size.

    Attributes:
        log2: of the side of the blocks.
        reach: of the window around the block's own centre, searched with the isometry 0 only, in
            pixels; 0 for none.
        step: of the grid of domains around the superblock, in pixels.
        radius: of the window around the superblock, searched with all isometries; 0 for none.
    """

    log2: int
    reach: int
    step: int = 4
    radius: int = 0


class Plan(NamedTuple):
    """What an attempt tries, by effort and mode.

    Attributes:
        searches: for domains of the same plane.
        luma_maps: whether chroma may be predicted from luma.
        rounds: how often the levels are chosen again from the decoded picture.
    """

    mode: Mode
    searches: tuple[Search, ...]
    luma_maps: bool
    rounds: int

    @property
    def last(self) -> int:
        return PURE_LAST if self.mode == "pure" else ANY_LAST


def plan_for(mode: Mode, effort: int) -> Plan:
    """Return what is tried at an effort of 1 (fast) to 9 (small files)."""
    if effort == 1:
        return Plan(mode, (), False, 0)
    radius = (0, 0, 0, 0, 48, 64, 96, 128, 192, 320)[effort]
    step = 2 if effort >= 8 else 4
    if mode == "pure":
        reach = (0, 0, 4, 6, 6, 8, 8, 10, 12, 16)[effort]
        searches = [Search(log2, reach, step, radius if log2 > 2 else 0) for log2 in (2, 3, 4, 5)]
    else:  # residuals leave little for maps to gain
        reach = (0, 0, 0, 0, 4, 4, 6, 8, 12, 16)[effort]
        searches = [Search(log2, reach, step, radius if effort > 6 else 0) for log2 in (3, 4, 5)]
    rounds = (0, 0, 1, 1, 1, 1, 2, 2, 3, 4)[effort] + (mode == "pure")
    return Plan(mode, tuple(searches), True, rounds)


class Candidates(NamedTuple):
    """One map for every square block of one size.

    Attributes:
        log2: of the side.
        maps: (rows, columns, 5) int32, as ``PlaneCode.maps``; kind ``NO_MAP`` where none was found.
    """

    log2: int
    maps: Int


def window_candidates(
    pixels: Float, reference: Float, log2: int, step: int, radius: int, device: str
) -> Candidates:
    """Return the best domain of kind ``HALF`` around the superblock of every block.

    Args:
        pixels: the plane whose blocks are to be predicted.
        reference: the plane that domains are taken from.
        log2: of the side of the blocks.
        step: of the grid of domains. radius: of the window they are searched in.
        device: other than ``cpu``, the whole plane is searched there, by torch.
    """
    side, threads = 1 << log2, get_num_threads()
    if device == "cpu":
        found = local_search(pixels, reference, side, step, radius, HALF, threads=threads)
    else:
        found = full_search(pixels, reference, side, step, HALF, threads=threads, device=device)
    hit = found.gain[0] > 0
    maps = np.zeros((*hit.shape, 5), np.int32)
    maps[..., 0] = np.where(hit, HALF, NO_MAP)
    for i, values in ((1, found.domain_y), (2, found.domain_x), (3, found.isometry)):
        maps[..., i] = np.where(hit, values[0], 0)
    return Candidates(log2, maps)


def luma_candidates(shape: tuple[int, int], log2: int) -> Candidates:
    """Return the map to luma for every block of a chroma plane of padded ``shape``."""
    maps = np.zeros((shape[0] >> log2, shape[1] >> log2, 5), np.int32)
    maps[..., 0] = LUMA
    return Candidates(log2, maps)


def grid_blocks(candidates: Candidates) -> Int:
    """Return the blocks that the candidates belong to, as ``PlaneCode.blocks``."""
    rows, columns = candidates.maps.shape[:2]
    blocks = np.empty((rows, columns, 4), np.int32)
    blocks[..., 0] = (np.arange(rows) << candidates.log2)[:, None]
    blocks[..., 1] = np.arange(columns) << candidates.log2
    blocks[..., 2:] = candidates.log2
    return blocks.reshape(-1, 4)


def predictions(reference: Float, luma: Float | None, candidates: Candidates) -> Float:
    """Return the domains of all blocks in their places: contracted, transformed, without mean."""
    unit = candidates.maps.reshape(-1, 5).copy()
    unit[:, 4] = round(1 / SCALE_STEP)
    return apply_maps(reference, np.zeros_like(reference), grid_blocks(candidates), unit, 1, luma)


@njit(cache=True, parallel=True)
def fit_scales(spectra, domains, log2, maps):
    """Set the scale index of each map by least squares, and subtract the prediction.

    Args:
        spectra: (H, W) of the blocks; domains: of their predictions.
        maps: (rows, columns, 5); a map whose scale rounds to zero becomes ``NO_MAP``.
    Returns:
        (H, W), spectra of the residuals.
    """
    n = 1 << log2
    residual = spectra.copy()
    for row in prange(maps.shape[0]):
        for column in range(maps.shape[1]):
            if maps[row, column, 0] == NO_MAP:
                continue
            top, left = row * n, column * n
            product = energy = 0.0
            for y in range(top, top + n):
                for x in range(left, left + n):
                    product += spectra[y, x] * domains[y, x]
                    energy += domains[y, x] * domains[y, x]
            product -= spectra[top, left] * domains[top, left]
            energy -= domains[top, left] * domains[top, left]
            index = 0
            if energy > 1e-3:
                index = int(np.rint(product / energy / SCALE_STEP))
                index = min(max(index, -MAX_SCALE_INDEX), MAX_SCALE_INDEX)
            maps[row, column, 4] = index
            if index == 0:
                maps[row, column, 0] = NO_MAP
                continue
            scale = np.float32(index * SCALE_STEP)
            for y in range(top, top + n):
                for x in range(left, left + n):
                    residual[y, x] -= scale * domains[y, x]
            residual[top, left] = spectra[top, left]
    return residual


def map_bits(slots: NDArray[np.uint32], candidates: Candidates, chroma: int) -> tuple[Float, float]:
    """Return the bits of each candidate, and those of having no map, as the slots imply."""
    p = (slots >> np.uint32(20)).astype(np.int64)
    ones, zeros = COSTS[p], COSTS[4095 - p]
    log2, maps = candidates.log2, candidates.maps
    s = log2 - MIN_LOG2
    kind = int(maps[..., 0].max(initial=0))
    flags = [c.MAP_KIND_NEIGHBOURS + (k * 2 + chroma) * 25 for k in range(LUMA)]
    # Between a neighbourhood without maps and one full of them.
    none = float(ones[flags[0]] + ones[flags[0] + 6]) / 2
    bits = np.zeros(maps.shape[:2], np.float32)
    bits += float(zeros[flags[0]] + zeros[flags[0] + 6]) / 2
    for k in range(1, kind):
        bits += zeros[flags[k]]
    if kind and kind < LUMA:
        bits += ones[flags[kind]]
    size = np.abs(maps[..., 4])
    start = c.SCALE_SIZE + (kind * c.SIZES + s) * 16
    unary = np.cumsum(ones[start : start + 16]) - ones[start : start + 16]
    bits += 1 + unary[size] + zeros[start : start + 16][size]
    if kind == LUMA:
        return bits, none
    bits += 3
    centring = ((CONTRACTION[kind] - 1) << log2) >> 1
    for axis in range(2):
        place = np.arange(maps.shape[axis]) << log2
        offset = np.abs(maps[..., 1 + axis] + centring - (place[:, None] if axis == 0 else place))
        length = np.ceil(np.log2(offset + 1)).astype(np.int64)
        start = c.OFFSET_LENGTH + (axis * c.SIZES + s) * c.LENGTHS
        steps = ones[start : start + c.LENGTHS]
        unary = np.cumsum(steps) - steps + zeros[start : start + c.LENGTHS]
        low = c.OFFSET_LOW + axis * c.LENGTHS
        # A low bit that is always the same, as on a coarse grid, costs next to nothing.
        entropy = np.minimum(ones[low : low + c.LENGTHS], zeros[low : low + c.LENGTHS])
        rest = np.concatenate([[0], np.cumsum(np.minimum(1, entropy))])
        bits += unary[length] + rest[np.maximum(length - 1, 0)] + 1
    return bits, none
