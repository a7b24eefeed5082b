import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from selfsame.cli import main
from selfsame.training.checkpoint import checkpoints

FRACTALS = (
    "--fractals",
    "multifractal",
    "--classes",
    "3",
    "--instances",
    "4",
    "--set",
    "points=50",
)
TINY = ("--steps", "6", "--batch", "4", "--seeds", "1", "--device", "cpu", "--threads", "1")
PATIENCE_SECONDS = 300.0


def squares(path: Path, learned: int = 24, tested: int = 12) -> Path:
    """Noise, in whose left or right half a bright square lies."""
    random = np.random.default_rng(0)
    arrays = {}
    for name, count in (("train", learned), ("test", tested)):
        labels = np.arange(count) % 2
        images = random.integers(0, 80, (count, 16, 16)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[4:11, 8 * label : 8 * label + 7] += 150
        arrays |= {f"{name}_images": images, f"{name}_labels": labels}
    np.savez(path, **arrays)
    return path


@pytest.fixture
def data(tmp_path) -> Path:
    return squares(tmp_path / "squares.npz")


def call(*words: object) -> int:
    return main(["probe", *map(str, words)])


def test_it_reports_what_is_in_the_file(data, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    words = (data, "-o", out, *FRACTALS, *TINY, "--every", 3)
    assert call(*words, "--json", "--quiet") == 0
    stdout, stderr = capsys.readouterr()
    assert stderr == ""
    values = json.loads(stdout)
    assert values.pop("output") == str(out)
    assert (values.pop("finished"), values.pop("stopped_by")) == (True, None)
    assert values == json.loads((out / "results.json").read_text())
    assert values["options"] == {"points": 50}
    assert values["pretraining"]["batch"] == 4
    assert [point["step"] for point in values["curve"]] == [0, 3, 6]
    assert call(*words) == 0
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    low, high = (100 * values["accuracy"][end] for end in ("low", "high"))
    assert f"(95 % interval {low:.2f} to {high:.2f}, of one seed)" in stderr
    assert call(*words, "--shots", 2) == 1
    assert "shots is null there and 2 here" in capsys.readouterr().err
    assert call(*words, "--shots", 2, "--restart", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_weights_of_an_earlier_probe_on_other_pictures(data, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert call(data, "-o", out, *FRACTALS, *TINY, "--network", "lenet", "--quiet") == 0
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, 20, 24, 3)).astype(np.uint8)
    np.savez(tmp_path / "colour.npz", images=images, labels=np.arange(20) % 2)
    weights = out / "seed-0" / "network"
    words = ("--weights", weights, "--shots", 5, "--draws", 3, "--json")
    assert call(tmp_path / "colour.npz", "-o", tmp_path / "other", *words) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["data"]["side"], values["data"]["channels"]) == (16, 1)
    assert [len(seed["evaluations"]) for seed in values["seeds"]] == [3, 3, 3]


def test_supervised_training_from_scratch(data, tmp_path, capsys) -> None:
    words = ("--fractals", "none", "--evaluate", "finetune", "--finetune-steps", 40, "--batch", 8)
    assert (
        call(data, "-o", tmp_path / "out", *words, "--seeds", 1, "--device", "cpu", "--json") == 0
    )
    values = json.loads(capsys.readouterr().out)
    assert values["accuracy"]["mean"] == 1
    assert values["finetuning"]["steps"] == 40


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("--weights", "a", "--steps", 3),
            "--steps belongs to a pre-training: it is not used",
        ),
        (("--weights", "a", "--network", "vit"), "it is not used with --weights"),
        (("--weights", "a", "--set", "points=3"), "--set belongs to a pre-training"),
        (("--weights", "a", "--fractals", "none"), "--fractals belongs to a pre-training"),
        (("--weights", "a", "--side", 16), "--side belongs to a pre-training or --fractals none"),
        (("--weights", "a", "--batch", 3), "--batch belongs to training"),
        (("--fractals", "none", "--every", 3), "it is not used with --fractals none"),
        (("--fractals", "none", "--batch", 3), "it is not used with frozen weights"),
        (("--finetune-steps", 3), "--finetune-steps belongs to --evaluate finetune"),
        (("--finetune-lr", 3), "it is not used with --evaluate linear"),
        (("--network", "vgg"), "'vgg' is not one of"),
        (("--set", "points"), "--set takes KEY=VALUE"),
    ],
)
def test_wrong_usage_gives_2(data, tmp_path, capsys, words, text) -> None:
    assert call(data, "-o", tmp_path / "out", *words) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--weights", "none.safetensors"), "no network 'none.safetensors'"),
        (("--fractals", "julia"), "no fractals 'julia'"),
        (("--fractals", "none", "--shots", 13), "shots must be 1..12"),
        (("--fractals", "fractaldb", "--set", "colour=1"), "fractaldb has no option colour"),
        (("--fractals", "none", "--side", 64), "smaller than side, 64"),
    ],
)
def test_settings_that_cannot_be_had_give_2(data, tmp_path, capsys, words, text) -> None:
    assert call(data, "-o", tmp_path / "out", *words) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def started(data: Path, out: Path, *words: object) -> "subprocess.Popen[bytes]":
    arguments = [sys.executable, "-m", "selfsame", "probe", data, "-o", out, *words]
    return subprocess.Popen(list(map(str, arguments)), env={**os.environ, "OMP_NUM_THREADS": "1"})


def wait_for(process: "subprocess.Popen[bytes]", folder: Path, step: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(found >= step for found, _ in checkpoints(folder / "checkpoints")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.parametrize("evaluate", ["linear", "finetune"])
def test_killed_and_run_again_it_writes_the_same_results(data, tmp_path, evaluate) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = (*FRACTALS, *TINY, "--seeds", 2, "--steps", 40, "--every", 20, "--quiet")
    words += ("--evaluate", evaluate)
    words += ("--finetune-steps", 30) if evaluate == "finetune" else ()
    assert call(data, "-o", whole, *words) == 0
    process = started(data, killed, *words)
    wait_for(process, killed / "seed-0", 20)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "results.json").exists()
    process = started(data, killed, *words)
    wait_for(process, killed / "seed-1", 10)
    process.terminate()
    assert process.wait() in (128 + signal.SIGTERM, -signal.SIGTERM)
    assert not (killed / "results.json").exists()
    assert call(data, "-o", killed, *words) == 0
    assert (whole / "results.json").read_bytes() == (killed / "results.json").read_bytes()
