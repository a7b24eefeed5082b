"""The module over the functional core: counts, agreement with it, losses, learning."""

import io

import pytest
import torch

from selfsame.collage.operator.functional import collage_loss, collage_step, contraction_factor
from selfsame.collage.operator.geometry import Geometry
from selfsame.collage.operator.module import CollageOperator, solve
from selfsame.errors import InputError
from support.collage_loops import CASES

GEOMETRY, SIZE = Geometry((4, 4), ((8, 8), (16, 16)), (0, 1)), (16, 32)


def raw_numbers(operator, size=SIZE, batch=2, seed=0):
    rows, columns = operator.geometry.grid(*size)
    count = operator.parameter_count_per_range(*size)
    return torch.randn(batch, count, rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("options", "count"),
    [
        # 2 isometries of 8 + 2 domains, then auxiliary blocks, then a bias per channel.
        ({}, 20 + 3),
        ({"aux_blocks": 5}, 20 + 5 + 3),
        ({"channels": 1}, 20 + 1),
    ],
)
def test_counts_and_shapes(options, count):
    operator = CollageOperator(GEOMETRY, **options)
    assert operator.parameter_count_per_range(*SIZE) == count
    picture = operator(raw_numbers(operator))
    assert picture.shape == (2, options.get("channels", 3), *SIZE)


@pytest.mark.parametrize(("geometry", "size"), CASES.values(), ids=CASES.keys())
def test_agrees_with_the_functional_core(geometry, size):
    operator = CollageOperator(geometry, 2, aux_blocks=3, bound=0.7)
    raw = 10 * raw_numbers(operator, size)
    params = operator.parameters_from(raw)
    assert (contraction_factor(params.weights) < 0.7).all()
    picture = operator(raw)
    torch.testing.assert_close(picture, solve(params, geometry, size))
    torch.testing.assert_close(collage_step(picture, params, geometry), picture, rtol=0, atol=1e-3)


def test_the_order_of_the_numbers():
    operator = CollageOperator(GEOMETRY, 2, aux_blocks=3)
    raw = raw_numbers(operator)
    params = operator.parameters_from(raw)
    assert torch.equal(params.bias[:, 1], raw[:, -1].flatten(1))
    # Before two biases three weights of auxiliary blocks, before them those of the domains.
    assert torch.equal(params.aux_weights[:, 0, 0], raw[:, -5].flatten(1))
    assert torch.equal(params.aux_weights[:, 0, 2], raw[:, -3].flatten(1))
    ratio = params.weights[:, 0, 3] / raw[:, 3].flatten(1)
    torch.testing.assert_close(ratio, params.weights[:, 0, 4] / raw[:, 4].flatten(1))


def test_auxiliary_blocks_start_as_cosines():
    operator = CollageOperator(GEOMETRY, aux_blocks=15)
    blocks = operator.aux.detach()[:, 0].flatten(1)
    torch.testing.assert_close(blocks @ blocks.T / 16, torch.eye(15), rtol=0, atol=1e-6)
    assert blocks.sum(1).abs().max() < 1e-5
    # The lowest two: half a wave across, half a wave down.
    across, down = operator.aux.detach()[:2, 0]
    assert torch.equal(across, across[:1].repeat(4, 1))
    assert torch.equal(down, down[:, :1].repeat(1, 4))


def test_loss():
    operator = CollageOperator(GEOMETRY, aux_blocks=2)
    raw = raw_numbers(operator)
    params = operator.parameters_from(raw)
    picture = operator(raw).detach()
    assert collage_loss(picture, params, GEOMETRY) < 1e-7
    grey = torch.full_like(picture, 0.5)
    step = collage_step(grey, params, GEOMETRY)
    torch.testing.assert_close(
        collage_loss(grey, params, GEOMETRY), torch.nn.functional.mse_loss(step, grey)
    )


def decode_loss(target, params, geometry):
    return (solve(params, geometry, target.shape[2:]) - target).square().mean()


@pytest.mark.parametrize("loss", [collage_loss, decode_loss])
def test_descent_finds_a_picture(loss):
    operator = CollageOperator(Geometry((4, 4), ((8, 8),), local=True), 1, aux_blocks=4)
    ramp = torch.linspace(0, 1, 16)
    target = (ramp * ramp[:, None])[None, None]
    raw = torch.nn.Parameter(torch.zeros_like(raw_numbers(operator, (16, 16), batch=1)))
    optimizer = torch.optim.Adam([raw, *operator.parameters()], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        loss(target, operator.parameters_from(raw), operator.geometry).backward()
        optimizer.step()
    assert operator.aux.grad.abs().max() > 0
    assert (operator(raw) - target).square().mean() < 3e-4


def test_state_round_trip():
    operator = CollageOperator(GEOMETRY, aux_blocks=3)
    with torch.no_grad():
        operator.aux.mul_(1.7)
    file = io.BytesIO()
    torch.save(operator.state_dict(), file)
    file.seek(0)
    other = CollageOperator(GEOMETRY, aux_blocks=3)
    other.load_state_dict(torch.load(file, weights_only=True))
    raw = raw_numbers(operator)
    assert torch.equal(operator(raw), other(raw))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, "channels must be"),
        ({"bound": 1.0}, "bound between 0 and 1"),
        ({"aux_blocks": 16}, "aux_blocks must be 0 to 15"),
        ({"aux_blocks": -1}, "aux_blocks must be"),
    ],
)
def test_hostile_options(options, message):
    with pytest.raises(InputError, match=message):
        CollageOperator(GEOMETRY, **options)


def test_raw_numbers_that_do_not_fit():
    operator = CollageOperator(GEOMETRY)
    with pytest.raises(InputError, match="raw must have 23 numbers"):
        operator(raw_numbers(operator)[:, 1:])
    with pytest.raises(InputError, match="raw must be"):
        operator(raw_numbers(operator)[0])
