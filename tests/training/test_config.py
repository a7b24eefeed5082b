from dataclasses import dataclass
from typing import Annotated

import pytest

from selfsame.checked import Checked, Range
from selfsame.errors import InputError
from selfsame.training.config import read_config, settings_from, with_settings

TABLES = ("train", "model")


def test_toml_and_json_say_the_same(tmp_path) -> None:
    toml, json = tmp_path / "a.toml", tmp_path / "a.JSON"
    toml.write_text('[train]\nlr = 0.5\nprecision = "auto"\n[model]\natoms = [1, 2]\n')
    json.write_text('{"train": {"lr": 0.5, "precision": "auto"}, "model": {"atoms": [1, 2]}}')
    assert read_config(toml, TABLES) == read_config(json, TABLES)
    assert read_config(toml, TABLES)["model"] == {"atoms": [1, 2]}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "", "a .toml or .json file"),
        ("a.toml", "[train", "cannot be read as a configuration"),
        ("a.json", '{"train": ', "cannot be read as a configuration"),
        ("a.json", "[" * 100_000, "cannot be read as a configuration"),
        ("a.json", "[1, 2]", "must hold tables, of train, model"),
        ("a.toml", "lr = 1", "must hold tables"),
        ("a.toml", "[trian]\nlr = 1", "unknown table 'trian'; allowed are train, model"),
        ("none.toml", None, "no such file"),
        ("latin.toml", b"[train]\nx = '\xe9'", "cannot be read as a configuration"),
    ],
)
def test_other_files_are_refused(tmp_path, name, text, words) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=words):
        read_config(path, TABLES)


def test_settings_override_and_leave_the_original_alone() -> None:
    config = {"train": {"lr": 1, "steps": 5}}
    assignments = ("train.lr=0.5", "model.atoms=[1,2]", "train.precision=auto", "model.a=x=y")
    assert with_settings(config, assignments, TABLES) == {
        "train": {"lr": 0.5, "steps": 5, "precision": "auto"},
        "model": {"atoms": [1, 2], "a": "x=y"},
    }
    assert config == {"train": {"lr": 1, "steps": 5}}


@pytest.mark.parametrize("text", ["lr=1", "train.lr", "trian.lr=1", "train.=1", ""])
def test_other_assignments_are_refused(text) -> None:
    with pytest.raises(InputError, match=r"TABLE\.NAME=VALUE"):
        with_settings({}, (text,), TABLES)


def test_errors_name_the_table() -> None:
    @dataclass(frozen=True)
    class Shape(Checked):
        width: Annotated[int, Range(1)] = 3

    assert settings_from(Shape, {"width": 4}, "model") == Shape(4)
    for table, words in (
        ({"wide": 1}, "model: unknown setting 'wide'; allowed are width"),
        ({"width": 0}, "model: width must be a whole number from 1: got 0"),
        ({"width": "x"}, "model: width must be a whole number from 1: got 'x'"),
    ):
        with pytest.raises(InputError) as caught:
            settings_from(Shape, table, "model")
        assert words in str(caught.value)
