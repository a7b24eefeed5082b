"""Divergence, density and samples of normal distributions, against torch.distributions."""

import torch
from torch.distributions import Normal, kl_divergence

from selfsame.priors.vdvae.gaussian import gaussian_kl, gaussian_log_prob, gaussian_sample


def numbers(*shape, seed=0, spread=2.0):
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(shape, generator=generator, dtype=torch.float64)


def test_divergence_is_that_of_torch():
    q_mean, q_log_std, p_mean, p_log_std = numbers(4, 2000)
    expected = kl_divergence(Normal(q_mean, q_log_std.exp()), Normal(p_mean, p_log_std.exp()))
    found = gaussian_kl(q_mean, q_log_std, p_mean, p_log_std)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert (found > 0).all()


def test_divergence_from_itself_is_zero():
    mean, log_std = numbers(2, 100)
    assert not gaussian_kl(mean, log_std, mean, log_std).any()


def test_gradient_of_the_divergence():
    parts = [part.requires_grad_() for part in numbers(4, 7, spread=0.7)]
    assert torch.autograd.gradcheck(gaussian_kl, parts)


def test_density_is_that_of_torch():
    z, mean, log_std = numbers(3, 2000)
    expected = Normal(mean, log_std.exp()).log_prob(z)
    torch.testing.assert_close(gaussian_log_prob(z, mean, log_std), expected, rtol=1e-10, atol=0)


def test_mean_of_the_log_ratio_is_the_divergence():
    q_mean, q_log_std, p_mean, p_log_std = numbers(4, 5, 1, seed=1, spread=0.8)
    size = (5, 40_000)
    z = gaussian_sample(
        q_mean.expand(size), q_log_std.expand(size), torch.Generator().manual_seed(2)
    )
    ratios = gaussian_log_prob(z, q_mean, q_log_std) - gaussian_log_prob(z, p_mean, p_log_std)
    error = ratios.std(1) / size[1] ** 0.5
    expected = gaussian_kl(q_mean, q_log_std, p_mean, p_log_std)[:, 0]
    assert ((ratios.mean(1) - expected).abs() < 4 * error).all()
    assert (error < 0.05 * expected).all()


def test_samples_have_the_moments_of_the_distribution():
    mean, log_std = numbers(2, 4, 1)
    size = (4, 40_000)
    z = gaussian_sample(mean.expand(size), log_std.expand(size), torch.Generator().manual_seed(0))
    deviation = (z - mean) / log_std.exp()
    assert (deviation.mean(1).abs() < 0.02).all()
    assert (deviation.square().mean(1) - 1).abs().max() < 0.03


def test_temperature_and_generator():
    mean, log_std = numbers(2, 50)

    def draw(temperature, seed=3):
        generator = torch.Generator().manual_seed(seed)
        return gaussian_sample(mean, log_std, generator, temperature)

    assert torch.equal(draw(0.0), mean)
    assert torch.equal(draw(1.0), draw(1.0))
    assert not torch.equal(draw(1.0), draw(1.0, seed=4))
    torch.testing.assert_close(draw(0.5) - mean, 0.5 * (draw(1.0) - mean))


def test_samples_can_be_differentiated():
    mean, log_std = (part.requires_grad_() for part in numbers(2, 6))
    z = gaussian_sample(mean, log_std, torch.Generator().manual_seed(0))
    by_mean, by_log_std = torch.autograd.grad(z.sum(), (mean, log_std))
    assert torch.equal(by_mean, torch.ones_like(mean))
    torch.testing.assert_close(by_log_std, (z - mean).detach())
