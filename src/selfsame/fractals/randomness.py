"""Uniform numbers as pure functions of (seed, purpose, key), for many keys in one call.

SplitMix64 (Steele, Lea & Flood 2014), as the kernels of the chaos game use it, in numpy.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Words = NDArray[np.uint64]

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


def _mixed(z: Words) -> Words:
    """Return SplitMix64's bijective hash of each word (constants of Stafford's mix 13)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
