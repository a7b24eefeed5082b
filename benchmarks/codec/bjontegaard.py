"""Rate-distortion curves and the Bjøntegaard deltas between two of them.

Interpolation is piecewise cubic and monotone (PCHIP) in log rate, the form that replaced the global
cubic of Bjøntegaard 2001 (VCEG-M33) in the standard bodies' own tools; nothing is extrapolated.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Array = NDArray[np.float64]

LOW_BPP, HIGH_BPP = 0.1, 1.0
"""Rates that deltas are taken over, as far as both curves reach."""

LEAST_OVERLAP_DB = 1.0
LEAST_OVERLAP_RATIO = 1.25
"""Two curves that share less than this have no delta worth printing."""


class Curve(NamedTuple):
    """Points of one codec on one picture, both arrays rising.

    Attributes:
        bpp: bits per pixel. psnr_db: what they buy.
    """

    bpp: Array
    psnr_db: Array


def curve(bpp: Sequence[float], psnr_db: Sequence[float]) -> Curve | None:
    """Return the curve of measured points, or None if fewer than two are left.

    A point that a cheaper one equals or beats is left out: nobody would use its setting, and the
    curve must have an inverse.
    """
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted(zip(bpp, psnr_db, strict=True), key=lambda p: (p[0], -p[1])):
        if not kept or (quality > kept[-1][1] and rate > kept[-1][0]):
            kept.append((rate, quality))
    if len(kept) < 2:
        return None
    rates, values = np.array(kept).T
    return Curve(rates, values)


def value_at(bpp: Sequence[float], values: Sequence[float], rate: float) -> float | None:
    """Return the value interpolated in log bpp at ``rate``, or None outside the measured range.

    Args:
        bpp: rates in any order; of equal ones the last counts.
    """
    points = dict(sorted(zip(bpp, values, strict=True), key=lambda p: p[0]))
    if len(points) < 2 or not min(points) <= rate <= max(points):
        return None
    return float(PchipInterpolator(np.log(list(points)), list(points.values()))(np.log(rate)))


def bd_psnr(
    reference: Curve | None, other: Curve | None, low: float = LOW_BPP, high: float = HIGH_BPP
) -> float | None:
    """Return by how many dB ``other`` lies above ``reference``, averaged over log rate.

    Over the rates from ``low`` to ``high`` that both curves have; None if they share too few.
    """
    if reference is None or other is None:
        return None
    begin = max(low, reference.bpp[0], other.bpp[0])
    end = min(high, reference.bpp[-1], other.bpp[-1])
    if end < begin * LEAST_OVERLAP_RATIO:
        return None
    means = [
        _mean(PchipInterpolator(np.log(c.bpp), c.psnr_db), np.log(begin), np.log(end))
        for c in (reference, other)
    ]
    return means[1] - means[0]


def bd_rate(
    reference: Curve | None, other: Curve | None, low: float = LOW_BPP, high: float = HIGH_BPP
) -> float | None:
    """Return by how many per cent ``other`` needs more bits than ``reference`` at equal PSNR.

    The geometric mean over the PSNR that both curves have at rates from ``low`` to ``high``;
    negative is a saving. None if they share less than ``LEAST_OVERLAP_DB``.
    """
    if reference is None or other is None:
        return None
    spans = [_span(c, low, high) for c in (reference, other)]
    begin, end = max(s[0] for s in spans), min(s[1] for s in spans)
    if end - begin < LEAST_OVERLAP_DB:
        return None
    logs = [
        _mean(PchipInterpolator(c.psnr_db, np.log(c.bpp)), begin, end) for c in (reference, other)
    ]
    return 100 * float(np.expm1(logs[1] - logs[0]))


def _mean(function: PchipInterpolator, begin: float, end: float) -> float:
    return float(function.integrate(begin, end)) / (end - begin)


def _span(of: Curve, low: float, high: float) -> tuple[float, float]:
    """Return the least and greatest PSNR of a curve at rates from ``low`` to ``high``."""
    begin, end = max(low, of.bpp[0]), min(high, of.bpp[-1])
    if begin > end:
        return np.inf, -np.inf
    ends = PchipInterpolator(np.log(of.bpp), of.psnr_db)(np.log([begin, end]))
    return float(ends[0]), float(ends[1])
