"""The super-resolution benchmark: masks, rivals, means, a run of it all on a small picture."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import harness
from benchmarks.codec import superres
from selfsame.metrics.pictures import psnr_db
from selfsame.pifs.code import HALF, NO_MAP, PifsCode, PlaneCode
from support.saved_figures import pictures_of, saved_figures


def test_mapped_pixels_are_those_of_blocks_with_a_map() -> None:
    blocks = np.array([[0, 0, 3, 3], [0, 8, 2, 3], [4, 8, 2, 3], [8, 0, 3, 3], [8, 8, 3, 3]])
    maps = np.zeros((5, 5), np.int32)
    maps[0, 0] = maps[3, 0] = HALF
    plane = PlaneCode(13, 11, 1.0, blocks.astype(np.int32), maps, np.zeros((16, 16), np.int32))
    code = PifsCode(11, 13, "pure", (plane,), False, 1, 0)
    expected = np.zeros((26, 22), bool)
    for y in range(26):
        for x in range(22):
            expected[y, x] = maps[_owner(blocks, y // 2, x // 2), 0] != NO_MAP
    assert (superres.mapped_pixels(code, 2) == expected).all()
    assert expected.any()


def _owner(blocks: np.ndarray, y: int, x: int) -> int:
    return next(
        i
        for i, (top, left, lh, lw) in enumerate(blocks.tolist())
        if top <= y < top + (1 << lh) and left <= x < left + (1 << lw)
    )


def test_reduction_by_area_is_a_mean_and_sizes_fit() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (27, 34, 3), dtype=np.uint8)
    whole = superres.whole(rgb)
    assert whole.shape == (24, 32, 3)
    small = superres.smaller(whole, 4, "area")
    means = whole.reshape(6, 4, 8, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - means).max() < 1  # Pillow rounds after each direction
    for method in superres.ENLARGEMENTS:
        assert superres.enlarged(small, 4, method).shape == whole.shape


def test_psnr_within_a_mask() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    everywhere = np.ones((8, 8), bool)
    assert superres.psnr_within(a, b, everywhere) == pytest.approx(psnr_db(a / 255, b / 255))
    half = np.zeros((8, 8), bool)
    half[:, :4] = True
    assert superres.psnr_within(a, b, half) == pytest.approx(
        psnr_db(a[:, :4] / 255, b[:, :4] / 255)
    )
    assert superres.psnr_within(a, b, ~everywhere) is None
    assert superres.psnr_within(a, a, half) is None


def test_edges_and_sharpness() -> None:
    step = np.zeros((20, 20, 3), np.uint8)
    step[:, 10:] = 200
    # Wrong where it is steep only: the columns on both sides of the step.
    blurred = step.copy()
    blurred[:, 9:11] = 100
    found = superres.judged(step, blurred)
    assert found["edge_psnr_db"] == pytest.approx(10 * np.log10(255**2 / 100**2))
    assert found["psnr_db"] == pytest.approx(10 * np.log10(255**2 / (100**2 / 10)))
    assert superres.judged(step, step)["sharpness"] == 1
    assert superres.judged(step, step // 2)["sharpness"] == pytest.approx(0.5)
    assert superres.judged(step * 0, step)["sharpness"] is None


def test_the_summary_counts_gains_over_lanczos_of_the_same_file() -> None:
    rows = []
    for picture, ours, lanczos in (("a", 30.0, 29.0), ("b", 25.0, 28.0)):
        for method, psnr in (("selfsame", ours), ("Lanczos", lanczos)):
            rows.append(
                {"picture": picture, "factor": "2", "reduction": "area", "coding": "pure",
                 "target": "1 bpp", "method": method, "bpp": 1.0, "psnr_db": psnr,
                 "ssim": psnr / 50, "sharpness": 1.0, "edge_psnr_db": psnr,
                 "mapped_share": 0.5, "mapped_psnr_db": psnr if picture == "a" else None,
                 "other_psnr_db": psnr + 1}
            )  # fmt: skip
    (line,) = superres.summary(rows, ["a", "b"])
    assert line["gain, dB"] == pytest.approx(-1)
    assert line["gain in maps, dB"] == pytest.approx(1)
    assert line["gain at edges, dB"] == pytest.approx(-1)
    assert line["gain SSIM"] == pytest.approx(-0.02)
    assert (line["wins"], line["pictures"]) == (1, 2)
    assert line["selfsame psnr_db"] == 27.5


def test_the_busiest_corner_holds_the_contrast() -> None:
    rgb = np.full((64, 96, 3), 100, np.uint8)
    rgb[40:60, 70:90] = np.random.default_rng(0).integers(0, 256, (20, 20, 3))
    top, left = superres.busiest_corner(rgb, 32)
    assert top <= 40 < top + 32
    assert left <= 70 < left + 32


def test_a_quick_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    y, x = np.mgrid[:96, :96]
    rgb = np.stack([128 + 100 * np.sin((x * (k + 1) + y) / 9) for k in range(3)], axis=2)
    Image.fromarray(rgb.astype(np.uint8)).save(tmp_path / "one.png")
    command = ["superres.py", "--quick", "--data", str(tmp_path / "one.png"), "--threads", "1"]
    command += ["-o", str(tmp_path / "out"), "--keep", str(tmp_path / "keep"), "--json"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(superres, "FACTORS", (4,))
    monkeypatch.setattr(superres, "REDUCTIONS", {"area": Image.Resampling.BOX})
    figures = saved_figures(monkeypatch)
    superres.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    rows = document["results"]["rows"]
    assert [row["coding"] for row in rows] == ["not coded", "hybrid", "hybrid", "pure", "pure"]
    assert all(row["selfsame psnr_db"] > 15 for row in rows[1:])
    with Image.open(tmp_path / "out" / "superres.png") as sheet:
        assert sheet.format == "PNG"
    ((original, *others),) = pictures_of(figures[0])
    np.testing.assert_array_equal(original, rgb.astype(np.uint8))
    captions = [axis.get_title() for axis in figures[0].axes]
    assert captions[0] == "original"
    assert len(others) == 1 + 2 * len(superres.MODES)
    for caption, picture in zip(captions[1:], others, strict=True):
        error = np.mean((picture - original.astype(float)) ** 2)
        assert caption.endswith(f"\n{10 * np.log10(255**2 / error):.2f} dB")
    monkeypatch.setattr(superres, "rows_of_file", lambda *_: pytest.fail("measured again"))
    superres.main()
