import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.cli.train.shared import TABLES
from selfsame.cli.train.vdvae import command
from selfsame.datasets.fitting import Binarise
from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.priors.vdvae.data import DataSettings
from selfsame.priors.vdvae.network import Vdvae
from selfsame.priors.vdvae.train import VdvaeObjective
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.config import settings_from
from selfsame.training.logs import read_log
from support import ROOT
from support.killing import kill_training

SHAPE = (
    *("--set", "model.levels=[[1, 8, 2, 1, 1], [2, 8, 2, 1, 1]]"),
    *("--set", 'model.collage={"hidden": 8, "aux_blocks": 2}'),
)
TINY = (
    *("--batch", "4", "--steps", "4", *SHAPE, "--device", "cpu"),
    *("--set", "train.log_every=2", "--set", "train.checkpoint_every=1", "--quiet"),
)


@pytest.fixture
def digits(tmp_path) -> Path:
    """Grey blobs of 8x8 pixels, 20 to learn and 10 to test."""
    random = np.random.default_rng(0)
    names = {"train": 20, "test": 10}
    arrays = {
        f"{name}_images": random.integers(0, 256, (count, 8, 8)).astype(np.uint8)
        for name, count in names.items()
    }
    path = tmp_path / "digits.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture
def photographs(tmp_path) -> Path:
    """A folder of colour pictures, none of which is square."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(1)
    for i in range(5):
        Image.fromarray(random.integers(0, 256, (12, 20, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


def call(*words: object) -> int:
    return main(["train", "vdvae", *map(str, words)])


def same(one: Path, other: Path) -> bool:
    """Return whether the newest checkpoints hold the same weights, to the last bit."""
    paths = [checkpoints(folder / "checkpoints")[0][1] for folder in (one, other)]
    states = [load_checkpoint(path)["learner"]["model"] for path in paths]
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def config_of(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())


def test_it_leaves_a_model_its_card_its_configuration_and_a_log(digits, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    words = ("--head", "plain", "--set", "card.licence=CC0", "--json", *TINY)
    assert call("--data", digits, "-o", out, *words) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert captured.err == ""
    assert (values["step"], values["finished"], values["pictures"]) == (4, True, 20)
    assert values["output"] == str(out / "model")
    assert {"negative_elbo", "kl_at_1", "kl_at_2", "bits_per_dimension"} <= set(
        values["validation"]
    )
    config = config_of(out)
    assert (config["model"]["head"], config["model"]["side"]) == ("plain", 8)
    assert config["model"]["likelihood"] == "bernoulli"
    assert config["data"]["binarise"] == "dynamic"
    assert config["train"]["lr"] == 4e-3  # the recipe's, not the loop's
    model = Vdvae.from_pretrained(out / "model")
    assert (model.config.head, len(model.config.levels)) == ("plain", 2)
    card = Vdvae.card_of(out / "model")
    assert (card["licence"], card["steps"], card["pictures"]) == ("CC0", 4, 20)
    assert card["recipe"]["train"]["batch"] == 4
    lines = [line for line in read_log(out) if line["kind"] == "train"]
    assert [line["step"] for line in lines] == [2, 4]
    measures = {"loss", "negative_elbo", "distortion", "kl", "bits_per_dimension"}
    assert measures <= set(lines[0])


def test_the_written_configuration_repeats_the_training(digits, tmp_path) -> None:
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    assert call(digits, "-o", one, *TINY, "--binarise", "static") == 0
    assert call(digits, "-o", other, "--config", one / "config.json", "--quiet") == 0
    assert config_of(one) == config_of(other)
    assert same(one, other)
    flags = ("--seed", "1", "--quiet")
    assert call("--data", digits, "-o", third, "--config", one / "config.json", *flags) == 0
    assert not same(one, third)


def test_stopping_and_going_on(digits, tmp_path, capsys) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert call(digits, "-o", one, *TINY) == 0
    assert call(digits, "-o", other, *TINY, "--stop-after", 3) == 0
    assert Vdvae.from_pretrained(other / "model").config.side == 8
    assert call(digits, "-o", other, *TINY) == 0
    assert same(one, other)
    assert call(digits, "-o", other, *TINY, "--head", "plain") == 1
    assert 'config.model.head is "collage" there and "plain" here' in capsys.readouterr().err
    assert call(digits, "-o", other, *TINY, "--binarise", "threshold") == 1
    assert "config.pictures" in capsys.readouterr().err
    assert call(digits, "-o", other, *TINY, "--head", "plain", "--restart") == 0
    assert config_of(other)["model"]["head"] == "plain"


def test_colour_pictures_of_a_folder_are_cut_and_taken_as_bytes(photographs, tmp_path) -> None:
    out = tmp_path / "out"
    words = ("--side", 8, "--validate", photographs, *TINY, "--steps", 1)
    assert call(photographs, "-o", out, *words) == 0
    config = config_of(out)
    assert config["model"]["channels"] == 3
    assert config["model"]["likelihood"] == "logistic-mixture"
    assert config["data"]["binarise"] == "none"
    (line,) = (line for line in read_log(out) if line["kind"] == "validation")
    assert line["negative_elbo"] > 0


def test_bytes_may_be_modelled_where_bits_are_usual(digits, tmp_path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert call(digits, "-o", one, *TINY, "--steps", 1, "--likelihood", "logistic-mixture") == 0
    assert call(digits, "-o", other, *TINY, "--steps", 1, "--binarise", "none") == 0
    assert config_of(one) == config_of(other)


def test_a_set_without_a_test_split_is_not_validated(photographs, tmp_path, capsys) -> None:
    words = ("--side", 8, *TINY, "--steps", 1, "--json")
    assert call(photographs, "-o", tmp_path / "out", *words) == 0
    assert json.loads(capsys.readouterr().out)["validation"] == {}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--binarise", "none", "--likelihood", "bernoulli"), "binarise dynamic, static or thr"),
        (("--binarise", "static", "--likelihood", "logistic-mixture"), "bytes (binarise none)"),
        (("--set", "model.side=28"), "8x8 pixels in grey, the model takes 28x28 pixels in grey"),
        (("--set", "model.levels=[[3, 8, 2]]"), "model: each level's side must divide the next"),
        (("--set", "data.pad=-1"), "data: pad must be a whole number within 0..512: got -1"),
        (("--set", "data.pad=1.5"), "data: pad must be a whole number"),
        (("--set", "data.binarise=half"), "data: binarise must be one of none, threshold, st"),
        (("--set", "data.validation_pictures=0"), "data: validation_pictures must be"),
        (("--set", "data.static_seed=a"), "data: static_seed must be"),
        (("--set", "data.mode=blue"), "data: mode must be one of grey, rgb"),
        (("--set", "data.crop=8"), "data: unknown setting 'crop'"),
        (("--set", "objective.free_bits=-1"), "objective: free_bits must be"),
        (("--set", "data.mode=rgb"), ""),
    ],
)
def test_wrong_settings_are_named(digits, tmp_path, capsys, words, text) -> None:
    assert call(digits, "-o", tmp_path / "out", *TINY, *words) == (2 if text else 0)
    assert text in capsys.readouterr().err
    assert (tmp_path / "out").exists() == (not text)


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("--side", 7), 2, "no levels are known for pictures of 7x7 pixels"),
        ((), 1, "has pictures of 20x12 pixels: a model needs square ones; give a side"),
        (("--side", 8, "--validate", "DIGITS"), 1, "8x8 pixels in grey, those to learn have 8x8"),
        (("--side", 8, "--validate", "none.npz"), 1, "no such file or folder: none.npz"),
    ],
)
def test_pictures_that_do_not_fit_are_named(
    photographs, digits, tmp_path, capsys, words, status, text
) -> None:
    given = [digits if word == "DIGITS" else word for word in words]
    assert call(photographs, "-o", tmp_path / "out", *given) == status
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_wrong_usage_gives_2(digits, tmp_path, capsys) -> None:
    assert call("-o", tmp_path / "out") == 2
    assert "give the pictures once" in capsys.readouterr().err
    assert call(digits, "--data", digits, "-o", tmp_path / "out") == 2
    assert call(digits, "-o", tmp_path / "out", "--head", "fractal") == 2
    (option,) = (option for option in command.params if option.name == "binarise")
    assert sorted(option.type.choices) == sorted(get_args(Binarise))


def test_the_configuration_in_the_documentation_is_one() -> None:
    text = (ROOT / "docs" / "training.md").read_text()
    _, block = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    tables = tomllib.loads(block)
    assert set(tables) < set(TABLES)
    assert settings_from(DataSettings, tables["data"], "data").pad == 2
    shape = settings_from(VdvaeConfig, {"side": 32, **tables["model"]}, "model")
    assert shape.collage.latent_aux
    assert settings_from(VdvaeObjective, tables["objective"], "objective").kl_warmup_steps == 1000


@pytest.mark.slow
def test_a_killed_training_goes_on_as_if_nothing_had_been(digits, tmp_path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = [*TINY, "--steps", "40", "--threads", "1"]
    assert call(digits, "-o", whole, *words) == 0
    kill_training(["vdvae", digits, "-o", killed, *words], killed, 40)
    assert call(digits, "-o", killed, *words) == 0
    assert same(whole, killed)
    steps = [line["step"] for line in read_log(killed) if line["kind"] == "train"]
    assert steps == list(range(2, 41, 2))
