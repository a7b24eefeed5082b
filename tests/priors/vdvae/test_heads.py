"""The collage head against its operator and the contraction that it promises; the plain head."""

import pytest
import torch
from torch.nn import functional as F

from selfsame.collage.operator.functional import contraction_factor
from selfsame.collage.operator.module import solve
from selfsame.collage.operator.resampling import upscale_aux
from selfsame.errors import InputError
from selfsame.priors.vdvae.config import CollageHeadConfig
from selfsame.priors.vdvae.heads import CollageHead, PlainHead

CONFIGS = {
    "local": CollageHeadConfig(16, aux_blocks=6),
    "shared": CollageHeadConfig(16, (2,), local=False, overlap=0, aux_blocks=6),
    "two depths": CollageHeadConfig(16, (2, 3), overlap=1, aux_blocks=6),
    "own blocks": CollageHeadConfig(16, aux_blocks=6, latent_aux=True),
    "tight": CollageHeadConfig(16, bound=0.2, aux_blocks=6, iterations=2),
}
WIDTH, CHANNELS, SIDE, GRID = 8, 2, 16, 4


def head_and_features(name, spread=1.0, seed=0):
    """A head whose numbers are normal, and features as large as asked."""
    head = CollageHead(WIDTH, CHANNELS, SIDE, GRID, CONFIGS[name]).requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for parameter in head.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return head, spread * torch.randn(3, WIDTH, GRID, GRID, generator=generator)


def relative(difference, whole):
    return float(difference.square().mean().sqrt() / whole.std())


@pytest.mark.parametrize("spread", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("name", CONFIGS)
def test_any_features_give_a_contraction(name, spread):
    head, features = head_and_features(name, spread)
    factor = contraction_factor(head.collages(features).weights)
    assert factor.shape == (3,)
    assert (factor <= CONFIGS[name].bound * (1 + 1e-6)).all()
    if spread:
        assert (factor > 0.5 * CONFIGS[name].bound).all()  # The domains are made use of.
    assert head(features).isfinite().all()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_drawing_is_as_near_the_fixed_point_as_its_iterations_say(name):
    """From the constant term b, at most ``s^(n + 1) / (1 - s) max |b|`` after n applications."""
    head, features = head_and_features(name, spread=3.0)
    drawn, rendered = head(features), head.render(features, 1)
    assert drawn.shape == rendered.shape == (3, CHANNELS, SIDE, SIDE)
    params = head.collages(features)
    still = params._replace(weights=torch.zeros_like(params.weights))
    options = {"iterations": 1}
    constant = solve(still, head.operator.geometry, (SIDE, SIDE), **options)
    s, n = CONFIGS[name].bound, CONFIGS[name].iterations
    most = s ** (n + 1) / (1 - s) * float(constant.abs().max())
    gap = float((drawn - rendered).abs().max())
    assert 1e-4 < gap < most


@pytest.mark.parametrize("name", CONFIGS)
def test_a_rendering_averages_down_to_the_drawing(name):
    head, features = head_and_features(name)
    whole, large = head.render(features, 1), head.render(features, 4)
    assert large.shape == (3, CHANNELS, 4 * SIDE, 4 * SIDE)
    difference = F.avg_pool2d(large, 4) - whole
    # Exact where blocks are not blended and no domain reaches over the border.
    close = 1e-4 if name == "shared" else 0.15
    assert relative(difference, whole) < close
    assert head.render(features, 0.5).shape[-1] == SIDE // 2


@pytest.mark.parametrize("name", ["local", "own blocks"])
def test_detail_is_what_smooth_enlargement_does_not_give(name):
    head, features = head_and_features(name)
    head.operator.options["iterations"] = 40  # The fixed point, as ``render`` has it.
    large = head.render(features, 2)
    averages = F.avg_pool2d(large, 2)
    smooth = upscale_aux(averages, 2)
    expected = (large - smooth).square().mean((1, 2, 3))
    assert (expected > 1e-3).all()
    torch.testing.assert_close(head.detail(features), expected, rtol=1e-3, atol=1e-5)


def test_an_even_picture_has_no_detail():
    head, features = head_and_features("local")
    for parameter in head.parameters():
        parameter.zero_()
    head.numbers.bias[-CHANNELS:] = 3.0
    torch.testing.assert_close(head.detail(features), torch.zeros(3), atol=1e-10, rtol=0)


def test_the_blocks_of_a_picture_are_its_own():
    head, features = head_and_features("own blocks")
    first = head.collages(features).aux
    assert first.shape == (3, 6, CHANNELS, 8, 8)
    assert not torch.equal(first[0], first[1])
    features[1] += 1
    second = head.collages(features).aux
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
    torch.testing.assert_close(head.collages(features[:1]).aux, first[:1])


def test_the_blocks_of_a_picture_begin_as_those_of_all():
    head = CollageHead(WIDTH, CHANNELS, SIDE, GRID, CONFIGS["own blocks"])
    aux = head.collages(torch.randn(2, WIDTH, GRID, GRID)).aux
    assert torch.equal(aux[0], head.operator.aux)
    assert torch.equal(aux[1], head.operator.aux)


@pytest.mark.parametrize("name", CONFIGS)
def test_gradients_reach_every_parameter(name):
    head, features = head_and_features(name)
    head.requires_grad_()
    head(features).square().sum().backward()
    for label, parameter in head.named_parameters():
        assert parameter.grad is not None, label
        assert parameter.grad.abs().max() > 0, label


@pytest.mark.parametrize("factor", [1, 2, 4, 7])
def test_plain_head(factor):
    head = PlainHead(WIDTH, 5, CHANNELS, factor)
    picture = head(torch.randn(3, WIDTH, 4, 4, generator=torch.Generator().manual_seed(0)))
    assert picture.shape == (3, CHANNELS, 4 * factor, 4 * factor)
    picture.square().sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in head.parameters())


def test_ranges_of_one_pixel_are_refused():
    with pytest.raises(InputError, match="even count"):
        CollageHead(WIDTH, CHANNELS, 8, 8, CollageHeadConfig(aux_blocks=1))
