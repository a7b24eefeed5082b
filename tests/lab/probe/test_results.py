import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from selfsame.errors import InputError
from selfsame.lab.probe.results import accuracy_interval, t_interval, wilson_interval


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_student_against_scipy(values) -> None:
    found = t_interval(values)
    error = stats.sem(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.method == "t"
    if error > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
        assert (found.low, found.high) == pytest.approx((low, high))


@given(st.integers(1, 500), st.data())
def test_wilson_against_scipy(trials, data) -> None:
    right = data.draw(st.integers(0, trials))
    wanted = stats.binomtest(right, trials).proportion_ci(0.95, method="wilson")
    found = wilson_interval(right / trials, trials)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)
    assert found.method == "wilson"


def test_one_seed_has_the_interval_of_its_pictures() -> None:
    assert accuracy_interval([0.5], 100) == wilson_interval(0.5, 100)
    assert accuracy_interval([0.5, 0.7], 100) == t_interval([0.5, 0.7])


def test_too_little_is_refused() -> None:
    with pytest.raises(InputError, match="two values or more: got 1"):
        t_interval([0.5])
    with pytest.raises(InputError, match=r"within 0\.\.1"):
        wilson_interval(0.5, 0)
    with pytest.raises(InputError, match=r"within 0\.\.1"):
        wilson_interval(1.5, 3)
