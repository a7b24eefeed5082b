"""The figure of learned fractals for ``lenet.py``."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.harness.captions import captioned, magnified
from benchmarks.pretraining.work import Plan, fractal_pictures
from selfsame.io.grids import grid
from selfsame.io.pictures import write_picture

COLUMNS = 10
TIMES = 2
"""Every pixel is shown as a square of so many."""

STATES = 3


def write_sheet(path: Path, codes: Mapping[int, Path], plan: Plan) -> None:
    """Write the sets at the start, half-way and at the end, as they are trained on: a picture of
    each fractal."""
    steps = sorted(codes)
    shown = sorted({steps[round(i * (len(steps) - 1) / (STATES - 1))] for i in range(STATES)})
    few = replace(plan, instances=2)  # the first of them is neither jittered nor stamped
    panels = {}
    for step in shown:
        pictures = fractal_pictures(codes[step], few, 0, "code").images[1::2, ..., 0]
        panels[f"{step} steps"] = magnified(grid([*pictures], COLUMNS, 1), TIMES)
    write_picture(path, captioned(panels))
