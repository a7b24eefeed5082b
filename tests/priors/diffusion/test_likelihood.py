"""The bound with the exact denoiser of a Gaussian: every term is known."""

import math

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.diffusion.likelihood import prior_divergence, variational_bound
from selfsame.priors.diffusion.prediction import Estimate
from selfsame.priors.diffusion.process import posterior_variance, transition_variance
from selfsame.priors.diffusion.schedules import Level, chain_times, schedule_named
from support.gaussian_data import F64, gaussian, normal, stream

WIDTH = 1.5
DATA = gaussian([0.0, 0.0], [[WIDTH**2, 0.0], [0.0, WIDTH**2]])
ENTROPY = 2 * (math.log(WIDTH) + 0.5 * (1 + math.log(2 * math.pi)))


def chain_of(name: str, steps: int, zero: bool = False) -> Level:
    schedule = schedule_named(name, zero)
    return schedule.level(chain_times(schedule, steps))


def expected_bound(chain: Level, square: float = WIDTH**2) -> float:
    """The mean of the bound, in nats, of data whose numbers have this square, by default in the
    mean. The denoiser is a factor k on z, and errs by ``(1 - k alpha) x - k sigma epsilon``."""
    s, t = chain.at(slice(0, -1)), chain.at(slice(1, None))
    snr = [(level.alpha / level.sigma) ** 2 for level in (s, t)]
    factor = t.alpha * WIDTH**2 / (t.alpha**2 * WIDTH**2 + t.sigma**2)
    error = (1 - factor * t.alpha) ** 2 * square + factor**2 * t.sigma**2
    steps = (0.5 * (snr[0] - snr[1]) * error).sum()
    first, last = chain.at(0), chain.at(-1)
    total = last.alpha**2 + last.sigma**2
    left = last.sigma**2 / total
    prior = 0.5 * (last.alpha**2 * square / total + left - 1 - left.log())
    decoder = (first.sigma / first.alpha).log() + 0.5 * (1 + math.log(2 * math.pi))
    return 2 * float(steps + prior + decoder)


@pytest.mark.parametrize(
    ("name", "zero"), [("linear", False), ("cosine", True), ("flow", False), ("karras", False)]
)
def test_the_bound_is_that_of_the_closed_form(name, zero) -> None:
    chain = chain_of(name, 40, zero)
    x = DATA.sample(20_000, torch.Generator().manual_seed(0))
    found = variational_bound(DATA.denoiser, x, chain, stream())
    assert found.steps.shape == (20_000, 40)
    error = 4 * float(found.total.std()) / 20_000**0.5
    assert float(found.total.mean()) == pytest.approx(expected_bound(chain), abs=error)
    assert float(found.total.mean()) > ENTROPY - error


@pytest.mark.parametrize(("alpha", "sigma"), [(0.6, 0.8), (1.0, 2.0), (0.0, 1.0)])
def test_the_prior_is_as_wide_as_standardised_data(alpha, sigma) -> None:
    x = normal(5, 3, 2)
    level = Level(torch.tensor(alpha, dtype=F64), torch.tensor(sigma, dtype=F64))
    noisy = torch.distributions.Normal(alpha * x, sigma)
    prior = torch.distributions.Normal(torch.zeros_like(x), math.hypot(alpha, sigma))
    expected = torch.distributions.kl_divergence(noisy, prior).sum((1, 2))
    torch.testing.assert_close(prior_divergence(x, level), expected)


@pytest.mark.parametrize("name", ["linear", "cosine", "karras"])
def test_the_bound_comes_down_to_the_entropy_with_the_steps(name) -> None:
    gaps = [expected_bound(chain_of(name, steps)) - ENTROPY for steps in (500, 1000, 2000, 100_000)]
    assert gaps[0] > gaps[1] > gaps[2] > 0
    assert (gaps[1] - gaps[3]) / (gaps[2] - gaps[3]) == pytest.approx(2, abs=0.2)
    assert gaps[3] < 1e-2


def test_the_bound_of_one_point_is_above_its_negative_log_density() -> None:
    for far in (0.0, 1.0, 5.0):
        x = torch.full((8000, 1, 2), far, dtype=F64)
        chain = chain_of("karras", 60)
        found = variational_bound(DATA.denoiser, x, chain, stream()).total
        error = 4 * float(found.std()) / 8000**0.5
        assert float(found.mean()) == pytest.approx(expected_bound(chain, far**2), abs=error)
        density = -float(DATA.log_density(x[:1], Level(torch.ones(()), torch.zeros(()))))
        assert density < float(found.mean()) + error
        fine = expected_bound(chain_of("karras", 10_000), far**2)
        assert density < fine < density + 0.05


def test_a_wrong_denoiser_pays_by_its_squared_error() -> None:
    chain = chain_of("linear", 30)
    x = normal(50, 1, 2)
    right, wrong = (
        variational_bound(
            lambda z, level, off=off: Estimate(DATA.denoiser(z, level).x0 * 0 + x + off),
            x,
            chain,
            stream(),
        )
        for off in (0.0, 0.3)
    )
    gain = ((chain.alpha / chain.sigma) ** 2).diff().neg()
    assert (right.steps == 0).all()
    torch.testing.assert_close(wrong.steps, (0.5 * gain * 2 * 0.09).expand(50, 30))


def test_better_variances_lower_the_bound() -> None:
    """The best variance of a step is the small one plus what x leaves open."""
    chain = chain_of("linear", 25)

    def with_fraction(z, level):
        number = int((chain.alpha - level.alpha).abs().argmin())
        s = chain.at(number - 1)
        small, large = posterior_variance(level, s), transition_variance(level, s)
        open_ = WIDTH**2 * level.sigma**2 / (level.alpha**2 * WIDTH**2 + level.sigma**2)
        of_x = s.alpha * large / level.sigma**2
        best = small + of_x**2 * open_
        fraction = (best / small).log() / (large / small).log()
        return Estimate(DATA.denoiser(z, level).x0, fraction.expand_as(z))

    x = DATA.sample(5000, torch.Generator().manual_seed(0))
    fixed = variational_bound(DATA.denoiser, x, chain, stream()).total.mean()
    best = variational_bound(with_fraction, x, chain, stream()).total.mean()
    assert best < fixed - 0.1
    assert best > ENTROPY - 0.05


def test_a_chain_without_noise_at_its_begin_has_no_bound() -> None:
    chain = schedule_named("flow").level(torch.linspace(0, 1, 5))
    with pytest.raises(InputError, match="begin with some noise"):
        variational_bound(DATA.denoiser, normal(2, 1, 2), chain, stream())
