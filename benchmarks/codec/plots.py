"""Plots of quality against rate."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.plotting import Series, figure, save

PLOT_POINTS = 40
"""Rates at which curves of means are drawn."""

OURS = "selfsame"
"""Labels that begin so are drawn thick."""

_COLORS = {
    "selfsame hybrid": "tab:red",
    "selfsame pure": "tab:orange",
    "JPEG": "tab:gray",
    "JPEG 2000": "tab:blue",
    "WebP": "tab:green",
    "AVIF": "tab:purple",
    "AVIF 4:4:4": "tab:pink",
    "selfsame collage": "tab:brown",
    "selfsame collage refined": "black",
    "COIN": "tab:cyan",
}

RATE_TICKS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
"""Bits per pixel at the axis."""


def plot_rates(
    path: Path,
    title: str,
    curves: Series,
    points: Series,
    y_label: str = "PSNR, dB",
    ticks: Sequence[float] = RATE_TICKS,
) -> None:
    """Write a plot of quality against bits per pixel, log rate.

    Args:
        curves: measured here, drawn as lines.
        points: published elsewhere, drawn as crosses.
        ticks: bits per pixel, which the axis just holds.
    """
    drawn = figure(7, 5)
    axis = drawn.subplots()
    for label, values in curves.items():
        axis.plot(*zip(*values, strict=True), label=label, **_style(label))
    for label, values in points.items():
        axis.plot(*zip(*values, strict=True), "x", color="black", label=label)
    _set_rate_axis(axis, ticks)
    axis.set(xlabel="bits per pixel", ylabel=y_label, title=title)
    axis.legend(fontsize=8)
    save(drawn, path)


def plot_rates_by_picture(
    path: Path,
    groups: Mapping[str, Series],
    across: int = 4,
    ticks: Sequence[float] = RATE_TICKS,
) -> None:
    """Write one small plot of PSNR against bits per pixel for each picture."""
    down = -(-len(groups) // across)
    drawn = figure(3 * across, 2.4 * down + 0.5)
    axes = drawn.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(groups) :]:
        axis.axis("off")
    for axis, (name, curves) in zip(axes, groups.items(), strict=False):
        for label, values in curves.items():
            if values:
                axis.plot(*zip(*values, strict=True), label=label, **_style(label))
        _set_rate_axis(axis, ticks)
        axis.set_title(name, fontsize=8)
        axis.tick_params(labelsize=6)
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=7)
    save(drawn, path)


def _style(label: str) -> dict[str, Any]:
    return {"color": _COLORS.get(label), "linewidth": 2.2 if label.startswith(OURS) else 1.2}


def _set_rate_axis(axis: Any, ticks: Sequence[float]) -> None:
    axis.set_xscale("log")
    axis.set_xlim(0.9 * min(ticks), 1.1 * max(ticks))
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
