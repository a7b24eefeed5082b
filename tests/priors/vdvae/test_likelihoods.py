"""The likelihoods: Bernoulli against torch's, the mixture of logistics against its definition."""

import math

import numpy as np
import pytest
import torch
from scipy.special import expit

from selfsame.priors.vdvae.likelihoods import (
    MAX_LOG_SCALE,
    MIN_LOG_SCALE,
    Bernoulli,
    DiscretizedLogisticMixture,
    clipped_logistic_mean,
    discretized_logistic_log_prob,
)
from support.vdvae_cases import CASES, random_vdvae

LEVELS = torch.arange(256.0)


def random_parameters(likelihood, shape=(2, 3, 4), spread=1.0, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    size = (shape[0], likelihood.parameters, *shape[1:])
    return spread * torch.randn(size, generator=generator, dtype=dtype)


def bin_probability(level, mean, scale):
    """One level's probability by its definition."""
    lower = -np.inf if level == 0 else (level - 0.5) / 127.5 - 1
    upper = np.inf if level == 255 else (level + 0.5) / 127.5 - 1
    a, b = (lower - mean) / scale, (upper - mean) / scale
    # Of the upper tail, where the distribution function is 1 but for rounding, its mirror image.
    return expit(-a) - expit(-b) if a > 0 else expit(b) - expit(a)


def pixel_probability(levels, weights, means, scales, slopes):
    """One pixel's probability, component by component, channel by channel."""
    centred = [level / 127.5 - 1 for level in levels]
    total = 0.0
    for k, weight in enumerate(weights):
        product = weight
        for channel, level in enumerate(levels):
            mean = means[k][channel]
            if channel == 1:
                mean += slopes[k][0] * centred[0]
            if channel == 2:
                mean += slopes[k][1] * centred[0] + slopes[k][2] * centred[1]
            product *= bin_probability(level, mean, scales[k][channel])
        total += product
    return total


def of_every_level(likelihood, parameters):
    """Log-probabilities, (256, B), of grey pictures that are all of one level."""
    batch, _, height, width = parameters.shape
    return torch.stack(
        [
            likelihood.log_prob(torch.full((batch, 1, height, width), level / 255), parameters)
            for level in range(256)
        ]
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_agrees_with_the_definition(channels):
    likelihood = DiscretizedLogisticMixture(channels, 3)
    parameters = random_parameters(likelihood)
    generator = torch.Generator().manual_seed(1)
    levels = torch.randint(256, (2, channels, 3, 4), generator=generator)
    levels[0, :, 0, :2] = torch.tensor([0, 255])
    log_weights, means, log_scales, slopes = likelihood.components(parameters)
    expected = torch.zeros(2, dtype=torch.float64)
    for b, i, j in np.ndindex(2, 3, 4):
        expected[b] += math.log(
            pixel_probability(
                levels[b, :, i, j].tolist(),
                log_weights[b, :, i, j].exp().tolist(),
                means[b, :, :, i, j].tolist(),
                log_scales[b, :, :, i, j].exp().tolist(),
                None if slopes is None else slopes[b, :, :, i, j].tolist(),
            )
        )
    found = likelihood.log_prob(levels.double() / 255, parameters)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=0)


def test_the_order_of_the_parameters():
    likelihood = DiscretizedLogisticMixture(3, 2)
    parameters = random_parameters(likelihood, (1, 1, 1))
    log_weights, means, log_scales, slopes = likelihood.components(parameters)
    raw = parameters.flatten()
    torch.testing.assert_close(log_weights.flatten().exp(), raw[:2].softmax(0))
    centres = torch.tensor([-0.5, 0.5])[:, None]
    torch.testing.assert_close(means[0, ..., 0, 0], raw[2:8].view(2, 3) + centres)
    torch.testing.assert_close(log_scales[0, ..., 0, 0], raw[8:14].view(2, 3) - math.log(2))
    torch.testing.assert_close(slopes[0, ..., 0, 0], raw[14:].view(2, 3).tanh())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spread", [0.0, 1.0, 5.0, 100.0])
def test_grey_sums_to_one(dtype, spread):
    likelihood = DiscretizedLogisticMixture(1, 10)
    parameters = random_parameters(likelihood, (200, 1, 1), spread, dtype=dtype)
    sums = of_every_level(likelihood, parameters).logsumexp(0).exp()
    # Within a narrow bin the float's resolution of the mean counts.
    close = 1e-11 if dtype == torch.float64 else 2e-4
    assert (sums - 1).abs().max() < close


@pytest.mark.parametrize("log_scale", [MIN_LOG_SCALE, -3.0, 0.0, MAX_LOG_SCALE])
@pytest.mark.parametrize("mean", [-1e6, -1.0, 0.003, 1.0, 1e6])
def test_one_distribution_sums_to_one_however_extreme(mean, log_scale):
    log_probs = discretized_logistic_log_prob(LEVELS, torch.tensor(mean), torch.tensor(log_scale))
    assert log_probs.isfinite().all()
    assert abs(float(log_probs.logsumexp(0))) < 2e-4


def test_far_tails_are_right():
    """Logarithms of probabilities that are zero in floating point."""
    found = discretized_logistic_log_prob(
        torch.tensor([100.0, 0.0, 255.0]), torch.tensor([1.0, 0.9, -0.9]), torch.tensor(-5.0)
    )
    steepness = math.exp(5)
    # σ(t) = exp(t) far below 0; a bin's share of it is between its ends.
    upper, lower = ((100 + h) / 127.5 - 1 - 1 for h in (0.5, -0.5))
    expected = [
        upper * steepness + math.log1p(-math.exp((lower - upper) * steepness)),
        (0.5 / 127.5 - 1 - 0.9) * steepness,
        (0.5 / 127.5 - 1 - 0.9) * steepness,
    ]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-5, atol=0)


@pytest.mark.parametrize("channel", [1, 2])
def test_a_channel_given_those_before_sums_to_one(channel):
    """With one component, green given red is a grey mixture's, and so is blue given both."""
    likelihood = DiscretizedLogisticMixture(3, 1)
    parameters = random_parameters(likelihood, (1, 1, 1))
    _, means, log_scales, slopes = likelihood.components(parameters)
    seen = torch.tensor([30.0, 200.0, 90.0])
    pictures = seen.view(1, 3, 1, 1).repeat(256, 1, 1, 1)
    pictures[:, channel, 0, 0] = LEVELS
    if channel == 1:  # Blue depends on green: leave it out by making it a certainty.
        parameters = parameters.clone()
        parameters[:, 6], parameters[:, 9] = -50, 0
        parameters[:, 3] = 50
        pictures[:, 2] = 255
        _, means, log_scales, slopes = likelihood.components(parameters)
    joint = likelihood.log_prob(pictures / 255, parameters.expand(256, -1, -1, -1))
    known = 0.0
    x = seen.double() / 127.5 - 1
    shift = [0, slopes[0, 0, 0] * x[0]]
    for before in range(channel):
        mean = means[0, 0, before] + shift[before]
        known += discretized_logistic_log_prob(seen[before], mean, log_scales[0, 0, before])
    torch.testing.assert_close(joint.logsumexp(0), known.squeeze(), rtol=1e-6, atol=1e-9)


def test_colours_sum_to_one():
    """Over all colours near two narrow components; elsewhere there is next to nothing."""
    likelihood = DiscretizedLogisticMixture(3, 2)
    raw = torch.zeros(likelihood.parameters)
    raw[:2] = torch.tensor([0.3, -0.4])
    raw[2:8] = torch.tensor([0.5, 0.53, 0.48, -0.5, -0.55, -0.52])
    raw[8:14] = torch.tensor([-4.0, -3.8, -4.2, -4.1, -4.0, -3.9])
    raw[14:] = torch.tensor([0.9, -0.5, 1.2, -1.5, 0.4, -0.7])
    near = torch.arange(97.0, 159.0)
    pictures = torch.cartesian_prod(near, near, near)[:, :, None, None] / 255
    log_probs = likelihood.log_prob(pictures, raw.view(1, -1, 1, 1).expand(len(pictures), -1, 1, 1))
    assert float(log_probs.double().logsumexp(0).exp()) == pytest.approx(1, abs=1e-4)


def test_a_value_counts_as_the_nearest_byte():
    likelihood = DiscretizedLogisticMixture(3, 4)
    parameters = random_parameters(likelihood, dtype=torch.float32)
    levels = torch.randint(256, (2, 3, 3, 4), generator=torch.Generator().manual_seed(0))
    moved = ((levels + 0.4) / 255).clamp(max=1)
    assert torch.equal(
        likelihood.log_prob(levels / 255, parameters), likelihood.log_prob(moved, parameters)
    )


def test_gradient():
    likelihood = DiscretizedLogisticMixture(3, 2)
    parameters = random_parameters(likelihood, (2, 2, 1)).requires_grad_()
    levels = torch.tensor([0, 255, 3, 250, 100, 128] * 2).view(2, 3, 2, 1)
    assert torch.autograd.gradcheck(
        lambda p: likelihood.log_prob(levels.double() / 255, p), [parameters]
    )
    wild = random_parameters(likelihood, (2, 2, 1), 1e3, dtype=torch.float32).requires_grad_()
    log_prob = likelihood.log_prob(levels / 255, wild)
    (gradient,) = torch.autograd.grad(log_prob.sum(), wild)
    assert log_prob.isfinite().all()
    assert gradient.isfinite().all()


def test_all_zero_is_about_uniform():
    """So that training begins at 8 bits per value, whatever the picture."""
    likelihood = DiscretizedLogisticMixture(1, 10)
    log_probs = of_every_level(likelihood, torch.zeros(1, 30, 1, 1))
    inner = log_probs[1:-1] / math.log(2)
    assert inner.max() < -7.8
    assert inner.min() > -9
    assert inner.mean() == pytest.approx(-8, abs=0.15)


def test_grey_samples_are_as_frequent_as_their_probability():
    likelihood, count = DiscretizedLogisticMixture(1, 3), 200_000
    parameters = random_parameters(likelihood, (1, 1, 1), dtype=torch.float32)
    pictures = likelihood.sample(
        parameters.expand(-1, -1, 1, count), torch.Generator().manual_seed(0)
    )
    assert pictures.shape == (1, 1, 1, count)
    levels = pictures.flatten() * 255
    torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-4)
    observed = torch.bincount(levels.round().long(), minlength=256).double() / count
    expected = of_every_level(likelihood, parameters)[:, 0].double().exp()
    error = (expected * (1 - expected) / count).sqrt() + 1 / count
    assert ((observed - expected).abs() < 5 * error).all()
    assert expected[0] > 0.01  # The open bins are among what is seen.


def test_colour_samples_are_as_frequent_as_their_probability():
    """Quartered cubes of colours, whose probability is what the samples' own entropy says."""
    likelihood, count = DiscretizedLogisticMixture(3, 2), 40_000
    parameters = random_parameters(likelihood, (1, 1, 1), seed=3, dtype=torch.float32)
    many = parameters.expand(count, -1, 1, 1)
    pictures = likelihood.sample(many, torch.Generator().manual_seed(1))
    # E_p[q(x) / p(x)] = 1 for another distribution q: here one of other components, nearby.
    other = parameters + 0.1 * random_parameters(likelihood, (1, 1, 1), seed=4, dtype=torch.float32)
    ratio = (
        likelihood.log_prob(pictures, other.expand(count, -1, 1, 1))
        - likelihood.log_prob(pictures, many)
    ).exp()
    error = float(ratio.std()) / count**0.5
    assert error < 0.02
    assert abs(float(ratio.mean()) - 1) < 4 * error


def test_the_slopes_correlate_the_channels():
    likelihood, count = DiscretizedLogisticMixture(3, 1), 20_000
    raw = torch.zeros(likelihood.parameters)
    raw[4:7] = -3.0
    raw[4] = -1.5  # Red varies most.
    raw[7], raw[8], raw[9] = 2.0, 0.0, -2.0
    pictures = likelihood.sample(
        raw.view(1, -1, 1, 1).expand(1, -1, 1, count), torch.Generator().manual_seed(0)
    )
    rg, rb, gb = torch.corrcoef(pictures[0, :, 0])[[0, 0, 1], [1, 2, 2]]
    assert rg > 0.9
    assert gb < -0.8
    assert rb < -0.8


@pytest.mark.parametrize("channels", [1, 3])
def test_samples_by_generator_at_any_size(channels):
    likelihood = DiscretizedLogisticMixture(channels, 4)
    parameters = random_parameters(likelihood, (2, 7, 13), 50.0, dtype=torch.float32)

    def draw(seed):
        return likelihood.sample(parameters, torch.Generator().manual_seed(seed))

    assert draw(0).shape == (2, channels, 7, 13)
    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert draw(0).min() >= 0
    assert draw(0).max() <= 1


def test_samples_take_their_own_pixels_component():
    """Narrow distributions, with another component and mean in every pixel and picture."""
    likelihood = DiscretizedLogisticMixture(3, 5)
    parameters = random_parameters(likelihood, (2, 4, 6), 0.4, dtype=torch.float32)
    parameters[:, :5] *= 1e4
    parameters[:, 20:35] = -50
    pictures = likelihood.sample(parameters, torch.Generator().manual_seed(0))
    assert (pictures - likelihood.mean(parameters)).abs().max() < 0.05


@pytest.mark.parametrize("log_scale", [-7.0, -4.0, -1.0, 2.0, 7.0])
@pytest.mark.parametrize("mean", [-5.0, -0.98, 0.1, 0.77, 1.2])
def test_mean_of_one_distribution(mean, log_scale):
    centre, width = (torch.tensor(v, dtype=torch.float64) for v in (mean, log_scale))
    levels = LEVELS.double()
    exact = (discretized_logistic_log_prob(levels, centre, width).exp() * levels).sum() / 127.5 - 1
    found = clipped_logistic_mean(centre, width)
    # Where a bin is wide against the distribution, the bins' rounding counts: half a level.
    assert abs(float(found - exact)) < (1 / 255 if log_scale < -4 else 1e-4)


@pytest.mark.parametrize(("channels", "close"), [(1, 0.0), (3, 0.02)])
def test_mean_is_that_of_samples(channels, close):
    likelihood, count = DiscretizedLogisticMixture(channels, 3), 20_000
    parameters = random_parameters(likelihood, (1, 2, 2), 0.5, seed=2, dtype=torch.float32)
    pictures = likelihood.sample(
        parameters.expand(count, -1, -1, -1), torch.Generator().manual_seed(0)
    )
    error = 5 * pictures.std(0) / count**0.5 + 1e-3 + close
    assert ((pictures.mean(0) - likelihood.mean(parameters)[0]).abs() < error).all()


def logits_and_pictures(shape=(4, 1, 6, 5), spread=3.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = spread * torch.randn(shape, generator=generator)
    return logits, torch.randint(2, shape, generator=generator).float()


def test_log_probability_is_that_of_torch():
    logits, pictures = logits_and_pictures()
    expected = torch.distributions.Bernoulli(logits=logits).log_prob(pictures).sum((1, 2, 3))
    found = Bernoulli(1).log_prob(pictures, logits)
    assert found.shape == (4,)
    torch.testing.assert_close(found, expected)


def test_certain_pixels():
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]]).view(1, 1, 2, 2)
    right = (logits > 0).float()
    assert Bernoulli(1).log_prob(right, logits) == 0
    assert Bernoulli(1).log_prob(1 - right, logits) == -800


def test_greys_give_the_cross_entropy():
    logits, _ = logits_and_pictures((3, 1, 4, 4))
    grey = torch.rand(logits.shape, generator=torch.Generator().manual_seed(1))
    p = logits.sigmoid()
    expected = (grey * p.log() + (1 - grey) * (1 - p).log()).sum((1, 2, 3))
    torch.testing.assert_close(Bernoulli(1).log_prob(grey, logits), expected)


def test_samples_are_as_frequent_as_the_mean_says():
    logits, _ = logits_and_pictures((1, 1, 4, 4), spread=1.5)
    likelihood, count = Bernoulli(1), 20_000
    many = logits.expand(count, -1, -1, -1)
    pictures = likelihood.sample(many, torch.Generator().manual_seed(0))
    assert set(pictures.unique().tolist()) == {0.0, 1.0}
    mean = likelihood.mean(logits)[0]
    error = (mean * (1 - mean) / count).sqrt()
    assert ((pictures.mean(0) - mean).abs() < 4 * error).all()
    assert torch.equal(pictures, likelihood.sample(many, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("config", CASES.values(), ids=CASES.keys())
def test_likelihood_of_a_config(config):
    likelihood = random_vdvae(config).likelihood
    kind = Bernoulli if config.likelihood == "bernoulli" else DiscretizedLogisticMixture
    assert isinstance(likelihood, kind)
    parameters = torch.zeros(2, likelihood.parameters, 3, 5)
    pictures = likelihood.mean(parameters)
    assert pictures.shape == (2, config.channels, 3, 5)
    assert likelihood.log_prob(pictures.round(), parameters).shape == (2,)
