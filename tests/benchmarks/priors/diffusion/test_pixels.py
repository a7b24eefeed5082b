"""Pixels as a latent space, and the training of a diffusion of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.priors.diffusion import pixels
from benchmarks.priors.diffusion.makers import PIXELS, loaded
from benchmarks.priors.diffusion.pixels import PixelSpace, settings_of, train_pixels
from benchmarks.priors.diffusion.small import SETTINGS
from benchmarks.priors.digits import made_pictures
from selfsame.datasets.batches import evaluation_pictures
from selfsame.errors import InputError
from selfsame.training.checkpoint import checkpoints


def test_a_token_is_a_patch() -> None:
    space = PixelSpace(12)
    pictures = torch.rand(3, 1, 12, 12)
    latents = space.encode(pictures)
    assert latents.values.shape == (3, space.tokens, len(space.fields)) == (3, 9, 16)
    assert latents.positions is not None
    for token, (row, column) in enumerate(latents.positions.tolist()):
        patch = pictures[:, 0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        assert torch.equal(latents.values[:, token], patch.flatten(1))
    assert torch.equal(space.draw(latents), pictures)
    with pytest.raises(InputError, match="scale 1 only: got 2"):
        space.draw(latents, 2)


def test_rounded_pixels_are_bytes() -> None:
    space = PixelSpace(28)
    pictures = evaluation_pictures(made_pictures(4, 0))
    latents = space.encode(pictures)
    assert torch.allclose(space.rounded(latents).values, latents.values, atol=1e-7)
    wild = latents._replace(values=3 * latents.values - 1 + 1e-3)
    levels = 255 * space.rounded(wild).values
    np.testing.assert_allclose(levels, levels.round(), atol=1e-4)
    assert levels.min() == 0
    assert levels.max() == 255
    with pytest.raises(InputError, match="divisible by 4: got 30"):
        PixelSpace(30)
    with pytest.raises(InputError, match="no codes"):
        space.codes(latents)


def test_training_goes_on_and_keeps_its_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "TRAINING", replace(SETTINGS, keep=1))
    data = made_pictures(20, 0)
    train_pixels(data, tmp_path, 3, settings_of(None, 0, "float32"))
    assert [step for step, _ in checkpoints(tmp_path / "checkpoints")] == [3, 2, 1]
    maker = loaded(PIXELS, PixelSpace(28), {}, str(tmp_path), "float32")
    assert maker.card["steps"] == 3
    assert maker.model.config.classes == 10
    values = PixelSpace(28).encode(evaluation_pictures(data)).values
    torch.testing.assert_close(maker.model.mean, values.mean((0, 1)), rtol=2e-3, atol=1e-4)
    log = (tmp_path / "log.jsonl").read_text()
    # Done: nothing is trained again.
    train_pixels(data, tmp_path, 3, settings_of(None, 0, "float32"))
    assert '"train", "step": 3' not in (tmp_path / "log.jsonl").read_text()[len(log) :]
