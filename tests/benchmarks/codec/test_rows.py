"""Means and deltas of rows of files."""

from typing import Any

import numpy as np
import pytest

from benchmarks.codec.rows import deltas, means_at_rates, means_by_setting


def rows_of(name: str, picture: str, points: dict[float, float]) -> list[dict[str, Any]]:
    return [
        {"picture": picture, "codec": name, "setting": str(i), "bpp": bpp, "psnr_db": psnr,
         "ssim": psnr / 50, "encode_ms": 100 * bpp, "decode_ms": bpp}
        for i, (bpp, psnr) in enumerate(points.items())
    ]  # fmt: skip


def test_means_are_of_all_pictures_or_none() -> None:
    rows = rows_of("c", "a", {0.1: 30, 1.0: 40}) + rows_of("c", "b", {0.2: 30, 2.0: 40})
    low, middle, high = means_at_rates(rows, "c", ["a", "b"], [0.1, 0.2**0.5, 2.0])
    assert (low["psnr_db"], low["pictures"]) == (None, 1)
    assert (high["psnr_db"], high["pictures"]) == (None, 1)
    a = 30 + 10 * np.log10(0.2**0.5 / 0.1)
    b = 30 + 10 * np.log10(0.2**0.5 / 0.2)
    assert middle["psnr_db"] == pytest.approx((a + b) / 2)
    assert middle["ssim"] == pytest.approx((a + b) / 100)
    assert middle["pictures"] == 2


def test_means_by_setting_need_every_picture() -> None:
    rows = rows_of("c", "a", {0.1: 30, 1.0: 40, 1.5: 41}) + rows_of("c", "b", {0.3: 32, 2.0: 40})
    found = means_by_setting(rows, "c", ["a", "b"])
    assert [row["bpp"] for row in found] == pytest.approx([0.2, 1.5])
    assert [row["psnr_db"] for row in found] == pytest.approx([31, 40])


def test_deltas_name_the_mean_the_worst_and_the_best_picture() -> None:
    rates = np.array([0.05, 0.2, 0.6, 1.6])
    rows = []
    for picture, share in (("a", 0.5), ("b", 0.8)):
        psnr = 35 + 4 * np.log(rates)
        rows += rows_of("old", picture, dict(zip(rates, psnr, strict=True)))
        rows += rows_of("new", picture, dict(zip(share * rates, psnr, strict=True)))
    found = deltas(rows, "new", "old", ["a", "b"])
    assert found["bd_rate_percent"] == pytest.approx(-35)
    assert found["bd_rate_percent_worst"] == pytest.approx(-20)
    assert found["bd_rate_percent_best"] == pytest.approx(-50)
    gains = [4 * np.log(1 / 0.8), 4 * np.log(1 / 0.5)]
    assert found["bd_psnr_db"] == pytest.approx(np.mean(gains))
    assert found["bd_psnr_db_worst"] == pytest.approx(gains[0])
    assert found["bd_rate_percent_pictures"] == 2
    nothing = deltas(rows, "new", "missing", ["a", "b"])
    assert nothing["bd_rate_percent"] is None
    assert nothing["bd_psnr_db_pictures"] == 0
