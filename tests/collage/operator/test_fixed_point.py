"""Fixed points and gradients beside elimination, the collage theorem, decoding at any scale."""

from fractions import Fraction
from functools import partial
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame.collage.operator import module
from selfsame.collage.operator.functional import (
    CollageParameters,
    collage_step,
    constant_term,
    contraction_factor,
)
from selfsame.collage.operator.geometry import Geometry
from selfsame.collage.operator.module import Gradient, render, solve
from selfsame.collage.operator.resampling import area_resize
from selfsame.errors import DivergedError, InputError
from support.collage_loops import CASES, exact_fixed_point, random_collage

GEOMETRIES = pytest.mark.parametrize(("geometry", "size"), CASES.values(), ids=CASES.keys())


def noise(*shape, seed=7):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@GEOMETRIES
def test_solutions_are_fixed_points(geometry, size):
    params = random_collage(geometry, size, aux=2)
    found = solve(params, geometry, size, tolerance=1e-10)
    torch.testing.assert_close(collage_step(found, params, geometry), found, rtol=0, atol=1e-9)


@GEOMETRIES
@pytest.mark.parametrize("shared", [False, True])
def test_the_tolerance_is_kept(geometry, size, shared):
    params = random_collage(geometry, size, shared=shared, bound=0.95)
    exact = exact_fixed_point(params, geometry, size)
    for tolerance in (1e-3, 1e-8):
        found = solve(params, geometry, size, tolerance=tolerance)
        assert (found - exact).abs().max() <= tolerance


@GEOMETRIES
def test_every_application_contracts_as_promised(geometry, size):
    params = random_collage(geometry, size, batch=3, bound=0.9)
    exact = exact_fixed_point(params, geometry, size)
    start = x = 5 * noise(3, 2, *size)
    for count in range(1, 6):
        x = collage_step(x, params, geometry)
        promised = contraction_factor(params.weights) ** count * _distance(start, exact)
        assert (_distance(x, exact) <= promised * (1 + 1e-9)).all()


def _distance(a, b):
    return (a - b).abs().amax((1, 2, 3))


@GEOMETRIES
def test_a_count_of_applications(geometry, size):
    params = random_collage(geometry, size)
    x = constant_term(params, geometry, size)
    for count in (1, 2, 3):
        x = collage_step(x, params, geometry)
        torch.testing.assert_close(solve(params, geometry, size, iterations=count), x)


def test_float32_reaches_its_rounding_and_stops():
    geometry, size = CASES["local overlap"]
    double = random_collage(geometry, size, bound=0.9)
    params = double._replace(weights=double.weights.float(), bias=double.bias.float())
    exact = exact_fixed_point(double, geometry, size)
    found = solve(params, geometry, size, tolerance=1e-30)
    assert (found - exact).abs().max() < 1e-4


@given(case=st.sampled_from(sorted(CASES)), seed=st.integers(0, 10**6), bound=st.floats(0.05, 0.97))
@settings(max_examples=60, deadline=None)
def test_collage_theorem(case, seed, bound):
    # |target - fixed point| <= |target - step(target)| / (1 - s), in the maximum norm.
    geometry, size = CASES[case]
    params = random_collage(geometry, size, seed=seed, bound=bound, aux=1)
    target = noise(2, 2, *size, seed=seed)
    picture = exact_fixed_point(params, geometry, size)
    collage = collage_step(target, params, geometry)
    limit = (collage - target).abs().amax((1, 2, 3)) / (1 - contraction_factor(params.weights))
    assert ((picture - target).abs().amax((1, 2, 3)) <= limit * (1 + 1e-9)).all()


def _gradients(params, geometry, size, found=solve, **options):
    leaves = [t.clone().requires_grad_() for t in params]
    picture = found(CollageParameters(*leaves), geometry, size, **options)
    return torch.autograd.grad((picture * noise(*picture.shape)).sum(), leaves)


@GEOMETRIES
def test_gradients_agree(geometry, size):
    params = random_collage(geometry, size, aux=2, shared=True, bound=0.6)
    exact = _gradients(params, geometry, size, exact_fixed_point)
    for gradient in get_args(Gradient):
        near = _gradients(params, geometry, size, gradient=gradient, tolerance=1e-12)
        torch.testing.assert_close(near, exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("gradient", get_args(Gradient))
@pytest.mark.parametrize("case", ["quadtree", "overlap", "local overlap"])
def test_gradcheck(case, gradient):
    geometry, size = CASES[case]
    params = random_collage(geometry, size, batch=1, channels=1, aux=1, bound=0.5)
    leaves = [t.clone().requires_grad_() for t in params]

    def picture(*tensors):
        given = CollageParameters(*tensors)
        return solve(given, geometry, size, gradient=gradient, tolerance=1e-13)

    assert torch.autograd.gradcheck(picture, leaves, fast_mode=True)


def test_gradients_of_a_fixed_count():
    # As many applications backwards as forwards: implicit misses the limit by what is left, s^n.
    geometry, size = CASES["local overlap"]
    params = random_collage(geometry, size, aux=1, bound=0.5)
    exact = _gradients(params, geometry, size, tolerance=1e-13)
    for gradient in get_args(Gradient):
        near = _gradients(params, geometry, size, gradient=gradient, iterations=25)
        torch.testing.assert_close(near, exact, rtol=1e-5, atol=1e-5)


def test_pictures_of_one_batch_do_not_disturb_each_other():
    geometry, size = CASES["overlap"]
    params = random_collage(geometry, size, aux=2)
    alone = CollageParameters(*(t[1:] for t in params[:3]), params.aux)
    both = _gradients(params, geometry, size, tolerance=1e-12)
    leaves = [t.clone().requires_grad_() for t in alone]
    found = solve(CollageParameters(*leaves), geometry, size, tolerance=1e-12)
    weights = noise(2, *found.shape[1:])[1:]
    single = torch.autograd.grad((found * weights).sum(), leaves)
    for a, b in zip(both[:3], single[:3], strict=True):
        torch.testing.assert_close(a[1:], b, rtol=1e-9, atol=1e-9)


def test_small_gradients_are_as_exact_as_large_ones():
    # The tolerance of the adjoint is relative to each picture's own gradient.
    geometry, size = CASES["local overlap"]
    params = random_collage(geometry, size)
    params.weights[0] /= 1000  # soon settled
    outer = noise(2, 2, *size) * torch.tensor([1, 1e-9]).double().view(2, 1, 1, 1)
    gradients = []
    for found in (partial(solve, tolerance=1e-3), exact_fixed_point):
        weights = params.weights.clone().requires_grad_()
        picture = found(params._replace(weights=weights), geometry, size)
        gradients.append(torch.autograd.grad((picture * outer).sum(), weights)[0])
    for near, exact in zip(*gradients, strict=True):
        assert (near - exact).abs().max() < 5e-3 * exact.abs().max()


def test_weights_without_a_fixed_point(monkeypatch):
    monkeypatch.setattr(module, "MAX_ITERATIONS", 150)
    geometry, size = CASES["paper"]
    params = random_collage(geometry, size)
    growing = params._replace(weights=params.weights.abs() * 300, bias=params.bias.abs())
    with pytest.raises(DivergedError, match="no fixed point"):
        solve(growing, geometry, size)
    ones = params._replace(weights=torch.ones_like(params.weights) / params.weights.shape[2])
    with pytest.raises(DivergedError, match="not within"):
        solve(ones._replace(bias=torch.ones_like(params.bias)), geometry, size)


def _smooth_collage(geometry, size):
    """Return a collage as pictures have: weights of mixed signs, smooth auxiliary blocks."""
    params = random_collage(geometry, size, batch=1, channels=1, aux=2, bound=0.7)
    slopes = [torch.linspace(-1, 1, n, dtype=torch.float64) for n in geometry.block_size]
    aux = torch.stack(
        [
            slopes[0][:, None].expand(geometry.block_size),
            (slopes[1] + 0.5) ** 2 + 0 * slopes[0][:, None],
        ]
    )
    return params._replace(
        aux=aux[:, None], bias=params.bias / 4, aux_weights=params.aux_weights / 4
    )


SCALED = {
    "shared": (Geometry((4, 4), ((8, 8), (16, 16)), (0, 5)), (32, 48), 1e-5),
    "whole picture": (Geometry((4, 3), ((16, 12),)), (16, 12), 1e-5),
    "overlap": (Geometry((8, 8), ((16, 16),), overlap=4), (32, 48), 0.03),
    "local": (Geometry((8, 8), ((16, 16),), local=True), (32, 48), 0.03),
    "local overlap": (
        Geometry((8, 8), ((16, 16), (32, 32)), overlap=4, local=True),
        (32, 48),
        0.06,
    ),
}
"""Geometry, size, tolerance: without context beyond the domains, averaging commutes with a step."""


@pytest.mark.parametrize(("geometry", "size", "tolerance"), SCALED.values(), ids=SCALED.keys())
@pytest.mark.parametrize("scale", [2, 3])
def test_decoded_larger_then_averaged(geometry, size, tolerance, scale):
    params = _smooth_collage(geometry, size)
    plain = solve(params, geometry, size, tolerance=1e-8)
    large = render(params, geometry, size, scale, tolerance=1e-8)
    assert large.shape[2:] == (scale * size[0], scale * size[1])
    error = (area_resize(large, size) - plain).square().mean().sqrt() / plain.std()
    assert error < tolerance


def test_decoded_larger_has_more_detail():
    geometry, size = SCALED["shared"][:2]
    params = _smooth_collage(geometry, size)
    plain = solve(params, geometry, size)
    large = render(params, geometry, size, 4)
    repeated = plain.repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert (large - repeated).std() > 0.1 * plain.std()


@pytest.mark.parametrize(
    ("scale", "expected"),
    [(1, (32, 48)), (1.5, (48, 72)), (Fraction(7, 5), (45, 67)), (0.3, (10, 14)), (1 / 48, (1, 1))],
)
def test_any_scale(scale, expected):
    geometry, size = SCALED["local overlap"][:2]
    params = _smooth_collage(geometry, size)
    picture = render(params, geometry, size, scale)
    assert picture.shape == (1, 1, *expected)
    plain = solve(params, geometry, size)
    difference = area_resize(picture, (1, 1)) - area_resize(plain, (1, 1))
    assert difference.abs().max() < 0.3 * plain.std()


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), "2", 0.001])
def test_no_such_scale(scale):
    geometry, size = SCALED["shared"][:2]
    with pytest.raises(InputError, match="scale"):
        render(_smooth_collage(geometry, size), geometry, size, scale)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gradient": "none"}, "gradient must be one of implicit, unroll"),
        ({"iterations": 0}, "iterations must be"),
        ({"tolerance": 0.0}, "tolerance must be"),
        ({"tolerance": float("nan")}, "tolerance must be"),
    ],
)
def test_hostile_arguments(options, message):
    geometry, size = CASES["paper"]
    params = random_collage(geometry, size)
    params = params._replace(bias=params.bias.requires_grad_())
    with pytest.raises(InputError, match=message):
        solve(params, geometry, size, **options)
