"""A diffusion with its space."""

import pytest
import torch

from selfsame.errors import CorruptedError, SettingError
from selfsame.latents import CollageSpace
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.priors.diffusion.generation import sample_latents
from selfsame.priors.diffusion.latent import LatentDiffusion
from selfsame.priors.diffusion.train import DiffusionTask
from support.small_diffusion import small_diffusion
from support.small_grid import small_grid_model
from support.small_latent_diffusion import small_latent_diffusion

QUICK = SamplerSettings(steps=2)


def test_codes_are_those_of_the_space_that_was_learned(tmp_path):
    made_by = small_latent_diffusion(tmp_path)
    latents = made_by.sample(3, QUICK, seed=4)
    plain = sample_latents(made_by.model, 3, QUICK, seed=4)
    step = made_by.space.model.config.step
    assert torch.equal(latents.values, torch.round(plain / step) * step)
    first = CollageSpace.from_pretrained(tmp_path / "own").codes(latents)
    assert made_by.space.codes(latents) == first  # in name and fingerprint, too
    assert first[0].model == "own"


def test_a_space_in_single_precision_stays_what_it_is(tmp_path):
    grid = small_grid_model()
    grid.save_pretrained(tmp_path / "exact", dtype=torch.float32)
    grid.decoder.stem.weight.data += 1e-6  # lost in half precision
    space = CollageSpace(grid, {"data": "squares"})
    space.save_pretrained(tmp_path / "copy")
    copy = CollageSpace.from_pretrained(tmp_path / "copy")
    assert copy.fingerprint == space.fingerprint
    assert copy.card == {"data": "squares"}


def test_a_training_writes_the_space_beside_the_model(tmp_path):
    made_by = small_latent_diffusion(tmp_path)
    DiffusionTask(made_by.model, space=made_by.space).export(tmp_path / "again")
    again = LatentDiffusion.from_pretrained(tmp_path / "again")
    assert again.space.fingerprint == made_by.space.fingerprint
    assert again.model.digest() == made_by.model.digest()


def test_a_space_that_was_replaced_is_refused(tmp_path):
    small_latent_diffusion(tmp_path)
    CollageSpace(small_grid_model(seed=1, side=16)).save_pretrained(tmp_path / "model" / "space")
    with pytest.raises(CorruptedError, match="not the one that it learned"):
        LatentDiffusion.from_pretrained(tmp_path / "model")


def test_a_model_without_its_space(tmp_path):
    small_diffusion().save_pretrained(tmp_path / "alone")
    with pytest.raises(SettingError, match="no latent space"):
        LatentDiffusion.from_pretrained(tmp_path / "alone")


def test_classes_by_name_and_by_number(tmp_path):
    made_by = small_latent_diffusion(tmp_path, classes=2, class_names=("cat", "dog"))
    assert made_by.labels(["dog", "cat", "dog"]).tolist() == [1, 0, 1]
    with pytest.raises(SettingError, match="no class 'cow': cat, dog"):
        made_by.labels(["cow"])
    numbered = LatentDiffusion(small_diffusion(classes=3), made_by.space)
    assert numbered.labels(["2", "0"]).tolist() == [2, 0]
    with pytest.raises(SettingError, match="without labels"):
        LatentDiffusion(small_diffusion(), made_by.space).labels(["0"])
