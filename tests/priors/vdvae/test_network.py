"""Very deep VAEs of many shapes: what goes in and out, reproducibility, gradients, errors; their
normal distributions against torch's."""

import pytest
import torch
from torch import distributions

from selfsame.errors import InputError
from selfsame.priors.vdvae.bounds import elbo
from selfsame.priors.vdvae.network import Normal, Vdvae
from support.vdvae_cases import CASES, random_pictures, random_vdvae

each_case = pytest.mark.parametrize("config", CASES.values(), ids=CASES.keys())


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def made_up(model, count, seed=0):
    """Features of pictures that a model makes up."""
    shapes = latent_shapes(model.config, count)
    return model.decode([torch.randn(shape, generator=generator(seed)) for shape in shapes])


def latent_shapes(config, count):
    return [
        (count, level.latents, level.side, level.side)
        for level in config.levels
        for _ in range(level.decoder_blocks)
    ]


@each_case
def test_shapes(config):
    model, pictures = random_vdvae(config), random_pictures(config)
    inference = model.infer(pictures, generator())
    shapes = latent_shapes(config, 3)
    assert model.block_count == len(shapes) == len(inference.latents)
    for latent, shape in zip(inference.latents, shapes, strict=True):
        assert latent.z.shape == shape
        assert all(part.shape == shape for part in (*latent.prior, *latent.posterior))
    finest = config.levels[-1]
    assert inference.features.shape == (3, finest.width, finest.side, finest.side)
    assert made_up(model, 5).shape == (5, finest.width, finest.side, finest.side)
    drawn = model.draw(inference.features)
    assert drawn.shape == (3, model.likelihood.parameters, config.side, config.side)
    rendered = model.render(inference.features)
    assert rendered.shape == pictures.shape
    assert 0 <= rendered.min() <= rendered.max() <= 1
    bound = elbo(model, pictures, generator())
    assert bound.log_likelihood.shape == (3,)
    assert bound.kl.shape == (3, len(shapes))


@each_case
def test_gradients_reach_every_parameter(config):
    model = random_vdvae(config)
    bound = elbo(model, random_pictures(config), generator()).total.sum()
    bound.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@each_case
def test_inferences_are_the_generators(config):
    model, pictures = random_vdvae(config), random_pictures(config)
    state = torch.random.get_rng_state()
    first, again, other = (model.infer(pictures, generator(n)).features for n in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


@each_case
def test_the_latents_are_the_picture(config):
    model, pictures = random_vdvae(config), random_pictures(config)
    inference = model.infer(pictures, generator())
    noise = [(z - prior.mean) / prior.log_std.exp() for z, _, prior in inference.latents]
    torch.testing.assert_close(model.decode(noise), inference.features, rtol=1e-4, atol=1e-4)
    noise[-1] = noise[-1] + 1
    assert (model.decode(noise) - inference.features).abs().max() > 1e-2


@each_case
def test_a_picture_codes_itself_whatever_its_batch(config):
    model, pictures = random_vdvae(config), random_pictures(config)
    priors, posteriors = [], []
    for batch in (pictures, pictures[:1]):
        first = model.infer(batch, generator()).latents[0]
        priors.append(first.prior.mean[:1])
        posteriors.append(first.posterior.mean[:1])
    torch.testing.assert_close(*priors)
    torch.testing.assert_close(*posteriors)
    first = model.infer(pictures, generator()).latents[0]
    assert not torch.equal(first.posterior.mean[0], first.posterior.mean[1])
    torch.testing.assert_close(first.prior.mean[0], first.prior.mean[1])


@each_case
def test_it_begins_with_standard_priors(config):
    torch.manual_seed(0)
    model = Vdvae(config)
    for latent in model.infer(random_pictures(config), generator()).latents:
        assert not latent.prior.mean.any()
        assert not latent.prior.log_std.any()
        assert latent.posterior.mean.any()


@each_case
def test_rendering_at_other_scales(config):
    model = random_vdvae(config)
    features = made_up(model, 2)
    if config.head == "plain":
        with pytest.raises(InputError, match="scale 1 only: got 2"):
            model.render(features, 2)
        return
    large = model.render(features, 3)
    assert large.shape == (2, config.channels, 3 * config.side, 3 * config.side)
    assert 0 <= large.min() <= large.max() <= 1
    assert torch.equal(large, model.render(features, 3))
    size = round(1.5 * config.side)
    assert model.render(features, 1.5).shape[-2:] == (size, size)


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8), (2, 3, 8, 8), (2, 1, 8, 9), (2, 1, 16, 16)])
def test_pictures_of_another_size_are_refused(shape):
    model = Vdvae(CASES["collage"])
    with pytest.raises(InputError, match="pictures must be"):
        model.infer(torch.zeros(shape), generator())


def numbers(*shape, seed=0, spread=2.0):
    return spread * torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def test_divergence_is_that_of_torch():
    q_mean, q_log_std, p_mean, p_log_std = numbers(4, 2000)
    expected = distributions.kl_divergence(
        distributions.Normal(q_mean, q_log_std.exp()), distributions.Normal(p_mean, p_log_std.exp())
    )
    found = Normal(q_mean, q_log_std).divergence_from(Normal(p_mean, p_log_std))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert (found > 0).all()


def test_divergence_from_itself_is_zero():
    mean, log_std = numbers(2, 100)
    assert not Normal(mean, log_std).divergence_from(Normal(mean, log_std)).any()


def test_gradient_of_the_divergence():
    parts = [part.requires_grad_() for part in numbers(4, 7, spread=0.7)]
    assert torch.autograd.gradcheck(
        lambda a, b, c, d: Normal(a, b).divergence_from(Normal(c, d)), parts
    )


def test_density_is_that_of_torch():
    z, mean, log_std = numbers(3, 2000)
    expected = distributions.Normal(mean, log_std.exp()).log_prob(z)
    torch.testing.assert_close(Normal(mean, log_std).log_prob(z), expected, rtol=1e-10, atol=0)


def test_mean_of_the_log_ratio_is_the_divergence():
    q_mean, q_log_std, p_mean, p_log_std = numbers(4, 5, 1, seed=1, spread=0.8)
    size = (5, 40_000)
    z = Normal(q_mean.expand(size), q_log_std.expand(size)).sample(generator(2))
    ratios = Normal(q_mean, q_log_std).log_prob(z) - Normal(p_mean, p_log_std).log_prob(z)
    error = ratios.std(1) / size[1] ** 0.5
    expected = Normal(q_mean, q_log_std).divergence_from(Normal(p_mean, p_log_std))[:, 0]
    assert ((ratios.mean(1) - expected).abs() < 4 * error).all()
    assert (error < 0.05 * expected).all()


def test_samples_have_the_moments_of_the_distribution():
    mean, log_std = numbers(2, 4, 1)
    size = (4, 40_000)
    z = Normal(mean.expand(size), log_std.expand(size)).sample(generator())
    deviation = (z - mean) / log_std.exp()
    assert (deviation.mean(1).abs() < 0.02).all()
    assert (deviation.square().mean(1) - 1).abs().max() < 0.03


def test_temperature_and_generator():
    mean, log_std = numbers(2, 50)

    def draw(temperature, seed=3):
        return Normal(mean, log_std).sample(generator(seed), temperature)

    assert torch.equal(draw(0.0), mean)
    assert torch.equal(draw(1.0), draw(1.0))
    assert not torch.equal(draw(1.0), draw(1.0, seed=4))
    torch.testing.assert_close(draw(0.5) - mean, 0.5 * (draw(1.0) - mean))


def test_samples_can_be_differentiated():
    mean, log_std = (part.requires_grad_() for part in numbers(2, 6))
    z = Normal(mean, log_std).sample(generator())
    by_mean, by_log_std = torch.autograd.grad(z.sum(), (mean, log_std))
    assert torch.equal(by_mean, torch.ones_like(mean))
    torch.testing.assert_close(by_log_std, (z - mean).detach())
