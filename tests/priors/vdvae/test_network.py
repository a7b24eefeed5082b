"""Very deep VAEs of many shapes: what goes in and out, reproducibility, gradients, errors."""

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.vdvae.bounds import elbo
from selfsame.priors.vdvae.network import Vdvae
from support.vdvae_cases import CASES, random_pictures, random_vdvae

each_case = pytest.mark.parametrize("config", CASES.values(), ids=CASES.keys())


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


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
    assert model.sample(5, generator()).shape == (5, finest.width, finest.side, finest.side)
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
def test_samples_are_the_generators(config):
    model = random_vdvae(config)
    state = torch.random.get_rng_state()
    assert torch.equal(model.sample(4, generator(1)), model.sample(4, generator(1)))
    assert not torch.equal(model.sample(4, generator(1)), model.sample(4, generator(2)))
    assert torch.equal(torch.random.get_rng_state(), state)


@each_case
def test_temperature(config):
    model = random_vdvae(config)
    cold = model.sample(2, generator(1), temperature=0)
    assert torch.equal(cold, model.sample(2, generator(2), temperature=0))
    torch.testing.assert_close(cold[0], cold[1])
    spreads = [
        (model.sample(2, generator(1), temperature=t) - cold).square().mean()
        for t in (0.1, 0.5, 1.0)
    ]
    assert 0 < spreads[0] < spreads[1] < spreads[2]


@each_case
def test_the_latents_are_the_picture(config):
    """All latents given, nothing is drawn; the first given, the rest is."""
    model, pictures = random_vdvae(config), random_pictures(config)
    inference = model.infer(pictures, generator())
    latents = [latent.z for latent in inference.latents]
    again = model.sample(3, generator(7), latents=latents)
    assert torch.equal(again, inference.features)
    some = model.sample(3, generator(7), latents=latents[:-1])
    assert not torch.equal(some, again)
    assert torch.equal(some, model.sample(3, generator(7), latents=latents[:-1]))


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
    features = model.sample(2, generator())
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


def test_latents_that_do_not_fit_are_refused():
    model = Vdvae(CASES["collage"])
    shapes = latent_shapes(model.config, 2)
    latents = [torch.zeros(shape) for shape in shapes]
    with pytest.raises(InputError, match="at most 3"):
        model.sample(2, generator(), latents=[*latents, latents[-1]])
    with pytest.raises(InputError, match=r"latents\[1\] must be"):
        model.sample(2, generator(), latents=[latents[0], latents[2]])
    with pytest.raises(InputError, match=r"latents\[0\] must be"):
        model.sample(5, generator(), latents=latents)
