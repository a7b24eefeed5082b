"""Plots of the benchmarks of neural collages and of COIN."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import codec_plots

Log = Sequence[Sequence[float]]
"""Lines of (step, seconds, PSNR in dB)."""


def plot_progress(path: Path, title: str, logs: Mapping[str, Mapping[str, Log]]) -> None:
    """Write a plot of PSNR against seconds of training: a colour per rate, a line per picture."""
    drawn = codec_plots.figure(7, 5)
    axis = drawn.subplots()
    labels = list(dict.fromkeys(label for of in logs.values() for label in of))
    for of in logs.values():
        for label, log in of.items():
            _, seconds, psnr_db = zip(*log, strict=True)
            axis.plot(seconds, psnr_db, color=f"C{labels.index(label)}", linewidth=1)
    for index, label in enumerate(labels):
        axis.plot([], [], color=f"C{index}", label=label)
    axis.set(xscale="log", xlabel="seconds", ylabel="PSNR, dB", title=title)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    codec_plots.save(drawn, path)
