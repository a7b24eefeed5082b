"""The benchmark of very deep VAEs: every part runs on small untrained models, figures add up."""

import argparse
import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import harness
from benchmarks.harness.captions import CAPTION, GAP
from benchmarks.priors import (
    bounds,
    classifier,
    curves,
    digits,
    figures,
    subjects,
    upsampling,
    vdvae,
)
from benchmarks.priors.digits import Data, binarised, load_data, made_pictures
from benchmarks.priors.subjects import Subject
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.io.pictures import read_picture
from selfsame.priors.vdvae.bounds import elbo, importance_weighted_bound
from support.saved_figures import lines_of, saved_figures

Run = Callable[..., dict[str, Any]]


def subject(head: str = "collage", seed: int = 0) -> Subject:
    return Subject(head, subjects.untrained(head, seed), {})


def pictures(count: int) -> torch.Tensor:
    return binarised(made_pictures(count, 0), 1)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the script and returns the document of a part."""

    def call(part: str, *arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(
            sys, "argv", ["vdvae.py", "--quick", "-o", str(tmp_path / "out"), "--part", part]
        )
        sys.argv += arguments
        vdvae.main()
        capsys.readouterr()
        path = tmp_path / "out" / f"vdvae_{part}.json"
        if not path.exists():
            return {}
        document = json.loads(path.read_text())
        harness.check_result(document)
        return dict(document)

    monkeypatch.setattr(digits, "QUICK_TRAIN", 60)
    monkeypatch.setattr(digits, "QUICK_TEST", 40)
    monkeypatch.setattr(upsampling, "QUICK_COUNT", 2)
    monkeypatch.setattr(figures, "SHOWN", 1)
    monkeypatch.setattr(figures, "LARGE_COUNT", 1)
    return call


def test_a_pass_is_the_bound_by_its_parts() -> None:
    one, seen = subject(), pictures(6)
    found = bounds.measured_pass(one, seen, 3)
    with torch.no_grad():
        bound = elbo(one.model, seen, torch.Generator().manual_seed(3))
    np.testing.assert_allclose(found["kl"], bound.kl.numpy())
    summed = bounds.summary([found], 784)
    nats = -float(bound.total.double().mean())
    assert summed["negative_elbo_nats"] == pytest.approx(nats, rel=1e-6)
    assert summed["distortion_nats"] + summed["kl_nats"] == pytest.approx(nats, rel=1e-6)
    assert summed["bits_per_dimension"] == pytest.approx(nats / 784 / np.log(2), rel=1e-6)
    assert len(summed["kl_by_block_nats"]) == one.model.block_count
    other = bounds.measured_pass(one, seen, 4)
    both = bounds.summary([found, other], 784)
    assert both["by_pass_nats"][0] != both["by_pass_nats"][1]
    assert both["negative_elbo_nats"] == pytest.approx(np.mean(both["by_pass_nats"]))


def test_pictures_come_in_batches_but_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    one, seen = subject("plain"), pictures(7)
    monkeypatch.setattr(bounds, "BATCH", 3)
    found = bounds.measured_importance(one, seen, 2, 4)["bound"]
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        expected = [
            importance_weighted_bound(one.model, part, generator, 4) for part in seen.split(3)
        ]
    np.testing.assert_array_equal(found, torch.cat(expected).numpy())
    assert bounds.measured_pass(one, seen, 2)["log_likelihood"].shape == (7,)


def test_the_gap_is_of_the_same_pictures() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(80, 20, 500)
    found = bounds.gap(hard + 1 + rng.normal(0, 0.1, 500), hard, ["a", "b"])
    assert found["nats"] == pytest.approx(1, abs=0.03)
    assert found["standard_error_nats"] == pytest.approx(0.1 / np.sqrt(500), rel=0.1)
    assert found["pictures_in_favour"] == 0


def test_fingerprints_tell_models_apart() -> None:
    first, second = subject(seed=0), subject(seed=1)
    assert first.fingerprint == subject(seed=0).fingerprint
    assert len({first.fingerprint, second.fingerprint, subject("plain").fingerprint}) == 3


def test_samples_are_the_same_for_a_seed_and_as_many_as_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subjects, "BATCH", 3)
    one = subject()
    with torch.no_grad():
        first, second, other = (
            torch.cat(list(subjects.sampled_features(one, 7, seed, 1.0))) for seed in (1, 1, 2)
        )
    assert len(first) == 7
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def write_log(folder: Path) -> Path:
    """40 steps in 10 seconds and 40 in 20, validated after 40 and 80."""
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [{"kind": "start", "step": 0}]
    for step, rate, bound in ((20, 4, 300), (40, 4, 200), (80, 2, 100)):
        lines.append(
            {"kind": "train", "step": step, "steps_per_second": rate, "negative_elbo": bound}
        )
        if step > 20:
            nats = {"negative_elbo": bound - 10, "kl": 20, "bits_per_dimension": 0.2}
            lines.append({"kind": "validation", "step": step, **nats})
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return folder


def test_a_curve_has_the_seconds_of_its_steps(tmp_path: Path) -> None:
    rows = curves.curve("plain", write_log(tmp_path / "run"))
    assert [row["step"] for row in rows] == [40, 80]
    assert [row["seconds"] for row in rows] == [10, 30]
    assert [row["negative_elbo_nats"] for row in rows] == [190, 90]
    assert [row["train_negative_elbo_nats"] for row in rows] == [250, 100]


def test_logs_are_named_by_their_head(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "run")
    found = curves.parse_logs([f"collage={folder}", f"plain={folder}/log.jsonl"])
    assert found == {"collage": folder, "plain": folder}
    for text in (str(folder), "plain=", f"plain={tmp_path}"):
        with pytest.raises(InputError, match=r"HEAD=FOLDER.*log\.jsonl"):
            curves.parse_logs([text])
    (folder / "log.jsonl").write_text('{"kind": "start", "step": 0}\n')
    with pytest.raises(InputError, match="no validation"):
        curves.curve("plain", folder)


def test_the_training_part_writes_curves(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = saved_figures(monkeypatch)
    folder = write_log(tmp_path / "run")
    assert run("training") == {}
    document = run("training", "--log", f"collage={folder}", f"plain={folder}")
    assert [row["best_nats"] for row in document["results"]["ends"]] == [90, 90]
    with (tmp_path / "out" / "vdvae_training.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["head"], row["step"]) for row in rows] == [
        (head, step) for head in ("collage", "plain") for step in ("40", "80")
    ]
    assert (tmp_path / "out" / "vdvae_training.png").is_file()
    for axis, places in zip(saved[0].axes, ([10 / 3600, 30 / 3600], [40, 80]), strict=True):
        expected = np.stack([places, [190, 90]], axis=1)
        lines = lines_of(axis)
        assert set(lines) == {"collage", "plain"}
        assert all(points == pytest.approx(expected) for points in lines.values())


def test_the_bounds_part_compares_saved_models(run: Run, tmp_path: Path) -> None:
    for head in ("collage", "plain"):
        subjects.untrained(head).save_pretrained(tmp_path / head, {"steps": 12})
    given = ["--collage", str(tmp_path / "collage"), "--plain", str(tmp_path / "plain")]
    document = run("bounds", *given, "--keep", str(tmp_path / "kept"))
    results = document["results"]
    first, second = results["elbo"]
    assert (first["head"], second["head"]) == ("collage", "plain")
    gap = first["negative_elbo_nats"] - second["negative_elbo_nats"]
    assert results["gap"]["nats"] == pytest.approx(gap)
    assert [m["card"]["steps"] for m in results["models"]] == [12, 12]
    assert all(row["source"] for row in document["published"])
    by_samples = {(r["head"], r["samples"]): r for r in results["importance_weighted"]}
    tighter = by_samples["plain", 4]["negative_bound_nats"]
    assert tighter < by_samples["plain", 1]["negative_bound_nats"]
    again = run("bounds", *given, "--keep", str(tmp_path / "kept"))
    assert again["results"] == results


def test_the_other_parts_run_without_data_and_models(run: Run, tmp_path: Path) -> None:
    found = run("quality")["results"]
    assert 0 <= found["classifier"]["test_accuracy"] <= 1
    names = [row["set"] for row in found["rows"]]
    assert len(names) == 4 + 4
    assert names[0] == "collage, temperature 1"
    document = run("upsampling")
    methods = [row["method"] for row in document["results"]["rows"]]
    assert methods == ["nearest", "bicubic", "Lanczos", "bicubic of logits", "collage"]
    assert "untrained" in document["notes"][-1]
    # Four samples of 28 pixels a model; panels below their captions, large ones with gaps.
    small, large = 3 * (2 * 28 + 1), 280
    for name, shape in (
        ("samples", (CAPTION + small, 2 * small + GAP)),
        ("samples_10x", (2 * large + GAP, 2 * large + GAP)),
        ("samples_40x", (1120, 1120)),
        ("upsampling", (2 * (CAPTION + large), 5 * large + 4 * GAP)),
    ):
        sheet = read_picture(tmp_path / "out" / f"vdvae_{name}.png", "grey")
        assert sheet.shape == shape
        corners = (sheet[-25:, :25], sheet[-25:, -25:], sheet[-shape[0] // 2 :][:25, :25])
        assert all(0 < corner.std() < 0.4 for corner in corners)


def options(**given: Any) -> argparse.Namespace:
    plain = {"quick": False, "data": None, "device": "cpu", "collage": None, "plain": None}
    return argparse.Namespace(**{**plain, **given})


def test_models_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--collage MODEL, --plain MODEL"):
        subjects.load_subjects(options())
    subjects.untrained("plain").save_pretrained(tmp_path / "plain")
    with pytest.raises(InputError, match="with the collage head"):
        subjects.load_subjects(options(collage=str(tmp_path / "plain")))
    (found,) = subjects.load_subjects(options(plain=str(tmp_path / "plain")))
    assert found.label == "plain"
    small = Pictures(np.zeros((4, 20, 24, 1), np.uint8), np.zeros(4, np.int64))
    with pytest.raises(InputError, match=r"--plain is a model of pictures of 28x28: .* 24x20"):
        subjects.check_sizes([found], Data(small, small, "small"))


def test_data_is_found_in_a_folder_and_cut_for_quick_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_pictures(30, 0)
    arrays = {"images": made.images[..., 0], "labels": made.labels}
    both = {f"{s}_{name}": array for s in ("train", "test") for name, array in arrays.items()}
    np.savez(tmp_path / "mnist.npz", **both)
    data = load_data(options(data=tmp_path))
    assert (len(data.train), len(data.test), data.name) == (30, 30, "mnist.npz")
    np.testing.assert_array_equal(data.test.images, made.images)
    monkeypatch.setattr(digits, "QUICK_TEST", 20)
    assert len(load_data(options(data=tmp_path, quick=True)).test) == 20
    del both["test_labels"]
    np.savez(tmp_path / "mnist.npz", **both)
    with pytest.raises(InputError, match="with labels"):
        load_data(options(data=tmp_path / "mnist.npz"))


def test_the_number_of_features_is_what_the_classifier_gives() -> None:
    model = classifier.Classifier(28, 10)
    assert model.describe(pictures(2)).shape == (2, classifier.FEATURES)
