"""PSNR of a file against the seconds of its training."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.harness import plotting

Log = Sequence[Sequence[float]]
"""Lines of (step, seconds, PSNR in dB)."""


def plot_progress(
    path: Path,
    title: str,
    logs: Mapping[str, Mapping[str, Log]],
    points: plotting.Series | None = None,
) -> None:
    """Write a plot of PSNR against seconds: a colour per rate, a line per picture.

    Args:
        logs: by picture, then by rate.
        points: (seconds, PSNR) of another encoder, by rate.
    """
    drawn = plotting.figure(7, 5)
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
    plotting.save(drawn, path)
