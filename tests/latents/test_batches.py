"""Latents of a set, in batches; and the command that learns a diffusion of them."""

import json

import numpy as np
import pytest
import torch

from selfsame.cli import main
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError
from selfsame.latents import CollageSpace
from selfsame.latents.batches import LatentBatches, encode_set
from selfsame.priors.diffusion.model import DiffusionModel
from support.small_grid import small_grid_model


def test_a_set_is_encoded_picture_by_picture():
    space = CollageSpace(small_grid_model())
    images = np.random.default_rng(0).integers(0, 256, (70, 20, 20, 1), dtype=np.uint8)
    seen = []
    latents = encode_set(space, Pictures(images), progress=lambda *done: seen.append(done))
    assert latents.values.shape == (70, 9, 3)
    assert seen == [(64, 70, ""), (70, 70, "")]
    one = torch.from_numpy(images[66].transpose(2, 0, 1)[None]).float() / 255
    with torch.no_grad():
        torch.testing.assert_close(latents.values[66:67], space.encode(one).values)


def test_pictures_of_another_size_are_refused():
    space = CollageSpace(small_grid_model())
    with pytest.raises(InputError, match="has pictures of 20x20 pixels and 1 channels: got 8x9"):
        encode_set(space, Pictures(np.zeros((1, 9, 8, 1), np.uint8)))


def test_every_latent_comes_once_an_epoch_with_its_label():
    values = torch.arange(10.0).reshape(10, 1, 1).repeat(1, 2, 3)
    batches = LatentBatches(values, torch.arange(10) * 7, 5)
    assert len(batches) == 10
    found = [batches.batch(3, step, range(5)) for step in range(4)]
    for epoch in (found[:2], found[2:]):
        numbers = torch.cat([part[:, 0, 0] for part, _ in epoch])
        assert sorted(numbers.tolist()) == list(range(10))
        assert torch.equal(torch.cat([labels for _, labels in epoch]), 7 * numbers.long())
    assert not torch.equal(found[0][0], found[2][0])
    alone = batches.batch(3, 1, [4])
    torch.testing.assert_close(alone[0], found[1][0][4:])
    assert torch.equal(LatentBatches(values, None, 5).batch(3, 0, range(5)), found[0][0])


def test_the_fingerprint_is_of_values_labels_and_batch():
    values, labels = torch.zeros(4, 2, 3), torch.zeros(4, dtype=torch.int64)
    batches = [
        LatentBatches(values, labels, 2),
        LatentBatches(values + 1, labels, 2),
        LatentBatches(values, labels + 1, 2),
        LatentBatches(values, None, 2),
        LatentBatches(values, labels, 3),
    ]
    assert len({each.fingerprint for each in batches}) == len(batches)


def test_train_diffusion_writes_a_model_of_the_space(tmp_path, capsys):
    small_grid_model().save_pretrained(tmp_path / "space")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 20, 20), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(30) % 3)
    command = ["train", "diffusion", str(tmp_path / "a.npz"), "--space", str(tmp_path / "space")]
    command += ["-o", str(tmp_path / "run"), "--steps", "4", "--batch", "8", "--width", "8"]
    command += ["--depth", "1", "--set", "model.heads=2", "--json"]
    assert main([*command, "--stop-after", "2"]) == 0
    assert main(command) == 0
    values = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (values["step"], values["pictures"]) == (4, 30)
    model = DiffusionModel.from_pretrained(tmp_path / "run")
    space = CollageSpace.from_pretrained(tmp_path / "space")
    config = model.config
    assert (config.tokens, config.numbers, config.grid, config.classes) == (9, 3, (3, 3), 3)
    assert (config.space, config.space_digest) == ("space", space.fingerprint.hex())
    known = encode_set(space, Pictures(images[..., None])).values.reshape(-1, 3)
    torch.testing.assert_close(model.mean, known.mean(0), rtol=0, atol=2e-3)
    torch.testing.assert_close(model.std, known.std(0), rtol=2e-2, atol=2e-3)
