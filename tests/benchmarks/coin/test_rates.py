"""Fits of COIN: they learn, they go on where they stopped, their files hold what they claim."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import harness
from benchmarks.codec.photos import Photo
from benchmarks.coin import network, rates, training
from benchmarks.coin import trials as coin
from benchmarks.coin.network import Configuration
from benchmarks.coin.training import Check, Fit
from selfsame.errors import InputError
from selfsame.metrics.pictures import psnr_db
from support.saved_figures import lines_of, saved_figures

SMALL = Configuration(2, 8)


def smooth(height: int = 20, width: int = 28) -> np.ndarray:
    y, x = np.mgrid[:height, :width] / height
    planes = [0.5 + 0.4 * np.sin(2 * x + k * y) for k in range(3)]
    return np.rint(255 * np.stack(planes, axis=2)).astype(np.uint8)


def test_a_smooth_picture_is_learnt() -> None:
    picture = smooth()
    found = training.fit(picture, Configuration(3, 16), steps=300, learning_rate=2e-3)
    assert found.psnr_db > 30
    assert len(found.data) == Configuration(3, 16).file_bytes
    decoded = network.decode(found.data)
    assert psnr_db(picture / 255, decoded / 255) == pytest.approx(found.psnr_db)
    qualities = [check.psnr_db for check in found.checks]
    assert qualities == sorted(qualities)
    assert found.checks[-1].step == 300
    seconds = [check.seconds for check in found.checks]
    assert seconds[0] > 0
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("batch", [None, 50])
def test_a_fit_goes_on_where_it_stopped(batch: int | None, tmp_path: Path) -> None:
    picture = smooth()
    settings: dict[str, Any] = {"batch": batch, "seed": 3}
    straight = training.fit(picture, SMALL, steps=120, **settings)
    first = training.fit(picture, SMALL, steps=50, keep=tmp_path / "kept", **settings)
    second = training.fit(picture, SMALL, steps=120, keep=tmp_path / "kept", **settings)
    assert second.data == straight.data
    assert [c.step for c in second.checks] == [c.step for c in straight.checks]
    assert [c.psnr_db for c in second.checks] == [c.psnr_db for c in straight.checks]
    assert second.checks[: len(first.checks)] == first.checks
    assert second.seconds > first.seconds


def test_a_kept_fit_is_not_trained_again_but_another_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    picture = smooth()
    kept = training.fit(picture, SMALL, steps=20, keep=tmp_path)
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained"))
    assert training.fit(picture, SMALL, steps=20, keep=tmp_path) == kept
    assert training.fit(picture, SMALL, steps=10, keep=tmp_path) == kept
    for change in ({"seed": 1}, {"batch": 9}, {"learning_rate": 1e-3}):
        with pytest.raises(pytest.fail.Exception, match="trained"):
            training.fit(picture, SMALL, steps=20, keep=tmp_path, **change)
    with pytest.raises(pytest.fail.Exception, match="trained"):
        training.fit(picture[::-1].copy(), SMALL, steps=20, keep=tmp_path)


def test_a_worse_candidate_changes_neither_the_file_nor_its_psnr() -> None:
    picture = smooth()
    state = training._State(SMALL, 1e-3, 0, "cpu")
    black = torch.zeros_like(state.candidate)
    state.candidate = black.clone()
    state.candidate[-3:] = 0.5  # the last biases: all grey, which is nearer
    training._check(state, SMALL, picture)
    data, first = state.data, state.checks[0]
    state.candidate = black
    training._check(state, SMALL, picture)
    assert state.data == data
    assert state.checks == [first, first]


def test_parts_of_a_picture_add_up_to_its_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = smooth()
    places = network.places_of(*picture.shape[:2])
    colors = torch.from_numpy(picture.reshape(-1, 3) / np.float32(255))
    weights = network.initial_weights(SMALL, torch.Generator().manual_seed(0))
    weights.requires_grad_()
    mean = (network.predict(weights, SMALL, places) - colors).square().mean()
    (expected,) = torch.autograd.grad(mean, weights)
    monkeypatch.setattr(training, "CHUNK_PIXELS", {"cpu": 99})
    for _ in range(2):  # no rest of the gradient before
        loss = training._backward(weights, SMALL, places, colors)
        assert loss.item() == pytest.approx(mean.item(), rel=1e-5)
        torch.testing.assert_close(weights.grad, expected, rtol=1e-3, atol=1e-6)


def test_times_are_read_off_the_log_and_never_beyond_it() -> None:
    checks = [Check(10 * i, float(i), 20 + i / 16) for i in range(1, 21)]
    found = Fit(b"", checks)
    assert found.seconds_to(20.5) == 8
    assert found.seconds_to(20.51) == 9
    assert found.seconds_to(21.25) == 20
    assert found.seconds_to(21.26) is None
    log = coin.log_of(found)
    # Every other check is a tenth of a decibel above the one that was kept; and the last one.
    assert [line[0] for line in log] == [*range(10, 200, 20), 200]
    assert log[0] == [10, 1.0, 20.062]
    assert log[-1] == [200, 20.0, 21.25]


def test_reduction_is_the_mean_of_squares() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (11, 14, 3), dtype=np.uint8)
    small = coin.reduced(Photo("p", rgb), 3)
    means = rgb[:9, :12].reshape(3, 3, 4, 3, 3).mean(axis=(1, 3))
    assert small.rgb.shape == (3, 4, 3)
    assert np.abs(small.rgb - means).max() < 0.6
    assert (coin.reduced(Photo("p", rgb), 1).rgb == rgb).all()
    for factor in (0, -1, 12):
        with pytest.raises(InputError, match="--reduce"):
            coin.reduced(Photo("p", rgb), factor)


def test_a_quick_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(smooth(96, 128)).save(tmp_path / "one.png")
    command = ["coin.py", "--quick", "--data", str(tmp_path / "one.png"), "--json"]
    command += ["--reduce", "2", "--coin-rates", "0.5", "1", "--coin-steps", "20"]
    command += ["-o", str(tmp_path / "out"), "--keep", str(tmp_path / "keep"), "--threads", "1"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    figures = saved_figures(monkeypatch)
    rates.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    with (tmp_path / "out" / "coin.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["setting"]) for row in rows] == [0.5, 1.0]
    assert all(
        float(r["bpp"]) == pytest.approx(8 * int(r["bytes"]) / (48 * 64), rel=1e-4) for r in rows
    )
    assert [float(r["bpp"]) for r in rows] == pytest.approx([0.5, 1.0], rel=0.2)
    assert document["published"][0]["psnr_db"] == 24.64
    logs = document["results"]["logs"]["one"]
    assert set(logs) == set(lines_of(figures[0].axes[0])) == {"0.5 bpp", "1 bpp"}
    drawn = [line.get_xydata() for line in figures[0].axes[0].get_lines()]
    for log, points in zip(logs.values(), [points for points in drawn if len(points)], strict=True):
        assert points == pytest.approx(np.array(log)[:, 1:])
    with Image.open(tmp_path / "out" / "coin.png") as plot:
        assert plot.format == "PNG"
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained again"))
    rates.main()
    assert json.loads(capsys.readouterr().out)["results"] == document["results"]
