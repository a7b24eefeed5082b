"""The benchmark of pre-training: splits, milestones of trainings, means, and a quick run."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import harness
from benchmarks.harness.captions import CAPTION
from benchmarks.pretraining import data, figures, lenet, work
from benchmarks.pretraining.data import Data, load_data, padded
from benchmarks.pretraining.probe import probe_rows
from selfsame.codes.store import load
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.samples.library import classic
from selfsame.io.pictures import read_picture
from support.saved_figures import lines_of, saved_figures


def options_of(**values: Any) -> Any:
    class Options:
        data = None
        dev = quick = False

    for name, value in values.items():
        setattr(Options, name, value)
    return Options


def random_pictures(count: int, classes: int = 10, seed: int = 0, side: int = 28) -> Pictures:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, side, side, 1), np.uint8)
    return Pictures(images, np.arange(count) % classes)


# Pictures.


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    train, test = random_pictures(60), random_pictures(20, seed=1)
    np.savez(
        tmp_path / "mnist.npz",
        train_images=train.images[..., 0],
        train_labels=train.labels,
        test_images=test.images[..., 0],
        test_labels=test.labels,
    )
    for name in ("fashion_mnist_600.npz", "kmnist_200.npz"):
        pool = random_pictures(30, seed=2)
        np.savez(tmp_path / name, images=pool.images[..., 0], labels=pool.labels)
    return tmp_path


def test_settings_are_chosen_without_a_look_at_what_is_reported(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "HELD_OUT", 15)
    reported = load_data(options_of(data=data_folder))
    chosen = load_data(options_of(data=data_folder, dev=True))
    assert [len(reported.train), len(reported.test)] == [60, 20]
    assert [len(chosen.train), len(chosen.test)] == [45, 15]
    assert np.array_equal(
        np.concatenate([chosen.train.images, chosen.test.images]), reported.train.images
    )
    assert list(reported.few_shot) == ["fashion-mnist", "kmnist"]
    assert list(chosen.few_shot) == ["held out"]
    assert np.array_equal(chosen.few_shot["held out"].images, chosen.test.images)


def test_pictures_get_the_border_of_lenet() -> None:
    small = random_pictures(3)
    large = padded(small).images
    assert large.shape == (3, 32, 32, 1)
    assert np.array_equal(large[:, 2:-2, 2:-2], small.images)
    assert large.sum() == small.images.sum()


def test_missing_files_are_named(data_folder: Path) -> None:
    (data_folder / "kmnist_200.npz").unlink()
    with pytest.raises(InputError, match=r"a folder with kmnist_200\.npz: got"):
        load_data(options_of(data=data_folder))


def test_labelled_batches_depend_on_seed_step_and_place_alone() -> None:
    pictures = random_pictures(50, side=32)
    batches = work.LabelledBatches(pictures)
    images, labels = batches.batch(3, 5, range(40))
    again, same = batches.batch(3, 5, range(20, 40))
    assert torch.equal(images[20:], again)
    assert torch.equal(labels[20:], same)
    for other in (batches.batch(4, 5, range(40)), batches.batch(3, 6, range(40))):
        assert not torch.equal(labels, other[1])
    lookup = {image.tobytes(): label for image, label in zip(pictures.images, pictures.labels)}  # type: ignore[arg-type]  # noqa: B905
    for image, label in zip(images, labels, strict=True):
        found = (image * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
        assert lookup[found.tobytes()] == label


# Work that is kept.


class Counter:
    """A training whose state is its step, which a file keeps."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __call__(self, count: int) -> tuple[int, Callable[[Path], None]]:
        step = int(self.place.read_text()) if self.place.exists() else 0
        self.place.write_text(str(step + count))
        return step + count, lambda path: path.write_text(str(step + count))  # type: ignore[return-value]


@pytest.mark.parametrize("killed_at", range(5))
def test_every_milestone_is_of_its_step_wherever_a_run_was_killed(
    tmp_path: Path, killed_at: int
) -> None:
    counter, writes = Counter(tmp_path / "state"), []

    def deadly(count: int) -> tuple[int, Callable[[Path], None]]:
        step, write = counter(count)

        def dying(path: Path) -> None:
            if len(writes) == killed_at:
                raise KeyboardInterrupt
            writes.append(path)
            write(path)

        return step, dying

    steps = (0, 2, 5, 9)
    if killed_at < len(steps):
        with pytest.raises(KeyboardInterrupt):
            work.at_milestones(steps, tmp_path, "part", lambda: deadly)
    paths = work.at_milestones(steps, tmp_path, "part", lambda: counter)
    assert {step: int(path.read_text()) for step, path in paths.items()} == {s: s for s in steps}


def test_a_training_beyond_what_is_missing_is_no_endless_loop(tmp_path: Path) -> None:
    counter = Counter(tmp_path / "state")
    paths = work.at_milestones((1, 2), tmp_path, "part", lambda: counter)
    paths[1].unlink()
    with pytest.raises(InputError, match="lacks part-000001 of a later training; remove"):
        work.at_milestones((1, 2), tmp_path, "part", lambda: counter)


def test_codes_appear_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = Viewport(-5, -5, 5, 5)
    codes = [IFSCode(classic(name), view, (32, 32)) for name in ("sierpinski-gasket", "koch-curve")]
    save = work.save

    def failing(code: IFSCode, path: Path) -> None:
        if path.name == "00001.ssm":
            raise OSError("disk full")
        save(code, path)

    monkeypatch.setattr(work, "save", failing)
    with pytest.raises(OSError, match="disk full"):
        work.write_codes(codes, tmp_path / "codes")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(work, "save", save)
    work.write_codes(codes, tmp_path / "codes")
    assert [path.name for path in sorted((tmp_path / "codes").iterdir())] == [
        "00000.ssm",
        "00001.ssm",
    ]
    assert load(tmp_path / "codes" / "00001.ssm").system == codes[1].system  # type: ignore[union-attr]


# Networks and probes.


def test_all_arms_of_a_seed_start_from_the_same_features() -> None:
    pictures = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    few, many = work.untrained(10, 1), work.untrained(100, 1)
    assert torch.equal(few.features(pictures), many.features(pictures))
    assert not torch.equal(few.features(pictures), work.untrained(10, 2).features(pictures))


def test_probes_tell_sets_and_shots_apart() -> None:
    plan = lenet.QUICK
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    # A bright square whose place is the class: easy; and labels by chance: not.
    images = rng.integers(0, 60, (120, 32, 32, 1), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:10, 2 + 10 * label : 8 + 10 * label] = 255
    easy = Pictures(images, labels)
    chance = Pictures(images, rng.permutation(labels))
    rows = probe_rows(work.untrained(4, 0), Data(easy, easy, {"chance": chance}), plan)
    assert [(row["set"], row["shots"]) for row in rows] == [
        ("mnist", 0),
        *(("chance", shots) for shots in plan.shots),
    ]
    assert rows[0]["accuracy"] > 0.95
    assert all(0.2 < row["accuracy"] < 0.5 for row in rows[1:])


# Means.


def accuracies(arm: str, values: list[float], **more: Any) -> list[dict[str, Any]]:
    place = {"learning_steps": 0, "pretraining_steps": 10, "set": "mnist", "shots": 0} | more
    return [{"arm": arm, "seed": s, **place, "accuracy": v} for s, v in enumerate(values)]


def test_intervals_are_students_over_seeds() -> None:
    (row,) = figures.summarised(accuracies("supervised", [0.90, 0.92, 0.94]))
    # 4.3027 is Student's quantile of two degrees of freedom, 0.02 the standard deviation.
    half = 4.302653 * 0.02 / 3**0.5
    assert row["mean"] == pytest.approx(0.92)
    assert (row["low"], row["high"]) == pytest.approx((0.92 - half, 0.92 + half))
    assert row["seeds"] == 3
    (lone,) = figures.summarised(accuracies("supervised", [0.9]))
    assert (lone["mean"], lone["low"], lone["high"]) == (0.9, None, None)


def test_differences_are_between_equal_seeds() -> None:
    rows = accuracies(figures.RANDOM, [0.5, 0.7])
    rows += accuracies(figures.LEARNED, [0.6, 0.8], learning_steps=3)
    rows += accuracies(figures.LEARNED, [0.6, 0.9], learning_steps=6)
    rows += accuracies(figures.LEARNED, [0.9, 0.9], learning_steps=6, pretraining_steps=99)
    first, second = figures.paired(rows, figures.LEARNED, figures.RANDOM)
    assert (first["learning_steps"], first["mean"]) == (3, pytest.approx(0.1))
    assert first["high"] - first["low"] == pytest.approx(0, abs=1e-12)
    assert (second["learning_steps"], second["mean"]) == (6, pytest.approx(0.15))
    assert second["low"] < 0 < second["high"]


def test_the_table_has_the_ends() -> None:
    rows = accuracies(figures.LEARNED, [0.2], learning_steps=3)
    rows += accuracies(figures.LEARNED, [0.3], learning_steps=6)
    rows += accuracies(figures.LEARNED, [0.1], learning_steps=6, pretraining_steps=5)
    rows += accuracies(figures.UNTRAINED, [0.25, 0.26, 0.27], set="kmnist", shots=5)
    learned, untrained = figures.table_rows(figures.summarised(rows))
    assert learned == {"arm": figures.LEARNED, "mnist": "30.00"}
    assert untrained == {"arm": figures.UNTRAINED, "kmnist, 5 a class": "26.00 ± 2.48"}


# All of it.


@pytest.mark.slow
def test_a_quick_run_and_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, keep = tmp_path / "out", tmp_path / "keep"
    arguments = ["--quick", "--seeds", "0", "1", "--keep", str(keep), "-o", str(out), "--json"]
    monkeypatch.setattr(sys, "argv", ["pretraining.py", *arguments])
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    saved = saved_figures(monkeypatch)
    lenet.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    assert document == json.loads((out / "pretraining.json").read_text())
    rows = document["results"]["accuracies"]
    assert {row["arm"] for row in rows} == set(figures.ARMS)
    assert {row["seeds"] for row in rows} == {2}
    mnist = [row for row in rows if row["set"] == "mnist"]
    places = {(r["arm"], r["learning_steps"], r["pretraining_steps"]) for r in mnist}
    ends = {("learned fractals", 2, 4), ("learned fractals", 4, 2), ("learned fractals", 4, 4)}
    several = {(a, 0, s) for a in ("random fractals", "FractalDB", "supervised") for s in (2, 4)}
    assert places == ends | several | {("random features", 0, 0)}
    for figure, name in zip(saved, ("pretraining.png", "pretraining_few_shots.png"), strict=True):
        assert (out / name).is_file()
        assert all(set(lines_of(axis)) == set(figures.ARMS) for axis in figure.axes[1:])
    for row in mnist:
        if row["arm"] == "FractalDB":
            place = row["pretraining_steps"], 100 * row["mean"]
            assert place in {tuple(p) for p in lines_of(saved[0].axes[1])["FractalDB"].tolist()}
    sheet = read_picture(out / "pretraining_fractals.png", "grey")
    assert 0 < sheet[CAPTION:].mean() < 0.5  # some points on black
    lines = (out / "pretraining.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * len(rows)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("done before")

    for name in ("learn_fractals", "train"):
        monkeypatch.setattr(work, name, refuse)
    monkeypatch.setattr(lenet, "probe_rows", refuse)
    lenet.main()
    again = json.loads(capsys.readouterr().out)
    assert again["results"] == document["results"]


@pytest.mark.parametrize("name", ["--learning-steps", "--pretraining-steps"])
def test_steps_are_multiples(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pretraining.py", "--quick", name, "3"])
    with pytest.raises(SystemExit, match="1"):
        harness.run(lenet.main)
    assert f"{name} must be a multiple of 2: got 3" in capsys.readouterr().err
