"""The space of collages as priors see it."""

import math

import pytest
import torch

from selfsame.codes.store import pack, unpack
from selfsame.errors import InputError
from selfsame.latents import CollageSpace, Latents, inspect_space
from support.small_grid import small_grid_model

PICTURES = torch.rand(3, 1, 20, 20, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def space():
    return CollageSpace(small_grid_model())


def made_up(space, count=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    return Latents(torch.randn(count, space.tokens, len(space.fields), generator=random))


@torch.no_grad()
def test_tokens_are_cells_row_by_row(space):
    latents = space.encode(PICTURES)
    mean = space.model.encode(PICTURES).mean
    assert latents.values.shape == (3, 9, 3)
    for token, (row, column) in enumerate(latents.positions.tolist()):
        assert (row, column) == divmod(token, 3)
        torch.testing.assert_close(latents.values[:, token], mean[:, :, row, column])


@torch.no_grad()
def test_what_is_drawn_is_what_the_decoder_draws(space):
    latents = space.encode(PICTURES)
    wanted = space.model.decoder(space.model.encode(PICTURES).mean, 1.5)
    torch.testing.assert_close(space.draw(latents, 1.5), wanted)


def test_pictures_have_a_gradient_by_the_tokens(space):
    values = made_up(space).values.requires_grad_()
    space.draw(Latents(values), 2).square().sum().backward()
    assert (values.grad.abs().sum((1, 2)) > 0).all()


@torch.no_grad()
def test_codes_are_legal_and_hold_the_rounded_tokens(space):
    latents = made_up(space)
    codes = space.codes(latents)
    assert codes == space.codes(space.rounded(latents))
    for code, values in zip(codes, space.rounded(latents).values, strict=True):
        opened = unpack(pack(code))
        assert opened == code
        held = torch.from_numpy(opened.levels.copy()).flatten(1).T * space.fields[0].quantum
        torch.testing.assert_close(held, values)


@pytest.mark.parametrize(
    ("options", "kind", "most", "quantum"),
    [
        ({}, "real", math.inf, 0.125),
        ({"regulariser": "tanh", "step": 0.25}, "real", 1, 0.25),
        ({"regulariser": "fsq", "levels": 5}, "level", 1, 0.5),
    ],
)
def test_fields_say_what_a_token_holds(options, kind, most, quantum):
    space = CollageSpace(small_grid_model(**options))
    assert len(space.fields) == 3
    for field in space.fields:
        assert (field.kind, field.low, field.high, field.quantum) == (kind, -most, most, quantum)


def test_tokens_of_another_shape_are_refused(space):
    with pytest.raises(InputError, match="values must be"):
        space.draw(Latents(torch.zeros(1, 9, 4)))


@torch.no_grad()
def test_inspection_against_sums_one_by_one(space):
    fine = torch.rand(20, 1, 40, 40, generator=torch.Generator().manual_seed(1))
    found = inspect_space(space, fine)
    plain = torch.nn.functional.avg_pool2d(fine, 2)
    values = space.encode(plain).values.double()
    assert found.pictures == 20
    for number, channel in enumerate(found.channels):
        column = values[..., number].flatten()
        assert channel.mean == pytest.approx(float(column.mean()), abs=1e-5)
        assert channel.deviation == pytest.approx(float(column.std(correction=0)), rel=1e-4)
        assert (channel.low, channel.high) == pytest.approx(
            (float(column.min()), float(column.max())), abs=1e-5
        )
        assert not channel.is_dead
    assert set(found.psnr) == {1, 2}
    for scale, truth in ((1, plain), (2, fine)):
        drawn = space.draw(space.rounded(space.encode(plain)), scale).clamp(0, 1)
        errors = ((255 * drawn).round() - (255 * truth).round()).square().mean((1, 2, 3))
        wanted = float((10 * (255**2 / errors).log10()).mean())
        assert found.psnr[scale] == pytest.approx(wanted, abs=0.05)
    assert found.bytes == sum(len(pack(c)) for c in space.codes(space.encode(plain))) / 20


@torch.no_grad()
def test_dead_numbers_are_found():
    model = small_grid_model()
    model.encoder.head[-1].weight[1] = 0
    found = inspect_space(CollageSpace(model), PICTURES)
    assert [channel.is_dead for channel in found.channels] == [False, True, False]


def test_pictures_of_another_size_are_refused(space):
    with pytest.raises(InputError, match="S a multiple of 20"):
        inspect_space(space, torch.zeros(1, 1, 30, 30))


@pytest.mark.parametrize("options", [{"regulariser": "tanh"}, {"regulariser": "fsq", "levels": 5}])
def test_made_up_numbers_beyond_the_range_become_its_ends(options):
    space = CollageSpace(small_grid_model(**options))
    values = torch.full((1, space.tokens, 3), 3.0)
    assert (space.rounded(Latents(values)).values == 1).all()
    assert (space.rounded(Latents(-values)).values == -1).all()
    assert space.codes(Latents(values)) == space.codes(space.rounded(Latents(values)))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_have_no_code(space, value):
    latents = made_up(space)
    latents.values[1, 2, 0] = value
    with pytest.raises(InputError, match="must be finite"):
        space.codes(latents)
    with pytest.raises(InputError, match="must be finite"):
        space.rounded(latents)


@torch.no_grad()
def test_a_grid_of_one_cell_tells_pictures_apart():
    space = CollageSpace(small_grid_model(side=8, cell=8, range_size=8))
    pictures = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    values = space.encode(pictures).values
    assert float((values[0] - values[1]).abs().max()) > 1e-3
