"""From measures of pictures to figures with intervals, and their differences."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.harness.bootstrap import Interval, interval
from benchmarks.harness.types import Array, Arrays, Row
from benchmarks.priors.enlarging.network import NAMES
from selfsame.metrics.sets import frechet_distance

SHARPNESS = ("gradient", "squared_gradient", "true_gradient")

FLAT = 1e-9
"""Less than this is counted as this: of pictures without anything on them."""

BETTER: Mapping[str, int] = {
    "psnr_db": 1,
    "gradient_miss": -1,
    "squared_gradient_miss": -1,
    "true_gradient_miss": -1,
    "frechet_network": -1,
    "frechet_gradients": -1,
}
"""Measures that say which of two drawings is better: the one that has more (1) or less (-1)."""


class Figures(NamedTuple):
    """Figures by name: of all pictures, and of each draw of pictures, (draws,)."""

    values: dict[str, float]
    drawn: dict[str, Array]


class Draws(NamedTuple):
    """Draws of pictures with replacement: numbers of those of a set, and of the true ones."""

    chosen: Sequence[Array]
    true: Sequence[Array]


def statistics(arrays: Arrays, truth: Arrays, chosen: Array, true: Array) -> dict[str, float]:
    """Return the figures of pictures.

    ``psnr_db`` is a mean over pictures. ``..._ratio`` are means of measures of ``SHARPNESS`` over
    pictures, over those of the truth: 1 is right, and ``..._miss`` is how far off, the magnitude of
    the ratio's logarithm. ``frechet_...`` are squared Fréchet distances of the patches from those
    of the truth.

    Args:
        arrays, truth: measures of pictures and of the true ones, (N, ...) and (M, ...).
        chosen, true: numbers of pictures in each.
    """
    found = {}
    if "psnr_db" in arrays:
        found["psnr_db"] = float(arrays["psnr_db"][chosen].mean())
    for name in SHARPNESS:
        if name in arrays:
            means = arrays[name][chosen].mean(), truth[name][true].mean()
            ratio = float(max(means[0], FLAT) / max(means[1], FLAT))
            found[f"{name}_ratio"] = ratio
            found[f"{name}_miss"] = float(abs(np.log(ratio)))
    for name in NAMES:
        if name in arrays:
            found[f"frechet_{name}"] = frechet_distance(
                arrays[name][chosen].reshape(-1, arrays[name].shape[-1]),
                truth[name][true].reshape(-1, truth[name].shape[-1]),
            )
    return found


def figures(arrays: Arrays, truth: Arrays, draws: Draws) -> Figures:
    """Return the figures of pictures, and of draws of them."""
    count, known = (len(next(iter(part.values()))) for part in (arrays, truth))
    values = statistics(arrays, truth, np.arange(count), np.arange(known))
    drawn = [
        statistics(arrays, truth, chosen, true)
        for chosen, true in zip(draws.chosen, draws.true, strict=True)
    ]
    return Figures(values, {name: np.array([one[name] for one in drawn]) for name in values})


def row(found: Figures) -> Row:
    """Return figures and their intervals, ready for JSON: NAME, NAME_low, NAME_high."""
    return _row({name: interval(value, found.drawn[name]) for name, value in found.values.items()})


def difference(first: Figures, second: Figures) -> Row:
    """Return by how much the first is better, in the measures of ``BETTER`` that both have.

    Both are of the same draws of pictures, so the intervals are of paired differences. Above 0 the
    first is better, whatever the measure.
    """
    shared = [name for name in BETTER if name in first.values and name in second.values]
    return _row(
        {
            name: interval(
                BETTER[name] * (first.values[name] - second.values[name]),
                BETTER[name] * (first.drawn[name] - second.drawn[name]),
            )
            for name in shared
        }
    )


def _row(intervals: Mapping[str, Interval]) -> Row:
    found: Row = {}
    for name, (value, low, high) in intervals.items():
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return found


def cells(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return rows for people: figures with half of their interval."""
    found = []
    for one in rows:
        cell = {key: value for key, value in one.items() if isinstance(value, str | int)}
        for name in names:
            if name in one:
                half = (one[f"{name}_high"] - one[f"{name}_low"]) / 2
                cell[name] = f"{one[name]:.4g} ± {half:.2g}"
        found.append(cell)
    return found
