"""How many steps a start saves, for ``starts.py``.

Every start descends with the same settings. The losses of one long run of each show how many steps
it takes one start to be as good as another is later on; short runs, with schedules of their own
length, show what a given number of steps is good for.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binom

from benchmarks import harness, protocol
from benchmarks.encoder.comparison import at_start
from benchmarks.harness import plotting
from benchmarks.harness.kept import finished
from benchmarks.ifs import judging
from selfsame.ifs.fit import FitConfig, fit

INITS = ("encoder", "mixture", "uniform")
STARTS = (1, 4)
BUDGETS = (0, 10, 25, 50, 100, 200, 400)
"""Steps of the runs; the last one is the long run."""

QUICK_BUDGETS = (0, 4, 8)
RESAMPLED = 1000
"""Draws of the targets for an interval of means."""

MARKS = (0.125, 0.25, 0.5, 1.0)
"""Where, as a share of the long run, the mixture start sets what is to be reached."""

NOTES = [
    "steps to equal quality: those done when the running loss is first at or below the goal's, all "
    "runs of one length and with one schedule; of the means over targets (95 %: bootstrap), and of "
    "each target (median, 95 % from order statistics); null: never",
    "the running loss keeps 0.85 of itself in each step, for every start alike",
    "budgets: the protocol's figures at the end of runs of these lengths; 0 is the start itself",
]

_COLORS = {"encoder": "tab:red", "mixture": "tab:blue", "uniform": "tab:gray"}

Array = np.ndarray


class Run(NamedTuple):
    """One start with one number of steps on T targets.

    Attributes:
        losses: (T, steps) running loss after each step.
        min_mse, mean_mse: (T,) the protocol's figures at the end.
    """

    losses: Array
    min_mse: Array
    mean_mse: Array


def run(
    config: FitConfig, targets: Sequence[protocol.Target], seed: int, folder: Path, name: str
) -> Run:
    """Fit all targets and return how it went; kept in a folder under a name, and read from there
    again while settings and targets are the same."""
    settings = [asdict(config), [target.name for target in targets], seed]
    found = finished(folder, name, partial(_measured, config, targets, seed), settings)
    return Run(*(np.asarray(found[name]) for name in Run._fields))


def _measured(
    config: FitConfig, targets: Sequence[protocol.Target], seed: int
) -> dict[str, list[Any]]:
    pictures = [target.image for target in targets]
    losses = np.empty((len(targets), config.steps))
    figures = np.empty((2, len(targets)))
    first = -config.batch

    def look(step: int, values: Sequence[float], _: object) -> None:
        nonlocal first
        first += config.batch if step == 1 else 0  # all targets are of one shape
        losses[first : first + len(values), step - 1] = values

    for i, code in enumerate(fit(pictures, config, seed=seed, device="cpu", callback=look).codes):
        score = judging.judge(code, pictures[i], i)
        figures[:, i] = score.min_mse, score.mean_mse
    return {name: value.tolist() for name, value in Run(losses, *figures)._asdict().items()}


def steps_to(losses: Array, levels: Array) -> Array:
    """Return after how many steps (T,) losses (T, steps) are at or below levels (T,), or inf.

    The loss of a step is that of what the steps before it have made: 0 is the start itself.
    """
    below = losses <= levels[:, None]
    return np.where(below.any(1), below.argmax(1), np.inf)


def median_interval(values: Array) -> tuple[float, float, float]:
    """Return the median and an interval that holds the true one with 95 % confidence.

    From the order statistics alone, whatever the distribution, infinite values included; below six
    values it is the whole range, which holds less.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    n = len(ordered)
    rank = max(1, int(binom.ppf(0.025, n, 0.5)))
    middle = ordered[(n - 1) // 2], ordered[n // 2]
    median = middle[0] if middle[0] == middle[1] else sum(middle) / 2
    return float(median), float(ordered[rank - 1]), float(ordered[n - rank])


def steps_of_means(losses: Array, levels: Array) -> tuple[float, float, float]:
    """Return after how many steps the mean of losses (T, steps) is at or below the mean level.

    And an interval that holds 95 % of what other draws of the targets would give (bootstrap).
    """
    count, none = len(losses), np.zeros(RESAMPLED)
    gaps = losses - levels[:, None]  # exactly 0 where a start is its own goal, in every mean
    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLED)
    needed = np.sort(steps_to(weights @ gaps, none))
    whole = steps_to(gaps.sum(0)[None], none[:1])[0]
    low, high = (needed[round(share * (RESAMPLED - 1))] for share in (0.025, 0.975))
    return float(whole), float(low), float(high)


def equal_quality(runs: Mapping[str, Run], members: Mapping[str, slice]) -> list[dict[str, Any]]:
    """Return the steps to equal quality: a row for each set (and ``all``), goal and start.

    Args:
        runs: the long run of each start.
        members: the targets of each set.
    """
    goals = {}
    if "uniform" in runs:
        goals["uniform at its end"] = runs["uniform"].losses[:, -1]
    if "mixture" in runs:
        steps = runs["mixture"].losses.shape[1]
        for mark in sorted({max(1, round(share * steps)) for share in MARKS}):
            goals[f"mixture after {mark}"] = runs["mixture"].losses[:, min(mark, steps - 1)]
    together = {"all": slice(None)} if len(members) > 1 else {}
    rows = []
    for name, part in {**together, **members}.items():
        for goal, levels in goals.items():
            for init, one in runs.items():
                needed = steps_to(one.losses, levels)[part]
                rows.append(
                    {
                        "set": name,
                        "goal": goal,
                        "init": init,
                        "targets": len(needed),
                        "steps_of_means": steps_of_means(one.losses[part], levels[part]),
                        "steps_of_each": median_interval(needed),
                        "reached": float(np.isfinite(needed).mean()),
                    }
                )
    return rows


def measure(
    options: argparse.Namespace, keep: Path, weights: str, plots: Path | None
) -> tuple[dict[str, Any], str]:
    """Return the results and the tables.

    Args:
        weights: digest of our encoder's weights.
        plots: the folder of the plot, or None.
    """
    names, targets, members = judging.load(options)
    budgets = QUICK_BUDGETS if options.quick else BUDGETS
    budget_rows: list[dict[str, Any]] = []
    equal_rows: list[dict[str, Any]] = []
    curves: dict[int, dict[str, Run]] = {}
    for restarts in options.starts:
        longest = curves.setdefault(restarts, {})
        for init in options.inits:
            for steps in budgets:
                config = FitConfig(
                    init=init, encoder=options.encoder, restarts=restarts, steps=max(1, steps)
                )
                config = config if steps else at_start(config)
                mark = f"-{weights}" if init == "encoder" else ""
                name = f"{init}{mark}-{restarts}-{steps}"
                harness.say(f"{init}, {restarts} starts, {steps} steps")
                found = run(config, targets, options.seed, keep / "steps", name)
                for name in names:
                    row = {"set": name, "starts": restarts, "init": init, "steps": steps}
                    for figure in ("min_mse", "mean_mse"):
                        row[figure] = float(getattr(found, figure)[members[name]].mean())
                    budget_rows.append(row)
                longest[init] = found
        equal_rows += [{"starts": restarts, **row} for row in equal_quality(longest, members)]
    if plots is not None:
        plot(plots / "encoder_steps.png", curves, members)
    results = {
        "split": options.split,
        "targets": [target.name for target in targets],
        "equal_quality": equal_rows,
        "budgets": budget_rows,
        "median_losses": {
            f"{init}, {restarts} starts": np.median(one.losses, 0)
            for restarts, runs in curves.items()
            for init, one in runs.items()
        },
    }
    return results, tables(equal_rows, budget_rows, budgets)


def tables(
    equal_rows: Sequence[dict[str, Any]], budget_rows: Sequence[dict[str, Any]], budgets: Any
) -> str:
    """Return both tables as text: steps to equal quality, and mean MSE by number of steps."""
    means: dict[tuple[Any, ...], dict[str, Any]] = {}
    each: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in equal_rows:
        key = {name: row[name] for name in ("starts", "set", "goal")}
        place = tuple(key.values())
        share = f"{_interval(row['steps_of_each'])}, {row['reached']:.0%}"
        means.setdefault(place, {**key})[row["init"]] = _interval(row["steps_of_means"])
        each.setdefault(place, {**key})[row["init"]] = share
    wide: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in budget_rows:
        key = {name: row[name] for name in ("starts", "set", "init")}
        wide.setdefault(tuple(key.values()), key)[str(row["steps"])] = row["mean_mse"]
    inits = list(dict.fromkeys(row["init"] for row in equal_rows))
    across = ["starts", "set", "init", *(str(steps) for steps in budgets)]
    return "\n\n".join(
        [
            "Steps until the mean loss of the targets is as low, 95 % interval:",
            harness.markdown_table(list(means.values()), ["starts", "set", "goal", *inits]),
            "Steps until a target's own is as low: median, 95 % interval, share that gets there:",
            harness.markdown_table(list(each.values()), ["starts", "set", "goal", *inits]),
            "Mean MSE of a drawing after so many steps, each with a schedule of that length:",
            harness.markdown_table(list(wide.values()), across),
        ]
    )


def _interval(steps: Sequence[float]) -> str:
    middle, low, high = ("never" if np.isinf(step) else f"{step:g}" for step in steps)
    return "never" if low == "never" else f"{middle} ({low} to {high})"


def plot(path: Path, curves: Mapping[int, Mapping[str, Run]], members: Mapping[str, slice]) -> None:
    """Write the losses of the long runs against steps: medians over targets, and quartiles."""
    drawn = plotting.figure(4 * len(members), 3.2 * len(curves))
    axes = drawn.subplots(len(curves), len(members), squeeze=False, sharex=True, sharey="col")
    for line, (restarts, runs) in zip(axes, curves.items(), strict=True):
        for axis, (name, part) in zip(line, members.items(), strict=True):
            for init, one in runs.items():
                low, median, high = np.percentile(one.losses[part], [25, 50, 75], axis=0)
                steps = np.arange(1, len(median) + 1)
                axis.plot(steps, median, color=_COLORS[init], label=init)
                axis.fill_between(steps, low, high, color=_COLORS[init], alpha=0.15, linewidth=0)
            axis.set(xscale="log", yscale="log")
            starts = "one start" if restarts == 1 else f"{restarts} starts"
            axis.set_title(f"{name}, {starts}", fontsize=9)
            axis.grid(alpha=0.3, which="both")
    for axis in axes[-1]:
        axis.set_xlabel("steps")
    for line in axes:
        line[0].set_ylabel("expected MSE")
    axes[0][0].legend(fontsize=8, title="start")
    plotting.save(drawn, path)
