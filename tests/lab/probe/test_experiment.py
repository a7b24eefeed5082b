import json
from dataclasses import replace

import numpy as np
import pytest

from selfsame.cli import main
from selfsame.datasets.labelled import read_labelled
from selfsame.errors import InputError
from selfsame.lab.networks.architectures import Network, make_network
from selfsame.lab.probe import seed_run
from selfsame.lab.probe.experiment import run_experiment
from selfsame.lab.probe.probes import linear_evaluation
from selfsame.lab.probe.results import summary, t_interval, wilson_interval
from selfsame.lab.probe.seed_run import Interrupted
from selfsame.lab.probe.settings import ProbeSettings
from selfsame.training import TrainResult
from selfsame.training.checkpoint import checkpoints
from support.toy_pictures import toy_archive

SETTINGS = ProbeSettings(
    fractals="anderson-farrell", classes=3, instances=4, options={"points": 50}, seeds=2, threads=1
)
SETTINGS = replace(
    SETTINGS,
    pretraining=replace(
        SETTINGS.pretraining, steps=6, batch=4, warmup_steps=1, device="cpu", checkpoint_every=2
    ),
    finetuning=replace(SETTINGS.finetuning, steps=4, batch=4, warmup_steps=1, device="cpu"),
)
RANDOM = replace(SETTINGS, fractals="none")


@pytest.fixture
def data(tmp_path):
    return read_labelled(toy_archive(tmp_path / "toy.npz"))


def test_every_seed_is_trained_and_evaluated_on_the_way(data, tmp_path) -> None:
    out = tmp_path / "out"
    settings = replace(SETTINGS, every=4, draws=2, shots=2)
    notes: list[str] = []
    results = run_experiment(data, settings, out, note=notes.append)
    assert results == json.loads((out / "results.json").read_text())
    assert [point["step"] for point in results["curve"]] == [0, 4, 6]
    assert [seed["seed"] for seed in results["seeds"]] == [0, 1]
    for seed in results["seeds"]:
        found = [(record["step"], record["draw"]) for record in seed["evaluations"]]
        assert found == [(step, draw) for step in (0, 4, 6) for draw in (0, 1)]
        assert {record["learned"] for record in seed["evaluations"]} == {6}
        assert {record["tested"] for record in seed["evaluations"]} == {12}
        place = out / f"seed-{seed['seed']}"
        network = Network.from_pretrained(place / "network")
        learned, tested = data.split(seed["seed"], 1, shots=2)
        again = linear_evaluation(network, learned, tested, seed=draw_seed(seed["seed"], 1))
        assert {"step": 6, "draw": 1, **again.as_dict()} == seed["evaluations"][-1]
        card = Network.card_of(place / "network")
        assert card["fractals"]["classes"] == 3
        assert card["fractals"]["seed"] == card["pretraining"]["seed"] == seed["seed"]
    assert results["accuracy"]["mean"] == t_interval([s["accuracy"] for s in results["seeds"]]).mean
    assert len(notes) == 6
    assert notes[1].startswith("seed 0 after 4 steps: accuracy ")


def draw_seed(seed: int, draw: int) -> int:
    return int(np.random.SeedSequence([seed, draw]).generate_state(1)[0])


def test_what_is_done_is_not_done_again(data, tmp_path, monkeypatch) -> None:
    out = tmp_path / "out"
    first = run_experiment(data, replace(SETTINGS, seeds=1), out)
    assert first["accuracy"]["method"] == "wilson"
    begun = []
    train = seed_run.train
    monkeypatch.setattr(
        seed_run, "train", lambda *a, **options: begun.append(a[3].name) or train(*a, **options)
    )
    both = run_experiment(data, SETTINGS, out)
    assert begun == ["seed-1"]
    assert both["seeds"][0] == first["seeds"][0]
    assert both["seeds"][1] != first["seeds"][0]
    assert run_experiment(data, replace(SETTINGS, seeds=1), out) == first
    assert begun == ["seed-1"]


def test_stopped_and_resumed_ends_with_the_same_file(data, tmp_path, monkeypatch) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    settings = replace(SETTINGS, every=4)
    run_experiment(data, settings, whole)
    train = seed_run.train

    def one_step(*arguments, **options) -> TrainResult:
        result = train(*arguments, **{**options, "stop_after": 1})
        return replace(result, stopped_by="SIGTERM")

    monkeypatch.setattr(seed_run, "train", one_step)
    for _ in range(3):
        with pytest.raises(Interrupted, match="stopped by SIGTERM; the same command goes on"):
            run_experiment(data, settings, stopped)
    assert checkpoints(stopped / "seed-0" / "checkpoints")[0][0] == 3
    monkeypatch.setattr(seed_run, "train", train)
    (newest, *_) = (path for _, path in checkpoints(stopped / "seed-0" / "checkpoints"))
    newest.write_bytes(newest.read_bytes()[:100])  # damaged: the one before is taken
    notes: list[str] = []
    run_experiment(data, settings, stopped, note=notes.append)
    assert any("going back to the one before" in text for text in notes)
    assert (whole / "results.json").read_bytes() == (stopped / "results.json").read_bytes()


def test_random_features_need_no_training(data, tmp_path) -> None:
    results = run_experiment(data, RANDOM, tmp_path / "out")
    assert [point["step"] for point in results["curve"]] == [0]
    assert not list((tmp_path / "out").glob("*/checkpoints"))
    assert "pretraining" not in results
    every = run_experiment(data, replace(SETTINGS, every=4), tmp_path / "trained")
    assert every["curve"][0] == results["curve"][0]


def test_fine_tuning(data, tmp_path) -> None:
    settings = replace(RANDOM, evaluate="finetune", seeds=1)
    scratch = run_experiment(data, settings, tmp_path / "scratch")
    (record,) = scratch["seeds"][0]["evaluations"]
    assert record["learned"] == 27
    assert "validation_accuracy" in record
    assert (tmp_path / "scratch" / "seed-0" / "finetune-0-0" / "log.jsonl").exists()
    assert not list((tmp_path / "scratch").rglob("*.pt"))
    tuned = run_experiment(
        data, replace(SETTINGS, evaluate="finetune", seeds=1, every=6), tmp_path / "tuned"
    )
    assert [point["step"] for point in tuned["curve"]] == [0, 6]


def test_weights_of_a_file(data, tmp_path) -> None:
    path = tmp_path / "network"
    make_network("vit", classes=2, side=16).save_pretrained(path)
    settings = replace(RANDOM, weights=str(path))
    found = run_experiment(data, settings, tmp_path / "out")
    assert len({seed["accuracy"] for seed in found["seeds"]}) == 1
    make_network("vit", classes=2, side=16).save_pretrained(path)
    with pytest.raises(InputError, match=r"other settings: weights is"):
        run_experiment(data, settings, tmp_path / "out")


def test_codes_of_ones_own(data, tmp_path) -> None:
    codes = tmp_path / "codes"
    codes.mkdir()
    assert main(["sample", "anderson-farrell", "--count", "2", "-o", str(codes), "--quiet"]) == 0
    settings = replace(SETTINGS, fractals=str(codes), classes=None, seeds=1)
    run_experiment(data, settings, tmp_path / "out")
    network = tmp_path / "out" / "seed-0" / "network"
    assert Network.from_pretrained(network).config.classes == 2
    next(codes.iterdir()).unlink()
    with pytest.raises(InputError, match=r"other settings: codes is"):
        run_experiment(data, settings, tmp_path / "out")


def test_other_settings_or_pictures_are_refused(data, tmp_path) -> None:
    out = tmp_path / "out"
    run_experiment(data, RANDOM, out)
    with pytest.raises(InputError, match=r"other settings: shots is null there and 2 here"):
        run_experiment(data, replace(RANDOM, shots=2), out)
    other = read_labelled(toy_archive(tmp_path / "other.npz", learned=33))
    with pytest.raises(InputError, match=r"data.fingerprints .*--overwrite"):
        run_experiment(other, RANDOM, out)
    (out / "mine.txt").write_text("kept")
    run_experiment(other, RANDOM, out, restart=True)
    assert (out / "mine.txt").exists()
    assert json.loads((out / "results.json").read_text())["data"]["learned"] == 33


def test_a_killed_experiment_loses_what_was_cut_short_only(data, tmp_path) -> None:
    out = tmp_path / "out"
    first = run_experiment(data, replace(RANDOM, draws=2), out)
    before = (out / "ledger.jsonl").read_bytes()
    (out / "ledger.jsonl").write_bytes(before[:-9])
    notes: list[str] = []
    assert run_experiment(data, replace(RANDOM, draws=2), out, note=notes.append) == first
    assert len(notes) == 1
    assert (out / "ledger.jsonl").read_bytes() == before


def test_experiments_of_earlier_versions_are_named(data, tmp_path) -> None:
    out = tmp_path / "out"
    (out / "seed-0").mkdir(parents=True)
    (out / "seed-0" / "evaluations.json").write_text("[]")
    (out / "config.json").write_text('{"evaluate": "linear", "draws": 1, "data": {}}')
    with pytest.raises(InputError, match=r"config\.json is the record of an earlier version"):
        run_experiment(data, RANDOM, out)
    assert (out / "seed-0" / "evaluations.json").exists()
    run_experiment(data, RANDOM, out, restart=True)
    assert not (out / "config.json").exists()
    assert not (out / "seed-0" / "evaluations.json").exists()


def test_restart_deletes_only_what_an_experiment_wrote(data, tmp_path) -> None:
    out = tmp_path / "out"
    (out / "seed-0").mkdir(parents=True)
    (out / "seed-0" / "mine.txt").write_text("kept")
    run_experiment(data, RANDOM, out, restart=True)
    assert (out / "seed-0" / "mine.txt").exists()


def test_points_are_as_dense_as_in_the_presets() -> None:
    recipe = replace(SETTINGS, fractals="fractaldb", options={}, instances=None).recipe(32, 0)
    assert recipe.options()["points"] == round(100_000 * 32**2 / 256**2)
    assert recipe.instances == 1000


def test_a_seed_counts_once_whatever_its_draws() -> None:
    def records(*accuracies):
        return [
            {"step": 0, "draw": i, "accuracy": value, "tested": 50}
            for i, value in enumerate(accuracies)
        ]

    found = summary({3: records(0.5, 0.7), 4: records(0.8, 0.8)})
    wanted = t_interval([0.6, 0.8])
    assert found["accuracy"] == pytest.approx(vars(wanted))
    assert [seed["accuracy"] for seed in found["seeds"]] == pytest.approx([0.6, 0.8])
    alone = summary({3: records(0.5, 0.7)})["accuracy"]
    assert alone == pytest.approx(vars(wilson_interval(0.6, 50)))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"evaluate": "knn"}, "evaluate must be one of linear, finetune: got 'knn'"),
        ({"seeds": 0}, "seeds must be a whole number from 1: got 0"),
        ({"draws": 1.5}, "draws must be"),
        ({"shots": 0}, "shots must be a whole number from 1"),
        ({"fractals": "none", "every": 2}, "every belongs to a pre-training"),
    ],
)
def test_wrong_settings_are_named(options, text) -> None:
    with pytest.raises(InputError, match=text):
        replace(SETTINGS, **options)


def test_unknown_fractals_are_named(data, tmp_path) -> None:
    with pytest.raises(InputError, match="no fractals 'julia': give one of fractaldb, anderson"):
        run_experiment(data, replace(SETTINGS, fractals="julia"), tmp_path / "out")
