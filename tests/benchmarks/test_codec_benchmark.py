"""The rate-distortion benchmark: means, deltas, kept rows, a run of it all on a small picture."""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import codec
import codec_data
import harness
from codec_data import Photo, Table
from selfsame.codes import store
from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8


def photo(width: int = 72, height: int = 56, seed: int = 0) -> Photo:
    """Smooth shapes and a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    planes = [128 + 90 * np.sin((x + k * y) / (9 + 4 * k)) for k in range(3)]
    noisy = np.stack(planes, axis=2) + rng.normal(0, 4, (height, width, 3))
    return Photo(f"made{seed}", np.clip(noisy, 0, 255).astype(np.uint8))


def rows_of(name: str, picture: str, points: dict[float, float]) -> list[dict[str, Any]]:
    return [
        {"picture": picture, "codec": name, "setting": str(i), "bpp": bpp, "psnr_db": psnr,
         "ssim": psnr / 50, "encode_ms": 100 * bpp, "decode_ms": bpp}
        for i, (bpp, psnr) in enumerate(points.items())
    ]  # fmt: skip


def test_means_are_of_all_pictures_or_none() -> None:
    rows = rows_of("c", "a", {0.1: 30, 1.0: 40}) + rows_of("c", "b", {0.2: 30, 2.0: 40})
    low, middle, high = codec.means_at_rates(rows, "c", ["a", "b"], [0.1, 0.2**0.5, 2.0])
    assert (low["psnr_db"], low["pictures"]) == (None, 1)
    assert (high["psnr_db"], high["pictures"]) == (None, 1)
    a = 30 + 10 * np.log10(0.2**0.5 / 0.1)
    b = 30 + 10 * np.log10(0.2**0.5 / 0.2)
    assert middle["psnr_db"] == pytest.approx((a + b) / 2)
    assert middle["ssim"] == pytest.approx((a + b) / 100)
    assert middle["pictures"] == 2


def test_means_by_setting_need_every_picture() -> None:
    rows = rows_of("c", "a", {0.1: 30, 1.0: 40, 1.5: 41}) + rows_of("c", "b", {0.3: 32, 2.0: 40})
    found = codec.means_by_setting(rows, "c", ["a", "b"])
    assert [row["bpp"] for row in found] == pytest.approx([0.2, 1.5])
    assert [row["psnr_db"] for row in found] == pytest.approx([31, 40])


def test_deltas_name_the_mean_the_worst_and_the_best_picture() -> None:
    rates = np.array([0.05, 0.2, 0.6, 1.6])
    rows = []
    for picture, share in (("a", 0.5), ("b", 0.8)):
        psnr = 35 + 4 * np.log(rates)
        rows += rows_of("old", picture, dict(zip(rates, psnr, strict=True)))
        rows += rows_of("new", picture, dict(zip(share * rates, psnr, strict=True)))
    found = codec.deltas(rows, "new", "old", ["a", "b"])
    assert found["bd_rate_percent"] == pytest.approx(-35)
    assert found["bd_rate_percent_worst"] == pytest.approx(-20)
    assert found["bd_rate_percent_best"] == pytest.approx(-50)
    gains = [4 * np.log(1 / 0.8), 4 * np.log(1 / 0.5)]
    assert found["bd_psnr_db"] == pytest.approx(np.mean(gains))
    assert found["bd_psnr_db_worst"] == pytest.approx(gains[0])
    assert found["bd_rate_percent_pictures"] == 2
    nothing = codec.deltas(rows, "new", "missing", ["a", "b"])
    assert nothing["bd_rate_percent"] is None
    assert nothing["bd_psnr_db_pictures"] == 0


def test_a_table_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "t.csv"
    table = Table(path, ("name", "setting"), ("name", "setting", "x", "y"))
    table.add({"name": "a", "setting": 0.5, "x": 1.25, "y": None})
    table.add({"name": "a", "setting": 1, "x": 3, "y": "text"})
    table.add({"name": "a", "setting": 0.5, "x": 2.5, "y": 7})
    again = Table(path, ("name", "setting"), ("name", "setting", "x", "y"))
    assert again.find(name="a", setting=0.5) == {"name": "a", "setting": "0.5", "x": 2.5, "y": 7}
    assert again.find(name="a", setting=1) == {"name": "a", "setting": "1", "x": 3, "y": "text"}
    assert again.find(name="b", setting=1) is None
    assert again.rows == table.rows
    with pytest.raises(InputError, match="another kind"):
        Table(path, ("name",), ("name", "z"))


def options(**change: Any) -> argparse.Namespace:
    given = {"effort": 5, "threads": 1, "keep": None, "pure_rates": None} | change
    return argparse.Namespace(**given)


def test_kept_rows_are_not_measured_again_unless_the_codec_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = photo()
    asked: list[tuple[str, float]] = []

    def fake(pixels: np.ndarray, **settings: Any) -> codec_data.Coded:
        asked.append((settings["mode"], settings["bpp"]))
        if settings["mode"] == "pure" and settings["bpp"] < 0.2:
            raise InputError("needs more")
        return codec_data.Coded(None, b"12345678", pixels, 1.0, 2.0)  # type: ignore[arg-type]

    monkeypatch.setattr(codec_data, "through_codec", fake)
    path = tmp_path / "codec_grey.csv"
    codec.measure_ours(one, "grey", [0.1, 1.0], Table(path, codec.KEYS, codec.COLUMNS), options())
    # One rate more than asked for, so that the highest lies within the curve.
    assert [mode for mode, _ in asked] == ["hybrid"] * 3 + ["pure"] * 3
    assert sorted({rate for _, rate in asked}) == [0.1, 1.0, 1.05]
    table = Table(path, codec.KEYS, codec.COLUMNS)
    assert len(table.rows) == 5
    asked.clear()
    codec.measure_ours(one, "grey", [0.1, 1.0], table, options())
    assert asked == [("pure", 0.1)]  # what no file could do is tried again
    monkeypatch.setattr(codec_data, "codec_version", lambda: "other")
    asked.clear()
    codec.measure_ours(one, "grey", [0.1, 1.0], table, options())
    assert len(asked) == 6
    row = table.find(picture=one.name, codec="selfsame hybrid", setting=1.0, version="other-5")
    assert row is not None
    assert row["bpp"] == pytest.approx(64 / (72 * 56))
    assert row["psnr_db"] == 100


def test_what_goes_through_the_codec_is_what_the_file_holds() -> None:
    pixels = photo().pixels("grey")
    coded = codec_data.through_codec(pixels, bpp=1.0, threads=1)
    assert len(coded.data) * 8 <= pixels.size
    import selfsame

    again = to_uint8(selfsame.decode(store.unpack(coded.data)))
    assert (again == coded.picture).all()
    assert codec_data.judge(pixels, coded.picture).psnr_db > 25


def test_pictures_come_from_where_they_are(tmp_path: Path) -> None:
    def load(data: Path | None, pictures: int | None = None, quick: bool = False) -> list[Photo]:
        return codec_data.load_photos(argparse.Namespace(data=data, pictures=pictures, quick=quick))

    kodak = tmp_path / "kodak"
    kodak.mkdir()
    for seed in (2, 1):
        Image.fromarray(photo(200, 160, seed).rgb).save(kodak / f"p{seed}.png")
    (kodak / "notes.txt").write_text("no picture")
    for data in (tmp_path, kodak):
        assert [p.name for p in load(data)] == ["p1", "p2"]
    assert [p.name for p in load(kodak, pictures=1)] == ["p1"]
    assert (load(kodak / "p2.png")[0].rgb == photo(200, 160, 2).rgb).all()
    side = codec_data.QUICK_SIDE
    small = load(kodak / "p2.png", quick=True)[0]
    assert small.rgb.shape == (side, side, 3)
    top, left = (160 - side) // 2, (200 - side) // 2
    assert (small.rgb == photo(200, 160, 2).rgb[top : top + side, left : left + side]).all()
    assert len(load(None)) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="none in"):
        load(empty)


def test_a_whole_run_writes_tables_plots_and_a_valid_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out, keep = tmp_path / "data", tmp_path / "out", tmp_path / "keep"
    data.mkdir()
    Image.fromarray(photo(64, 48).rgb).save(data / "one.png")
    command = ["codec.py", "--quick", "--data", str(data), "-o", str(out), "--keep", str(keep)]
    command += ["--rates", "1.5", "2.5", "--colors", "grey", "--threads", "1", "--json"]
    monkeypatch.setattr(sys, "argv", command)
    codec.main()
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
    # Again, with everything kept: nothing is encoded.
    monkeypatch.setattr(codec_data, "through_codec", lambda *_, **__: pytest.fail("measured"))
    codec.main()
    again = json.loads(capsys.readouterr().out)["results"]
    for codec_name, kept in again["grey"]["mean_at_rates"].items():
        # Kept rows have six digits.
        for one, other in zip(means[codec_name], kept, strict=True):
            assert {k for k in one if one[k] is None} == {k for k in other if other[k] is None}
            for measure, value in one.items():
                if value is not None:
                    assert other[measure] == pytest.approx(value, rel=1e-4)
