"""Plots that benchmarks share: figures without a display, lines, bars, sheets of pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selfsame.extras import missing
from selfsame.io.files import atomic_file

Series = Mapping[str, Sequence[tuple[float, float]]]
"""Points (x, y) by label."""


def figure(width: float, height: float) -> Any:
    """Return an empty matplotlib figure of this size in inches, which needs no display.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing("matplotlib") from error
    return Figure(figsize=(width, height), layout="constrained")


def save(drawn: Any, path: Path, dpi: int = 120) -> None:
    """Write a figure as PNG in one atomic step."""
    with atomic_file(path) as stream:
        drawn.savefig(stream, dpi=dpi, format="png")


def plot_bars(
    path: Path,
    title: str,
    bars: Mapping[str, Mapping[str, float]],
    kinds: Sequence[str],
    label: str,
) -> None:
    """Write horizontal bars, a group by outer key, in it one bar for each of ``kinds``."""
    names = list(bars)
    drawn = figure(7, 1.2 + 0.15 * len(names) * (len(kinds) + 1))
    axis = drawn.subplots()
    height = 0.8 / max(1, len(kinds))
    for i, kind in enumerate(kinds):
        places = [n + i * height for n, name in enumerate(names) if kind in bars[name]]
        values = [bars[name][kind] for name in names if kind in bars[name]]
        axis.barh(places, values, height * 0.9, label=kind)
    axis.set_yticks([n + 0.4 - height / 2 for n in range(len(names))], names, fontsize=8)
    axis.margins(y=0.01)
    axis.invert_yaxis()
    axis.axvline(0, color="black", linewidth=0.6)
    axis.set(xlabel=label, title=title)
    axis.grid(alpha=0.3, axis="x")
    axis.legend(fontsize=8)
    save(drawn, path)


def plot_lines(path: Path, title: str, lines: Series, x_label: str, y_label: str) -> None:
    """Write lines on two logarithmic axes."""
    drawn = figure(6, 4)
    axis = drawn.subplots()
    for label, values in lines.items():
        axis.plot(*zip(*values, strict=True), label=label, marker="o", markersize=4)
    axis.set(xscale="log", yscale="log", xlabel=x_label, ylabel=y_label, title=title)
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8)
    save(drawn, path)


def plot_pictures(
    path: Path, rows: Sequence[tuple[str, Sequence[tuple[str, Any]]]], side: float = 2.2
) -> None:
    """Write a sheet of pictures: rows of (label, [(caption, picture), ...]), pixels unsmoothed.

    Args:
        side: of one picture, in inches.
    """
    across = max(len(pictures) for _, pictures in rows)
    drawn = figure(across * side + 0.5, len(rows) * (side + 0.25))
    axes = drawn.subplots(len(rows), across, squeeze=False)
    for line, (label, pictures) in zip(axes, rows, strict=True):
        for axis in line[len(pictures) :]:
            axis.axis("off")
        for axis, (caption, picture) in zip(line, pictures, strict=False):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_title(caption, fontsize=7)
        line[0].set_ylabel(label, fontsize=8)
    save(drawn, path, dpi=160)
