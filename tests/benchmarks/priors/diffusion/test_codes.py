"""The benchmark of diffusion on codes: every part runs on small models, figures add up."""

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import harness
from benchmarks.harness.captions import CAPTION, GAP
from benchmarks.harness.kept import Kept
from benchmarks.priors import digits
from benchmarks.priors.classifier import accuracy
from benchmarks.priors.diffusion import codes, cost, curves, quality, sheets, small
from benchmarks.priors.diffusion.makers import PIXELS, Maker, load_makers
from benchmarks.priors.diffusion.quality import Compared
from benchmarks.priors.digits import Data, binarised, made_pictures
from benchmarks.priors.quality import learned_judge
from selfsame.datasets.batches import evaluation_pictures
from selfsame.errors import InputError
from selfsame.io.pictures import read_picture
from selfsame.latents.batches import encode_set
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.training.checkpoint import checkpoints

KEPT = Kept(None, "codes", codes.SOURCES, ())


@pytest.fixture(scope="module")
def data() -> Data:
    return Data(made_pictures(40, 0), made_pictures(30, 1), "made")


@pytest.fixture(scope="module")
def options(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    """Options that name small models of all kinds."""
    found = Namespace(quick=True, seed=0, threads=1, precision="float32")
    small.make_models(tmp_path_factory.mktemp("models"), data, found)
    return found


@pytest.fixture(scope="module")
def both(data: Data, options: Namespace) -> list[Maker]:
    return load_makers(options, data)


def awake(maker: Maker) -> Maker:
    """The maker with a network whose output is not zero, as it is before training."""
    model = curves.snapshot(maker, checkpoints(maker.folder / "checkpoints")[0][1])[0].model
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            generator = torch.Generator().manual_seed(number)
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return replace(maker, model=model)


def test_samples_repeat_and_follow_their_labels(both: list[Maker]) -> None:
    maker = awake(both[0])
    settings, labels = SamplerSettings(steps=2), torch.arange(6) % 3
    first, again, other, unlike = (
        quality.drawn_samples(maker, of, settings, seed)
        for of, seed in ((labels, 1), (labels, 1), (labels, 2), (2 - labels, 1))
    )
    assert first.shape == (6, 1, 28, 28)
    assert set(first.unique().tolist()) == {0, 1}
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], unlike[0])
    assert torch.equal(first[1], unlike[1])
    one, two = (maker.latents(labels, settings, seed).values for seed in (1, 2))
    assert not torch.equal(one, two)


def test_latents_are_those_of_codes(both: list[Maker]) -> None:
    maker = awake(both[0])
    latents = maker.latents(torch.zeros(3, dtype=torch.int64), SamplerSettings(steps=2), 0)
    assert torch.equal(latents.values, maker.space.rounded(latents).values)
    drawn = maker.pictures(latents)
    with torch.no_grad():
        torch.testing.assert_close(
            drawn[1:2],
            maker.space.draw(latents._replace(values=latents.values[1:2])).clamp(0, 1),
            rtol=0,
            atol=2e-3,
        )
    half = replace(maker, precision="bfloat16").latents(
        torch.zeros(3, dtype=torch.int64), SamplerSettings(steps=2), 0
    )
    assert half.values.dtype == torch.float32
    assert not torch.equal(half.values, latents.values)
    torch.testing.assert_close(half.values, latents.values, rtol=0, atol=1.0)


def test_coded_pictures_are_what_codes_draw(both: list[Maker], data: Data) -> None:
    for maker in both:
        draws = [quality.coded(maker, data.test, seed) for seed in range(40)]
        assert all(set(drawn.unique().tolist()) == {0, 1} for drawn in draws)
        rounded = maker.space.rounded(encode_set(maker.space, data.test))
        expected = maker.pictures(rounded)
        error = float((torch.stack(draws).mean(0) - expected).square().mean())
        spread = float((expected * (1 - expected)).mean()) / len(draws)
        assert error == pytest.approx(spread, rel=0.1)
        if maker.label == PIXELS:  # which lose nothing
            torch.testing.assert_close(expected, evaluation_pictures(data.test))


def test_the_test_pictures_are_near_themselves(data: Data, options: Namespace) -> None:
    judge = learned_judge(data, KEPT, options)
    labels = data.test.labels
    one = Compared({}, lambda seed: binarised(data.test, 0), labels)
    row = quality.judged(judge, one, KEPT, 3)
    assert row["frechet"] == pytest.approx(0, abs=1e-9)
    assert (row["precision"], row["recall"]) == (1, 1)
    assert labels is not None
    assert row["accuracy"] == accuracy(judge.real, labels)
    share = row["accuracy"]
    assert row["accuracy_error"] == pytest.approx(np.sqrt(share * (1 - share) / 30))
    assert judge.about(data)["test_accuracy"] == share


def test_weights_of_guidance_with_and_without_an_interval() -> None:
    found = quality.guided(SamplerSettings(sampler="ddim", steps=7), quality.WEIGHTS)
    assert [s.guidance for s in found.values()] == [1, 1.25, 1.5, 2, 2]
    assert [s.interval for s in found.values()] == [None] * 4 + [quality.INTERVAL]
    assert {(s.sampler, s.steps) for s in found.values()} == {("ddim", 7)}
    assert "guidance 2 from 0.5 to 5" in found


@pytest.mark.parametrize(
    ("sampler", "guidance", "expected"),
    [("ddim", 1, 5), ("dpm-solver", 1, 5), ("heun", 1, 9), ("heun", 2, 18)],
)
def test_evaluations_are_counted(
    both: list[Maker], sampler: Any, guidance: float, expected: int
) -> None:
    settings = SamplerSettings(sampler=sampler, steps=5, guidance=guidance)
    assert curves.evaluations(both[0].model, settings) == expected


def test_snapshots_are_the_model_on_its_way(both: list[Maker]) -> None:
    maker = both[1]
    last, first = checkpoints(maker.folder / "checkpoints")
    (end, end_s), (early, early_s) = (curves.snapshot(maker, path) for _, path in (last, first))
    for name, tensor in maker.model.state_dict().items():  # which a file holds in half precision
        torch.testing.assert_close(end.model.state_dict()[name], tensor, rtol=2e-3, atol=1e-4)
    assert 0 < early_s < end_s
    assert end.fingerprint != early.fingerprint


def test_ratios_are_of_medians() -> None:
    def run(seconds: float, mib: float) -> dict[str, float]:
        return {"seconds": seconds, "draw_s": seconds / 2, "peak_mib": mib}

    ours = cost.medians([run(1, 100), run(9, 300), run(2, 200)])
    assert (ours["seconds"], ours["peak_mib"], ours["runs"]) == (2, 200, 3)
    assert (ours["min_seconds"], ours["max_seconds"]) == (1, 9)
    theirs = cost.medians([run(6, 100)])
    rows = [
        {"model": cost.CODES, "scale": 10, **ours},
        {"model": cost.VDVAE, "scale": 10, **theirs},
    ]
    expected = {"scale": 10, "seconds": 3, "draw_s": 3, "peak_mib": 0.5}
    assert cost.ratio_rows(rows) == [expected]
    assert cost.ratio_rows(rows[:1]) == []


def test_what_a_run_of_the_cost_does(options: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = []
    monkeypatch.setattr(cost, "save", lambda code, path: saved.append(code))
    settings = SamplerSettings(steps=1)
    places = (options.model, options.space)
    row = cost.one_run(cost.Asked(cost.CODES, *places, "float32", settings, 2, 1, 0))
    assert len(saved) == 2 * cost.GROUP  # the first group is not timed
    assert all(code.size == (28, 28) for code in saved)
    parts = row["make_s"] + row["draw_s"] + row["write_s"]
    assert row["seconds"] == pytest.approx(parts)
    assert row["peak_mib"] >= row["loaded_mib"] > 0


def test_labels_of_a_sheet_rise() -> None:
    labels = sheets.by_class(10, 64).tolist()
    assert labels == sorted(labels)
    assert set(np.bincount(labels)) == {6, 7}


def test_models_that_do_not_fit_are_refused(options: Namespace, data: Data) -> None:
    def given(**names: Any) -> Namespace:
        none = {"space": None, "model": None, "pixels": None, "precision": "float32"}
        return Namespace(**{**none, **names})

    with pytest.raises(InputError, match="--space SPACE and --model MODEL, both"):
        load_makers(given(model=options.model), data)
    with pytest.raises(InputError, match="or all of them"):
        load_makers(given(), data)
    with pytest.raises(InputError, match="a diffusion of the space pixels"):
        load_makers(given(space=options.space, model=options.pixels), data)
    more = made_pictures(12, 0)
    assert more.labels is not None
    several = replace(more, labels=more.labels + 1)
    with pytest.raises(InputError, match="in 11 classes"):
        load_makers(given(pixels=options.pixels), Data(several, several, "made"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs the script and returns the document of a part."""

    def call(part: str, *arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["codes.py", "--quick", "-o", str(tmp_path), *arguments])
        sys.argv += ["--steps", "1", "--part", part]
        codes.main()
        capsys.readouterr()
        path = tmp_path / f"codes_made_{part}.json"
        if not path.exists():
            return {}
        document = json.loads(path.read_text())
        harness.check_result(document)
        return dict(document)

    monkeypatch.setattr(digits, "QUICK_TRAIN", 40)
    monkeypatch.setattr(digits, "QUICK_TEST", 30)
    monkeypatch.setattr(cost, "in_new_process", lambda work, *arguments: work(*arguments))
    return call


Run = Callable[..., dict[str, Any]]


def test_the_quality_part_runs_without_data_and_models(run: Run) -> None:
    document = run("quality")
    results = document["results"]
    rows = {row["set"]: row for row in results["rows"]}
    assert len(rows) == 1 + 2 + 2 * 5 + 1
    assert "accuracy" in rows["pixels, guidance 1"]
    assert "accuracy" not in rows["training pictures, coded"]
    assert list(results["spaces"]) == ["codes"]
    assert results["spaces"]["codes"]["pictures"] == 30
    assert [model.get("name") for model in results["models"]][:2] == ["codes", "pixels"]
    assert "untrained" in document["notes"][-1]


def test_the_copies_part_has_test_pictures_beside_samples(run: Run) -> None:
    rows = run("copies")["results"]["rows"]
    assert [row["set"] for row in rows] == ["test pictures", "codes", "pixels"]
    assert all(0 <= row["nearest_iou"] <= 1 for row in rows)


def test_the_curves_are_tables_and_figures(run: Run, tmp_path: Path) -> None:
    assert len(run("steps")["results"]["rows"]) == 2 * 3 * 2
    rows = run("training")["results"]["rows"]
    assert [(row["model"], row["step"]) for row in rows] == [
        *(("codes", 1), ("codes", 2), ("pixels", 1), ("pixels", 2))
    ]
    for part, columns in (("steps", "evaluations"), ("training", "seconds_with_space")):
        assert (tmp_path / f"codes_made_{part}.png").is_file()
        with (tmp_path / f"codes_made_{part}.csv").open() as stream:
            assert all(float(row[columns]) > 0 for row in csv.DictReader(stream))


def test_the_cost_part_compares_with_the_vdvae(run: Run) -> None:
    results = run("cost")["results"]
    assert [(row["model"], row["scale"]) for row in results["rows"]] == [
        *(("codes", 1), ("VDVAE", 1), ("codes", 2), ("VDVAE", 2))
    ]
    assert [row["scale"] for row in results["ratios"]] == [1, 2]


def test_the_sheets(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "COUNT", 4)
    assert run("sheets") == {}
    side = sheets.MAGNIFIED * (2 * 28 + 1)
    sheet = read_picture(tmp_path / "codes_made_samples.png", "grey")
    assert sheet.shape == (2 * (CAPTION + side), 3 * side + 2 * GAP)
    large = read_picture(tmp_path / "codes_made_samples_10x.png", "grey")
    assert large.shape == (4 * 280 + 3 * GAP, 5 * 280 + 4 * GAP)


def test_parts_without_what_they_need_are_left_out(
    run: Run, options: Namespace, tmp_path: Path
) -> None:
    model = Path(options.pixels) / "model"
    assert run("cost", "--pixels", str(model)) == {}
    assert run("training", "--pixels", str(model)) == {}
    assert run("sheets", "--pixels", str(model)) == {}
    assert not list(tmp_path.glob("*_10x.png"))
    assert (tmp_path / "codes_made_samples.png").is_file()


def test_training_of_pixels_needs_a_folder(run: Run) -> None:
    with pytest.raises(InputError, match="--pixels FOLDER and --pixel-steps N"):
        run("train-pixels")
