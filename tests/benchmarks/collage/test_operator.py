"""The benchmark of the collage operator: its plain version, its arithmetic, a run of it all."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from benchmarks import harness
from benchmarks.collage import operator
from selfsame.collage.operator.functional import domain_term
from selfsame.collage.operator.geometry import Geometry
from support.saved_figures import lines_of, pictures_of, saved_figures


@pytest.mark.parametrize("step", operator.VERSIONS.values())
def test_versions_are_the_operator(step) -> None:
    geometry = Geometry((4, 4), ((16, 16), (8, 8)))
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 16, 32, generator=generator)
    shape = (2, 3, geometry.domain_count(16, 32), geometry.range_count(16, 32))
    weights = torch.randn(shape, generator=generator)
    expected = domain_term(x, weights, geometry)
    torch.testing.assert_close(step(x, weights, geometry), expected)


def test_arithmetic_of_mixing() -> None:
    # 64 x 64: 64 ranges of 8 x 8, domains of 32 and 16: 4 + 16.
    fused = operator.roofline("fused", 64)
    assert fused["flops"] == 2 * 3 * 20 * 64 * 64
    assert fused["bytes"] == 4 * 3 * (20 * 64 + 64 * 64 + 20 * 64)
    assert operator.roofline("materialised", 64)["flops_per_byte"] < 0.25


def test_random_collages_keep_the_bound_and_some_come_near() -> None:
    target = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    rows = [
        operator.errors_of(target, params, geometry)
        for geometry, params in operator.random_collages(32, 40, seed=1)
    ]
    assert all(row["decode_max"] <= row["bound_max"] + 1e-5 for row in rows)
    assert max(row["decode_max"] / row["bound_max"] for row in rows) > 0.5


def test_a_run_of_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scale = operator.Scale(32, 3, (32,))
    monkeypatch.setattr(operator, "QUICK", scale)
    monkeypatch.setattr(operator, "RANGES", (8,))
    # In this process the peak of memory is not the step's own.
    monkeypatch.setattr(operator, "in_new_process", lambda work, *a: work(*a) | {"peak_mib": 1.0})
    monkeypatch.setattr(
        sys, "argv", ["collage_operator.py", "--quick", "-o", str(tmp_path), "--json"]
    )
    figures = saved_figures(monkeypatch)
    operator.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    assert document["results"]["bounds"]["bound_kept_max"]
    assert {row["version"] for row in document["results"]["cost"]["rows"]} == {
        "materialised",
        "fused",
    }
    plots = {path.name for path in tmp_path.glob("*.png")}
    assert plots == {f"collage_{name}.png" for name in ("steps", "bounds", "ranges", "cost")}
    check_plots(document["results"], *figures)


def check_plots(
    results: dict[str, Any], steps: Figure, bounds: Figure, ranges: Figure, cost: Figure
) -> None:
    errors = results["steps"]["max_error_by_step"]
    assert [len(row) for row in pictures_of(steps)] == [len(operator.STEPS)] * len(errors)
    lines = lines_of(steps.axes[-1])
    for name, own in errors.items():
        assert lines[f"from {name}"][:, 1] == pytest.approx(np.array(own), abs=1e-7)
    assert len(lines) == len(errors) + 1
    scattered = lines_of(bounds.axes[0])
    for norm, label in (("max", "greatest difference"), ("rms", "root mean square")):
        rows = results["bounds"]["random_operators"]
        expected = np.array([[row[f"bound_{norm}"], row[f"decode_{norm}"]] for row in rows])
        assert scattered[label] == pytest.approx(expected)
    for axis, path in zip(bounds.axes[1:], results["bounds"]["descents"].values(), strict=True):
        decoded = lines_of(axis)["decoded, rms"][:, 1]
        assert decoded == pytest.approx(np.array([row["decode_rms"] for row in path]))
    of_variants = lines_of(ranges.axes[0])
    assert set(of_variants) == {row["variant"] for row in results["ranges"]["rows"]}
    for axis, key in zip(cost.axes, ("peak_mib", "median_ms"), strict=True):
        for version, points in lines_of(axis).items():
            own = [row for row in results["cost"]["rows"] if row["version"] == version]
            assert points == pytest.approx(np.array([[row["ranges"], row[key]] for row in own]))
        assert set(lines_of(axis)) == {"materialised", "fused"}
