"""Pictures through a latent space and back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import selfsame
from selfsame.collage.grid.codec import codes_of, decode, encode, levels_of
from selfsame.collage.grid.network import model as grid_model
from selfsame.errors import InputError
from support.small_grid import random_grid, small_grid_model


@pytest.fixture(scope="module", params=[1, 3])
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "own"
    small_grid_model(channels=request.param).save_pretrained(folder)
    return grid_model.GridModel.from_pretrained(folder)


def picture(height=20, width=20, channels=3, seed=0):
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@torch.no_grad()
def test_a_code_is_drawn_as_its_rounded_numbers_are(model):
    pixels = picture(channels=model.config.channels)
    code = encode(pixels, model=model)
    pictures = torch.from_numpy(pixels.reshape(20, 20, -1)).permute(2, 0, 1)[None] / 255
    numbers = model.encode(pictures).mean
    levels = torch.round(numbers / model.config.step)
    np.testing.assert_array_equal(code.levels, levels[0].numpy())
    drawn = model.decoder(levels * model.config.step).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(decode(code).reshape(drawn.shape), drawn, atol=1e-4)


def test_files_are_drawn_alike_at_any_size(model, tmp_path):
    code = encode(picture(channels=model.config.channels), model=model)
    selfsame.save(code, tmp_path / "a.ssm")
    opened = selfsame.load(tmp_path / "a.ssm")
    assert opened == code
    for size in ((20, 20), (7, 3), (50, 61)):
        drawn = selfsame.render(opened, size=size)
        assert drawn.shape[:2] == size[::-1]
        np.testing.assert_array_equal(drawn, selfsame.render(code, size=size))
    assert selfsame.render(opened, scale=2.5).shape[:2] == (50, 50)


@pytest.mark.parametrize("channels", [1, 3])
def test_other_sizes_and_colours_are_taken(model, channels):
    code = encode(picture(30, 50, channels), model=model)
    assert code.size == (50, 30)
    assert code.channels == model.config.channels
    assert decode(code).shape[:2] == (30, 50)


def test_alpha_is_kept(model):
    alpha = picture(channels=1)
    code = encode(picture(), model=model, alpha=alpha)
    drawn = decode(code)
    np.testing.assert_allclose(255 * drawn[..., -1], alpha, atol=1e-3)


def test_a_model_that_is_not_at_hand_is_named():
    with pytest.raises(InputError, match=r"made with model 'tests' .* not at hand"):
        decode(random_grid())


def test_a_code_of_another_layout_is_refused(model):
    code = encode(picture(), model=model)
    other = np.ascontiguousarray(code.levels[:2])
    with pytest.raises(InputError, match="the file is damaged"):
        decode(replace(code, levels=other))


@torch.no_grad()
def test_codes_of_made_up_numbers(model):
    numbers = 100 * torch.randn(2, 3, 3, 3)
    levels = levels_of(model, numbers)
    assert levels.dtype == torch.int32
    code = codes_of(model, levels)[1]
    assert code.size == (20, 20)
    np.testing.assert_array_equal(code.levels, np.rint(numbers[1].numpy() / 0.125))


def test_what_a_loaded_model_learns_changes_no_code(tmp_path):
    small_grid_model(seed=3).save_pretrained(tmp_path / "own")
    learner = grid_model.GridModel.from_pretrained(tmp_path / "own")
    code = encode(picture(channels=1), model=learner)
    before = decode(code)
    with torch.no_grad():
        learner.decoder.numbers.weight += 1
    np.testing.assert_array_equal(decode(code), before)


def test_a_long_picture_is_refused_before_its_square_is_drawn(model):
    code = replace(encode(picture(), model=model), width=60_000, height=1)
    with pytest.raises(InputError, match="60000x60000"):
        decode(code)
    assert decode(code, size=(600, 1)).shape[:2] == (1, 600)
