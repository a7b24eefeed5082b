"""The benchmark of fits: the clock, the tables, the contact sheet; fits themselves are faked."""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import protocol
from benchmarks.ifs import ablation, fit, judging
from benchmarks.ifs.sheets import contact_sheets, drawings
from selfsame.errors import DivergedError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.fit import PRESETS, FitConfig, FitResult
from selfsame.ifs.system import IFS
from support.saved_figures import pictures_of, saved_figures


def square_code(scale: float) -> IFSCode:
    """A code whose attractor is the square [-scale, scale]² of the window [-1, 1]²."""
    corners = 0.5 * scale * np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    system = IFS(np.repeat(0.5 * np.eye(2)[None], 4, 0), corners)
    return IFSCode(system, Viewport(-1, -1, 1, 1), (32, 32))


def square(scale: float) -> np.ndarray:
    axis = abs(np.arange(32) + 0.5 - 16) < 16 * scale
    return np.outer(axis, axis).astype(np.float32)


def test_the_clock_stops_at_the_first_good_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    scales = {5: 0.2, 10: 0.35, 15: 0.5, 20: 0.5}

    def fake(pictures: Any, config: FitConfig, *, callback: Any, **other: Any) -> None:
        for step in range(1, 21):
            time.sleep(0.002)
            callback(step, [0.0], lambda step=step: [square_code(scales[step])])

    monkeypatch.setattr(fit, "fit", fake)
    code, target = square_code(0.5), square(0.5)
    good = judging.judge(code, target, 0).min_mse
    config = FitConfig(steps=20)
    seconds = fit.seconds_to_error(target, config, good * 1.01, 0)
    assert seconds is not None
    assert seconds >= 0.03  # the third snapshot, after 15 steps of 2 ms
    assert fit.seconds_to_error(target, config, good * 0.5, 0) is None


def test_quality_keeps_the_order_of_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [protocol.Target(f"t{s}", 0, square(s)) for s in (0.3, 0.5)]

    def fake(pictures: Any, config: Any, **other: Any) -> FitResult:
        return FitResult([square_code(s) for s in (0.3, 0.5)], np.zeros(2), 3.0)

    monkeypatch.setattr(judging, "fit", fake)
    fits = judging.quality(FitConfig(), targets, 0)
    assert all(score.iou > 0.6 for score in fits.scores)
    row = judging.table_row("set", "fake", fits, slice(0, 1))
    assert row["targets"] == 1
    assert row["min MSE"] == fits.scores[0].min_mse
    assert row["s a target"] == 1.5


def test_ablation_has_the_papers_rows_and_survives_divergence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[FitConfig] = []
    score = protocol.score(*_system(square_code(0.5)), square(0.5))

    def quality(config: FitConfig, targets: Any, seed: int) -> Any:
        asked.append(config)
        if not config.clamp:
            raise DivergedError("gone")
        return judging.Fits([], 1.0, [score])

    monkeypatch.setattr(ablation, "quality", quality)
    options = argparse.Namespace(quick=True, output=None, json=False, seed=0, threads=None)
    ablation.run(
        options,
        ["mine"],
        [protocol.Target("t", 0, square(0.5))],
        {"mine": slice(0, 1)},
    )
    table = capsys.readouterr().err
    for label in ("fixed sequences", "no noise", "raw parameters", "SGD", "σ = 0.5", "N = 20"):
        assert f"| {label} | {score.min_mse:.4g} |" in table
    assert "| no clamp | – | diverged |" in table
    assert "| inverse encoder | – | see benchmarks.encoder.starts |" in table
    # The full method stands in all three tables and is fitted once.
    assert sum(config.noise > 0 for config in asked) == len(asked) - 1
    assert asked.count(judging.shortened(PRESETS["paper"], True)) == 1


def test_contact_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [protocol.Target(f"t{i}", 0, square(side)) for i, side in enumerate((0.5, 0.4))]
    codes = {"default": [square_code(0.5), square_code(0.4)]}
    figures = saved_figures(monkeypatch)
    contact_sheets(tmp_path, ["mine"], targets, {"mine": slice(0, 2)}, codes)
    assert (tmp_path / "fits-mine.png").is_file()
    (figure,) = figures
    target, best, mean = pictures_of(figure)
    for i, code in enumerate(codes["default"]):
        assert np.array_equal(target[i], targets[i].image)
        for picture, drawn in zip((best[i], mean[i]), drawings(code, target[i]), strict=True):
            assert np.array_equal(picture, drawn)
    labels = [axis.get_ylabel() for axis in figure.axes[::2]]
    assert labels == ["target", "default, best", "default, mean"]


def _system(code: IFSCode) -> tuple[Any, ...]:
    system = code.system
    return system.matrices, system.offsets, system.probabilities, code.viewport
