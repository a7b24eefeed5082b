"""The benchmark of the compiled core, run on a small picture, the package beside itself."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from benchmarks import harness
from benchmarks.codec import core


def test_a_quick_run_of_the_package_beside_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = ["core.py", "--quick", "-o", str(tmp_path), "--before", sys.executable]
    monkeypatch.setattr(sys, "argv", command)
    core.main()
    document = json.loads((tmp_path / "codec_core_before.json").read_text())
    harness.check_result(document)
    starts, sizes = document["results"]["starts"], document["results"]["sizes"]
    assert [row["what"] for row in starts] == list(core.COMMANDS)
    assert [row["threads"] for row in sizes] == [1, 2]
    for row in sizes:
        # One version beside itself: the same files, the same pictures.
        assert row["bpp"] == row["before_bpp"] <= core.BPP
        assert row["psnr_db"] == row["before_psnr_db"] > 20
        assert row["avif_bpp"] <= core.BPP


def test_psnr_is_its_definition() -> None:
    picture = data.astronaut()[:32, :32]
    assert core.psnr_of(picture, picture ^ 1) == pytest.approx(20 * np.log10(255))
