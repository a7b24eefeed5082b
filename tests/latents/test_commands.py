"""``selfsame latents``."""

import json

import numpy as np
import pytest

from selfsame.cli import main
from selfsame.errors import SettingError
from selfsame.latents import load_space
from support.small_diffusion import small_diffusion
from support.small_grid import small_grid_model


def test_inspect_prints_ranges_bytes_and_errors(tmp_path, capsys):
    small_grid_model().save_pretrained(tmp_path / "own")
    images = np.random.default_rng(0).integers(0, 256, (5, 40, 40), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images)
    command = ["latents", "inspect", str(tmp_path / "own"), str(tmp_path / "a.npz"), "-n", "3"]
    assert main([*command, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["space"], values["pictures"], len(values["channels"])) == ("own", 3, 3)
    assert set(values["psnr"]) == {"1", "2"}
    assert main(command) == 0
    text = capsys.readouterr().out
    assert text.startswith("own: 3 pictures, ")
    assert "dB at 2x, 0 of 3 numbers dead" in text
    assert len(text.splitlines()) == 5


def test_maps_are_of_square_grey_pictures(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", images=np.ones((2, 20, 22), np.uint8))
    assert main(["latents", "maps", str(tmp_path / "a.npz"), "-o", str(tmp_path / "space")]) == 1
    assert "got 22x20 pixels and 1 channels" in capsys.readouterr().err


def test_a_space_of_maps_is_inspected_like_any(tmp_path, capsys):
    images = np.zeros((3, 16, 16), np.uint8)
    images[:, 4:6, 2:13] = images[:, 4:12, 5:7] = 255
    np.savez(tmp_path / "a.npz", images=images)
    data, space = str(tmp_path / "a.npz"), str(tmp_path / "own")
    assert main(["latents", "maps", data, "-o", space, "--ink", "5", "--maps", "9"]) == 0
    assert "own: pictures of 16x16 pixels as up to 9 maps, one for 5" in capsys.readouterr().err
    assert main(["latents", "inspect", space, data, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert [channel["name"] for channel in values["channels"]][4:] == ["x", "y", "log p"]
    assert values["psnr"]["1"] > 18


def test_a_model_is_not_lost_to_a_space_of_maps(tmp_path, capsys):
    small_diffusion().save_pretrained(tmp_path / "model")
    before = (tmp_path / "model" / "model.safetensors").read_bytes()
    np.savez(tmp_path / "a.npz", images=np.ones((2, 20, 20), np.uint8))
    command = ["latents", "maps", str(tmp_path / "a.npz"), "-o", str(tmp_path / "model")]
    assert main(command) == 1
    assert "has a model; pass --overwrite" in capsys.readouterr().err
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == before
    assert main([*command, "--overwrite"]) == 0
    assert load_space(tmp_path / "model").tokens == 24


def test_a_space_that_ships_whatever_folder_has_its_name(tmp_path, monkeypatch):
    small_diffusion().save_pretrained(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    assert load_space("digits").side == 28
    with pytest.raises(SettingError, match="'collage': latent spaces are grid or maps"):
        load_space("collage")


def test_a_model_that_is_no_space(tmp_path, capsys):
    small_diffusion().save_pretrained(tmp_path / "model")
    np.savez(tmp_path / "a.npz", images=np.ones((2, 20, 20), np.uint8))
    assert main(["latents", "inspect", str(tmp_path / "model"), str(tmp_path / "a.npz")]) == 2
    assert "of the kind 'diffusion': latent spaces are grid or maps" in capsys.readouterr().err
