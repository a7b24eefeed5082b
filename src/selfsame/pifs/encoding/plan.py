"""What the encoder tries, by mode and effort, and the candidate maps that this gives."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.pifs.code import MIN_LOG2, Mode
from selfsame.pifs.encoding.mapping import Candidates, luma_candidates, window_candidates
from selfsame.pifs.encoding.source import Source
from selfsame.pifs.search.near import near_maps

Float = NDArray[np.float32]

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


def find_candidates(
    planes: Sequence[Source],
    references: Sequence[Float],
    plan: Plan,
    bit_price: float,
    device: str = "cpu",
) -> list[list[Candidates]]:
    """Return, per plane, the domains that its blocks may be predicted from.

    Args:
        references: the planes that domains are taken from: the picture, or better one decoded.
        bit_price: squared error that a bit of luma is worth.
        device: where windows are searched.
    """
    found: list[list[Candidates]] = []
    for i, (source, reference) in enumerate(zip(planes, references, strict=True)):
        own: list[Candidates] = []
        for search in plan.searches if i == 0 or plan.mode == "pure" else ():
            if search.reach:
                price = bit_price * source.step_ratio**2
                maps = near_maps(source.pixels, reference, search.log2, search.reach, price)
                own.append(Candidates(search.log2, maps))
            if search.radius:
                own.append(
                    window_candidates(
                        source.pixels, reference, search.log2, search.step, search.radius, device
                    )
                )
        if i and plan.luma_maps:
            own += [luma_candidates(source.pixels.shape, log2) for log2 in range(MIN_LOG2, 6)]
        found.append(own)
    return found
