"""Plots of the benchmarks of neural collages and of COIN."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import codec
import codec_plots

Log = Sequence[Sequence[float]]
"""Lines of (step, seconds, PSNR in dB)."""


def plot_curves(
    folder: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    pictures: Sequence[str],
    rates: Sequence[float],
    points: codec_plots.Series,
) -> None:
    """Write NAME.png, the mean curves of all codecs, and NAME_pictures.png, each picture's.

    Args:
        rows: of files, as ``codec.py`` has them.
        points: published elsewhere.
    """
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    fine = np.geomspace(min(rates), max(rates), codec.PLOT_POINTS).tolist()
    means = {
        one: [
            (row["bpp"], row["psnr_db"])
            for row in codec.means_at_rates(rows, one, pictures, fine)
            if row["psnr_db"] is not None
        ]
        for one in codecs
    }
    curves = {one: values for one, values in means.items() if values}
    title = f"colour, mean of {len(pictures)} picture{'s' if len(pictures) > 1 else ''}"
    codec_plots.plot_rates(folder / f"{name}.png", title, curves, points, ticks=rates)
    each = {one: codec.by_picture(rows, one) for one in codecs}
    groups = {
        picture: {
            one: [(row["bpp"], row["psnr_db"]) for row in of.get(picture, [])]
            for one, of in each.items()
        }
        for picture in pictures
    }
    codec_plots.plot_rates_by_picture(folder / f"{name}_pictures.png", groups, ticks=rates)


def plot_progress(
    path: Path,
    title: str,
    logs: Mapping[str, Mapping[str, Log]],
    points: codec_plots.Series | None = None,
) -> None:
    """Write a plot of PSNR against seconds: a colour per rate, a line per picture.

    Args:
        logs: by picture, then by rate.
        points: (seconds, PSNR) of another encoder, by rate.
    """
    drawn = codec_plots.figure(7, 5)
    axis = drawn.subplots()
    labels = list(dict.fromkeys(label for of in logs.values() for label in of))
    for of in logs.values():
        for label, log in of.items():
            _, seconds, psnr_db = zip(*log, strict=True)
            axis.plot(seconds, psnr_db, color=f"C{labels.index(label)}", linewidth=1)
    for index, label in enumerate(labels):
        axis.plot([], [], color=f"C{index}", label=label)
        for seconds, psnr_db in (points or {}).get(label, ()):
            axis.plot(seconds, psnr_db, "o", color=f"C{index}", markersize=5)
    axis.set(xscale="log", xlabel="seconds", ylabel="PSNR, dB", title=title)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    codec_plots.save(drawn, path)
