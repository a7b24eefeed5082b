import math

import numpy as np
import pytest
import torch

from selfsame.errors import SettingError
from selfsame.priors.diffusion.schedules import (
    Cosine,
    Geometric,
    Karras,
    Level,
    LinearBeta,
    ZeroTerminal,
    noisy,
    sampling_levels,
    schedule_named,
)

ALL = [
    ("linear", False),
    ("linear", True),
    ("cosine", False),
    ("cosine", True),
    ("flow", False),
    ("karras", False),
    ("geometric", False),
]
TIMES = torch.linspace(0, 1, 201, dtype=torch.float64)


@pytest.mark.parametrize(("name", "zero"), ALL)
def test_the_log_snr_falls_and_leads_back_to_the_time(name, zero) -> None:
    schedule = schedule_named(name, zero)
    level = schedule.level(TIMES)
    assert (level.log_snr.diff() < 0).all()
    inner = TIMES[1:-1]
    torch.testing.assert_close(schedule.time(schedule.level(inner).log_snr), inner)
    assert schedule.level(torch.tensor(schedule.first)).sigma > 0
    assert level.alpha.dtype == torch.float64
    ends = schedule.time(torch.tensor([1e4, -1e4]))
    assert ends[0] <= 1e-3
    assert ends[1] == pytest.approx(1)


@pytest.mark.parametrize(("name", "zero"), ALL[:4])
def test_the_variance_is_kept_and_no_signal_is_left_where_that_is_asked_for(name, zero) -> None:
    level = schedule_named(name, zero).level(TIMES)
    torch.testing.assert_close(level.scale, torch.ones_like(TIMES))
    assert (level.alpha[-1] == 0) == zero
    assert (level.sigma[-1] == 1) == zero


def test_the_linear_schedule_is_the_limit_of_the_papers_thousand_steps() -> None:
    betas = np.linspace(1e-4, 0.02, 1000)
    alpha = np.sqrt(np.cumprod(1 - betas))
    found = LinearBeta().level(torch.arange(1, 1001) / 1000).alpha.numpy()
    assert np.abs(found - alpha).max() < 2e-3
    assert found[-1] == pytest.approx(math.exp(-0.25 * 20.1))


def test_the_cosine_schedule_is_the_papers() -> None:
    def f(t):
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    for t in (0.1, 0.5, 0.9):
        alpha = float(Cosine().level(torch.tensor(t)).alpha)
        assert alpha**2 == pytest.approx(f(t) / f(0), abs=3e-3)


def test_zero_terminal_keeps_the_start_and_stretches_the_rest() -> None:
    base, level = LinearBeta(), ZeroTerminal(LinearBeta()).level(TIMES)
    alpha = base.level(TIMES).alpha
    torch.testing.assert_close(level.alpha, (alpha - alpha[-1]) / (1 - alpha[-1]))


def test_exploding_schedules_have_the_papers_levels() -> None:
    times = torch.tensor([1.0, 0.5, 0.0])
    rho = [80 ** (1 / 7), 0.002 ** (1 / 7)]
    middle = ((rho[0] + rho[1]) / 2) ** 7
    assert Karras().level(times).sigma.tolist() == pytest.approx([80, middle, 0.002])
    sigma = Geometric(0.01, 100.0).level(torch.linspace(1, 0, 5)).sigma
    assert sigma.tolist() == pytest.approx([100, 10, 1, 0.1, 0.01])
    assert (Karras().level(times).alpha == 1).all()


@pytest.mark.parametrize(("name", "zero"), ALL)
def test_samplers_go_from_the_end_to_no_noise(name, zero) -> None:
    schedule = schedule_named(name, zero)
    levels = sampling_levels(schedule, 10)
    assert len(levels.alpha) == 11
    assert (levels.at(-1).alpha, levels.at(-1).sigma) == (1, 0)
    last = 0.1 if name in ("linear", "cosine", "flow") else schedule.first
    ends = schedule.level(torch.tensor([1.0, last], dtype=torch.float64))
    torch.testing.assert_close(levels.at([0, 9]), ends)
    assert len(sampling_levels(schedule, 1).alpha) == 2


def test_spacing_may_be_even_in_log_snr() -> None:
    found = sampling_levels(LinearBeta(), 9, "log-snr").log_snr
    steps = found[:-1].diff()
    torch.testing.assert_close(steps, steps.mean().expand(8))
    for name, zero in (("flow", False), ("cosine", True)):
        with pytest.raises(SettingError, match="needs some signal"):
            sampling_levels(schedule_named(name, zero), 9, "log-snr")


def test_zero_terminal_is_for_schedules_that_keep_the_variance() -> None:
    with pytest.raises(SettingError, match="karras cannot"):
        schedule_named("karras", True)


def test_noisy_data_have_a_level_for_each_sample_or_one_for_all() -> None:
    x, epsilon = torch.ones(3, 2, 2), torch.full((3, 2, 2), 10.0)
    alpha, sigma = torch.tensor([1.0, 0.5, 0.0]), torch.tensor([0.0, 0.5, 1.0])
    each = noisy(x, epsilon, Level(alpha, sigma))
    assert each[:, 0, 0].tolist() == [1, 5.5, 10]
    assert torch.equal(noisy(x, epsilon, Level(alpha, sigma).at(1))[0], each[1])
