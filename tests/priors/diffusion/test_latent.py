"""A diffusion with its space."""

from importlib import resources
from pathlib import Path

import pytest
import torch

from selfsame.codes.store import pack, unpack
from selfsame.collage.grid.codec import decode
from selfsame.errors import CorruptedError, SettingError
from selfsame.latents import CollageSpace, Latents, MapsConfig, MapsModel, MapsSpace
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import DiffusionConfig, SamplerSettings
from selfsame.priors.diffusion.generation import sample_latents, sample_masks
from selfsame.priors.diffusion.latent import LatentDiffusion
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.priors.diffusion.train import DiffusionTask
from support.small_diffusion import SMALL, awake, small_diffusion
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


def test_samples_have_the_tokens_that_their_class_has(tmp_path):
    space = MapsSpace(MapsModel(MapsConfig(maps=4)))
    told = {"space": "maps", "space_digest": space.fingerprint.hex(), "numbers": 7, "classes": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = DiffusionModel(DiffusionConfig(**SMALL | told, counted=True))
    awake(model)
    numbers = torch.tensor([1, 3, 2, 2])
    model.learn_counts(torch.arange(4) < numbers[:, None], torch.tensor([0, 0, 1, 1]))
    LatentDiffusion(model.eval(), space).save_pretrained(tmp_path / "model")
    made_by = LatentDiffusion.from_pretrained(tmp_path / "model")
    labels = torch.arange(12) % 2
    latents = made_by.sample(12, QUICK, condition=Condition(labels), seed=4)
    mask = sample_masks(made_by.model, 12, labels=labels, seed=4)
    assert set(mask[labels == 0].sum(1).tolist()) == {1, 3}
    assert set(mask[labels == 1].sum(1).tolist()) == {2}
    # Tokens that are not there are not looked at.
    plain = sample_latents(made_by.model, 12, QUICK, condition=Condition(labels), mask=mask, seed=4)
    wanted = made_by.space.rounded(Latents(plain, mask=mask))
    assert torch.equal(latents.values, wanted.values)
    assert torch.equal(latents.mask, wanted.mask)


@pytest.mark.parametrize("name", DiffusionModel.shipped())
def test_models_that_ship_make_codes_of_a_space_that_ships(name):
    made_by = LatentDiffusion.from_pretrained(name)
    code = made_by.space.codes(made_by.sample(1, QUICK))[0]
    assert decode(unpack(pack(code))).shape[:2] == (made_by.space.side,) * 2


def test_all_that_ships_is_small():
    folders = [
        Path(str(resources.files(home))) / "models"
        for home in ("selfsame.collage.grid", "selfsame.priors.diffusion")
    ]
    files = [file for folder in folders for file in folder.glob("*/*")]
    assert {file.parent.name for file in files} >= {"digits", "glyphs", "emoji"}
    spaces = [file for file in folders[0].glob("*/*") if file.parent.name != "emoji"]
    everything, others = (sum(file.stat().st_size for file in part) for part in (files, spaces))
    assert everything - others < 8e6  # the diffusions and the space of emoji
    assert everything < 8.5e6
