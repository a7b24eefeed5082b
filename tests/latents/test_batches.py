"""Latents of a set, in batches; and the command that learns a diffusion of them."""

import json

import numpy as np
import pytest
import torch

from selfsame import load
from selfsame.cli import main
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError
from selfsame.latents import CollageSpace, Latents, MapsConfig, MapsModel, MapsSpace, batches
from selfsame.latents.batches import LatentBatches, encode_set
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.priors.diffusion.latent import LatentDiffusion
from selfsame.priors.diffusion.model import DiffusionModel
from support.small_grid import small_grid_model
from support.small_latent_diffusion import small_latent_diffusion


def small_maps_space(**options) -> MapsSpace:
    return MapsSpace(MapsModel(MapsConfig(**{"side": 20, "maps": 6, "steps": 2} | options)))


def test_a_set_is_encoded_picture_by_picture(monkeypatch):
    monkeypatch.setattr(batches, "GROUP", 32)
    space = CollageSpace(small_grid_model())
    images = np.random.default_rng(0).integers(0, 256, (70, 20, 20, 1), dtype=np.uint8)
    seen = []
    latents = encode_set(space, Pictures(images), progress=lambda *done: seen.append(done))
    assert latents.values.shape == (70, 9, 3)
    assert torch.equal(latents.positions, space.encode(torch.zeros(1, 1, 20, 20)).positions)
    assert latents.mask is None
    assert seen == [(32, 70, ""), (64, 70, ""), (70, 70, "")]
    one = torch.from_numpy(images[66].transpose(2, 0, 1)[None]).float() / 255
    with torch.no_grad():
        torch.testing.assert_close(latents.values[66:67], space.encode(one).values)


def test_what_is_kept_is_not_encoded_again(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "GROUP", 4)
    images = np.random.default_rng(0).integers(0, 60, (10, 20, 20, 1), dtype=np.uint8)
    space, calls = small_maps_space(ink=4.0), []
    encode = MapsSpace.encode

    def counted(self, pictures):
        calls.append(len(pictures))
        if calls == [4, 4, 2]:
            raise KeyboardInterrupt
        return encode(self, pictures)

    monkeypatch.setattr(MapsSpace, "encode", counted)
    with pytest.raises(KeyboardInterrupt):
        encode_set(space, Pictures(images), keep=tmp_path / "kept")
    whole = encode_set(space, Pictures(images), keep=tmp_path / "kept")
    assert calls == [4, 4, 2, 2]
    again = encode_set(space, Pictures(images), keep=tmp_path / "kept")
    assert calls == [4, 4, 2, 2]
    fresh = encode_set(space, Pictures(images))
    for parts in zip(whole, again, fresh, strict=True):
        assert all(part is parts[0] or torch.equal(part, parts[0]) for part in parts)
    assert whole.mask.shape == (10, 6)
    # Another space, other pictures and a damaged file are encoded.
    del calls[:]
    encode_set(small_maps_space(ink=5.0), Pictures(images[:4]), keep=tmp_path / "kept")
    encode_set(space, Pictures(images[:4][::-1].copy()), keep=tmp_path / "kept")
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    encode_set(space, Pictures(images[:4]), keep=tmp_path / "kept")
    assert calls == [4, 4, 4]


def test_what_another_encoder_coded_is_not_taken(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 1), dtype=np.uint8)
    space = CollageSpace(small_grid_model())
    before = encode_set(space, Pictures(images), keep=tmp_path)
    with torch.no_grad():
        space.model.encoder.head[-1].weight *= 2
    after = encode_set(space, Pictures(images), keep=tmp_path)
    assert space.fingerprint == CollageSpace(space.model).fingerprint
    assert not torch.allclose(after.values, before.values)


def test_pictures_of_another_size_are_refused():
    space = CollageSpace(small_grid_model())
    with pytest.raises(InputError, match="has pictures of 20x20 pixels and 1 channels: got 8x9"):
        encode_set(space, Pictures(np.zeros((1, 9, 8, 1), np.uint8)))


def test_a_black_picture_is_found_in_its_group(monkeypatch):
    monkeypatch.setattr(batches, "GROUP", 4)
    images = np.full((10, 20, 20, 1), 90, np.uint8)
    images[6] = 0
    with pytest.raises(InputError, match="of the pictures 4 to 7: picture 2 of 4 is black"):
        encode_set(small_maps_space(), Pictures(images))


def test_every_latent_comes_once_an_epoch_with_its_label():
    values = torch.arange(10.0).reshape(10, 1, 1).repeat(1, 2, 3)
    of_set = LatentBatches(Latents(values), 5, {"labels": torch.arange(10) * 7})
    assert len(of_set) == 10
    found = [of_set.batch(3, step, range(5)) for step in range(4)]
    for epoch in (found[:2], found[2:]):
        numbers = torch.cat([part["values"][:, 0, 0] for part in epoch])
        assert sorted(numbers.tolist()) == list(range(10))
        assert torch.equal(torch.cat([part["labels"] for part in epoch]), 7 * numbers.long())
    assert not torch.equal(found[0]["values"], found[2]["values"])
    alone = of_set.batch(3, 1, [4])
    torch.testing.assert_close(alone["values"], found[1]["values"][4:])
    unlabelled = LatentBatches(Latents(values), 5).batch(3, 0, range(5))
    assert list(unlabelled) == ["values"]
    assert torch.equal(unlabelled["values"], found[0]["values"])


def test_a_mask_goes_with_its_latents():
    values = torch.arange(10.0).reshape(10, 1, 1).repeat(1, 4, 3)
    mask = torch.arange(4) < 1 + torch.arange(10)[:, None] % 4
    found = LatentBatches(Latents(values, mask=mask), 5, {"labels": torch.arange(10)}).batch(
        3, 1, range(5)
    )
    numbers = found["values"][:, 0, 0].long()
    assert torch.equal(found["mask"], mask[numbers])
    assert torch.equal(found["labels"], numbers)


def test_the_fingerprint_is_of_values_labels_and_batch():
    values, labels = torch.zeros(4, 2, 3), torch.zeros(4, dtype=torch.int64)
    mask = torch.ones(4, 2, dtype=torch.bool)
    found = [
        LatentBatches(Latents(values), 2, {"labels": labels}),
        LatentBatches(Latents(values + 1), 2, {"labels": labels}),
        LatentBatches(Latents(values), 2, {"labels": labels + 1}),
        LatentBatches(Latents(values), 2, {"others": labels}),
        LatentBatches(Latents(values), 2),
        LatentBatches(Latents(values), 3, {"labels": labels}),
        LatentBatches(Latents(values, mask=mask), 2, {"labels": labels}),
        LatentBatches(Latents(values, mask=~mask), 2, {"labels": labels}),
    ]
    assert len({each.fingerprint for each in found}) == len(found)


def test_train_diffusion_writes_a_model_of_the_space(tmp_path, capsys):
    small_grid_model().save_pretrained(tmp_path / "space")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 20, 20), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=(7, 1, 4) * 10)
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
    assert config.class_names == ("1", "4", "7")
    assert (config.space, config.space_digest) == ("space", space.fingerprint.hex())
    known = encode_set(space, Pictures(images[..., None])).values.reshape(-1, 3)
    torch.testing.assert_close(model.mean, known.mean(0), rtol=0, atol=2e-3)
    torch.testing.assert_close(model.std, known.std(0), rtol=2e-2, atol=2e-3)


def test_train_diffusion_goes_on_from_a_diffusion(tmp_path, capsys):
    small_latent_diffusion(tmp_path, classes=2, class_names=("cat", "dog"))
    start = DiffusionModel.from_pretrained(tmp_path / "model")
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16), dtype=np.uint8)
    labels = np.arange(6) % 2
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    np.savez(tmp_path / "b.npz", images=images, labels=np.arange(6) % 3)
    command = ["--space", str(tmp_path / "own"), "--init", str(tmp_path / "model"), "--quiet"]
    command += ["--steps", "1", "--batch", "2", "--lr", "1e-9", "-o"]
    one = ["train", "diffusion", str(tmp_path / "a.npz"), *command]
    assert main([*one, str(tmp_path / "run")]) == 0
    found = DiffusionModel.from_pretrained(tmp_path / "run")
    assert (found.config.width, found.config.class_names) == (start.config.width, ("0", "1"))
    for name, weight in found.state_dict().items():
        torch.testing.assert_close(weight, start.state_dict()[name], rtol=1e-3, atol=1e-4)
    assert main([*one, str(tmp_path / "c"), "--depth", "7"]) == 2
    assert "the diffusion that is gone on from has depth" in capsys.readouterr().err
    other = ["train", "diffusion", str(tmp_path / "b.npz"), *command, str(tmp_path / "c")]
    assert main(other) == 2
    assert "has classes 2, not 3" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_a_wrong_shape_is_told_of_before_pictures_are_coded(tmp_path, capsys):
    small_grid_model().save_pretrained(tmp_path / "space")
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 20, 20), np.uint8))
    command = ["train", "diffusion", str(tmp_path / "a.npz"), "--space", str(tmp_path / "space")]
    assert main([*command, "-o", str(tmp_path / "run"), "--width", "9"]) == 2
    assert "heads must divide the width" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_train_diffusion_has_no_settings_of_pictures(tmp_path, capsys):
    command = ["train", "diffusion", str(tmp_path / "a.npz"), "--space", "digits", "-o"]
    assert main([*command, str(tmp_path / "out"), "--set", "data.side=5"]) == 2
    assert "TABLE one of train, model, objective, card" in capsys.readouterr().err


def test_train_diffusion_of_sets_of_maps(tmp_path, capsys):
    images = np.zeros((24, 20, 20), np.uint8)
    for number, image in enumerate(images):
        image[4:8, 3 : 9 + number % 8] = 255
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(24) % 8 // 4)
    data, home = str(tmp_path / "a.npz"), str(tmp_path / "space")
    assert main(["latents", "maps", data, "-o", home, "--maps", "8", "--steps", "2", "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert settings["side"] == 20
    assert settings["ink"] == pytest.approx(13 * 4 / 8, abs=0.3)
    command = ["train", "diffusion", data, "--space", home, "-o", str(tmp_path / "run")]
    command += ["--steps", "2", "--batch", "8", "--width", "8", "--depth", "1"]
    assert main([*command, "--set", "model.heads=2", "--quiet"]) == 0
    made_by = LatentDiffusion.from_pretrained(tmp_path / "run")
    assert isinstance(made_by.space, MapsSpace)
    config = made_by.model.config
    assert (config.tokens, config.numbers, config.grid, config.counted) == (8, 7, None, True)
    known = encode_set(made_by.space, Pictures(images[..., None]), keep=tmp_path / "run/latents")
    assert len(list((tmp_path / "run" / "latents").iterdir())) == 1
    for label in (0, 1):
        counts = known.mask[np.arange(24) % 8 // 4 == label].sum(1)
        shares = torch.bincount(counts - 1, minlength=8) / 12
        torch.testing.assert_close(made_by.model.counts[label], shares, atol=1e-3, rtol=0)
    there = known.values[known.mask]
    torch.testing.assert_close(made_by.model.mean, there.mean(0), rtol=0, atol=5e-3)
    latents = made_by.sample(5, SamplerSettings(steps=2), seed=3)
    assert set(latents.mask.sum(1).tolist()) <= set(known.mask.sum(1).tolist())
    assert len(made_by.space.codes(latents)) == 5
    command = ["generate", str(tmp_path / "run"), "-n", "3", "--steps", "2", "--scale", "2"]
    command += ["-o", str(tmp_path / "a.png"), "--codes", str(tmp_path / "codes"), "--quiet"]
    assert main(command) == 0
    system = load(tmp_path / "codes" / "00002.ssm").system
    assert len(system) in known.mask[np.arange(24) % 8 // 4 == 0].sum(1)
    assert system.contraction < 1
