import math

import numpy as np
import pytest
import torch

from selfsame.errors import InputError
from selfsame.io.pictures import to_arrays
from selfsame.priors import generate, interpolate, reconstruct
from selfsame.priors.generation import (
    GROUP,
    blend_noise,
    draw_noise,
    features_of,
    infer_noise,
    sample_generator,
    side_at,
)
from support.small_vdvae import small_vdvae

COLOR = {"channels": 3, "likelihood": "logistic-mixture", "mixtures": 2}


def noise_length(model) -> int:
    return sum(map(math.prod, model.latent_shapes))


def bits(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, 8, 8, generator=generator).round()


@pytest.mark.parametrize("options", [{}, {"draw_pixels": True}, {"scale": 2.5}])
def test_a_picture_depends_on_its_number_only(options):
    model = small_vdvae()
    whole = generate(model, GROUP + 3, seed=3, **options)
    assert len({picture.numpy().tobytes() for picture in whole}) > GROUP
    for first, count in ((0, 1), (5, 2), (GROUP - 1, 2), (GROUP + 2, 1)):
        part = generate(model, count, seed=3, first=first, **options)
        assert torch.equal(part, whole[first : first + count])
    assert not torch.equal(generate(model, 1, seed=4, **options), whole[:1])


def test_generating_leaves_torch_alone():
    model = small_vdvae()
    state = torch.get_rng_state()
    pictures = generate(model, 2)
    assert torch.equal(torch.get_rng_state(), state)
    assert not pictures.requires_grad
    assert torch.is_grad_enabled()


def test_pictures_follow_the_priors():
    """The plain way: block by block, one picture, a latent drawn from the prior it reads."""
    model = small_vdvae()
    noise = draw_noise(model, [sample_generator(7, 2)], temperature=0.7)
    numbers = iter(noise[0].tolist())
    x = model.start
    with torch.no_grad():
        for level, blocks in enumerate(model.down):
            if level:
                x = model.enlarge[level - 1](x)
            for block in blocks:
                prior, x = block.prior_of(x)
                z = torch.empty_like(prior.mean)
                for place in np.ndindex(*z.shape):
                    z[place] = prior.mean[place] + math.exp(prior.log_std[place]) * next(numbers)
                x = block.read(x, z)
            x = model.finish[level](x)
        expected = model.likelihood.mean(model.draw(x))
    assert next(numbers, None) is None
    made = generate(model, 1, seed=7, first=2, temperature=0.7)
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-5)


def test_temperature_0_gives_one_picture_and_1_the_most_variety():
    model = small_vdvae()
    spreads = [float(generate(model, 32, temperature=t).std(0).mean()) for t in (0.0, 0.5, 1.0)]
    assert spreads[0] < 1e-6 < spreads[1] < spreads[2]


def test_noise_is_standard_normal():
    model = small_vdvae()
    noise = draw_noise(model, (sample_generator(0, k) for k in range(400)))
    assert noise.shape == (400, noise_length(model)) == (400, 4 + 2 * 2 * 16)
    assert abs(float(noise.mean())) < 4 / math.sqrt(noise.numel())
    assert abs(float(noise.std()) - 1) < 4 / math.sqrt(2 * noise.numel())
    neighbours = (noise[:-1] * noise[1:]).mean()
    assert abs(float(neighbours)) < 4 / math.sqrt(noise.numel())


def test_drawn_pixels_are_bits_whose_mean_is_the_picture():
    model = small_vdvae()
    drawn = torch.cat(
        [generate(model, 50, seed=s, temperature=0, draw_pixels=True) for s in (1, 2)]
    )
    assert set(drawn.unique().tolist()) == {0, 1}
    mean = generate(model, 1, temperature=0)[0]
    deviations = (drawn.mean(0) - mean) / (mean * (1 - mean) / len(drawn)).sqrt().clamp(min=0.01)
    assert float(deviations.abs().max()) < 5


@pytest.mark.parametrize("options", [{}, COLOR])
def test_scales(options):
    model = small_vdvae(**options)
    channels = model.config.channels
    for scale, side in ((0.5, 4), (1, 8), (2.5, 20), (4, 32)):
        assert side_at(model, scale) == side
        pictures = generate(model, 2, scale=scale)
        assert pictures.shape == (2, channels, side, side)
        assert pictures.min() >= 0
        assert pictures.max() <= 1
        assert reconstruct(model, generate(model, 1), scale=scale).shape[2:] == (side, side)


def test_the_plain_head_has_one_scale():
    model = small_vdvae(head="plain")
    assert generate(model, 2).shape == (2, 1, 8, 8)
    for call in (
        lambda: generate(model, 1, scale=2),
        lambda: reconstruct(model, bits(1), scale=2),
        lambda: interpolate(model, *torch.zeros(2, noise_length(model)), 2, scale=0.5),
    ):
        with pytest.raises(InputError, match="plain head"):
            call()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"count": 0}, "count"),
        ({"seed": -1}, "seed"),
        ({"first": -1}, "first"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"scale": 0}, "scale"),
        ({"scale": math.nan}, "scale"),
        ({"scale": math.inf}, "scale"),
        ({"scale": 0.01}, "scale"),
        ({"scale": 1e9}, "pixels are allowed"),
        ({"scale": 2, "draw_pixels": True}, "drawn at scale 1"),
    ],
)
def test_wrong_arguments_have_a_name(options, named):
    with pytest.raises(InputError, match=named):
        generate(small_vdvae(), **{"count": 1, **options})


def test_noise_of_a_picture_gives_its_reconstruction():
    model = small_vdvae()
    pictures = bits(GROUP + 2)
    with torch.no_grad():
        noise = infer_noise(model, pictures)
        from_noise = model.render(features_of(model, noise))
        inference = model.infer(pictures, torch.Generator(), temperature=0)
        for z, posterior, _ in inference.latents:
            assert torch.equal(z, posterior.mean)
    reconstructed = reconstruct(model, pictures)
    torch.testing.assert_close(from_noise, reconstructed, rtol=0, atol=1e-5)
    torch.testing.assert_close(model.render(inference.features), reconstructed, rtol=0, atol=1e-5)
    assert torch.equal(reconstruct(model, pictures[3:4]), reconstructed[3:4])


def test_wrong_pictures_are_refused():
    with pytest.raises(InputError, match="pictures must be"):
        reconstruct(small_vdvae(), torch.zeros(2, 1, 9, 9))


def test_ways_begin_and_end_where_they_should():
    model = small_vdvae()
    a, b = draw_noise(model, (sample_generator(0, k) for k in range(2)))
    way = interpolate(model, a, b, 5)
    torch.testing.assert_close(way[[0, -1]], generate(model, 2), rtol=0, atol=1e-5)
    back = interpolate(model, b, a, 5)
    torch.testing.assert_close(way, back.flip(0), rtol=0, atol=1e-4)
    with pytest.raises(InputError, match="at least 2"):
        interpolate(model, a, b, 1)


def test_noise_between_turns_evenly_and_keeps_its_length():
    model = small_vdvae()
    blocks = [math.prod(shape) for shape in model.latent_shapes]
    noise = draw_noise(model, (sample_generator(0, k) for k in range(2)))
    unit = torch.cat([part / part.norm(dim=1, keepdim=True) for part in noise.split(blocks, 1)], 1)
    between = blend_noise(model, *unit, torch.linspace(0, 1, 9))
    for part in between.split(blocks, 1):
        torch.testing.assert_close(part.norm(dim=1), torch.ones(9))
        angles = (part[:-1] * part[1:]).sum(1).clamp(-1, 1).acos()
        torch.testing.assert_close(angles, angles.mean().expand_as(angles), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("factor", [0.0, 1.0, 2.0, -1.0])
def test_noise_between_parallel_rows_is_on_the_line(factor):
    model = small_vdvae()
    (a,) = draw_noise(model, [sample_generator(0, 0)])
    shares = torch.linspace(0, 1, 5)
    between = blend_noise(model, a, factor * a, shares)
    expected = (1 + shares[:, None] * (factor - 1)) * a
    torch.testing.assert_close(between, expected, rtol=0, atol=5e-3)


def test_pictures_become_bytes():
    pictures = torch.tensor([0.0, 0.2, 1.0]).view(1, 3, 1, 1).expand(2, 3, 4, 5)
    arrays = to_arrays(pictures)
    assert [array.shape for array in arrays] == [(4, 5, 3)] * 2
    assert arrays[0][0, 0].tolist() == [0, 51, 255]
    assert to_arrays(pictures[:, :1])[0].shape == (4, 5)
