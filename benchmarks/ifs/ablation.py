"""The ablations of "Learning Fractals by Gradient Descent", tables 1 to 3, on given targets.

Table 1 switches off one part of the method at a time, table 2 varies the bandwidth of the
kernel, table 3 the number of maps. Rows are named by what they change, not by the paper's
letters. Row B of table 1, the inverse encoder, is no fit: encoder/starts.py has it. Whatever a row
trains with, it is judged with the one protocol (σ = 1).
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks import harness, protocol
from benchmarks.ifs.judging import quality, shortened
from selfsame.errors import DivergedError
from selfsame.ifs.fit import PRESETS, FitConfig

PAPER = PRESETS["paper"]

ROWS: dict[str, dict[str, FitConfig | None]] = {
    "table 1: parts of the method": {
        "full method": PAPER,
        "inverse encoder": None,
        "fixed sequences": PRESETS["paper-fixed"],
        "no noise": PRESETS["paper-no-noise"],
        "no clamp": PRESETS["paper-no-clamp"],
        "raw parameters": PRESETS["paper-raw"],
        "SGD": PRESETS["paper-sgd"],
    },
    "table 2: bandwidth σ": {
        f"σ = {sigma:g}": replace(PAPER, sigma=sigma) for sigma in (0.25, 0.5, 1.0, 2.0, 4.0)
    },
    "table 3: maps N": {f"N = {n}": replace(PAPER, maps=n) for n in (4, 6, 8, 10, 15, 20)},
}


def run(
    options: argparse.Namespace,
    names: list[str],
    targets: Sequence[protocol.Target],
    members: dict[str, slice],
) -> None:
    """Fit every row on all targets and publish the mean minimum MSE of each set."""
    done: dict[FitConfig, dict[str, Any]] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, rows in ROWS.items():
        tables[table] = []
        for label, config in rows.items():
            row: dict[str, Any] = {"row": label}
            if config is None:
                row["note"] = "see benchmarks.encoder.starts"
            else:
                if config not in done:
                    done[config] = _means(
                        shortened(config, options.quick), targets, members, options.seed
                    )
                row |= done[config]
            tables[table].append(row)
    columns = ["row", *names, "note"]
    text = [f"{table}\n\n{harness.markdown_table(tables[table], columns)}" for table in tables]
    document = harness.record(
        "ifs_ablation",
        harness.plain({"tables": tables, "targets": [t.name for t in targets]}),
        options,
        notes=["mean over the targets of the minimum MSE of 100 drawings of 300 points, σ = 1"],
    )
    harness.publish(document, options, "\n\n".join(text))


def _means(
    config: FitConfig,
    targets: Sequence[protocol.Target],
    members: dict[str, slice],
    seed: int,
) -> dict[str, Any]:
    try:
        scores = quality(config, targets, seed).scores
    except DivergedError:
        return {"note": "diverged"}
    return {name: protocol.mean_score(scores[part])["min_mse"] for name, part in members.items()}
