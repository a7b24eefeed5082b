"""What a chaos game starts from: how large its population is, where and for how long it settles,
and how often each map is chosen. The game itself is compiled: ``native/ifs/population.hpp``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.system import IFS

FIELDS = {
    7: 0x83,
    9: 0x211,
    10: 0x409,
    12: 0x1053,
    14: 0x4443,
    16: 0x1100B,
    20: 0x100009,
}
"""Irreducible polynomial of GF(2^m) by m; 2^10 points and a copy fill half of a 32 KiB cache."""

ANCESTORS_LOG2 = 7
"""2^7 points run through the whole burn-in."""

MAX_BURN_IN = 1000
"""Steps after which the start counts as forgotten, even where maps hardly contract."""

Field = tuple[int, int]
"""m and the polynomial of GF(2^m)."""

ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


def choose_fields(points: int, maps: int) -> tuple[Field, Field]:
    """Return the fields of the population and of its ancestors.

    The population is small for few points, and has at least 16 points a map for many maps.
    """
    wanted = 7 if points < 20_000 else 9 if points < 60_000 else 10
    wanted = max(wanted, min((16 * maps - 1).bit_length(), max(FIELDS)))
    m = next(m for m in FIELDS if m >= wanted)
    return (m, FIELDS[m]), (ANCESTORS_LOG2, FIELDS[ANCESTORS_LOG2])


def burn_in_steps(
    matrices: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the steps that shrink a difference of starts by 2**-24 on average, 16 to 1000.

    Args:
        matrices: (..., N, d, d); probabilities: (..., N).
    Source: the mean logarithm of the largest singular values bounds the Lyapunov exponent.
    """
    norms = _largest_singular_values(matrices)
    exponent = np.sum(probabilities * np.log(np.maximum(norms, 1e-6)), axis=-1)
    slowest = -24 * math.log(2) / MAX_BURN_IN
    # Less than rounding may leave above a whole number: on every machine as many steps.
    steps = np.ceil(-24 * math.log(2) / np.minimum(exponent, slowest) - 1e-9)
    return np.asarray(np.clip(steps, 16, MAX_BURN_IN), np.int64)


def _largest_singular_values(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return those of (..., d, d) matrices, of many 2 × 2 ones without a decomposition of each."""
    if matrices.shape[-1] != 2:
        return np.asarray(np.linalg.norm(matrices, ord=2, axis=(-2, -1)))
    (a, b), (c, d) = np.moveaxis(matrices, (-2, -1), (0, 1))
    return np.asarray((np.hypot(a + d, c - b) + np.hypot(a - d, b + c)) / 2)


def start_points(
    matrices: NDArray[np.float64],
    offsets: NDArray[np.float64],
    probabilities: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean of each invariant measure, (..., d): a start near the attractor.

    The origin stands in where the equation ``m = Σ p (A m + b)`` has no unique solution.
    """
    d = matrices.shape[-1]
    with np.errstate(over="ignore", invalid="ignore"):  # such numbers escape, as they should
        system = np.eye(d) - np.einsum("...n,...nij->...ij", probabilities, matrices)
        shift = np.einsum("...n,...ni->...i", probabilities, offsets)
        regular = np.abs(np.linalg.det(system)) > 1e-9
        system = np.where(regular[..., None, None], system, np.eye(d))
        start = np.linalg.solve(system, shift[..., None])[..., 0]
    return np.asarray(np.where(regular[..., None], start, 0.0), np.float64)


def with_colors(system: IFS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return matrices (N, d + 3, d + 3) and offsets (N, d + 3) that carry the colours along.

    Maps without a colour are white.
    """
    n, d = system.offsets.shape
    colors = np.ones((n, 3)) if system.colors is None else system.colors
    matrices = np.zeros((n, d + 3, d + 3))
    matrices[:, :d, :d] = system.matrices
    matrices[:, d:, d:] = np.eye(3) / 2
    return matrices, np.concatenate([system.offsets, colors / 2], axis=1)


def probability_tree(probabilities: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the left-branch probabilities of a binary tree over the maps, in units of 2**-64.

    Args:
        probabilities: (..., N), non-negative, each row with a positive sum.
    Returns:
        (..., L) with L the power of two at or above N; leaf i is map i, surplus leaves have
        probability 0. All ones stands for exactly 1.
    """
    p = np.asarray(probabilities, np.float64)
    leaves = 1 << max(0, (p.shape[-1] - 1).bit_length())
    sums = np.zeros((*p.shape[:-1], 2 * leaves))
    sums[..., leaves : leaves + p.shape[-1]] = p
    tree = np.zeros((*p.shape[:-1], leaves), np.uint64)
    width = leaves // 2
    while width >= 1:
        left = sums[..., 2 * width : 4 * width : 2]
        right = sums[..., 2 * width + 1 : 4 * width : 2]
        total = left + right
        sums[..., width : 2 * width] = total
        share = np.divide(left, total, out=np.ones_like(total), where=total > 0)
        # 2**64 - 2048 is the largest float64 below 2**64.
        scaled = np.minimum(share * 2.0**64, 2.0**64 - 2048).astype(np.uint64)
        tree[..., width : 2 * width] = np.where(right > 0, scaled, ALL_ONES)
        width //= 2
    return tree
