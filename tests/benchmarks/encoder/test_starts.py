"""The benchmark of encoders: steps counted rightly, medians, kept runs, what is judged."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import harness, protocol
from benchmarks.encoder import comparison, savings, starts
from benchmarks.encoder.comparison import at_start
from benchmarks.encoder.inverse_data import fractals
from benchmarks.encoder.savings import Run, equal_quality, median_interval, steps_of_means, steps_to
from benchmarks.ifs import judging
from selfsame.ifs.fit import FitConfig, fit
from support.saved_figures import lines_of, saved_figures


def made(count: int = 2) -> list[protocol.Target]:
    return protocol.select_targets(None, "all", None)[:count]


def test_steps_are_those_done_before_the_loss() -> None:
    losses = np.array([[4.0, 3, 2, 1], [4, 1, 3, 1], [4, 4, 4, 4], [1, 4, 4, 4]])
    found = steps_to(losses, np.array([2.0, 1, 1, 1]))
    assert found.tolist() == [2, 1, np.inf, 0]


def test_the_median_has_the_interval_of_the_tables() -> None:
    # Ten values: from the second to the ninth, 97.9 %; fifteen: fourth to twelfth, 96.5 %.
    for count, low, high in ((10, 2, 9), (15, 4, 12)):
        values = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
        assert median_interval(values) == ((count + 1) / 2, low, high)
    assert median_interval(np.array([3.0, np.inf, np.inf])) == (np.inf, 3, np.inf)
    assert median_interval(np.array([5.0])) == (5, 5, 5)
    random = np.random.default_rng(1).exponential(size=(2000, 41))
    intervals = np.array([median_interval(row)[1:] for row in random])
    inside = (intervals[:, 0] <= np.log(2)) & (np.log(2) <= intervals[:, 1])
    assert 0.94 < inside.mean() < 0.985


def test_means_get_there_where_half_of_the_targets_do_not() -> None:
    fall = np.linspace(8, 1, 8)
    losses = fall + np.where(np.arange(40) % 2, 0.6, -0.6)[:, None]
    whole, low, high = steps_of_means(losses, np.full(40, 2.0))
    assert (whole, low, high) == (6, 6, 7)
    assert steps_of_means(losses, np.full(40, 0.5))[0] == np.inf
    # Of targets that all do the same there is but one interval.
    assert steps_of_means(np.ones((40, 1)) * fall, np.full(40, 3.0)) == (5, 5, 5)
    # Goal and loss of a target are drawn together.
    assert steps_of_means(losses, losses[:, 3]) == (3, 3, 3)


def test_equal_quality_by_set_and_goal() -> None:
    none = np.zeros(3)
    slow = np.linspace(8, 1, 8) * np.ones((3, 1))  # 8, 7 ... 1
    fast = slow / 2
    runs = {
        "encoder": Run(fast, none, none),
        "mixture": Run(slow, none, none),
        "uniform": Run(slow + 2, none, none),
    }
    rows = equal_quality(runs, {"a": slice(0, 1), "b": slice(1, 3)})
    found = {(row["set"], row["goal"], row["init"]): row for row in rows}
    # The goal after 4 steps is 4: the encoder begins there, random numbers end at 3.
    assert found["all", "mixture after 4", "encoder"]["steps_of_each"][0] == 0
    assert found["b", "mixture after 4", "mixture"]["steps_of_each"][0] == 4
    assert found["a", "mixture after 4", "uniform"]["steps_of_each"][0] == 6
    assert found["all", "uniform at its end", "mixture"]["steps_of_each"][0] == 5
    last = found["all", "mixture after 8", "uniform"]
    assert last["steps_of_each"] == last["steps_of_means"] == (np.inf, np.inf, np.inf)
    assert last["reached"] == 0
    assert [found[s, "mixture after 1", "encoder"]["targets"] for s in ("all", "a", "b")] == [
        3,
        1,
        2,
    ]
    assert {row["set"] for row in equal_quality(runs, {"a": slice(0, 3)})} == {"a"}


def test_a_run_is_kept_and_no_other_is_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, config = made(3), FitConfig(steps=3, restarts=1, batch=2)
    place = tmp_path / "steps", "run"
    first = savings.run(config, targets, 0, *place)
    assert first.losses.shape == (3, 3)
    assert (first.losses > 0).all()
    assert (first.min_mse < first.mean_mse).all()

    def gone(*_: Any, **__: Any) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(savings, "fit", gone)
    again = savings.run(config, targets, 0, *place)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    for other in ((replace(config, steps=4), targets, 0), (config, targets[:2], 0)):
        with pytest.raises(AssertionError, match="fitted again"):
            savings.run(*other, *place)


def test_no_step_is_the_start_itself(tmp_path: Path) -> None:
    targets, config = made(), FitConfig(steps=4, restarts=2)
    start = savings.run(at_start(config), targets, 0, tmp_path, "a")
    whole = savings.run(config, targets, 0, tmp_path, "b")
    np.testing.assert_array_equal(start.losses[:, 0], whole.losses[:, 0])
    assert (whole.mean_mse < start.mean_mse).all()
    # Adam moves nothing further than its rate, so that hardly any rate is none at all.
    still = at_start(config)
    pictures = [target.image for target in targets]
    codes = [fit(pictures, c).codes for c in (still, replace(still, learning_rate=2e-9))]
    for one, other in zip(*codes, strict=True):
        np.testing.assert_allclose(one.system.matrices, other.system.matrices, atol=1e-7)


def test_predictions_are_judged_on_their_own_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, parameters = fractals(0, 0, range(3))

    class Oracle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.known = nn.Parameter(parameters)

        def forward(self, asked: torch.Tensor) -> torch.Tensor:
            assert torch.equal(asked, pictures)
            return self.known

    monkeypatch.setattr(comparison, "load_inverse_encoder", lambda _: Oracle())
    targets = [protocol.Target(str(i), 0, p[0].numpy()) for i, p in enumerate(pictures)]
    fits = comparison.inverse_fits(Path("unused"), targets)
    wrong = [judging.judge(fits.codes[i - 1], t.image, 0) for i, t in enumerate(targets)]
    for mine, other in zip(fits.scores, wrong, strict=True):
        assert mine.mean_mse < 0.6 * other.mean_mse


def test_the_tables_show_what_is_never_reached() -> None:
    row = {"starts": 1, "set": "a", "goal": "g", "targets": 3}
    never = (np.inf, np.inf, np.inf)
    some, means = (4.0, 3.0, np.inf), (5.0, 2.0, 6.0)
    equal = [
        {
            **row,
            "init": "encoder",
            "steps_of_each": some,
            "steps_of_means": means,
            "reached": 2 / 3,
        },
        {**row, "init": "uniform", "steps_of_each": never, "steps_of_means": never, "reached": 0.0},
    ]
    budgets = [
        {"set": "a", "starts": 1, "init": "encoder", "steps": steps, "mean_mse": 1 / (1 + steps)}
        for steps in (0, 3)
    ]
    text = savings.tables(equal, budgets, (0, 3))
    assert "| 1 | a | g | 4 (3 to never), 67% | never, 0% |" in text
    assert "| 1 | a | g | 5 (2 to 6) | never |" in text
    assert "| 1 | a | encoder | 1 | 0.25 |" in text


def test_a_training_needs_a_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["encoder.py", "--quick", "--part", "train-inverse"])
    with pytest.raises(SystemExit, match="1"):
        harness.run(starts.main)
    assert "--keep DIR" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("part", ["table", "steps"])
def test_a_quick_run_of_every_part(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--quick", "--part", part, "-o", str(tmp_path), "--keep", str(tmp_path / "keep")]
    monkeypatch.setattr(sys, "argv", ["encoder.py", *arguments, "--json"])
    figures = saved_figures(monkeypatch)
    starts.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    assert document == json.loads((tmp_path / f"encoder_{part}.json").read_text())
    results = document["results"]
    if part == "table":
        rows = {row["method"]: row for row in results["quality"]}
        assert (
            rows["set encoder, then 400 steps"]["min MSE"] < rows["B: inverse encoder"]["min MSE"]
        )
    else:
        assert (tmp_path / "encoder_steps.png").is_file()
        for axis in figures[0].axes:
            lines = lines_of(axis)
            assert set(lines) == set(savings.INITS)
            assert all(points[-1, 1] < points[0, 1] for points in lines.values())
            assert len(axis.collections) == len(lines)  # from quartile to quartile
        assert {row["init"] for row in results["budgets"]} == set(savings.INITS)
