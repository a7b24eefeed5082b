import json
import re
import signal
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.cli.train.shared import TABLES
from selfsame.collage.network.model import CollageConfig, CollageModel
from selfsame.collage.network.train import CollageObjective
from selfsame.datasets.crops import CropSettings
from selfsame.training import TrainSettings
from selfsame.training.config import settings_from
from selfsame.training.logs import read_log
from support import ROOT

TINY = (
    *("--batch", "2", "--crop", "32", "--steps", "4"),
    *("--set", "model.width=4", "--set", "model.depth=1", "--set", "model.atoms=[3, 2]"),
    *("--set", "train.log_every=2", "--set", "train.checkpoint_every=1", "--quiet"),
)


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    y, x = np.mgrid[:64, :80]
    for i in range(3):
        waves = [127 + 100 * np.sin((x * (i + c) + y * (3 - c)) / 9) for c in range(3)]
        Image.fromarray(np.stack(waves, -1).astype(np.uint8)).save(folder / f"{i}.png")
    return folder


def call(*words: object) -> int:
    return main(["train", "collage", *map(str, words)])


def same(one: Path, other: Path) -> bool:
    states = [
        CollageModel.from_pretrained(folder / "model").state_dict() for folder in (one, other)
    ]
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_it_leaves_a_model_its_card_its_configuration_and_a_log(pictures, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    Image.new("L", (20, 20)).save(pictures / "small.png")
    words = ("--validate", pictures / "0.png", "--set", "card.licence=CC0", "--json")
    assert call(pictures, "-o", out, *TINY, *words) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert captured.err == ""
    assert (values["step"], values["finished"], values["pictures"]) == (4, True, 3)
    assert values["output"] == str(out / "model")
    assert "small.png" in values["notes"][0]
    assert values["validation"]
    config = json.loads((out / "config.json").read_text())
    assert set(config) == {"train", "data", "model", "objective", "card"}
    assert (config["train"]["steps"], config["model"]["atoms"]) == (4, [3, 2])
    assert CollageModel.from_pretrained(out / "model").config.width == 4
    card = CollageModel.card_of(out / "model")
    assert (card["licence"], card["steps"], card["pictures"]) == ("CC0", 4, 3)
    assert card["recipe"]["train"]["batch"] == 2
    steps = [line["step"] for line in read_log(out) if line["kind"] == "train"]
    assert steps == [2, 4]


def test_the_written_configuration_repeats_the_training(pictures, tmp_path) -> None:
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    assert call(pictures, "-o", one, *TINY) == 0
    assert call(pictures, "-o", other, "--config", one / "config.json", "--quiet") == 0
    assert same(one, other)
    flags = ("--seed", "1", "--quiet")
    assert call(pictures, "-o", third, "--config", one / "config.json", *flags) == 0
    assert not same(one, third)


def test_stopping_and_going_on(pictures, tmp_path, capsys) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert call(pictures, "-o", one, *TINY) == 0
    shown = [word for word in TINY if word != "--quiet"]
    assert call(pictures, "-o", other, *shown, "--stop-after", 3) == 0
    assert "after 3 of 4 steps; the same command goes on" in capsys.readouterr().err
    assert call(pictures, "-o", other, *TINY) == 0
    assert same(one, other)
    assert call(pictures, "-o", other, *TINY, "--lr", "0.5") == 1
    assert "settings.lr is 0.001 there and 0.5 here" in capsys.readouterr().err
    assert json.loads((other / "config.json").read_text())["train"]["lr"] == 0.001
    assert call(pictures, "-o", other, *TINY, "--lr", "0.5", "--restart") == 0
    assert json.loads((other / "config.json").read_text())["train"]["lr"] == 0.5
    assert not same(one, other)


def test_other_pictures_are_not_gone_on_with(pictures, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert call(pictures, "-o", out, *TINY, "--stop-after", 1) == 0
    (pictures / "0.png").unlink()
    assert call(pictures, "-o", out, *TINY) == 1
    assert "config.pictures" in capsys.readouterr().err


def test_going_on_from_a_model_keeps_its_shape(pictures, tmp_path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert call(pictures, "-o", one, *TINY) == 0
    model = one / "model"
    words = ("--init", model, "--batch", 2, "--crop", 32, "--steps", 1, "--quiet")
    assert call(pictures, "-o", other, *words) == 0
    assert (
        CollageModel.from_pretrained(other / "model").config
        == CollageModel.from_pretrained(model).config
    )


def test_a_signal_has_its_exit_status(pictures, tmp_path, capsys, monkeypatch) -> None:
    from selfsame.collage.network.train import CollageTask

    before = CollageTask.loss

    def loss(task, batch, step, generator):
        signal.raise_signal(signal.SIGTERM)
        return before(task, batch, step, generator)

    monkeypatch.setattr(CollageTask, "loss", loss)
    shown = [word for word in TINY if word != "--quiet"]
    assert call(pictures, "-o", tmp_path / "out", *shown) == 128 + signal.SIGTERM
    assert "stopped by SIGTERM after 1 of 4 steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--crop", "30"), "crop must be a multiple of 16: got 30"),
        (("--crop", "512"), "as large as a crop, 512x512"),
        (("--set", "data.cropp=3"), "data: unknown setting 'cropp'"),
        (("--set", "data.region=[0, 1]"), "data: region must be"),
        (("--set", "data.memory_mib=-1"), "data: memory_mib must be"),
        (("--set", "model.width=0"), "model: width"),
        (
            ("--set", "train.lr=fast"),
            "train: lr must be a number above 0 and at most 1000: got 'fast'",
        ),
        (("--set", "objective.distortion=1"), "objective: distortion"),
        (("--config", "none.toml"), "no such file: none.toml"),
        (("--crop", "32", "--init", "nothing"), "no model 'nothing'"),
    ],
)
def test_wrong_settings_are_named(pictures, tmp_path, capsys, words, text) -> None:
    status = 1 if "no such file" in text else 2
    assert call(pictures, "-o", tmp_path / "out", *words) == status
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_wrong_usage_gives_2(pictures, tmp_path) -> None:
    assert call(pictures) == 2
    assert call(pictures, "-o", tmp_path / "out", "--lr", "0") == 2
    assert main(["train", "nothing"]) == 2


def test_the_configuration_in_the_documentation_is_one() -> None:
    text = (ROOT / "docs" / "training.md").read_text()
    block, _ = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    tables = tomllib.loads(block)
    assert settings_from(TrainSettings, tables["train"], "train").steps == 12000
    assert settings_from(CropSettings, tables["data"], "data").region == (0, 0, 1, 0.5)
    settings_from(CollageConfig, tables["model"], "model")
    settings_from(CollageObjective, tables["objective"], "objective")
    assert set(tables) == set(TABLES)
