"""The rate-distortion benchmark: kept rows, a run of it all on a small picture."""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import harness
from benchmarks.codec import rates
from benchmarks.codec.ours import Coded, through_codec
from benchmarks.codec.photos import Photo
from benchmarks.codec.rows import COLUMNS, KEYS, judge
from benchmarks.harness.kept import Table
from selfsame.codes import store
from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8
from support.saved_figures import lines_of, saved_figures


def photo(width: int = 72, height: int = 56, seed: int = 0) -> Photo:
    """Smooth shapes and a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    planes = [128 + 90 * np.sin((x + k * y) / (9 + 4 * k)) for k in range(3)]
    noisy = np.stack(planes, axis=2) + rng.normal(0, 4, (height, width, 3))
    return Photo(f"made{seed}", np.clip(noisy, 0, 255).astype(np.uint8))


def options(**change: Any) -> argparse.Namespace:
    given = {"effort": 5, "threads": 1, "keep": None, "pure_rates": None} | change
    return argparse.Namespace(**given)


def test_kept_rows_are_not_measured_again_unless_the_codec_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = photo()
    asked: list[tuple[str, float]] = []

    def fake(pixels: np.ndarray, **settings: Any) -> Coded:
        asked.append((settings["mode"], settings["bpp"]))
        if settings["mode"] == "pure" and settings["bpp"] < 0.2:
            raise InputError("needs more")
        return Coded(None, b"12345678", pixels, 1.0, 2.0)  # type: ignore[arg-type]

    monkeypatch.setattr(rates, "through_codec", fake)
    path = tmp_path / "codec_grey.jsonl"
    rates.measure_ours(one, "grey", [0.1, 1.0], Table(path, KEYS, COLUMNS), options())
    # One rate more than asked for, so that the highest lies within the curve.
    assert [mode for mode, _ in asked] == ["hybrid"] * 3 + ["pure"] * 3
    assert sorted({rate for _, rate in asked}) == [0.1, 1.0, 1.05]
    table = Table(path, KEYS, COLUMNS)
    assert len(table.rows) == 5
    asked.clear()
    rates.measure_ours(one, "grey", [0.1, 1.0], table, options())
    assert asked == [("pure", 0.1)]  # what no file could do is tried again
    monkeypatch.setattr(rates, "codec_version", lambda: "other")
    asked.clear()
    rates.measure_ours(one, "grey", [0.1, 1.0], table, options())
    assert len(asked) == 6
    row = table.find(picture=one.name, codec="selfsame hybrid", setting=1.0, version="other-5")
    assert row is not None
    assert row["bpp"] == pytest.approx(64 / (72 * 56))
    assert row["psnr_db"] == 100


def test_what_goes_through_the_codec_is_what_the_file_holds() -> None:
    pixels = photo().pixels("grey")
    coded = through_codec(pixels, bpp=1.0, threads=1)
    assert len(coded.data) * 8 <= pixels.size
    import selfsame

    again = to_uint8(selfsame.decode(store.unpack(coded.data)))
    assert (again == coded.picture).all()
    assert judge(pixels, coded.picture).psnr_db > 25


def test_a_whole_run_writes_tables_plots_and_a_valid_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out, keep = tmp_path / "data", tmp_path / "out", tmp_path / "keep"
    data.mkdir()
    Image.fromarray(photo(64, 48).rgb).save(data / "one.png")
    command = ["codec.py", "--quick", "--data", str(data), "-o", str(out), "--keep", str(keep)]
    command += ["--rates", "1.5", "2.5", "--colors", "grey", "--threads", "1", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    figures = saved_figures(monkeypatch)
    rates.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    assert json.loads((out / "codec.json").read_text()) == document
    means = document["results"]["grey"]["mean_at_rates"]
    assert all(row["psnr_db"] > 20 for row in means["selfsame hybrid"])
    with (out / "codec_grey.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    ours = [row for row in rows if row["codec"] == "selfsame hybrid"]
    assert len(ours) == 3
    assert all(float(row["bpp"]) <= float(row["setting"]) for row in ours)
    for name in ("codec_grey.png", "codec_grey_pictures.png"):
        with Image.open(out / name) as image:
            assert image.format == "PNG"
    whole, each = (lines_of(figure.axes[0]) for figure in figures)
    assert set(means) <= set(whole)
    first, last = means["selfsame hybrid"][0], means["selfsame hybrid"][-1]
    for row, point in zip((first, last), whole["selfsame hybrid"][[0, -1]], strict=True):
        assert point == pytest.approx((row["bpp"], row["psnr_db"]))
    measured = sorted((float(row["bpp"]), float(row["psnr_db"])) for row in ours)
    assert each["selfsame hybrid"] == pytest.approx(np.array(measured), rel=1e-4)
    # Again, with everything kept: nothing is encoded.
    monkeypatch.setattr(rates, "through_codec", lambda *_, **__: pytest.fail("measured"))
    rates.main()
    again = json.loads(capsys.readouterr().out)["results"]
    for codec_name, kept in again["grey"]["mean_at_rates"].items():
        # Kept rows have six digits.
        for one, other in zip(means[codec_name], kept, strict=True):
            assert {k for k in one if one[k] is None} == {k for k in other if other[k] is None}
            for measure, value in one.items():
                if value is not None:
                    assert other[measure] == pytest.approx(value, rel=1e-4)
