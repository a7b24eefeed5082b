"""Samplers with the exact denoiser: everything they return is known."""

import itertools
import math
from functools import partial

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.diffusion.prediction import Estimate, score_of
from selfsame.priors.diffusion.samplers import (
    ddim,
    ddpm,
    dpm_solver,
    first_latent,
    heun,
    langevin,
    sample_noise,
)
from selfsame.priors.diffusion.schedules import (
    Geometric,
    Karras,
    LinearBeta,
    noisy,
    sampling_levels,
    schedule_named,
)
from support.gaussian_data import F64, NARROW, PAIR, exact_flow, normal, stream

WAYS = [("linear", 0.9, 0.1), ("cosine", 0.9, 0.1), ("flow", 0.9, 0.1), ("karras", 0.8, 0.3)]


def levels_of(name: str, begin: float, end: float, steps: int):
    return schedule_named(name).level(torch.linspace(begin, end, steps + 1, dtype=F64))


def start_of(data, level, count: int = 8):
    x = data.sample(count, torch.Generator().manual_seed(2))
    return noisy(x, normal(count, 1, 2, seed=3), level)


def moments(sampler, levels, denoiser, calls: int):
    """Return mean and covariance, exact, of what a sampler makes by a denoiser that is affine.

    The sampler is then affine in its start and in each of its noises: a row of the batch for each
    of their numbers tells by how much.
    """
    rows = torch.zeros(1 + 2 + 2 * calls, 1, 2, dtype=F64)
    rows[1, 0, 0] = rows[2, 0, 1] = 1
    call = iter(range(calls))

    def noise(like):
        result, number = torch.zeros_like(like), next(call)
        result[3 + 2 * number, 0, 0] = result[4 + 2 * number, 0, 1] = 1
        return result

    found = sampler(denoiser, first_latent(rows, levels), levels, noise)[:, 0]
    assert next(call, None) is None
    off = found[1:] - found[0]
    return found[0], off.T @ off


@pytest.mark.parametrize(("name", "begin", "end"), WAYS)
@pytest.mark.parametrize(("sampler", "order"), [(ddim, 1), (heun, 2), (dpm_solver, 2)])
def test_the_error_falls_by_the_order_of_the_method(name, begin, end, sampler, order) -> None:
    errors = []
    for steps in (40, 80, 160):
        levels = levels_of(name, begin, end, steps)
        z = start_of(NARROW, levels.at(0))
        exact = exact_flow(NARROW, z, levels.at(0), levels.at(-1))
        errors.append(float((sampler(NARROW.denoiser, z, levels) - exact).norm()))
    rates = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert rates == pytest.approx([order, order], abs=0.22)
    assert errors[-1] < (0.1 if order == 1 else 2e-3)


@pytest.mark.parametrize(("sampler", "order"), [(ddim, 1), (heun, 2), (dpm_solver, 2)])
def test_the_order_holds_for_curved_denoisers_too(sampler, order) -> None:
    fine = levels_of("linear", 0.9, 0.1, 1280)
    z = start_of(PAIR, fine.at(0))
    exact = heun(PAIR.denoiser, z, fine)
    ends = [sampler(PAIR.denoiser, z, levels_of("linear", 0.9, 0.1, n)) for n in (80, 160)]
    coarse, half = (float((end - exact).norm()) for end in ends)
    assert math.log2(coarse / half) == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("name", ["linear", "cosine", "flow", "karras", "geometric"])
@pytest.mark.parametrize(
    ("sampler", "noises"),
    [(ddpm, 1), (partial(ddim, eta=0.5), 1), (ddim, 0)],
    ids=["ddpm", "ddim with noise", "ddim"],
)
def test_mean_and_covariance_are_those_of_the_data(name, sampler, noises) -> None:
    errors = []
    for steps in (100, 200):
        levels = sampling_levels(schedule_named(name), steps)
        mean, covariance = moments(sampler, levels, NARROW.denoiser, noises * (steps - 1))
        assert (mean - NARROW.mean).abs().max() < 0.05
        errors.append(float((covariance - NARROW.covariance).norm()))
    assert errors[1] < 0.08
    assert errors[1] < 0.6 * errors[0] + 2e-3  # the first order, up to what the start lacks


@pytest.mark.parametrize("sampler", [heun, dpm_solver])
@pytest.mark.parametrize(
    ("name", "spacing"),
    [("linear", "log-snr"), ("cosine", "time"), ("flow", "time"), ("karras", "log-snr")],
)
def test_methods_of_the_second_order_need_few_steps(sampler, name, spacing) -> None:
    def without_noise(denoiser, z, levels, noise):
        return sampler(denoiser, z, levels)

    levels = sampling_levels(schedule_named(name), 25, spacing)
    mean, covariance = moments(without_noise, levels, NARROW.denoiser, 0)
    _, rough = moments(ddim, levels, NARROW.denoiser, 0)
    assert (mean - NARROW.mean).abs().max() < 0.02
    error = (covariance - NARROW.covariance).norm()
    assert error < 0.08
    assert error < (rough - NARROW.covariance).norm() / 3


def test_zero_terminal_snr_begins_with_noise_alone() -> None:
    """A schedule that leaves signal begins with less than it was trained with: brightness, the
    paper's example, is drawn towards the middle. Here the mean is 4 deviations away."""
    far = type(NARROW)([1.0], [[4.0, 0.0]], [[[1.0, 0], [0, 1]]])
    found = []
    for zero in (False, True):
        levels = sampling_levels(schedule_named("linear", zero), 400)
        found.append(moments(ddim, levels, far.denoiser, 0)[0][0])
    assert abs(found[1] - 4) < 1e-3
    assert found[0] < 4 - 0.01


def test_euler_of_the_flow_and_of_edm_is_ddim_without_noise() -> None:
    z = start_of(PAIR, levels_of("flow", 0.9, 0.2, 5).at(0))
    times = torch.linspace(0.9, 0.2, 6, dtype=F64)
    level, by_hand = levels_of("flow", 0.9, 0.2, 5), z
    for i in range(5):
        x0 = PAIR.denoiser(by_hand, level.at(i)).x0
        velocity = (by_hand - x0) / times[i]
        by_hand = by_hand + (times[i + 1] - times[i]) * velocity
    torch.testing.assert_close(ddim(PAIR.denoiser, z, level), by_hand)

    level = levels_of("karras", 0.7, 0.2, 5)
    by_hand = z = start_of(PAIR, level.at(0))
    for i in range(5):
        slope = (by_hand - PAIR.denoiser(by_hand, level.at(i)).x0) / level.sigma[i]
        by_hand = by_hand + (level.sigma[i + 1] - level.sigma[i]) * slope
    torch.testing.assert_close(ddim(PAIR.denoiser, z, level), by_hand)


def test_heun_and_dpm_solver_are_the_papers() -> None:
    level = levels_of("karras", 0.7, 0.2, 3)
    z = by_hand = start_of(PAIR, level.at(0))
    for i in range(3):
        a, b = level.sigma[i], level.sigma[i + 1]
        slope = (by_hand - PAIR.denoiser(by_hand, level.at(i)).x0) / a
        ahead = by_hand + (b - a) * slope
        slope_ahead = (ahead - PAIR.denoiser(ahead, level.at(i + 1)).x0) / b
        by_hand = by_hand + (b - a) * (slope + slope_ahead) / 2
    torch.testing.assert_close(heun(PAIR.denoiser, z, level), by_hand)

    level = levels_of("linear", 0.7, 0.2, 3)
    z = by_hand = start_of(PAIR, level.at(0))
    lam, before = (level.alpha / level.sigma).log(), None
    for i in range(3):
        h, x0 = lam[i + 1] - lam[i], PAIR.denoiser(by_hand, level.at(i)).x0
        d = x0
        if before is not None:
            r = (lam[i] - lam[i - 1]) / h
            d = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before
        ratio = level.sigma[i + 1] / level.sigma[i]
        by_hand = ratio * by_hand - level.alpha[i + 1] * torch.expm1(-h) * d
        before = x0
    torch.testing.assert_close(dpm_solver(PAIR.denoiser, z, level), by_hand)


def test_ddim_with_all_the_noise_is_ddpm() -> None:
    levels = sampling_levels(LinearBeta(), 20)
    z = first_latent(normal(6, 1, 2), levels)
    whole = ddim(PAIR.denoiser, z, levels, stream(), eta=1.0)
    torch.testing.assert_close(whole, ddpm(PAIR.denoiser, z, levels, stream()))
    assert not torch.allclose(whole, ddim(PAIR.denoiser, z, levels))


def test_small_variances_are_right_for_a_point_and_large_ones_for_white_noise() -> None:
    levels = sampling_levels(schedule_named("linear"), 12).at(slice(0, 12))
    left = levels.at(-1)
    point = type(NARROW)([1.0], [[0.5, 2.0]], torch.zeros(1, 2, 2))
    white = type(NARROW)([1.0], [[0.0, 0.0]], torch.eye(2)[None])
    for data, variance in ((point, "small"), (white, "large")):
        exact = left.alpha**2 * data.covariance + left.sigma**2 * torch.eye(2)
        found = {}
        for name in ("small", "large"):
            sampler = partial(ddpm, variance=name)
            found[name] = (moments(sampler, levels, data.denoiser, 11)[1] - exact).norm()
        assert found.pop(variance) < 1e-3
        assert min(found.values()) > 1e-2


def test_learned_variances_lie_between_the_small_and_the_large_one() -> None:
    levels = sampling_levels(LinearBeta(), 20)
    z = first_latent(normal(6, 1, 2), levels)

    def says(fraction: float):
        return lambda z, level: Estimate(PAIR.denoiser(z, level).x0, torch.full_like(z, fraction))

    for fraction, name in ((0.0, "small"), (1.0, "large")):
        expected = ddpm(PAIR.denoiser, z, levels, stream(), variance=name)
        found = ddpm(says(fraction), z, levels, stream(), variance="learned")
        torch.testing.assert_close(found, expected)
    with pytest.raises(InputError, match="learned no variances"):
        ddpm(PAIR.denoiser, z, levels, stream(), variance="learned")
    with pytest.raises(InputError, match="needs noise"):
        ddim(PAIR.denoiser, z, levels, eta=0.1)


def test_langevin_reaches_a_gaussian() -> None:
    levels = sampling_levels(Geometric(0.02, 10.0), 20)
    sampler = partial(langevin, repeats=50, step_size=0.5)
    mean, covariance = moments(sampler, levels, NARROW.denoiser, 1000)
    assert (mean - NARROW.mean).abs().max() < 1e-2
    assert (covariance - NARROW.covariance).norm() < 0.05
    # Too few steps do not.
    hasty = partial(langevin, repeats=1, step_size=0.02)
    short = sampling_levels(Geometric(0.02, 10.0), 5)
    assert (moments(hasty, short, NARROW.denoiser, 5)[1] - NARROW.covariance).norm() > 1


def test_langevin_begins_where_there_is_no_signal() -> None:
    levels = sampling_levels(schedule_named("flow"), 20)
    assert levels.alpha[0] == 0
    mean, covariance = moments(partial(langevin, repeats=50), levels, NARROW.denoiser, 1000)
    assert (mean - NARROW.mean).abs().max() < 2e-2
    assert (covariance - NARROW.covariance).norm() < 0.1


def test_one_level_of_langevin_has_the_covariance_of_its_recursion() -> None:
    """z + r/2 sigma² score + sqrt(r) sigma noise, of white data: an autoregression."""
    white = type(NARROW)([1.0], [[0.0, 0.0]], torch.eye(2)[None])
    level = Karras().level(torch.tensor([0.4, 0.4], dtype=F64))
    variance, step = level.sigma[0] ** 2, 0.3 * level.sigma[0] ** 2
    keep = 1 - step / 2 / (1 + variance)
    expected = (1 + variance) * keep ** (2 * 7) + step * sum(keep ** (2 * i) for i in range(7))
    _, found = moments(partial(langevin, repeats=7, step_size=0.3), level, white.denoiser, 7)
    torch.testing.assert_close(found, expected * torch.eye(2, dtype=F64))


def test_annealed_langevin_finds_both_modes_in_their_shares() -> None:
    apart = type(NARROW)([0.2, 0.8], [[-4.0, 0.0], [4.0, 0.0]], 0.1 * torch.eye(2).expand(2, 2, 2))
    levels = sampling_levels(Geometric(0.05, 12.0), 24)
    z = first_latent(normal(1000, 1, 2), levels)
    found = langevin(apart.denoiser, z, levels, stream(), repeats=25, step_size=0.5)[:, 0, 0]
    assert float((found < 0).double().mean()) == pytest.approx(0.2, abs=0.06)
    assert float(found[found > 0].std()) == pytest.approx(0.1**0.5, abs=0.04)
    # At the least noise alone the two stay as they began.
    last = levels.at([23, 24])
    stuck = langevin(apart.denoiser, normal(1000, 1, 2), last, stream(), repeats=100)[:, 0, 0]
    assert float((stuck < 0).double().mean()) == pytest.approx(0.5, abs=0.05)


def test_noise_of_a_sample_is_its_own() -> None:
    def generators(*seeds):
        return [torch.Generator().manual_seed(seed) for seed in seeds]

    like = torch.empty(3, 4, 2, dtype=F64)
    three = sample_noise(generators(5, 6, 7))
    first, second = three(like), three(like)
    alone = sample_noise(generators(6))
    assert torch.equal(alone(like[:1])[0], first[1])
    assert torch.equal(alone(like[:1])[0], second[1])
    assert first.dtype == F64
    assert not torch.equal(first, second)


def test_the_exact_score_is_what_langevin_follows() -> None:
    level = Karras().level(torch.tensor([0.5, 0.5], dtype=F64))
    z = normal(4, 1, 2)
    found = langevin(PAIR.denoiser, z, level, torch.zeros_like, repeats=1, step_size=0.1)
    step = 0.1 * level.sigma[0] ** 2
    score = score_of(PAIR.denoiser(z, level.at(0)).x0, z, level.at(0))
    torch.testing.assert_close(found, z + step / 2 * score)


def test_langevin_takes_signal_along_from_level_to_level() -> None:
    levels = levels_of("linear", 0.6, 0.2, 1)
    z = normal(4, 1, 2)
    still = langevin(PAIR.denoiser, z, levels, torch.zeros_like, repeats=1, step_size=1e-9)
    torch.testing.assert_close(still, levels.alpha[1] / levels.alpha[0] * z, atol=1e-7, rtol=1e-7)
