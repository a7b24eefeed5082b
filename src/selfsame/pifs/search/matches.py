"""What a search of domains finds, measured in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.isometries import transformed
from selfsame.pifs.code import CONTRACTION, MAX_SCALE
from selfsame.pifs.search.pools import FLAT, Plane
from selfsame.run.threads import run_shares

Float = NDArray[np.float32]
Index = NDArray[np.int32]

_SHARE_PIXELS = 2**17
"""Pixels of the matches that are measured in one share of work."""


@dataclass(frozen=True)
class Matches:
    """The best domains of the blocks of a plane, each array of shape (keep, rows, columns).

    The best comes first. Where no further domain lessens the error, everything is 0.

    Attributes:
        domain_y, domain_x: int32, the domain's corner in pixels of its plane.
        isometry: int32, 0 to 7, as in ``selfsame.isometries``.
        scale: float32, the factor of the contracted domain without its mean that leaves the least
            squared error, within the bound on scales; not quantised.
        gain: float32, by how much that lessens the sum of squared differences between the block
            and its mean; at least 0.
    """

    domain_y: Index
    domain_x: Index
    isometry: Index
    scale: Float
    gain: Float


def measured(
    ranges: Plane,
    domains: Plane,
    block: int,
    corners: Index,
    kind: int,
    allowed: tuple[int, ...],
    threads: int | None,
) -> Matches:
    """Return matches with the isometries, scales and gains that the pixels give.

    Args:
        ranges, domains, block, kind, threads: as in ``search.full_search``.
        corners: (N, keep, 2) int32, y and x of the domains of each block, row by row; negative
            where there is none.
        allowed: isometries.
    """
    count, keep = corners.shape[:2]
    rows, columns = (length // block for length in ranges.shape)
    turn = np.zeros((count, keep), np.int32)
    scale, gain = np.zeros((2, count, keep), np.float32)
    ours, theirs = (np.ascontiguousarray(plane, np.float32) for plane in (ranges, domains))
    own = np.indices((rows, columns), np.int32).reshape(2, count).T * np.int32(block)
    pixels = np.arange(block * block, dtype=np.float32).reshape(block, block)
    orders = np.stack([transformed(pixels, t).ravel() for t in allowed]).astype(np.int32)
    share = max(1, _SHARE_PIXELS // (keep * block * block))

    def work(first: int) -> None:
        part = slice(first, first + share)
        native.measure(
            ours,
            theirs,
            block,
            CONTRACTION[kind],
            MAX_SCALE,
            FLAT,
            own[part],
            corners[part],
            orders,
            turn[part],
            scale[part],
            gain[part],
        )

    run_shares(work, range(0, count, share), threads)
    hit = gain > 0
    y, x = np.moveaxis(np.where(hit[..., None], corners, 0), -1, 0)
    isometry = np.where(hit, np.array(allowed, np.int32)[turn], 0)
    return Matches(
        *(
            np.ascontiguousarray(part.T).reshape(keep, rows, columns)
            for part in (y, x, isometry, scale, gain)
        )
    )
