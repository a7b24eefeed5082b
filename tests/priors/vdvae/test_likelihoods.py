"""The Bernoulli likelihood against torch.distributions; which likelihood a config gets."""

import pytest
import torch

from selfsame.priors.vdvae.likelihoods import Bernoulli, likelihood_of
from selfsame.priors.vdvae.logistic_mixture import DiscretizedLogisticMixture
from support.vdvae_cases import CASES


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
    likelihood = likelihood_of(config)
    kind = Bernoulli if config.likelihood == "bernoulli" else DiscretizedLogisticMixture
    assert isinstance(likelihood, kind)
    parameters = torch.zeros(2, likelihood.parameters, 3, 5)
    pictures = likelihood.mean(parameters)
    assert pictures.shape == (2, config.channels, 3, 5)
    assert likelihood.log_prob(pictures.round(), parameters).shape == (2,)
