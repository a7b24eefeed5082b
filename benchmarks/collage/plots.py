"""Plots of rate and distortion of several codecs, means and single pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.codec.plots import PLOT_POINTS, plot_rates, plot_rates_by_picture
from benchmarks.codec.rows import by_picture, means_at_rates
from benchmarks.harness import plotting


def plot_curves(
    folder: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    pictures: Sequence[str],
    rates: Sequence[float],
    points: plotting.Series,
) -> None:
    """Write NAME.png, the mean curves of all codecs, and NAME_pictures.png, each picture's.

    Args:
        rows: of files, as ``codec/rates.py`` has them.
        points: published elsewhere.
    """
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    fine = np.geomspace(min(rates), max(rates), PLOT_POINTS).tolist()
    means = {
        one: [
            (row["bpp"], row["psnr_db"])
            for row in means_at_rates(rows, one, pictures, fine)
            if row["psnr_db"] is not None
        ]
        for one in codecs
    }
    curves = {one: values for one, values in means.items() if values}
    title = f"colour, mean of {len(pictures)} picture{'s' if len(pictures) > 1 else ''}"
    plot_rates(folder / f"{name}.png", title, curves, points, ticks=rates)
    each = {one: by_picture(rows, one) for one in codecs}
    groups = {
        picture: {
            one: [(row["bpp"], row["psnr_db"]) for row in of.get(picture, [])]
            for one, of in each.items()
        }
        for picture in pictures
    }
    plot_rates_by_picture(folder / f"{name}_pictures.png", groups, ticks=rates)
