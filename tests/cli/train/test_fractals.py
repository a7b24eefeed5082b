import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsame.cli import main
from selfsame.fractals import make_recipe
from selfsame.training.logs import read_log
from support.killing import kill_training

TINY = (
    *("--fractals", "4", "--maps", "3", "--batch", "6", "--steps", "4", "--device", "cpu"),
    *("--set", "model.side=24", "--set", "model.points=30", "--set", "train.log_every=2"),
    *("--set", "train.checkpoint_every=1", "--quiet"),
)


@pytest.fixture
def digits(tmp_path) -> Path:
    """Grey noise of 12x12 pixels, with a test split of other pictures."""
    random = np.random.default_rng(0)
    path = tmp_path / "digits.npz"
    names = {"train": 20, "test": 7}
    arrays = {
        f"{name}_images": random.integers(0, 256, (count, 12, 12)).astype(np.uint8)
        for name, count in names.items()
    }
    np.savez(path, **arrays)
    return path


def call(*words: object) -> int:
    return main(["train", "fractals", *map(str, words)])


def codes(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "codes").glob("*.ssm"))]


def test_it_leaves_codes_a_picture_and_a_log(digits, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert call(digits, "-o", out, "--set", "card.licence=CC0", "--json", *TINY) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert captured.err == ""
    assert (values["step"], values["finished"], values["pictures"]) == (4, True, 20)
    assert values["output"] == str(out / "codes")
    assert len(codes(out)) == 4
    with Image.open(out / "codes.png") as sheet:
        assert sheet.size == (50, 50)
    card = json.loads((out / "codes" / "card.json").read_text())
    assert (card["licence"], card["steps"]) == ("CC0", 4)
    assert card["recipe"]["objective"]["loss"] == "gan"
    lines = [line for line in read_log(out) if line["kind"] == "train"]
    assert [line["step"] for line in lines] == [2, 4]
    assert {
        "fractals_loss",
        "critic_loss",
        "critic_gradient_norm",
        "seen_real",
        "seen_fake",
    } <= set(lines[0])
    recipe = make_recipe("custom", codes=out / "codes", side=16, points=50, window="code")
    assert recipe.classes == 4


def test_the_written_configuration_repeats_the_training(digits, tmp_path) -> None:
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    assert call(digits, "-o", one, *TINY, "--loss", "sliced-wasserstein") == 0
    assert call(digits, "-o", other, "--config", one / "config.json", "--quiet") == 0
    assert codes(one) == codes(other)
    again = ("--config", one / "config.json", "--seed", "1", "--quiet")
    assert call(digits, "-o", third, *again) == 0
    assert codes(one) != codes(third)


def test_stopping_and_going_on(digits, tmp_path, capsys) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert call(digits, "-o", one, *TINY) == 0
    assert call(digits, "-o", other, *TINY, "--stop-after", 3) == 0
    assert codes(one) != codes(other)
    assert call(digits, "-o", other, *TINY) == 0
    assert codes(one) == codes(other)
    assert call(digits, "-o", other, *TINY, "--loss", "energy") == 1
    assert 'config.objective.loss is "gan" there and "energy" here' in capsys.readouterr().err
    assert call(digits, "-o", other, *TINY, "--fractals", 2, "--restart") == 0
    assert len(codes(other)) == 2


def test_pictures_of_a_folder_become_grey_squares(tmp_path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(1)
    for i in range(3):
        Image.fromarray(random.integers(0, 256, (12, 20, 3), np.uint8)).save(folder / f"{i}.png")
    out = tmp_path / "out"
    assert call(folder, "-o", out, *TINY, "--side", 12, "--steps", 1) == 0
    assert json.loads((out / "config.json").read_text())["data"]["side"] == 12


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--set", "model.sigma=0"), "model: sigma must be a number within"),
        (("--set", "model.side=10"), "give the set a side of 32"),
        (("--set", "objective.r1=-1"), "objective: r1 must be"),
        (("--set", "data.binarise=half"), "data: binarise must be one of none, threshold"),
        (("--set", "data.crop=8"), "data: unknown setting 'crop'"),
    ],
)
def test_wrong_settings_are_named(digits, tmp_path, capsys, words, text) -> None:
    assert call(digits, "-o", tmp_path / "out", *TINY, *words) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_codes(digits, tmp_path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = [*TINY, "--steps", "60", "--threads", "1"]
    assert call(digits, "-o", whole, *words) == 0
    kill_training(["fractals", digits, "-o", killed, *words], killed, 60)
    assert call(digits, "-o", killed, *words) == 0
    assert codes(killed) == codes(whole)
