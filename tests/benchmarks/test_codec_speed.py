"""The benchmark of speed: pictures of any size, kept rows, memory; a run of it all (slow)."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import codec_speed
import harness
from codec_data import Table
from selfsame.errors import InputError


def test_tiled_pictures_are_cut_or_mirrored() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    large = codec_speed.tiled(rgb, 17, 14)
    assert large.shape == (14, 17, 3)
    for y in range(14):
        for x in range(17):
            v, u = y % 12, x % 10
            source = rgb[v if v < 6 else 11 - v, u if u < 5 else 9 - u]
            assert (large[y, x] == source).all()
    assert (codec_speed.tiled(rgb, 3, 4) == rgb[1:5, 1:4]).all()
    assert codec_speed.tiled(rgb[..., 0], 8, 3).shape == (3, 8)


@pytest.mark.parametrize("megapixels", [0.1, 1.0, 20.0])
def test_sides_are_three_to_two_of_the_size_asked_for(megapixels: float) -> None:
    width, height = codec_speed.sides(megapixels)
    assert width * 2 == height * 3
    assert width * height == pytest.approx(megapixels * 1e6, rel=0.03)


def test_rows_are_kept_and_targets_out_of_reach_leave_none() -> None:
    table = Table(None, codec_speed.KEYS, codec_speed.COLUMNS)
    key = {"part": "p", "name": "n", "color": "grey", "mode": "pure", "effort": 5, "threads": 1}
    row = codec_speed.kept(table, lambda: {"encode_s": 1.5}, **key)
    assert row is not None
    assert row["encode_s"] == 1.5
    assert codec_speed.kept(table, lambda: pytest.fail("measured again"), **key) == row

    def refuse() -> dict[str, Any]:
        raise InputError("no code reaches that")

    assert codec_speed.kept(table, refuse, **key | {"mode": "hybrid"}) is None
    assert len(table.rows) == 1


def test_peak_memory_is_that_of_a_process_of_its_own() -> None:
    base, peak = codec_speed._in_new_process(_take_memory, 64)
    assert peak - base > 60
    # This process's own memory, whatever it is, is no part of it.
    ballast = np.ones(96 << 17)
    other, _ = codec_speed._in_new_process(_take_memory, 1)
    assert other < base + 30
    assert ballast.nbytes == 96 << 20


def _take_memory(mebibytes: int) -> tuple[float, float]:
    base = codec_speed.peak_mib()
    block = np.ones(mebibytes << 17)
    return base, codec_speed.peak_mib() + 0 * block[0]


def test_times_come_with_the_rate_of_a_real_file() -> None:
    pixels = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    row, data = codec_speed.timed(pixels, 1, 1, quality=60, mode="hybrid")
    assert row["bpp"] == len(data) * 8 / pixels.size
    assert row["psnr_db"] > 35
    assert 0 < row["encode_min_s"] <= row["encode_s"] <= row["encode_max_s"]
    assert row["entropy_decode_s"] > 0
    assert row["reconstruct_s"] > 0


@pytest.mark.slow
def test_a_quick_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["codec_speed.py", "--quick", "-o", str(tmp_path), "--megapixels", "0.01", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    codec_speed.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    results = document["results"]
    assert results["same_files_and_pictures_on_all_threads"] is True
    parts = {row["part"] for row in results["rows"]}
    assert parts == {"default effort", "small picture", "command line", "effort", "size"}
    sizes = [row for row in results["rows"] if row["part"] == "size"]
    assert all(row["encode_peak_mib"] > 50 < row["decode_peak_mib"] for row in sizes)
    for name in ("codec_speed.csv", "codec_size.png", "codec_memory.png", "codec_efforts.png"):
        assert (tmp_path / name).stat().st_size > 100
