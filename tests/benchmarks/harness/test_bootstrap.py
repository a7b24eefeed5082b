"""Intervals: groups stay whole, known standard errors are found."""

import numpy as np
import pytest

from benchmarks.harness.bootstrap import interval, resamples


def half(values: np.ndarray, groups: np.ndarray) -> float:
    """Return half of the interval of a mean."""
    draws = resamples(groups, 400, seed=3)
    found = interval(float(values.mean()), np.array([values[one].mean() for one in draws]))
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.value == pytest.approx(found.value - found.low)
    return (found.high - found.low) / 2


def test_groups_are_drawn_whole_and_as_many_as_there_are() -> None:
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    seen = set()
    for one in resamples(groups, 50, seed=0):
        counts = np.bincount(one, minlength=6)
        times = [counts[groups == name] for name in "abc"]
        assert all(len(set(of_group.tolist())) == 1 for of_group in times)
        assert sum(of_group[0] for of_group in times) == 3
        seen.add(tuple(counts.tolist()))
    assert len(seen) > 5
    first, again, other = (resamples(groups, 9, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(0).normal(5, 2, 300)
    expected = 1.96 * values.std() / np.sqrt(300)
    assert half(values, np.arange(300)) == pytest.approx(expected, rel=0.15)


def test_what_is_there_four_times_tells_no_more() -> None:
    values = np.random.default_rng(1).normal(0, 1, 200)
    repeated, groups = values.repeat(4), np.arange(200).repeat(4)
    assert half(repeated, groups) == pytest.approx(half(values, np.arange(200)), rel=1e-6)
    assert half(repeated, np.arange(800)) == pytest.approx(half(repeated, groups) / 2, rel=0.15)
