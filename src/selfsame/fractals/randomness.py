"""Uniform numbers as pure functions of (seed, purpose, key), and the order of a shuffled stream.

SplitMix64 (Steele, Lea & Flood 2014), as the kernels of the chaos game use it, in numpy.

The order is a permutation of which every place can be asked by itself: a Feistel network (Luby &
Rackoff 1988, "How to construct pseudorandom permutations from pseudorandom functions") permutes the
numbers below a power of four; a number that leaves the range is sent through it again until it is
back ("cycle walking", Black & Rogaway 2002). Nothing is stored, whatever the length, and to start
in the middle costs nothing.
"""

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Words = NDArray[np.uint64]

_ORDER = 2001  # purpose of the random words
_ROUNDS = 8

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def random_words(seed: int, purpose: int, keys: ArrayLike, count: int) -> Words:
    """Return ``count`` random words for each key, (n, count) uint64.

    Args:
        seed: 0 .. 2^64 - 1.
        purpose: a small number; different purposes give independent words.
        keys: (n,), 0 .. 2^63 - 1.
    """
    with np.errstate(over="ignore"):  # sums and products are meant modulo 2^64
        start: Words = np.full(1, seed, np.uint64)
        base = _mixed(start + _GOLDEN) + np.uint64(purpose)
        states = _mixed(_mixed(base) + np.asarray(keys, np.int64).astype(np.uint64))[:, None]
        gammas = _mixed(states + _GOLDEN) | np.uint64(1)
        steps: Words = np.arange(1, count + 1, dtype=np.uint64)
        return _mixed(states + gammas * steps)


def uniforms(seed: int, purpose: int, keys: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return ``count`` numbers of [0, 1) for each key, (n, count), multiples of 2^-53."""
    words = random_words(seed, purpose, keys, count)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def scaled(u: NDArray[np.float64], bounds: tuple[float, float]) -> NDArray[np.float64]:
    """Return uniform numbers of [0, 1) spread over ``bounds``."""
    low, high = bounds
    return low + u * (high - low)


def whole(u: NDArray[np.float64], bound: int) -> NDArray[np.int64]:
    """Return uniform numbers of [0, 1) as whole numbers of 0 .. bound - 1."""
    return cast(NDArray[np.int64], np.floor(u * bound).astype(np.int64))


def shuffled(places: ArrayLike, length: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the numbers at some places of a random permutation of 0 .. length - 1.

    A pure function of its arguments: neither other places nor their order matter.

    Args:
        places: (n,), within 0 .. length - 1.
        length: 1 .. 2^62.
        seed: 0 .. 2^63 - 1.
        epoch: 0 .. 2^63 - 1; every one has a permutation of its own.
    """
    bits = max(1, ((length - 1).bit_length() + 1) // 2)  # of each half
    keys = random_words(seed, _ORDER, [epoch], _ROUNDS)[0]
    numbers = _network(np.asarray(places, np.int64), bits, keys)
    while (outside := np.flatnonzero(numbers >= length)).size:
        numbers[outside] = _network(numbers[outside], bits, keys)
    return numbers


def stream_order(samples: ArrayLike, length: int, seed: int) -> NDArray[np.int64]:
    """Return which of 0 .. length - 1 some samples are, of epoch after epoch without a gap.

    Args:
        samples: (n,), from 0.
    """
    epochs, places = np.divmod(np.asarray(samples, np.int64), length)
    for epoch in np.unique(epochs):
        now = epochs == epoch
        places[now] = shuffled(places[now], length, seed, int(epoch))
    return places


def _network(numbers: NDArray[np.int64], bits: int, keys: Words) -> NDArray[np.int64]:
    words = numbers.astype(np.uint64)
    shift, surplus = np.uint64(bits), np.uint64(64 - bits)
    left, right = words >> shift, words & np.uint64((1 << bits) - 1)
    for key in keys:
        left, right = right, left ^ (_mixed(right + key) >> surplus)
    return ((left << shift) | right).astype(np.int64)


def _mixed(z: Words) -> Words:
    """Return SplitMix64's bijective hash of each word (constants of Stafford's mix 13)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
