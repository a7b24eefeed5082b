"""The kernels' random numbers: known answers, exact counts, permutations."""

import numpy as np
import pytest
from scipy import stats

from selfsame._native.testing import Stream, mix64, products
from selfsame.ifs.chaos.games import FIELDS, probability_tree


def test_mix64_is_the_finaliser_of_splitmix64():
    # First outputs of SplitMix64 seeded with 1234567, as Vigna's reference code prints them.
    state, words = 1234567, []
    for _ in range(3):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        words.append(mix64(state))
    assert words == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_streams_differ_and_repeat():
    first = [Stream(7, s).next() for s in range(1000)]
    again = [Stream(7, s).next() for s in range(1000)]
    other = [Stream(8, s).next() for s in range(1000)]
    assert first == again
    assert len({*first, *other}) == 2000


@pytest.mark.parametrize(
    ("n", "p"), [(1, 0.3), (63, 0.5), (64, 0.1), (130, 0.9), (1024, 1 / 3), (1000, 0.001)]
)
def test_binomial_has_the_binomial_law(n, p):
    stream = Stream(1, n)
    draws = np.array([stream.binomial(n, int(p * 2**64)) for _ in range(4000)])
    values = np.arange(n + 1)
    expected = 4000 * stats.binom.pmf(values, n, p)
    observed = np.bincount(draws, minlength=n + 1)
    # Pool the tails until every class expects at least five.
    low, high = np.flatnonzero(expected >= 5)[[0, -1]]
    pooled = lambda x: np.array([x[: low + 1].sum(), *x[low + 1 : high], x[high:].sum()])  # noqa: E731
    if low == high:
        pytest.fail("the test has one class only")
    chi2 = float(((pooled(observed) - pooled(expected)) ** 2 / pooled(expected)).sum())
    assert stats.chi2.cdf(chi2, high - low) < 0.9999


def test_binomial_of_certain_probabilities():
    stream = Stream(0, 0)
    assert stream.binomial(1000, 0) == 0
    assert stream.binomial(0, 2**63) == 0


@pytest.mark.parametrize("p", [[1.0], [0.5, 0.5], [0.2, 0.0, 0.3, 0.5, 0.0], [0.0, 1.0]])
def test_multinomial_sums_up_and_respects_zero(p):
    tree = probability_tree(np.array(p))
    stream = Stream(3, 0)
    total = np.zeros(len(p))
    for _ in range(500):
        leaves = stream.multinomial(1024, tree)
        assert leaves.sum() == 1024
        assert (leaves[len(p) :] == 0).all()
        total += leaves[: len(p)]
    mean = total / 500
    sigma = np.sqrt(1024 * np.array(p) * (1 - np.array(p)) / 500)
    assert (np.abs(mean - 1024 * np.array(p)) <= 5 * sigma).all()


def test_probability_tree_of_a_batch_is_that_of_its_rows():
    rows = np.random.default_rng(0).dirichlet(np.ones(5), size=3)
    assert np.array_equal(probability_tree(rows), np.stack([probability_tree(row) for row in rows]))


@pytest.mark.parametrize("m", [7, 9, 10])
def test_every_multiplication_of_the_field_is_a_permutation(m):
    # Holds for all a exactly if the polynomial is irreducible (or all a are units anyway).
    size = 1 << m
    for a in range(1, size):
        found = products((m, FIELDS[m]), a)
        assert np.array_equal(np.sort(found), np.arange(size))
        assert found[1] == a


@pytest.mark.parametrize("m", sorted(FIELDS))
def test_polynomials_are_irreducible(m):
    # x^(2^m) = x, and x^(2^(m/q)) - x has no factor in common with the polynomial (Rabin).
    f = FIELDS[m]

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a, b = a << 1, b >> 1
            a ^= f if a >> m & 1 else 0
        return product

    def power(k: int) -> int:
        x = 2
        for _ in range(k):
            x = times(x, x)
        return x

    def gcd(a: int, b: int) -> int:
        while b:
            while a.bit_length() >= b.bit_length():
                a ^= b << (a.bit_length() - b.bit_length())
                if a == 0:
                    break
            a, b = b, a
        return a

    assert f.bit_length() == m + 1
    assert power(m) == 2
    for prime in (2, 3, 5, 7):
        if m % prime == 0:
            assert gcd(f, power(m // prime) ^ 2) == 1


def test_pairs_of_slots_are_uniform():
    # All (a, b) of the field with 2^7 elements: each ordered pair of distinct slots once.
    seen = np.zeros((128, 128), int)
    for a in range(1, 128):
        found = products((7, FIELDS[7]), a)
        for b in range(128):
            seen[found[5] ^ b, found[77] ^ b] += 1
    assert np.array_equal(seen, 1 - np.eye(128, dtype=int))
