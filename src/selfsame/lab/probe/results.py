"""Evaluations of several seeds summed up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from selfsame.lab.probe.intervals import accuracy_interval

Record = Mapping[str, Any]
"""One evaluation: ``step`` of the pre-training, ``draw``, and the values of ``Evaluation``."""


def summary(records: Mapping[int, Sequence[Record]]) -> dict[str, Any]:
    """Return the results of all seeds, ready for JSON.

    ``accuracy`` is the mean after the last step with its 95 % interval, ``curve`` the same for
    every step that was evaluated. A seed counts once: with the mean of its draws.

    Args:
        records: by seed, each with the same steps and draws.
    """
    steps = sorted({record["step"] for record in next(iter(records.values()))})
    curve = []
    for step in steps:
        own = [[record for record in of if record["step"] == step] for of in records.values()]
        interval = accuracy_interval([_mean(part) for part in own], own[0][0]["tested"])
        curve.append({"step": step, **asdict(interval)})
    last = {name: value for name, value in curve[-1].items() if name != "step"}
    seeds = [
        {
            "seed": seed,
            "accuracy": _mean([record for record in of if record["step"] == steps[-1]]),
            "evaluations": list(of),
        }
        for seed, of in records.items()
    ]
    return {"accuracy": last, "curve": curve, "seeds": seeds}


def sentence(results: Mapping[str, Any]) -> str:
    """Return the results in words."""
    interval = results["accuracy"]
    seeds = len(results["seeds"])
    of = f"{seeds} seeds" if seeds > 1 else "one seed"
    low, high = (100 * interval[end] for end in ("low", "high"))
    return (
        f"accuracy {100 * interval['mean']:.2f} % (95 % interval {low:.2f} to {high:.2f}, of {of})"
    )


def _mean(records: Sequence[Record]) -> float:
    return math.fsum(record["accuracy"] for record in records) / len(records)
