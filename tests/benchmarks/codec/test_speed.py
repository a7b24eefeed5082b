"""The benchmark of speed: kept rows, times; a run of it all (slow)."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import harness
from benchmarks.codec import speed
from benchmarks.harness.kept import Table
from selfsame.errors import InputError
from support.saved_figures import lines_of, saved_figures


def test_rows_are_kept_and_targets_out_of_reach_leave_none() -> None:
    table = Table(None, speed.KEYS, speed.COLUMNS)
    key = {"part": "p", "name": "n", "color": "grey", "mode": "pure", "effort": 5, "threads": 1}
    row = speed.kept(table, lambda: {"encode_s": 1.5}, **key)
    assert row is not None
    assert row["encode_s"] == 1.5
    assert speed.kept(table, lambda: pytest.fail("measured again"), **key) == row

    def refuse() -> dict[str, Any]:
        raise InputError("no code reaches that")

    assert speed.kept(table, refuse, **key | {"mode": "hybrid"}) is None
    assert len(table.rows) == 1


def test_times_come_with_the_rate_of_a_real_file() -> None:
    pixels = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    row, data = speed.timed(pixels, 1, 1, quality=60, mode="hybrid")
    assert row["bpp"] == len(data) * 8 / pixels.size
    assert row["psnr_db"] > 35
    assert 0 < row["encode_min_s"] <= row["encode_s"] <= row["encode_max_s"]
    assert row["entropy_decode_s"] > 0
    assert row["reconstruct_s"] > 0


@pytest.mark.slow
def test_a_quick_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["codec_speed.py", "--quick", "-o", str(tmp_path), "--json"]
    monkeypatch.setattr(sys, "argv", command)
    figures = saved_figures(monkeypatch)
    speed.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    results = document["results"]
    assert results["same_files_and_pictures_on_all_threads"] is True
    parts = {row["part"] for row in results["rows"]}
    assert parts == {"default effort", "small picture", "effort"}
    for name in ("codec_speed.csv", "codec_efforts.png"):
        assert (tmp_path / name).stat().st_size > 100
    assert set(lines_of(figures[0].axes[0])) == set(speed.MODES)
