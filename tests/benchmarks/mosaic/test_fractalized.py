"""The benchmark of pictures made of themselves, run on small pictures."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from benchmarks import harness
from benchmarks.mosaic import fractalized
from selfsame.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(data.chelsea()[::4, ::4]).save(pictures / "a.png")
    Image.fromarray(data.camera()[::8, ::8]).save(pictures / "b.png")
    return pictures


def test_a_run_writes_the_figure_and_the_table(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["fractalized.py", "--data", str(folder), "-o", str(tmp_path), "--threads", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    fractalized.main()
    document = json.loads((tmp_path / "fractalized.json").read_text())
    harness.check_result(document)
    rows = document["results"]["rows"]
    assert [(row["picture"], row["size"]) for row in rows] == [("a", "113x75"), ("b", "64x64")]
    for row in rows:
        assert 15 < row["psnr_db"] < 40
        assert row["clipped_share"] < 0.01
        assert 100 < row["bytes"] < row["zlib_bytes"]
    with Image.open(tmp_path / "fractalized.jpg") as figure:
        heights = round(560 * 75 / 113) + 560 + fractalized.GAP
        assert figure.size == (fractalized.FIGURE_WIDTH, heights)


def test_the_panels_magnify_one_place(folder: Path) -> None:
    (target,) = fractalized.targets(folder, quick=True)
    code, _ = fractalized.measured(target, None)
    figure = fractalized.triptych(code, target.at)
    first, second = (figure[:, start : start + 560] for start in (0, 568))
    # A tenth of the first panel around its middle, enlarged.
    height, width = (round(side / 20) for side in first.shape[:2])
    middle = first[first.shape[0] // 2 - height :, first.shape[1] // 2 - width :]
    enlarged = middle[: 2 * height, : 2 * width].mean(axis=(0, 1))
    assert np.abs(enlarged - second.mean(axis=(0, 1))).max() < 8


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture"):
        fractalized.targets(tmp_path, quick=False)
