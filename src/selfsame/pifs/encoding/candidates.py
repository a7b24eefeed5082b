"""Candidate maps of the encoder: what is tried by mode and effort, and where domains may lie."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.pifs.code import HALF, LUMA, NO_MAP, Mode
from selfsame.pifs.search.full import full_search, local_search

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
    """One map for every square block of one size, or one for all of them.

    Attributes:
        log2: of the side.
        maps: (rows, columns, 5) or (1, 1, 5) int32, as ``PlaneCode.maps``; kind ``NO_MAP`` where
            none was found.
    """

    log2: int
    maps: Int


def near_candidates(
    pixels: Float, reference: Float, search: Search, bit_price: float, threads: int
) -> Candidates:
    """Return the best domain of kind ``HALF`` that lies over each block itself.

    Args:
        pixels: the plane whose blocks are to be predicted.
        reference: the plane that domains are taken from.
        bit_price: squared error that a bit is worth.
    """
    maps = native.near_maps(pixels, reference, search.log2, search.reach, bit_price, threads)
    return Candidates(search.log2, maps)


def window_candidates(
    pixels: Float, reference: Float, search: Search, threads: int, device: str
) -> Candidates:
    """Return the best domain of kind ``HALF`` around the superblock of every block.

    Args:
        pixels, reference: as in ``near_candidates``.
        device: other than ``cpu``, the whole plane is searched there, by torch.
    """
    _, _, step, radius = search
    side = 1 << search.log2
    if device == "cpu":
        found = local_search(pixels, reference, side, step, radius, HALF, threads=threads)
    else:
        found = full_search(pixels, reference, side, step, HALF, threads=threads, device=device)
    hit = found.gain[0] > 0
    maps = np.zeros((*hit.shape, 5), np.int32)
    maps[..., 0] = np.where(hit, HALF, NO_MAP)
    for i, values in ((1, found.domain_y), (2, found.domain_x), (3, found.isometry)):
        maps[..., i] = np.where(hit, values[0], 0)
    return Candidates(search.log2, maps)


def luma_candidates(log2: int) -> Candidates:
    """Return the map to luma, the same for every block of a chroma plane."""
    return Candidates(log2, np.array([[[LUMA, 0, 0, 0, 0]]], np.int32))
