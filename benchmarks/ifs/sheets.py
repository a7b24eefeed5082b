"""Contact sheets: targets beside what each method draws of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks import protocol
from benchmarks.harness import plotting
from selfsame.ifs.code import IFSCode

LARGEST = 12
"""Targets on one sheet."""


def contact_sheets(
    folder: Path,
    names: Sequence[str],
    targets: Sequence[protocol.Target],
    members: Mapping[str, slice],
    codes: Mapping[str, Sequence[IFSCode]],
) -> None:
    """Write ``fits-SET.png`` per set: a row per method, the first ``LARGEST`` targets across.

    Each method has two rows: its best drawing of 300 points (the paper's figure) and the mean
    of 100 drawings.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        indices = range(members[name].start, members[name].stop)[:LARGEST]
        rows: list[tuple[str, list[np.ndarray]]] = [("target", [targets[i].image for i in indices])]
        for method, fitted in codes.items():
            drawn = [drawings(fitted[i], targets[i].image) for i in indices]
            rows.append((f"{method}, best", [best for best, _ in drawn]))
            rows.append((f"{method}, mean", [mean for _, mean in drawn]))
        figure = plotting.figure(len(indices) + 1.6, len(rows) + 0.2)
        axes = figure.subplots(len(rows), len(indices), squeeze=False)
        for line, (label, pictures) in zip(axes, rows, strict=True):
            for axis, picture in zip(line, pictures, strict=True):
                axis.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                axis.set_xticks([])
                axis.set_yticks([])
            line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
        plotting.save(figure, folder / f"fits-{name}.png", dpi=100)


def drawings(code: IFSCode, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best of the protocol's 100 drawings, and their mean, (32, 32) each."""
    system = code.system
    points = protocol.sample_points(
        system.matrices, system.offsets, system.probabilities, np.random.default_rng(0)
    )
    pictures = protocol.splat(protocol.to_pixels(points, code.viewport, protocol.SIDE))
    errors = protocol.sequence_errors(pictures, target)
    return pictures[int(errors.argmin())], pictures.mean(axis=0)
