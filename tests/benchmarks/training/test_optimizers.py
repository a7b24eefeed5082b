"""The benchmark of optimisers: it runs, and both learn the same."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.priors import digits
from benchmarks.training import optimizers


def test_a_quick_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(digits, "QUICK_TRAIN", 40)
    monkeypatch.setattr(digits, "QUICK_TEST", 20)
    words = ["--quick", "-o", str(tmp_path), "--batches", "4", "--rates", "0.001", "0.002"]
    words += ["--keep", str(tmp_path / "kept"), "--seeds", "0", "1"]
    for _ in range(2):  # the second time from what was kept
        monkeypatch.setattr(sys, "argv", ["optimizers.py", *words])
        optimizers.main()
    results = json.loads((tmp_path / "optimizers_made.json").read_text())["results"]
    rows = results["rows"]
    assert [(row["optimizer"], row["rate"]) for row in rows] == [
        (optimizer, rate) for rate in (0.001, 0.002) for optimizer in ("adamw", "muon")
    ]
    assert all(row["psnr_lowest_db"] <= row["psnr_db"] for row in rows)
    assert rows[0]["psnr_db"] != rows[1]["psnr_db"]
    assert results["steps"] == optimizers.QUICK_STEPS
    assert "seconds_per_step" in capsys.readouterr().err
