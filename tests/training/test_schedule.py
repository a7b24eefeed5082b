import math

import pytest

from selfsame.training.schedule import learning_rate_factor


def test_known_answers() -> None:
    factors = [
        learning_rate_factor(step, 11, warmup_steps=4, final_fraction=0.2) for step in range(11)
    ]
    rise = [0.2, 0.4, 0.6, 0.8, 1.0]
    # Six steps of 30 degrees down a cosine between 1 and 0.2.
    fall = [0.6 + 0.4 * c for c in (math.sqrt(3) / 2, 0.5, 0, -0.5, -math.sqrt(3) / 2, -1)]
    assert factors == pytest.approx(rise + fall)


def test_no_warm_up_starts_at_one_and_a_fraction_of_one_stays_there() -> None:
    assert learning_rate_factor(0, 100) == 1
    assert learning_rate_factor(99, 100) == pytest.approx(0)
    assert {learning_rate_factor(s, 7, final_fraction=1.0) for s in range(7)} == {1.0}


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (1, 5), (5, 5), (5, 4)])
def test_short_trainings_stay_within_bounds(steps: int, warmup: int) -> None:
    for step in range(steps):
        assert 0 < learning_rate_factor(step, steps, warmup_steps=warmup) <= 1
