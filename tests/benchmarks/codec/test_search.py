"""The benchmark of searches: its operations, its turns, its pictures; small runs of every part."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.codec import search
from selfsame.errors import InputError

OPTIONS = argparse.Namespace(quick=True, threads=1, data=None, output=None, json=False, seed=0)


def noise(side: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 40, (side, side)).astype(np.float32)


def test_rows_count_pairs_and_operations() -> None:
    rows = search.full_searches(noise(48), OPTIONS)
    assert [row["isometries"] for row in rows] == ["all", "one isometry"]
    for row in rows:
        assert row["domains"] == 25  # corners at 0, 8 ... 32 of 48 - 16
        pairs = 25 * 36
        operations = pairs * 2 * 64 * (8 if row["isometries"] == "all" else 1)
        assert row["plain GFLOP/s"] * row["seconds"] * 1e9 == pytest.approx(operations)
        assert row["ns a pair"] * pairs == pytest.approx(row["seconds"] * 1e9)
    assert rows[0]["executed share"] == pytest.approx(rows[0]["plain share"] / 4)
    assert rows[1]["executed share"] == pytest.approx(rows[1]["plain share"])


def test_turns_alternate_and_take_the_faster_library(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    times = {"a": 2.0, "b": 0.5, "work": 3.0}

    def measure(work, *, warm_up: int, runs: int):  # type: ignore[no-untyped-def]
        calls.append(work())
        return argparse.Namespace(median_s=times[calls[-1]], min_s=times[calls[-1]])

    monkeypatch.setattr(search, "measure", measure)
    products = {"a": lambda: "a", "b": lambda: "b"}
    seconds, rates = search.in_turns(lambda: "work", products, 10**9, OPTIONS)
    assert calls == ["a", "b", "work"] * 2
    assert seconds == [3.0, 3.0]
    assert rates == [2.0, 2.0]


def test_plain_and_fast_find_the_same() -> None:
    rows = search.plain_or_by_parity(noise(160), OPTIONS)
    assert [row["block"] for row in rows] == [8, 16, 32]
    assert all(row["largest relative difference of gains"] < 1e-3 for row in rows)


def test_pictures_are_cut_from_the_middle(tmp_path: Path) -> None:
    picture = np.arange(40 * 60, dtype=np.uint32).reshape(40, 60).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    found = search.chosen_pictures(tmp_path, 20)
    np.testing.assert_array_equal(found["a.png"], picture[10:30, 20:40])
    assert search.chosen_pictures(tmp_path, 50)["a.png"].shape == (40, 50)
    with pytest.raises(InputError):
        search.chosen_pictures(tmp_path / "none", 20)


def test_a_quick_run_writes_a_whole_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "tile_rate", lambda options: 1.0)
    search.main(["--quick", "--threads", "1", "-o", str(tmp_path)])
    document = json.loads((tmp_path / "search.json").read_text())
    results = document["results"]
    assert set(results) == {
        "tile_product_gflops",
        "full_search",
        "plain_or_by_parity",
        "local_search",
        "baseline",
    }
    assert len(results["baseline"]) == 2 * len(search.BASELINES)
    assert all(row["PSNR dB"] > 20 for row in results["baseline"])
    assert "published: 235 s" in capsys.readouterr().err
