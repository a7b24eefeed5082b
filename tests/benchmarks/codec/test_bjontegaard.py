"""Bjøntegaard deltas against curves whose answer is known."""

import numpy as np
import pytest

from benchmarks.codec.bjontegaard import bd_psnr, bd_rate, curve, value_at


def logarithmic(rates: np.ndarray, offset: float = 0.0, slope: float = 4.0) -> np.ndarray:
    return 35 + offset + slope * np.log(rates)


RATES = np.array([0.05, 0.12, 0.3, 0.6, 1.4])


def test_a_curve_of_four_fifths_of_the_rate_saves_twenty_per_cent() -> None:
    plain = curve(RATES, logarithmic(RATES))
    better = curve(0.8 * RATES, logarithmic(RATES))
    assert bd_rate(plain, better) == pytest.approx(-20)
    assert bd_rate(better, plain) == pytest.approx(25)
    assert bd_psnr(plain, better) == pytest.approx(4 * np.log(1.25))
    assert bd_psnr(better, plain) == pytest.approx(-4 * np.log(1.25))


def test_a_gain_that_grows_is_averaged_over_log_rate() -> None:
    # Many points, so that the interpolation is as good as the functions themselves.
    rates = np.geomspace(0.05, 2, 400)
    x = np.log(rates)
    plain = curve(rates, 30 + 4 * x - 0.3 * x**2)
    better = curve(rates * 1.01, 31 + 4 * np.log(rates * 1.01) + 0.2 * np.log(rates * 1.01) ** 2)
    # The integral of 1 + 0.5 x² over [ln 0.1, 0], divided by its length.
    expected = 1 + 0.5 / 3 * np.log(10) ** 2
    assert bd_psnr(plain, better) == pytest.approx(expected, abs=1e-3)
    # Between 0.2 and 0.5 bpp only.
    a, b = np.log(0.2), np.log(0.5)
    assert bd_psnr(plain, better, 0.2, 0.5) == pytest.approx(
        1 + 0.5 / 3 * (b**3 - a**3) / (b - a), abs=1e-3
    )


def test_the_rate_of_curves_of_different_slope() -> None:
    rates = np.geomspace(0.02, 5, 300)
    plain, steep = curve(rates, logarithmic(rates)), curve(rates, logarithmic(rates, 0, 5))
    # At 35 + q dB their log rates are q / 4 and q / 5; q runs from what the plain one has at
    # 0.1 bpp (-4 ln 10) to 0, where both have 1 bpp.
    low = -4 * np.log(10)
    assert bd_rate(plain, steep) == pytest.approx(
        100 * (np.exp((1 / 5 - 1 / 4) * low / 2) - 1), rel=1e-3
    )


def test_nothing_is_extrapolated() -> None:
    low = curve([0.1, 0.2], [30, 33])
    high = curve([0.5, 1.0], [36, 39])
    assert bd_psnr(low, high) is None
    assert bd_rate(low, high) is None
    assert bd_psnr(low, None) is None
    assert bd_rate(None, high) is None
    # Common rates, but no common PSNR.
    assert bd_rate(curve([0.1, 1], [30, 33]), curve([0.1, 1], [40, 43])) is None
    assert bd_psnr(curve([0.1, 1], [30, 33]), curve([0.1, 1], [40, 43])) == pytest.approx(10)
    # All of it at rates that do not count.
    assert bd_rate(curve([2, 4], [30, 36]), curve([2, 4], [30, 36])) is None
    assert value_at([0.1, 1.0], [30, 40], 0.0999) is None
    assert value_at([0.1, 1.0], [30, 40], 1.001) is None
    assert value_at([0.3], [30], 0.3) is None


def test_values_between_points_are_linear_in_log_rate_where_the_points_are() -> None:
    assert value_at([1.0, 0.1], [40, 30], 0.1) == pytest.approx(30)
    assert value_at([1.0, 0.1], [40, 30], 10**-0.5) == pytest.approx(35)
    assert value_at(RATES, logarithmic(RATES), 0.2) == pytest.approx(logarithmic(np.array(0.2)))


def test_points_that_a_cheaper_one_beats_are_left_out() -> None:
    kept = curve([0.4, 0.1, 0.2, 0.3, 0.3], [34, 30, 29.5, 32, 31])
    assert kept is not None
    assert kept.bpp.tolist() == [0.1, 0.3, 0.4]
    assert kept.psnr_db.tolist() == [30, 32, 34]
    assert curve([0.1, 0.2], [30, 30]) is None
    assert curve([], []) is None
