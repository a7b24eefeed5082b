import itertools
import math
from typing import get_args

import pytest
import torch

from selfsame.priors.diffusion.config import Prediction, TimeDistribution
from selfsame.priors.diffusion.prediction import (
    draw_times,
    epsilon_of,
    loss_weight,
    output_of,
    score_of,
    x0_of,
)
from selfsame.priors.diffusion.schedules import Flow, Karras, LinearBeta, noisy, schedule_named
from support.gaussian_data import PAIR, normal

PREDICTIONS = get_args(Prediction)
SCHEDULES = ["linear", "cosine", "flow", "karras", "geometric"]


def case(name: str):
    """Return data, noise, levels and what they make, of a schedule."""
    x, epsilon = normal(5, 3, 2), normal(5, 3, 2, seed=1)
    level = schedule_named(name).level(torch.linspace(0.1, 0.9, 5))
    return x, epsilon, level, noisy(x, epsilon, level)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_every_output_tells_the_data(name, prediction) -> None:
    x, epsilon, level, z = case(name)
    output = output_of(prediction, x, epsilon, level)
    torch.testing.assert_close(x0_of(prediction, output, z, level), x)
    torch.testing.assert_close(epsilon_of(x, z, level), epsilon)


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(PREDICTIONS, 2)))
def test_conversions_are_inverse_to_each_other(before, after) -> None:
    x, epsilon, level, z = case("karras")
    wrong = output_of(before, x, epsilon, level) + normal(5, 3, 2, seed=2)

    def converted(output, old, new):
        x0 = x0_of(old, output, z, level)
        return output_of(new, x0, epsilon_of(x0, z, level), level)

    there = converted(wrong, before, after)
    torch.testing.assert_close(converted(there, after, before), wrong)


def test_outputs_are_those_of_the_papers() -> None:
    x, epsilon, level, z = case("linear")
    alpha, sigma = (each[:, None, None] for each in level)
    assert torch.equal(output_of("epsilon", x, epsilon, level), epsilon)
    torch.testing.assert_close(output_of("v", x, epsilon, level), alpha * epsilon - sigma * x)
    torch.testing.assert_close(
        output_of("edm", x, epsilon, level), -output_of("v", x, epsilon, level)
    )
    # The velocity of the straight way is its derivative by time.
    step, times = 1e-6, torch.tensor([0.3, 0.7], dtype=torch.float64)
    ahead, here = (noisy(x[:2], epsilon[:2], Flow().level(t)) for t in (times + step, times))
    velocity = output_of("velocity", x[:2], epsilon[:2], Flow().level(times))
    torch.testing.assert_close((ahead - here) / step, velocity, atol=1e-7, rtol=0)
    # EDM, eq. 7 with a deviation of 1: D = z / (sigma² + 1) + sigma / sqrt(sigma² + 1) F.
    x, epsilon, level, z = case("karras")
    sigma, output = level.sigma[:, None, None], normal(5, 3, 2, seed=3)
    expected = z / (sigma**2 + 1) + sigma / (sigma**2 + 1).sqrt() * output
    torch.testing.assert_close(x0_of("edm", output, z, level), expected)
    targets = output_of("edm", normal(4000, 1, 1), normal(4000, 1, 1, seed=1), level.at(2))
    assert float(targets.std()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_score_is_the_gradient_of_the_log_density(name) -> None:
    level = schedule_named(name).level(torch.linspace(0.2, 0.8, 6))
    z = noisy(normal(6, 1, 2), normal(6, 1, 2, seed=1), level).requires_grad_()
    (expected,) = torch.autograd.grad(PAIR.log_density(z, level).sum(), z)
    score = score_of(PAIR.denoiser(z, level).x0, z, level)
    torch.testing.assert_close(score, expected)


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("name", ["linear", "karras"])
def test_a_weighting_is_the_same_for_every_prediction(name, prediction) -> None:
    x, epsilon, level, z = case(name)
    snr = level.log_snr.exp()
    guess = x + normal(5, 3, 2, seed=4)
    of_x = (guess - x).square().mean((1, 2))
    wanted = output_of(prediction, x, epsilon, level)
    output = output_of(prediction, guess, epsilon_of(guess, z, level), level)
    error = (output - wanted).square().mean((1, 2))
    for weighting, factor in (
        ("x0", torch.ones(5)),
        ("epsilon", snr),
        ("v", snr + 1),
        ("min-snr", snr.minimum(torch.tensor(5.0))),
        ("sigmoid", torch.sigmoid(level.log_snr)),
    ):
        found = loss_weight(weighting, prediction, level) * error
        torch.testing.assert_close(found, factor.double() * of_x)
    assert torch.equal(loss_weight("own", prediction, level), torch.ones(5).double())


def test_own_weights_are_the_papers() -> None:
    level = Karras().level(torch.linspace(0.1, 0.9, 5))
    for prediction, weighting in (("epsilon", "epsilon"), ("x0", "x0"), ("edm", "v")):
        torch.testing.assert_close(
            loss_weight(weighting, prediction, level), torch.ones(5).double()
        )


@pytest.mark.parametrize("distribution", get_args(TimeDistribution))
@pytest.mark.parametrize("name", SCHEDULES)
def test_times_lie_within_the_schedule_and_repeat(name, distribution) -> None:
    schedule = schedule_named(name)

    def times(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return draw_times(schedule, distribution, 64, generator, std=1.2, chain=100)

    found = times(0)
    assert found.shape == (64,)
    assert ((found >= schedule.first) & (found <= 1)).all()
    assert torch.equal(found, times(0))
    assert not torch.equal(found, times(1))


def test_times_have_their_distributions() -> None:
    def of(distribution, schedule, **options):
        generator = torch.Generator().manual_seed(0)
        return draw_times(schedule, distribution, 4000, generator, **options)

    uniform = of("uniform", Flow())
    torch.testing.assert_close(uniform, torch.linspace(0.001, 1, 4000).double(), atol=3e-4, rtol=0)
    logit = torch.logit(of("logit-normal", Flow(), mean=0.5, std=0.8))
    inner = logit[(logit > -3) & (logit < 4)]
    assert float(inner.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(inner.std()) == pytest.approx(0.8, abs=0.02)
    ratio = Karras().level(of("log-normal", Karras(), mean=-0.5, std=1.2)).sigma.log()
    assert float(ratio.mean()) == pytest.approx(-0.5, abs=0.01)
    assert float(ratio.std()) == pytest.approx(1.2, abs=0.01)
    steps = (of("discrete", LinearBeta(), chain=4) - 1e-3) / (1 - 1e-3) * 4
    counts = steps.round().long().bincount()
    assert counts.tolist() == [0, 1000, 1000, 1000, 1000]
    assert math.isclose(float((steps - steps.round()).abs().max()), 0, abs_tol=1e-9)
