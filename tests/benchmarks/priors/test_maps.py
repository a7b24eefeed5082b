"""The benchmark of sets of maps: what it measures, and that it runs."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.priors import digits, maps
from selfsame.io.pictures import read_picture


def test_a_quick_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(digits, "QUICK_TRAIN", 60)
    monkeypatch.setattr(digits, "QUICK_TEST", 40)
    monkeypatch.setattr(maps, "SHOWN", 20)
    monkeypatch.setattr(sys, "argv", ["maps.py", "--quick", "-o", str(tmp_path / "out")])
    maps.main()
    assert "nearest_iou" in capsys.readouterr().err
    document = json.loads((tmp_path / "out" / "maps.json").read_text())
    rows = document["results"]["rows"]
    assert [row["set"] for row in rows] == [
        "samples, guidance 1",
        "samples, guidance 1.5",
        "codes of the test pictures",
        "codes of training pictures",
    ]
    assert all(row["pictures"] == maps.QUICK_SAMPLES for row in rows)
    # Lines are coded as lines, and what nothing was learned of is none.
    assert rows[2]["nearest_iou"] > rows[0]["nearest_iou"]
    assert read_picture(tmp_path / "out" / "maps_zooms.png").shape == (2 * 448 + 4, 3 * 448 + 8)
