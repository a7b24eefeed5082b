import pytest
import torch

from selfsame.priors.diffusion.process import (
    posterior_mean,
    posterior_variance,
    step_divergence,
    step_log_variance,
    transition_variance,
)
from selfsame.priors.diffusion.schedules import Level, schedule_named
from support.gaussian_data import F64, normal

SCHEDULES = [("linear", False), ("cosine", True), ("flow", False), ("karras", False)]


def pair(name, zero=False, s=0.4, t=0.7):
    schedule = schedule_named(name, zero)
    return (schedule.level(torch.tensor(time, dtype=F64)) for time in (t, s))


@pytest.mark.parametrize(("name", "zero"), SCHEDULES)
@pytest.mark.parametrize("end", [0.7, 1.0])
def test_the_posterior_is_bayes_rule(name, zero, end) -> None:
    """Of z_s, normal given x, and z_t, normal given z_s, all on one line: by their covariance."""
    t, s = pair(name, zero, t=end)
    keep = t.alpha / s.alpha
    covariance, variance = keep * s.sigma**2, t.sigma**2
    x, z = torch.tensor([[[1.3]]], dtype=F64), torch.tensor([[[-0.4]]], dtype=F64)
    mean = s.alpha * x + covariance / variance * (z - t.alpha * x)
    torch.testing.assert_close(posterior_mean(z, x, t, s), mean)
    torch.testing.assert_close(posterior_variance(t, s), s.sigma**2 - covariance**2 / variance)
    torch.testing.assert_close(transition_variance(t, s), variance - keep**2 * s.sigma**2)


def test_variances_are_ddpms_betas() -> None:
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=F64)
    kept = (1 - betas).cumprod(0)
    t, s = (Level(kept[i].sqrt(), (1 - kept[i]).sqrt()) for i in (500, 499))
    torch.testing.assert_close(transition_variance(t, s), betas[500])
    tilde = (1 - kept[499]) / (1 - kept[500]) * betas[500]
    torch.testing.assert_close(posterior_variance(t, s), tilde)


def test_a_fraction_lies_between_the_logarithms() -> None:
    t, s = pair("linear")
    small, large = posterior_variance(t, s), transition_variance(t, s)
    fraction = torch.tensor([[[0.0, 0.5, 1.0]]], dtype=F64)
    found = step_log_variance(fraction, t, s).exp()[0, 0]
    torch.testing.assert_close(found, torch.stack([small, (small * large).sqrt(), large]))


@pytest.mark.parametrize(("name", "zero"), SCHEDULES)
def test_the_divergence_is_that_of_two_normals(name, zero) -> None:
    t, s = pair(name, zero)
    z, x, x0 = normal(2, 3, 1), normal(2, 3, 1, seed=1), normal(2, 3, 1, seed=2)
    fraction = torch.rand(2, 3, 1, dtype=F64, generator=torch.Generator().manual_seed(3))
    true = torch.distributions.Normal(posterior_mean(z, x, t, s), posterior_variance(t, s).sqrt())
    for given in (fraction, None):
        log_variance = step_log_variance(torch.zeros_like(z) if given is None else given, t, s)
        model = torch.distributions.Normal(posterior_mean(z, x0, t, s), (log_variance / 2).exp())
        expected = torch.distributions.kl_divergence(true, model)
        torch.testing.assert_close(step_divergence(z, x, x0, given, t, s), expected)


def test_samples_of_a_batch_have_levels_of_their_own() -> None:
    schedule = schedule_named("linear")
    t, s = (schedule.level(torch.tensor(times, dtype=F64)) for times in ([0.7, 0.5], [0.4, 0.1]))
    z, x, x0 = normal(2, 3, 1), normal(2, 3, 1, seed=1), normal(2, 3, 1, seed=2)
    fraction = torch.full_like(z, 0.3)
    both = step_divergence(z, x, x0, fraction, t, s)
    for i in range(2):
        one = slice(i, i + 1)
        alone = step_divergence(z[one], x[one], x0[one], fraction[one], t.at(i), s.at(i))
        torch.testing.assert_close(both[one], alone)
