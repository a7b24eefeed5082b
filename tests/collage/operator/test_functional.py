"""One application of a collage against its definition in loops, and its contraction."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame.collage.operator.functional import (
    CollageParameters,
    blend,
    check_parameters,
    collage_step,
    constant_term,
    contraction_factor,
    domain_blocks,
    domain_term,
    limit_weights,
)
from selfsame.collage.operator.geometry import Geometry
from selfsame.errors import InputError
from support.collage_loops import CASES, looped_step, random_collage

GEOMETRIES = pytest.mark.parametrize(("geometry", "size"), CASES.values(), ids=CASES.keys())


def picture(batch=2, channels=2, size=(16, 16), seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, channels, *size, generator=generator, dtype=torch.float64)


@GEOMETRIES
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("aux", [0, 3])
def test_against_loops(geometry, size, shared, aux):
    params = random_collage(geometry, size, shared=shared, aux=aux)
    x = picture(size=size)
    torch.testing.assert_close(
        collage_step(x, params, geometry), looped_step(x, params, geometry), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("shape", [(3, 1), (3, 2), (1, 3, 1), (2, 3, 2), (2, 3, 1)])
def test_auxiliary_blocks_shared_or_sent_per_picture(shape):
    geometry, size = CASES["overlap"]
    params = random_collage(geometry, size, aux=3)
    generator = torch.Generator().manual_seed(5)
    aux = torch.randn(*shape, *geometry.block_size, generator=generator, dtype=torch.float64)
    params = params._replace(aux=aux)
    x = picture(size=size)
    torch.testing.assert_close(
        collage_step(x, params, geometry), looped_step(x, params, geometry), rtol=0, atol=1e-12
    )


def test_one_start_for_all_collages():
    geometry, size = CASES["local overlap"]
    params = random_collage(geometry, size)
    x = picture(1, size=size)
    torch.testing.assert_close(
        collage_step(x, params, geometry), collage_step(x.repeat(2, 1, 1, 1), params, geometry)
    )


def test_a_single_weight_of_one_copies_the_domain():
    # Domain 1 of 2 x 2 tiles, averaged by hand, in place of range 2.
    geometry = Geometry((1, 1), ((2, 2),))
    x = torch.arange(16.0).view(1, 1, 4, 4)
    weights = torch.zeros(1, 1, 4, 16)
    weights[0, 0, 1, 2] = 1
    out = domain_term(x, weights, geometry)
    assert out[0, 0, 0, 2] == (2 + 3 + 6 + 7) / 4
    assert out.sum() == out[0, 0, 0, 2]


@pytest.mark.parametrize("case", ["paper", "quadtree", "isometries", "overlap"])
def test_domain_blocks_shapes(case):
    geometry, size = CASES[case]
    blocks = domain_blocks(picture(size=size), geometry)
    pixels = geometry.block_size[0] * geometry.block_size[1]
    assert blocks.shape == (2, 2, geometry.domain_count(*size), pixels)


@GEOMETRIES
def test_windows_sum_to_one(geometry, size):
    pixels = geometry.block_size[0] * geometry.block_size[1]
    ones = torch.ones(1, 2, pixels, geometry.range_count(*size), dtype=torch.float64)
    picture = blend(ones, geometry.grid(*size), geometry)
    torch.testing.assert_close(picture, torch.ones(1, 2, *size, dtype=torch.float64))


@GEOMETRIES
def test_gradients(geometry, size):
    params = random_collage(geometry, size, batch=1, aux=2, shared=True)
    x = picture(1, size=size)
    tensors = [t.clone().requires_grad_() for t in (x, *params)]

    def step(x, *tensors):
        return collage_step(x, CollageParameters(*tensors), geometry)

    assert torch.autograd.gradcheck(step, tensors, fast_mode=True)


@given(
    case=st.sampled_from(sorted(CASES)),
    seed=st.integers(0, 10**6),
    bound=st.floats(0.01, 0.999),
    spread=st.floats(1e-3, 1e3),
)
@settings(deadline=None)
def test_limited_weights_contract(case, seed, bound, spread):
    geometry, size = CASES[case]
    params = random_collage(geometry, size, seed=seed)
    weights = limit_weights(params.weights * spread, bound)
    assert (contraction_factor(weights) < bound).all()
    x, y = picture(size=size, seed=seed), picture(size=size, seed=seed + 1)
    before = (x - y).abs().amax((1, 2, 3))
    after = domain_term(x - y, weights, geometry).abs().amax((1, 2, 3))
    assert (after <= contraction_factor(weights) * before * (1 + 1e-12)).all()


def test_the_contraction_factor_is_reached():
    # With pictures whose signs follow the weights, no smaller factor would do.
    geometry = Geometry((1, 1), ((2, 2),))
    weights = torch.tensor([0.3, -0.2, 0.1, -0.25]).view(1, 1, 4, 1).repeat(1, 1, 1, 16)
    x = weights[0, 0, :, 0].sign().view(2, 2).repeat_interleave(2, 0).repeat_interleave(2, 1)
    out = domain_term(x[None, None], weights, geometry)
    torch.testing.assert_close(out.max(), contraction_factor(weights)[0])


def test_small_weights_pass_and_gradients_never_vanish():
    raw = torch.tensor([1e-2, -2e-2, 0.0], dtype=torch.float64).view(1, 1, 3, 1)
    torch.testing.assert_close(limit_weights(raw, 0.9), raw, rtol=2e-3, atol=0)
    for scale in (0.0, 1e-6, 1.0, 1e3):
        values = torch.randn(1, 1, 5, 1, generator=torch.Generator().manual_seed(0))
        values = (values.double() * scale).requires_grad_()
        for d in range(5):
            (gradient,) = torch.autograd.grad(limit_weights(values, 0.9)[0, 0, d, 0], values)
            assert gradient[0, 0, d, 0] > 0
    values = (values.detach() * 1e-3).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: limit_weights(v, 0.9), values)


@pytest.mark.parametrize("bound", [0, 1, -0.5, float("nan")])
def test_bound_out_of_range(bound):
    with pytest.raises(InputError, match="bound must lie"):
        limit_weights(torch.zeros(1, 1, 1, 1), bound)


def test_constant_term_is_the_step_from_black():
    geometry, size = CASES["overlap"]
    params = random_collage(geometry, size, aux=2)
    black = torch.zeros(2, 2, *size, dtype=torch.float64)
    torch.testing.assert_close(
        constant_term(params, geometry, size), collage_step(black, params, geometry)
    )


def _bad(name, change):
    geometry, size = CASES["paper"]
    params = random_collage(geometry, size, aux=3)
    return params._replace(**{name: change(getattr(params, name))}), geometry, size


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("weights", lambda t: t[:, :, 1:], "weights must be"),
        ("weights", lambda t: t[..., 1:], "weights must be"),
        ("weights", lambda t: t[:1], "weights must be"),
        ("weights", lambda t: t[0], "weights must be"),
        ("weights", lambda t: t.repeat(1, 2, 1, 1), "weights must be"),
        ("bias", lambda t: t[..., 1:], "bias must be"),
        ("bias", lambda t: t[0], "bias must be"),
        ("aux", lambda t: None, "come together"),
        ("aux_weights", lambda t: None, "come together"),
        ("aux_weights", lambda t: t[0], "aux_weights must be"),
        ("aux_weights", lambda t: t[:, :, 1:], "aux must be"),
        ("aux", lambda t: t[..., 1:], "aux must be"),
        ("aux", lambda t: t[0], "aux must be"),
        ("aux", lambda t: t.repeat(1, 2, 1, 1), r"aux must be \(\d+, 1 or 2, "),
        ("aux", lambda t: t.repeat(3, 1, 1, 1, 1), "must be"),
    ],
)
def test_parameters_that_do_not_fit(name, change, message):
    params, geometry, size = _bad(name, change)
    with pytest.raises(InputError, match=message):
        check_parameters(params, geometry, size)
    with pytest.raises(InputError, match=message):
        collage_step(picture(size=size), params, geometry)


def test_pictures_that_do_not_fit():
    geometry, size = CASES["paper"]
    params = random_collage(geometry, size)
    with pytest.raises(InputError, match="pictures must be"):
        collage_step(picture(size=size)[0], params, geometry)
    with pytest.raises(InputError, match=r"weights must be \(any, 1 or 3, "):
        domain_term(picture(channels=3, size=size), params.weights, geometry)
    with pytest.raises(InputError, match="tile the picture"):
        domain_blocks(picture(size=(17, 24)), geometry)
    with pytest.raises(InputError, match="weights must be"):
        domain_term(picture(size=(32, 24)), params.weights, geometry)
