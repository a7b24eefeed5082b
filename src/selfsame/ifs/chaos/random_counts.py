# mypy: disable-error-code="no-untyped-def"
"""Counter-based random words, and exact multinomial counts from them, for the numba kernels.

A stream is ``word(k) = mix64(state + k · gamma)`` with the finaliser of SplitMix64 (Steele,
Lea & Flood 2014, "Fast splittable pseudorandom number generators"; constants of Stafford's
mix 13). ``state`` and the odd ``gamma`` are hashes of ``(seed, stream)``, so every picture and
every share of a picture has its own stream whatever thread computes it.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

kernel: Any = njit(
    nogil=True,
    cache=True,
    boundscheck=False,
    error_model="numpy",
    # NaN and infinity must keep their meaning: points of diverging systems become both.
    fastmath={"contract", "nsz"},
)
"""The decorator of every kernel of the chaos game."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_ZERO = np.uint64(0)
_ONE = np.uint64(1)


@kernel
def mix64(z):
    """Return a bijective hash of a 64-bit word (SplitMix64's finaliser)."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_A
    z = (z ^ (z >> np.uint64(27))) * _MIX_B
    return z ^ (z >> np.uint64(31))


@kernel
def new_stream(seed, stream):
    """Return the (2,) uint64 state ``[state, gamma]`` of one stream of a seed."""
    rng = np.empty(2, np.uint64)
    key = mix64(mix64(np.uint64(seed) + _GOLDEN) + np.uint64(stream))
    rng[0] = key
    rng[1] = mix64(key + _GOLDEN) | _ONE
    return rng


@kernel
def next_word(rng):
    """Advance the stream and return 64 random bits."""
    rng[0] += rng[1]
    return mix64(rng[0])


@kernel
def below(rng, bound):
    """Return an integer of [0, bound), ``bound < 2**31``; the bias is below ``2**-32``."""
    return np.int64(((next_word(rng) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


@kernel
def _popcount(x):
    x = x - ((x >> _ONE) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def binomial(rng, n, q):
    """Return how many of ``n`` uniform 64-bit fractions lie below ``q / 2**64``.

    All fractions are revealed bit by bit at once: those whose bits so far equal those of
    ``q`` stay undecided, and only how many there are matters, so each round costs one random
    bit per undecided fraction: about ``2 n`` bits in all, and no floating point.
    """
    count = np.int64(0)
    undecided = np.int64(n)
    state = rng[0]
    bits = _ZERO  # left over from the last word; the low ``spare`` ones
    spare = np.int64(0)
    while undecided > 0 and q != _ZERO:
        if undecided <= 32:
            if spare < undecided:
                state += rng[1]
                bits = mix64(state)
                spare = np.int64(64)
            ones = _popcount(bits & ((_ONE << np.uint64(undecided)) - _ONE))
            bits = bits >> np.uint64(undecided)
            spare -= undecided
        else:
            ones = _ZERO
            for _ in range(undecided >> 6):
                state += rng[1]
                ones += _popcount(mix64(state))
            rest = np.uint64(undecided & 63)
            if rest != _ZERO:
                state += rng[1]
                ones += _popcount(mix64(state) & ((_ONE << rest) - _ONE))
        if q >> np.uint64(63):
            count += undecided - np.int64(ones)
            undecided = np.int64(ones)
        else:
            undecided -= np.int64(ones)
        q = q << _ONE
    rng[0] = state
    return count


@kernel
def multinomial(rng, n, tree, counts):
    """Fill ``counts[L:]`` with a multinomial draw of ``n`` over the L leaves of ``tree``.

    Args:
        tree: (L,) uint64 of ``probability_tree``; entry 0 is unused.
        counts: (2 L,) int64 scratch; node k has the children 2 k and 2 k + 1.
    """
    leaves = tree.shape[0]
    counts[1] = n
    for k in range(1, leaves):
        total = counts[k]
        left = total if tree[k] == _ALL_ONES else binomial(rng, total, tree[k])
        counts[2 * k] = left
        counts[2 * k + 1] = total - left


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
        tree[..., width : 2 * width] = np.where(right > 0, scaled, _ALL_ONES)
        width //= 2
    return tree
