"""``selfsame edit``."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.priors.conditioning.config import SemanticConfig
from selfsame.priors.diffusion.train import learn_directions
from support.small_latent_diffusion import small_latent_diffusion


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    semantic = SemanticConfig(width=8, heads=2, numbers=4)
    names = ("italic", "serifs:sans")
    made_by = small_latent_diffusion(folder, context=6, semantic=semantic, attributes=names)
    rng = np.random.default_rng(0)
    values = torch.from_numpy(rng.normal(size=(9, 4, 3))).float()
    learn_directions(made_by.model, values, {name: rng.normal(size=9) for name in names})
    made_by.save_pretrained(folder / "model")
    picture = rng.integers(0, 256, (16, 16), dtype=np.uint8)
    Image.fromarray(picture).save(folder / "p.png")
    return folder


def test_a_picture_is_changed_by_its_attributes(home, tmp_path, capsys):
    shown = {}
    for name, amounts in {
        "none": ["italic=0"],
        "some": ["italic=+300"],
        "both": ["italic=300", "serifs:sans=-200"],
    }.items():
        command = ["edit", str(home / "model"), str(home / "p.png"), "--scale", "2", "--json"]
        command += ["-o", str(tmp_path / f"{name}.png"), "--code", str(tmp_path / f"{name}.ssm")]
        for amount in amounts:
            command += ["--attribute", amount]
        assert main(command) == 0
        values = json.loads(capsys.readouterr().out)
        assert values["size"] == [32, 32]
        shown[name] = np.asarray(Image.open(tmp_path / f"{name}.png")).astype(float)
        decode = ["decode", str(tmp_path / f"{name}.ssm"), "--model", str(home / "own")]
        assert main([*decode, "--scale", "2", "-o", str(tmp_path / "d.png"), "--overwrite"]) == 0
        assert np.array_equal(np.asarray(Image.open(tmp_path / "d.png")), shown[name])
        capsys.readouterr()
    assert values["attributes"] == {"italic": 300, "serifs:sans": -200}
    assert np.abs(shown["none"] - shown["some"]).mean() > 0.5
    assert np.abs(shown["both"] - shown["some"]).mean() > 0.5


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "the model knows italic, serifs:sans"),
        (["--attribute", "bold=1"], "no attribute 'bold': italic, serifs:sans"),
        (["--attribute", "italic"], "NAME=AMOUNT"),
        (["--attribute", "italic=nan"], "NAME=AMOUNT"),
    ],
)
def test_attributes_that_are_none_are_refused(home, tmp_path, capsys, options, text):
    command = ["edit", str(home / "model"), str(home / "p.png"), "-o", str(tmp_path / "a.png")]
    assert main([*command, *options]) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
