"""The benchmark of sets of maps: what it measures, and that it runs."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.priors import digits, maps
from selfsame.io.pictures import read_picture


def test_the_nearest_iou_against_sets_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "AT_ONCE", 3)
    random = torch.Generator().manual_seed(0)
    pictures, known = (torch.rand(n, 1, 5, 5, generator=random) for n in (7, 11))
    pictures[3] = known[4]
    pictures[5] = 0
    found = maps.nearest_iou(pictures, known)
    for picture, iou in zip(pictures, found, strict=True):
        ours = {tuple(p) for p in np.argwhere(picture[0].numpy() > 0.5)}
        theirs = [{tuple(p) for p in np.argwhere(k[0].numpy() > 0.5)} for k in known]
        assert iou == pytest.approx(max(len(ours & k) / len(ours | k) for k in theirs))
    assert found[3] == 1
    assert found[5] == 0


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
