"""Distances of feature sets against closed forms, slow loops, and their own expectations."""

import itertools

import numpy as np
import pytest
from scipy.linalg import sqrtm

from selfsame.errors import InputError
from selfsame.metrics import sets
from selfsame.metrics.sets import frechet_distance, kernel_distance, precision_recall


def features(count=400, width=5, seed=0, shift=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(width, width))
    return shift + scale * rng.normal(size=(count, width)) @ mixing


def whitened(count, width, seed):
    """Features whose sample mean is zero and whose sample covariance is the identity."""
    x = np.random.default_rng(seed).normal(size=(count, width))
    x -= x.mean(0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T


def kernel_of_two(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def loop_discrepancy(first, second):
    """The unbiased squared maximum mean discrepancy, pair by pair."""
    total = 0.0
    for group in (first, second):
        pairs = list(itertools.permutations(range(len(group)), 2))
        total += sum(kernel_of_two(group[i], group[j]) for i, j in pairs) / len(pairs)
    cross = [kernel_of_two(x, y) for x in first for y in second]
    return total - 2 * sum(cross) / len(cross)


def test_frechet_of_known_normal_distributions():
    """Diagonal covariances: the sum of the squared differences of standard deviations."""
    a, b = np.array([1.0, 2.0, 0.5, 0.0]), np.array([3.0, 2.0, 0.1, 1.0])
    shift = np.array([0.5, -1.0, 0.0, 2.0])
    first, second = whitened(60, 4, 0) * a, whitened(90, 4, 1) * b + shift
    expected = (shift**2).sum() + ((a - b) ** 2).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_frechet_by_the_root_of_the_product():
    first, second = features(seed=0), features(seed=1, shift=0.3, scale=1.4)
    c1, c2 = np.cov(first.T), np.cov(second.T)
    shift = first.mean(0) - second.mean(0)
    expected = shift @ shift + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("count", "width"), [(400, 5), (20, 64), (2, 3)])
def test_frechet_of_a_set_from_itself_is_zero(count, width):
    x = features(count, width)
    size = np.square(x).mean()
    assert frechet_distance(x, x) < 1e-10 * size * width
    assert frechet_distance(x, x[::-1]) < 1e-10 * size * width
    assert frechet_distance(x, x + 2) == pytest.approx(4 * width, rel=1e-9)


def test_frechet_of_covariances_that_lack_rank():
    """A constant column, and columns that repeat, change nothing or double the distance."""
    first, second = features(seed=0), features(seed=1, shift=0.3)
    plain = frechet_distance(first, second)
    constant = np.ones((400, 3))
    wider = frechet_distance(np.hstack([first, constant]), np.hstack([second, constant]))
    assert wider == pytest.approx(plain, rel=1e-9)
    twice = frechet_distance(np.hstack([first, first]), np.hstack([second, second]))
    assert twice == pytest.approx(2 * plain, rel=1e-9)


def test_frechet_takes_single_precision():
    first, second = features(seed=0), features(seed=1, shift=1.0)
    found = frechet_distance(first.astype(np.float32), second.astype(np.float32))
    assert found == pytest.approx(frechet_distance(first, second), rel=1e-5)


def test_kernel_distance_by_loops():
    first, second = features(12, 3, 0), features(12, 3, 1, shift=0.5)
    rng = np.random.default_rng(5)
    found = kernel_distance(first, second, rng, subset=6)
    again = np.random.default_rng(5)
    a, b = again.permutation(first), again.permutation(second)
    parts = [loop_discrepancy(a[:6], b[:6]), loop_discrepancy(a[6:], b[6:])]
    assert found.mean == pytest.approx(np.mean(parts), rel=1e-10)
    assert found.standard_error == pytest.approx(abs(parts[0] - parts[1]) / 2, rel=1e-10)


def test_kernel_distance_has_no_bias():
    """Of equal distributions it is zero in the mean, where a biased estimate is above."""
    found = kernel_distance(
        features(3000, 4, 0), features(3000, 4, 1), np.random.default_rng(0), subset=20
    )
    assert found.standard_error > 0
    assert abs(found.mean) < 3 * found.standard_error
    # The diagonal of the kernel, which a biased estimate takes in, is far beyond that.
    x = features(3000, 4, 0)
    bias = 2 * ((np.square(x).sum(1) / 4 + 1) ** 3).mean() / 20
    assert bias > 10 * found.standard_error


def test_kernel_distance_of_known_distributions():
    """One feature, normal: E (xy + 1)³ = 1 + 3 m² + 3 (m² + v)² + (m³ + 3 m v)²."""

    def expected_kernel(m, n, v, w):
        return (
            1 + 3 * m * n + 3 * (m * m + v) * (n * n + w) + (m**3 + 3 * m * v) * (n**3 + 3 * n * w)
        )

    rng = np.random.default_rng(0)
    first, second = rng.normal(0.5, 1.0, (6000, 1)), rng.normal(0.0, 1.2, (6000, 1))
    a, b = (0.5, 1.0), (0.0, 1.44)
    expected = (
        expected_kernel(a[0], a[0], a[1], a[1])
        + expected_kernel(b[0], b[0], b[1], b[1])
        - 2 * expected_kernel(a[0], b[0], a[1], b[1])
    )
    found = kernel_distance(first, second, rng, subset=200)
    assert abs(found.mean - expected) < 4 * found.standard_error
    assert found.standard_error < 0.2 * expected


def test_kernel_distance_is_symmetric_and_seeded():
    first, second = features(300, seed=0), features(300, seed=1, shift=3.0)

    def distance(a, b, seed=0):
        return kernel_distance(a, b, np.random.default_rng(seed), subset=100)

    assert distance(first, second) == distance(first, second)
    assert distance(first, second) != distance(first, second, seed=1)
    one, other = distance(first, second), distance(second, first)
    assert abs(one.mean - other.mean) < 5 * (one.standard_error + other.standard_error)
    assert one.mean > 5 * one.standard_error


def test_sets_of_different_sizes_are_used_whole():
    first, second = features(250, seed=0), features(900, seed=1)
    moved = second.copy()
    moved[-1] += 100
    rng = np.random.default_rng
    assert kernel_distance(first, second, rng(0), 100) != kernel_distance(first, moved, rng(0), 100)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros(5), np.zeros(5)),
        (np.zeros((5, 2)), np.zeros((5, 3))),
        (np.zeros((1, 2)), np.zeros((5, 2))),
        (np.zeros((5, 0)), np.zeros((5, 0))),
        (np.full((5, 2), np.nan), np.zeros((5, 2))),
        (np.zeros((5, 2)), np.full((5, 2), np.inf)),
    ],
)
def test_features_that_cannot_be_compared(first, second):
    with pytest.raises(InputError, match="features must be"):
        frechet_distance(first, second)
    with pytest.raises(InputError, match="features must be"):
        kernel_distance(first, second, np.random.default_rng(0), 2)


@pytest.mark.parametrize("subset", [-1, 0, 1, 26, 1000])
def test_parts_that_cannot_be_made(subset):
    with pytest.raises(InputError, match=f"subset must be .* got {subset} for 50 and 60"):
        kernel_distance(features(50), features(60), np.random.default_rng(0), subset)


def loop_share(points, region, neighbours):
    """The share of points in a ball of the region, feature by feature."""
    found = 0
    for point in points:
        for i, centre in enumerate(region):
            others = sorted(np.linalg.norm(x - centre) for j, x in enumerate(region) if j != i)
            if np.linalg.norm(point - centre) <= others[neighbours - 1]:
                found += 1
                break
    return found / len(points)


@pytest.mark.parametrize("neighbours", [1, 3])
def test_precision_and_recall_by_loops(monkeypatch, neighbours):
    monkeypatch.setattr(sets, "_ROWS_AT_ONCE", 7)
    real, made = features(40, 3, seed=0), features(25, 3, seed=1, shift=0.8, scale=0.6)
    found = precision_recall(real, made, neighbours)
    assert 0 < found.precision < 1
    assert found.precision == loop_share(made, real, neighbours)
    assert found.recall == loop_share(real, made, neighbours)


def test_precision_sees_what_is_wrong_and_recall_what_is_missing():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(100, 4)), 50 + rng.normal(size=(100, 4))
    real = np.concatenate([one, other])
    half = precision_recall(real, one)
    assert half == (1, 0.5)  # nothing that is made is wrong, half of what is real is missing
    assert precision_recall(one, real) == (0.5, 1)
    assert precision_recall(one, other) == (0, 0)


@pytest.mark.parametrize("neighbours", [0, 5])
def test_neighbours_need_features(neighbours):
    with pytest.raises(InputError, match=r"neighbours must be .* 5 and 9 features"):
        precision_recall(features(5), features(9), neighbours)
