"""Fitting an IFS to 32×32 pictures: our default against the method of the paper.

Quality: every preset fits the same held-out targets as one job; protocol.py judges the codes
by their numbers; the floor of 300 independent points and published figures stand beside.
Speed: seconds until a single target reaches the error that the paper's method ends with, by
the protocol's own measure, against the plain reference's seconds a step in the same run.

``--ablation`` prints the paper's tables instead (see ablation.py), ``--plots`` adds a
contact sheet. The whole run takes hours, nearly all of them in the paper's method.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import harness, protocol
from benchmarks.ifs import ablation, floor
from benchmarks.ifs.judging import (
    COLUMNS,
    PUBLISHED,
    QUICK_STEPS,
    Fits,
    judge,
    load,
    quality,
    shortened,
    table_row,
)
from benchmarks.ifs.sheets import contact_sheets
from benchmarks.reference import learning_fractals
from selfsame.cli.shared.call import set_threads
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.fit import PRESETS, FitConfig, fit
from selfsame.io.pictures import Picture

PAPER = "paper"
"""The preset that is the paper's method; the speed figures chase its errors."""

PAPER_STEPS = learning_fractals.Settings().steps
SNAPSHOT_EVERY = 5
"""Steps between two looks at a single fit; the time to quality is exact to so many steps."""


def reference_fits(targets: Sequence[protocol.Target], steps: int, seed: int) -> Fits:
    """Fit every target with the plain reference and judge it."""
    settings = learning_fractals.Settings(steps=steps)
    codes, begin = [], time.perf_counter()
    for target in targets:
        state, _ = learning_fractals.fit(torch.from_numpy(target.image), settings, seed)
        codes.append(reference_code(state.parameters, settings))
    seconds = time.perf_counter() - begin
    scores = [judge(c, t.image, i) for i, (c, t) in enumerate(zip(codes, targets, strict=True))]
    return Fits(codes, seconds, scores)


def reference_code(
    parameters: learning_fractals.Parameters, settings: learning_fractals.Settings
) -> IFSCode:
    """Return the reference's parameters as a code."""
    from selfsame.ifs.code import Viewport
    from selfsame.ifs.system import IFS

    A, b, p = (part.double().numpy() for part in learning_fractals.system(parameters))
    return IFSCode(IFS(A, b, p), Viewport(*settings.window), (settings.size, settings.size))


def reference_step_seconds(target: Picture, seed: int, steps: int = 5) -> harness.Timing:
    """Return the time of one step of the plain reference."""
    settings = learning_fractals.Settings()
    generator = torch.Generator().manual_seed(seed)
    state = learning_fractals.start(settings, generator)
    wanted = torch.from_numpy(target)
    return harness.measure(
        lambda: learning_fractals.step(state, wanted, settings, generator), runs=steps
    )


def seconds_to_error(target: Picture, config: FitConfig, error: float, seed: int) -> float | None:
    """Return the wall-clock seconds of a fit until the protocol's minimum MSE is ``error``.

    The clock runs from the call of ``fit``, taking snapshots included; they are judged
    after it. None: no snapshot got there.
    """
    snapshots: list[tuple[float, IFSCode]] = []
    begin = time.perf_counter()

    def look(step: int, losses: object, codes: Any) -> None:
        if step % SNAPSHOT_EVERY == 0 or step == config.steps:
            code = codes()[0]
            snapshots.append((time.perf_counter() - begin, code))

    fit([target], config, seed=seed, device="cpu", callback=look)
    for seconds, code in snapshots:
        system = code.system
        if error >= protocol.min_mse(
            system.matrices, system.offsets, system.probabilities, code.viewport, target
        ):
            return seconds
    return None


def speed(
    targets: Sequence[protocol.Target],
    errors: Sequence[float],
    config: FitConfig,
    reference_seconds: float,
    seeds: Sequence[int],
) -> list[dict[str, Any]]:
    """Return, per target, seconds to the paper's error for every seed, and the speed-up."""
    fit([targets[0].image], replace(config, steps=QUICK_STEPS), device="cpu")  # warms up
    rows = []
    for target, error in zip(targets, errors, strict=True):
        runs = [seconds_to_error(target.image, config, error, seed) for seed in seeds]
        reached = [run for run in runs if run is not None]
        median = float(np.median(reached)) if len(reached) == len(runs) else None
        rows.append(
            {
                "target": target.name,
                "paper's min MSE": error,
                "runs_s": runs,
                "median_s": median,
                "reference_s": reference_seconds,
                "times faster": None if median is None else reference_seconds / median,
            }
        )
    return rows


def compare(options: argparse.Namespace) -> None:
    """Run quality and speed, publish both."""
    names, targets, members = load(options)
    presets = list(options.presets)
    configs = {name: shortened(PRESETS[name], options.quick) for name in presets}
    fits = {}
    for name in presets:
        harness.say(f"{name}: fitting {len(targets)} targets")
        kept = options.keep / name if options.keep else None
        fits[name] = quality(configs[name], targets, options.seed, kept)
    if options.reference:
        chosen = [t for part in members.values() for t in targets[part][: options.reference]]
        steps = QUICK_STEPS // 4 if options.quick else PAPER_STEPS
        harness.say(f"plain reference: fitting {len(chosen)} targets, {steps} steps each")
        reference = reference_fits(chosen, steps, options.seed)
    harness.say("floor of independent points")
    floors = floor.floors([t.image for t in targets], quick=options.quick, seed=options.seed)

    rows: list[dict[str, Any]] = []
    for name in names:
        part = members[name]
        rows += [table_row(name, method, fits[method], part) for method in presets]
        if options.reference:
            at = names.index(name) * options.reference
            own = slice(at, at + options.reference)
            rows.append(table_row(name, "plain reference", reference, own))
        rows.append(
            {
                "set": name,
                "method": "floor: 300 independent points",
                "targets": len(targets[part]),
                "min MSE": float(floors.min_mse[part].mean()),
                "mean MSE": float(floors.mean_mse[part].mean()),
            }
        )
        rows += [{**row, "method": row["method"] + " *"} for row in PUBLISHED if row["set"] == name]

    results: dict[str, Any] = {
        "split": options.split,
        "quality": rows,
        "targets": [t.name for t in targets],
        "scores": {method: one.scores for method, one in fits.items()},
        "seconds": {method: one.seconds for method, one in fits.items()},
        "floor": floors,
        "configs": configs,
    }
    tables = [harness.markdown_table(rows, COLUMNS)]
    if PAPER in fits and options.speed_targets:
        chosen_indices = [
            index
            for part in members.values()
            for index in range(part.start, min(part.stop, part.start + options.speed_targets))
        ]
        step = reference_step_seconds(targets[0].image, options.seed)
        results["reference_step"] = step
        results["speed"] = {}
        for name in presets:
            if name == PAPER:
                continue
            harness.say(f"{name}: timing {len(chosen_indices)} single targets")
            timed = speed(
                [targets[i] for i in chosen_indices],
                [fits[PAPER].scores[i].min_mse for i in chosen_indices],
                configs[name],
                step.median_s * configs[PAPER].steps,
                range(options.seed, options.seed + options.runs),
            )
            results["speed"][name] = timed
            columns = ["target", "paper's min MSE", "median_s", "reference_s", "times faster"]
            tables.append(f"{name}:\n" + harness.markdown_table(timed, columns))
    if options.plots:
        shown = {method: one.codes for method, one in fits.items()}
        contact_sheets(options.plots, names, targets, members, shown)
    document = harness.record(
        "ifs_fit",
        harness.plain(results),
        options,
        seeds=range(options.seed, options.seed + options.runs),
        published=PUBLISHED,
        notes=[
            "min MSE: the least of 100 drawings of 300 points; mean MSE: their mean",
            "reference_s: seconds a step of the plain reference in this run, times the steps "
            "of the paper preset",
            "rows with * are published or earlier figures on other pictures",
        ],
    )
    harness.publish(document, options, "\n\n".join(tables))


def main() -> None:
    parser = harness.parser(__doc__)
    protocol.add_options(parser)
    parser.add_argument("--presets", nargs="+", default=["default", "fast", PAPER], metavar="NAME")
    parser.add_argument(
        "--reference", type=int, default=0, metavar="N", help="also run the plain reference on N"
    )
    parser.add_argument("--speed-targets", type=int, default=2, metavar="N", help="per set")
    parser.add_argument("--runs", type=int, default=3, help="seeds per timed target")
    parser.add_argument("--ablation", action="store_true", help="print the paper's tables 1 to 3")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep codes, and reuse them")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write contact sheets")
    options = parser.parse_args()
    unknown = set(options.presets) - set(PRESETS)
    if unknown:
        raise InputError(f"no preset {', '.join(sorted(unknown))}; there are {', '.join(PRESETS)}")
    if options.threads:
        set_threads(options.threads)
    if options.ablation:
        names, targets, members = load(options)
        ablation.run(options, names, targets, members)
    else:
        compare(options)


if __name__ == "__main__":
    harness.run(main)
