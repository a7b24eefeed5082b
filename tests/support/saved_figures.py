"""Figures of matplotlib, kept when they are saved, so that tests can ask what is on them."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure


def saved_figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Return a list that every figure joins that is saved from here on."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def lines_of(axis: Any) -> dict[str, np.ndarray]:
    """Return the points (n, 2) of each line on an axis that has a label."""
    lines = {str(line.get_label()): line.get_xydata() for line in axis.get_lines()}
    return {label: points for label, points in lines.items() if not label.startswith("_")}


def pictures_of(figure: Figure) -> list[list[np.ndarray]]:
    """Return the pictures on the axes of a figure, row by row; empty axes are left out."""
    rows: dict[int, list[np.ndarray]] = {}
    for axis in figure.axes:
        for shown in axis.images:
            spec = axis.get_subplotspec()
            rows.setdefault(spec.rowspan.start, []).append(np.asarray(shown.get_array()))
    return [rows[row] for row in sorted(rows)]
