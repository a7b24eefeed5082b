"""The order of a shuffled stream: a permutation of which every place can be asked by itself.

A Feistel network (Luby & Rackoff 1988, "How to construct pseudorandom permutations from
pseudorandom functions") permutes the numbers below a power of four; a number that leaves the
range is sent through it again until it is back ("cycle walking", Black & Rogaway 2002). Nothing
is stored, whatever the length, and to start in the middle costs nothing.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.fractals.randomness import Words, _mixed, random_words

_ORDER = 2001  # purpose of the random words
_ROUNDS = 8


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


def _network(numbers: NDArray[np.int64], bits: int, keys: Words) -> NDArray[np.int64]:
    words = numbers.astype(np.uint64)
    shift, surplus = np.uint64(bits), np.uint64(64 - bits)
    left, right = words >> shift, words & np.uint64((1 << bits) - 1)
    for key in keys:
        left, right = right, left ^ (_mixed(right + key) >> surplus)
    return ((left << shift) | right).astype(np.int64)
