"""Tables and plots of ``lenet.py``: means over seeds with their intervals."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import plotting
from benchmarks.harness.types import Row
from selfsame.lab.probe.results import t_interval

LEARNED, RANDOM, FRACTALDB = "learned fractals", "random fractals", "FractalDB"
UNTRAINED, SUPERVISED = "random features", "supervised"
ARMS = (LEARNED, RANDOM, FRACTALDB, UNTRAINED, SUPERVISED)

COLUMNS = ("arm", "seed", "learning_steps", "pretraining_steps", "set", "shots", "accuracy")
KEYS = ("arm", "learning_steps", "pretraining_steps", "set", "shots")
"""What a mean is over the seeds of; ``shots`` 0 is all training pictures."""

_COLORS = dict(zip(ARMS, ("tab:red", "tab:blue", "tab:green", "tab:gray", "black"), strict=True))


def summarised(rows: Sequence[Row]) -> list[Row]:
    """Return mean accuracy and 95 % interval over the seeds, one row for each of ``KEYS``."""
    groups: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in KEYS), []).append(row["accuracy"])
    return [
        {**dict(zip(KEYS, key, strict=True)), **_interval(values)} for key, values in groups.items()
    ]


def paired(rows: Sequence[Row], arm: str, other: str) -> list[Row]:
    """Return by how much an arm is above another at equal seed and pre-training.

    A row for each set, number of shots, learning and pre-training steps of ``arm`` that ``other``
    has too.
    """
    found: dict[tuple[Any, ...], list[float]] = {}
    below = {_place(row, seed=True): row["accuracy"] for row in rows if row["arm"] == other}
    for row in rows:
        place = _place(row, seed=True)
        if row["arm"] == arm and place in below:
            key = (row["learning_steps"], *_place(row, seed=False))
            found.setdefault(key, []).append(row["accuracy"] - below[place])
    names = ("learning_steps", "set", "shots", "pretraining_steps")
    return [
        {"arm": arm, "other": other, **dict(zip(names, key, strict=True)), **_interval(values)}
        for key, values in found.items()
    ]


def _place(row: Row, *, seed: bool) -> tuple[Any, ...]:
    place = (row["set"], row["shots"], row["pretraining_steps"])
    return (row["seed"], *place) if seed else place


def _interval(values: Sequence[float]) -> Row:
    found: Row = {"mean": float(np.mean(values)), "low": None, "high": None, "seeds": len(values)}
    if len(values) > 1:
        interval = t_interval(values)
        found.update(low=interval.low, high=interval.high)
    return found


def at_end(summary: Iterable[Row], arm: str) -> dict[tuple[str, int], Row]:
    """Return an arm's rows after its longest learning and pre-training, by set and shots."""
    mine = [row for row in summary if row["arm"] == arm]
    last = {}
    for row in sorted(mine, key=lambda row: (row["learning_steps"], row["pretraining_steps"])):
        last[row["set"], row["shots"]] = row
    return last


def table_rows(summary: Sequence[Row]) -> list[Row]:
    """Return a row for each arm after all steps, accuracies in per cent with their intervals."""
    rows = []
    for arm in ARMS:
        row: Row = {"arm": arm}
        for (name, shots), found in at_end(summary, arm).items():
            row[column(name, shots)] = in_per_cent(found)
        rows.append(row)
    return [row for row in rows if len(row) > 1]


def column(name: str, shots: int) -> str:
    """Return the heading of a probe."""
    return f"{name}, {shots} a class" if shots else name


def in_per_cent(row: Row) -> str:
    """Return ``95.1 ± 0.3`` of a summarised row."""
    if row["low"] is None:
        return f"{100 * row['mean']:.2f}"
    return f"{100 * row['mean']:.2f} ± {50 * (row['high'] - row['low']):.2f}"


def write_plots(folder: Path, summary: Sequence[Row]) -> None:
    """Write pretraining.png, MNIST against both kinds of steps, and pretraining_few_shots.png."""
    drawn = plotting.figure(10, 4.2)
    axes = drawn.subplots(1, 2, sharey=True)
    mnist = [row for row in summary if not row["shots"]]
    plot_learning(axes[0], mnist)
    plot_pretraining(axes[1], mnist)
    axes[0].set(ylabel="accuracy of the linear probe, %", title=mnist[0]["set"])
    axes[1].set_title(f"{mnist[0]['set']}, fractals of the last step")
    add_legend(drawn, axes[1])
    plotting.save(drawn, folder / "pretraining.png")
    sets = sorted({row["set"] for row in summary if row["shots"]})
    drawn = plotting.figure(10, 3.6 * len(sets))
    axes = drawn.subplots(len(sets), 2, squeeze=False)
    for line, name in zip(axes, sets, strict=True):
        mine = [row for row in summary if row["set"] == name]
        most = max(row["shots"] for row in mine)
        plot_shots(line[0], mine)
        plot_learning(line[1], [row for row in mine if row["shots"] == most])
        line[0].set(ylabel="accuracy, %", title=name)
        line[1].set_title(f"{name}, {most} pictures a class")
    add_legend(drawn, axes[0][0])
    plotting.save(drawn, folder / "pretraining_few_shots.png")


def add_legend(drawn: Any, axis: Any) -> None:
    """Write what lines mean, those of one of the axes, below all of them."""
    drawn.legend(
        *axis.get_legend_handles_labels(), loc="outside lower center", ncols=len(ARMS), fontsize=8
    )


def plot_learning(axis: Any, summary: Sequence[Row]) -> None:
    """Draw accuracy against the steps for which the set of fractals was learned."""
    longest = max(row["pretraining_steps"] for row in summary if row["arm"] == LEARNED)
    trained = [row for row in summary if row["pretraining_steps"] == longest]
    curve = [row for row in trained if row["arm"] in (LEARNED, RANDOM)]
    _draw(axis, sorted(curve, key=lambda row: row["learning_steps"]), "learning_steps", LEARNED)
    steps = [row["learning_steps"] for row in curve]
    for arm in ARMS[1:]:
        for row in at_end(summary, arm).values():
            ends = [{**row, "learning_steps": step} for step in (min(steps), max(steps))]
            _draw(axis, ends, "learning_steps", arm, marker="", linestyle="--")
    axis.set_xlabel("steps for which the fractals were learned")
    axis.grid(alpha=0.3)


def plot_pretraining(axis: Any, summary: Sequence[Row]) -> None:
    """Draw accuracy against the steps of pre-training."""
    last = max(row["learning_steps"] for row in summary)
    for arm in ARMS:
        mine = [r for r in summary if r["arm"] == arm and r["learning_steps"] in (0, last)]
        if arm == UNTRAINED:
            steps = [row["pretraining_steps"] for row in summary]
            mine = [{**row, "pretraining_steps": s} for row in mine for s in (0, max(steps))]
        mine.sort(key=lambda row: row["pretraining_steps"])
        style = {"marker": "", "linestyle": "--"} if arm == UNTRAINED else {}
        _draw(axis, mine, "pretraining_steps", arm, **style)
    axis.set_xlabel("steps of pre-training")
    axis.grid(alpha=0.3)


def plot_shots(axis: Any, summary: Sequence[Row]) -> None:
    """Draw accuracy against labelled pictures a class, after all steps."""
    for arm in ARMS:
        mine = sorted(at_end(summary, arm).values(), key=lambda row: row["shots"])
        _draw(axis, mine, "shots", arm)
    shots = sorted({row["shots"] for row in summary})
    axis.set_xscale("log")
    axis.set_xticks(shots, [str(n) for n in shots])
    axis.minorticks_off()
    axis.set_xlabel("labelled pictures a class")
    axis.grid(alpha=0.3)


def _draw(axis: Any, rows: Sequence[Mapping[str, Any]], key: str, arm: str, **style: Any) -> None:
    """Draw means as a line and their intervals as a band."""
    if not rows:
        return
    x = [row[key] for row in rows]
    axis.plot(
        x,
        [100 * row["mean"] for row in rows],
        **{"color": _COLORS[arm], "label": arm, "marker": "o", "markersize": 3.5} | style,
    )
    if all(row["low"] is not None for row in rows):
        low, high = ([100 * row[end] for row in rows] for end in ("low", "high"))
        axis.fill_between(x, low, high, color=_COLORS[arm], alpha=0.15, linewidth=0)
