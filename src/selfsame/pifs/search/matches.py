"""What a search of domains finds, measured in pixels."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from selfsame.blocks import FASTMATH
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
    own = np.indices((rows, columns)).reshape(2, count).T * block
    pixels = np.arange(block * block, dtype=np.float32).reshape(block, block)
    orders = np.stack([transformed(pixels, t).ravel() for t in allowed]).astype(np.int32)
    share = max(1, _SHARE_PIXELS // (keep * block * block))

    def work(first: int) -> None:
        part = slice(first, first + share)
        _measure(
            ours,
            theirs,
            block,
            CONTRACTION[kind],
            own[part],
            corners[part],
            orders,
            np.float32(MAX_SCALE),
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


@njit(cache=True, nogil=True, fastmath=FASTMATH)
def _measure(ours, theirs, n, k, own, corners, orders, bound, turn, scale, gain):  # type: ignore[no-untyped-def]
    """Fill in ``turn``, the number of the best of ``orders``, and with it scale and gain."""
    block = np.empty((n, n), np.float32)
    domain = np.empty((n, n), np.float32)
    for r in range(own.shape[0]):
        y, x = own[r]
        block[:] = ours[y : y + n, x : x + n]
        _centre(block)
        pixels = block.reshape(n * n)
        for index in range(corners.shape[1]):
            y, x = corners[r, index]
            if y < 0:
                continue
            _contract(theirs[y : y + k * n, x : x + k * n], k, domain)
            norm2 = _centre(domain)
            if norm2 <= np.float32(FLAT * FLAT * n * n):
                continue
            moved = domain.reshape(n * n)
            best = np.float32(0)
            for t in range(orders.shape[0]):
                c = np.float32(0)
                for i in range(n * n):
                    c += pixels[i] * moved[orders[t, i]]
                if abs(c) > abs(best):
                    best = c
                    turn[r, index] = t
            s = min(max(best / norm2, -bound), bound)
            scale[r, index] = s
            gain[r, index] = s * (2 * best - s * norm2)


@njit(cache=True, nogil=True, fastmath=FASTMATH)
def _contract(source, k, out):  # type: ignore[no-untyped-def]
    weight = np.float32(1 / (k * k))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = np.float32(0)
            for a in range(k):
                for b in range(k):
                    total += source[k * i + a, k * j + b]
            out[i, j] = weight * total


@njit(cache=True, nogil=True, fastmath=FASTMATH)
def _centre(block):  # type: ignore[no-untyped-def]
    """Subtract the mean of a block from it; return the sum of its squares after that."""
    mean = np.float32(0)
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            mean += block[i, j]
    mean /= block.size
    norm2 = np.float32(0)
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            block[i, j] -= mean
            norm2 += block[i, j] * block[i, j]
    return norm2
