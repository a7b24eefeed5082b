"""The bounds against the exact likelihood, by quadrature, of models with one or two latents."""

import itertools
import math

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.vdvae.bounds import (
    bits_per_dimension,
    elbo,
    importance_weighted_bound,
)
from selfsame.priors.vdvae.config import CollageHeadConfig, Level, VdvaeConfig
from selfsame.priors.vdvae.network import Normal
from support.vdvae_cases import random_vdvae

PICTURES = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4))).double().view(16, 1, 2, 2)
"""All that a model of 2 by 2 zeros and ones can give."""

TOYS = {"one latent": (1, "collage"), "two latents": (2, "collage"), "plain": (2, "plain")}


@pytest.fixture(scope="module", params=TOYS.values(), ids=TOYS.keys())
def toy(request):
    """A model whose latents are one or two numbers, and the log-likelihood of all pictures."""
    blocks, head = request.param
    config = VdvaeConfig(
        2,
        levels=(Level(1, 5, 1, 1, blocks),),
        head=head,
        collage=CollageHeadConfig(hidden=4, aux_blocks=3),
        plain_width=4,
    )
    model = random_vdvae(config, seed=blocks, spread=0.6).double().requires_grad_(False)
    for block in model.down[0]:  # Posteriors near enough for few samples to say much.
        for net in (block.posterior, block.prior):
            net[-1].weight.mul_(0.3)
            net[-1].bias.mul_(0.3)
    return model, exact_log_likelihood(model)


def exact_log_likelihood(model, count=101, reach=9.0):
    """log p(x) of ``PICTURES``, (16,), by the trapezoidal rule over all latents."""
    nodes = torch.linspace(-reach, reach, count, dtype=torch.float64).view(1, -1, 1, 1)
    step = math.log(2 * reach / (count - 1))
    features, log_measure = model.start, torch.zeros(1, dtype=torch.float64)
    for block in model.down[0]:
        # Every row branches into nodes of its prior's own, counted in its standard deviations.
        prior, features = block.prior_of(features)
        z = (prior.mean + prior.log_std.exp() * nodes).view(-1, 1, 1, 1)
        mean, log_std, features, log_measure = (
            part.repeat_interleave(count, 0) for part in (*prior, features, log_measure)
        )
        density = Normal(mean, log_std).log_prob(z) + log_std + step
        log_measure = log_measure + density.flatten()
        features = block.read(features, z)
    logits = model.draw(model.finish[0](features))
    given = [model.likelihood.log_prob(x.expand_as(logits), logits) for x in PICTURES]
    return (torch.stack(given) + log_measure).logsumexp(1)


def repeated_bound(function, model, repeats, *args, seed=0):
    """Mean and standard error, (16,) each, of a bound's estimates."""
    many = PICTURES.repeat_interleave(repeats, 0)
    values = function(model, many, torch.Generator().manual_seed(seed), *args)
    values = getattr(values, "total", values).view(16, repeats)
    return values.mean(1), values.std(1) / repeats**0.5


def test_the_exact_likelihood_is_a_distribution(toy):
    _, exact = toy
    assert float(exact.logsumexp(0)) == pytest.approx(0, abs=1e-6)
    assert exact.std() > 0.1  # Not the uniform distribution.


def test_the_bound_lies_below_and_more_samples_raise_it(toy):
    model, exact = toy
    bound, error = repeated_bound(elbo, model, 500)
    assert (bound < exact + 4 * error).all()
    assert (exact - bound).mean() > 0.05
    gaps = []
    for samples, repeats in ((1, 500), (8, 200), (64, 50)):
        mean, error = repeated_bound(importance_weighted_bound, model, repeats, samples)
        assert (mean < exact + 4 * error).all()
        gaps.append((exact - mean).mean())
    assert gaps[0] > 1.5 * gaps[1] > 2.25 * gaps[2]


def test_with_many_samples_it_is_the_likelihood(toy):
    model, exact = toy
    bound, _ = repeated_bound(importance_weighted_bound, model, 10, 200)
    gap = exact - bound
    assert -0.03 < gap.mean() < 0.1
    assert gap.abs().median() < 0.15


def test_one_sample_estimates_the_same_as_the_closed_divergence(toy):
    model, _ = toy
    closed, error = repeated_bound(elbo, model, 1000)
    sampled, other = repeated_bound(importance_weighted_bound, model, 1000, 1, seed=1)
    assert ((closed - sampled).abs() < 5 * (error.square() + other.square()).sqrt()).all()


def test_parts_of_the_bound(toy):
    model, _ = toy
    bound = elbo(model, PICTURES, torch.Generator().manual_seed(0))
    assert bound.kl.shape == (16, model.block_count)
    assert (bound.kl >= 0).all()
    torch.testing.assert_close(bound.total, bound.log_likelihood - bound.kl.sum(1))
    inference = model.infer(PICTURES, torch.Generator().manual_seed(0))
    for kl, (_, q, p) in zip(bound.kl.T, inference.latents, strict=True):
        assert torch.equal(kl, q.divergence_from(p).flatten(1).sum(1))
    logits = model.draw(inference.features)
    expected = torch.distributions.Bernoulli(logits=logits).log_prob(PICTURES).sum((1, 2, 3))
    torch.testing.assert_close(bound.log_likelihood, expected)


def test_a_perfect_posterior_makes_the_bound_exact():
    """Where latents change no picture: posteriors as the priors, and a head of constants."""
    config = VdvaeConfig(2, levels=(Level(1, 4, 2, 0, 2),), head="plain", plain_width=3)
    model = random_vdvae(config).double().requires_grad_(False)
    for block in model.down[0]:
        block.posterior[-1].weight.zero_()
        block.posterior[-1].bias.copy_(block.prior[-1].bias[:4])
        block.prior[-1].weight.zero_()
    model.head.last.weight.zero_()
    logits = model.head.last.bias.view(1, 1, 1, 1).expand(PICTURES.shape)
    log_p = model.likelihood.log_prob(PICTURES, logits)
    torch.testing.assert_close(elbo(model, PICTURES, torch.Generator()).total, log_p)
    weighted = importance_weighted_bound(model, PICTURES, torch.Generator(), 5)
    torch.testing.assert_close(weighted, log_p)


@pytest.mark.parametrize("samples", [0, -1])
def test_a_bound_needs_a_sample(samples):
    config = VdvaeConfig(2, levels=(Level(1, 4, 2),), head="plain")
    with pytest.raises(InputError, match=f"samples must be at least 1: got {samples}"):
        importance_weighted_bound(random_vdvae(config), PICTURES, torch.Generator(), samples)


def test_bits_per_dimension():
    assert bits_per_dimension(784 * math.log(2), 784) == pytest.approx(1)
    assert bits_per_dimension(3072 * math.log(256), 3072) == pytest.approx(8)
