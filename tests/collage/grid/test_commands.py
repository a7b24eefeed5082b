"""Latent spaces on the command line: train, encode, decode, info, folders."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.codes.models import kind_of
from selfsame.collage.grid.network.model import GridModel
from support.small_grid import small_grid_model


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "own"
    small_grid_model().save_pretrained(path)
    return path


def run(capsys, *arguments):
    """Exit status, the JSON object of standard output, and standard error."""
    status = main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else {}, err


def test_a_picture_to_a_code_and_back(space, tmp_path, capsys):
    Image.fromarray(np.full((20, 20), 99, np.uint8)).save(tmp_path / "a.png")
    status, values, _ = run(
        capsys, "encode", tmp_path / "a.png", "-o", tmp_path / "a.ssm", "--model", space
    )
    assert (status, values["model"], values["numbers"]) == (0, "own", 27)
    status, values, _ = run(capsys, "info", tmp_path / "a.ssm")
    assert (status, values["kind"], values["grid"], values["model"]) == (0, "grid", [3, 3], "own")
    target = tmp_path / "b.png"
    status, values, _ = run(
        capsys, "decode", tmp_path / "a.ssm", "-o", target, "--model", space, "--scale", 3
    )
    assert (status, values["kind"], values["size"]) == (0, "grid", [60, 60])
    with Image.open(target) as picture:
        assert picture.size == (60, 60)


@pytest.mark.parametrize(("own", "shape"), [(3, (20, 20)), (1, (20, 20, 3)), (1, (20, 20, 4))])
def test_grey_pictures_in_colour_spaces_and_colour_in_grey_ones(own, shape, tmp_path, capsys):
    small_grid_model(channels=own).save_pretrained(tmp_path / "own")
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    status, values, _ = run(
        capsys, "encode", tmp_path / "a.png", "-o", tmp_path / "a.ssm", "--model", tmp_path / "own"
    )
    assert status == 0
    assert 0 < values["psnr"] < 40
    assert (tmp_path / "a.ssm").stat().st_size == values["bytes"]


def test_a_folder_of_pictures(space, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for level in (0, 200):
        Image.fromarray(np.full((20, 20), level, np.uint8)).save(tmp_path / "in" / f"{level}.png")
    command = ("encode", tmp_path / "in", "-o", tmp_path / "out", "--model", space, "--jobs", 1)
    status, values, _ = run(capsys, *command)
    assert (status, values["encoded"]) == (0, 2)
    status, values, _ = run(capsys, *command)
    assert (status, values["encoded"]) == (0, 0)


@pytest.mark.parametrize("option", [("--quality", "50"), ("--refine", "2"), ("--mode", "pure")])
def test_settings_of_other_methods_are_refused(space, tmp_path, capsys, option):
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "a.png")
    output = tmp_path / "a.ssm"
    status, _, err = run(
        capsys, "encode", tmp_path / "a.png", "-o", output, "--model", space, *option
    )
    assert status == 2
    assert f"{option[0]} belongs to" in err
    assert "not used with a latent space" in err
    assert not output.exists()


def test_train_latents_writes_a_space_that_encodes(tmp_path, capsys):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 12, 12), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", train_images=images, test_images=images[:8])
    shape = ("width=8", "blocks=0", "aux_blocks=4")
    settings = [part for name in shape for part in ("--set", f"model.{name}")]
    command = ("train", "latents", tmp_path / "a.npz", "-o", tmp_path / "run", "--steps", 4)
    command = (*command, "--batch", 4, "--numbers", 2, *settings)
    status, values, _ = run(capsys, *command, "--stop-after", 2)
    assert (status, values["step"]) == (0, 2)
    status, values, _ = run(capsys, *command)
    assert (status, values["step"], values["finished"]) == (0, 4, True)
    assert "psnr" in values["validation"]
    assert kind_of(str(tmp_path / "run")) == "grid"
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    status, values, _ = run(
        capsys, "encode", tmp_path / "a.png", "-o", tmp_path / "a.ssm", "--model", tmp_path / "run"
    )
    assert (status, values["numbers"]) == (0, 8)


def test_train_latents_goes_on_from_a_space(tmp_path, capsys):
    small_grid_model(side=12, numbers=2).save_pretrained(tmp_path / "own", dtype=torch.float32)
    start = GridModel.from_pretrained(tmp_path / "own")
    np.savez(tmp_path / "a.npz", images=np.zeros((4, 12, 12), np.uint8))
    command = ("train", "latents", tmp_path / "a.npz", "--init", tmp_path / "own", "--lr", 1e-9)
    command = (*command, "--steps", 1, "--batch", 2)
    status, _, _ = run(capsys, *command, "-o", tmp_path / "run")
    assert status == 0
    found = GridModel.from_pretrained(tmp_path / "run")
    assert found.config == start.config
    for name, weight in found.state_dict().items():
        torch.testing.assert_close(weight, start.state_dict()[name], rtol=1e-3, atol=1e-4)
    status, _, err = run(capsys, *command, "-o", tmp_path / "b", "--numbers", 3)
    assert status == 2
    assert "the space that is gone on from has numbers 2, not 3" in err


def test_a_model_of_pictures_of_another_kind_is_refused(tmp_path, capsys):
    from selfsame.priors.vdvae.config import Level, VdvaeConfig
    from selfsame.priors.vdvae.network import Vdvae

    levels = (Level(1, 4, 1), Level(8, 4, 1))
    Vdvae(VdvaeConfig(side=8, levels=levels, head="plain")).save_pretrained(tmp_path / "v")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "a.png")
    status, _, err = run(
        capsys, "encode", tmp_path / "a.png", "-o", tmp_path / "a.ssm", "--model", tmp_path / "v"
    )
    assert status == 2
    assert "is a model of the kind 'vdvae'" in err
