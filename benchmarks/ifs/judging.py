"""Fits of many targets and their scores, as the benchmarks of fits share them."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import selfsame
from benchmarks import protocol
from benchmarks.harness.kept import finished
from selfsame.ifs.code import IFSCode
from selfsame.ifs.fit import FitConfig, fit
from selfsame.io.pictures import Picture

QUICK_STEPS = 40
"""Of any preset in a quick run."""

_RERUN = "K. Yamaguti 2026, Amortized Set Prediction: rerun of the authors' code, 50 pictures a set"

_OURS = "the authors' published code, run by us on 18 pictures of the three sets"

PUBLISHED: tuple[dict[str, Any], ...] = (
    {"set": "mnist", "method": "authors' code", "min MSE": 0.0214, "source": _RERUN},
    {"set": "fashion_mnist", "method": "authors' code", "min MSE": 0.0672, "source": _RERUN},
    {"set": "mnist", "method": "authors' code", "min MSE": 0.012, "source": _OURS},
    {"set": "fashion_mnist", "method": "authors' code", "min MSE": 0.035, "source": _OURS},
    {"set": "kmnist", "method": "authors' code", "min MSE": 0.083, "source": _OURS},
    {
        "set": "mnist",
        "method": "amortised encoder, then 100 refinement steps",
        "min MSE": 0.0190,
        "source": _RERUN.split(":")[0],
    },
    {
        "set": "fashion_mnist",
        "method": "amortised encoder, then 100 refinement steps",
        "min MSE": 0.0450,
        "source": _RERUN.split(":")[0],
    },
)

COLUMNS = [
    "set",
    "method",
    "targets",
    "min MSE",
    "mean MSE",
    "best IoU",
    "IoU",
    "Chamfer px",
    "density SSE",
    "s a target",
]


class Fits(NamedTuple):
    """One method's codes for all targets, its seconds in all, and the scores."""

    codes: list[IFSCode]
    seconds: float
    scores: list[protocol.Score]


def judge(code: IFSCode, target: Picture, seed: int) -> protocol.Score:
    """Return the protocol's score of a code."""
    system = code.system
    return protocol.score(
        system.matrices, system.offsets, system.probabilities, code.viewport, target, seed=seed
    )


def quality(
    config: FitConfig,
    targets: Sequence[protocol.Target],
    seed: int,
    keep: Path | None = None,
) -> Fits:
    """Fit all targets as one job and judge every code, each with random numbers of its own.

    Args:
        keep: a folder that takes the codes when they are done, and that a later run with the
            same settings and targets reads them from: the paper's method takes long.
    """
    settings = [asdict(config), [target.name for target in targets], seed]
    found: list[IFSCode] = []

    def work() -> float:
        result = fit([target.image for target in targets], config, seed=seed, device="cpu")
        found.extend(result.codes)
        for i, code in enumerate(found if keep else ()):
            selfsame.save(code, keep / f"{i:05d}.ssm")
        return result.seconds

    seconds = finished(keep, "codes", work, settings)
    codes = found or [selfsame.load(keep / f"{i:05d}.ssm") for i in range(len(targets))]
    scores = [
        judge(code, t.image, index)
        for index, (code, t) in enumerate(zip(codes, targets, strict=True))
    ]
    return Fits(codes, seconds, scores)


def table_row(name: str, method: str, fits: Fits, members: slice) -> dict[str, Any]:
    """Return the table's row of one method on one set."""
    scores = fits.scores[members]
    mean = protocol.mean_score(scores)
    return {
        "set": name,
        "method": method,
        "targets": len(scores),
        "min MSE": mean["min_mse"],
        "mean MSE": mean["mean_mse"],
        "best IoU": mean["best_iou"],
        "IoU": mean["iou"],
        "Chamfer px": mean["chamfer_px"],
        "density SSE": mean["density_sse"],
        "s a target": fits.seconds / len(fits.codes),
    }


def load(
    options: argparse.Namespace,
) -> tuple[list[str], list[protocol.Target], dict[str, slice]]:
    """Return the names of the sets, all targets in one list, and each set's part of it."""
    targets: list[protocol.Target] = []
    members = {}
    for name, path in protocol.find_sets(options.data).items():
        chosen = protocol.targets_of(name, path, options)
        members[name] = slice(len(targets), len(targets) + len(chosen))
        targets += chosen
    return list(members), targets, members


def shortened(config: FitConfig, quick: bool) -> FitConfig:
    """Return the preset, with few steps in a quick run."""
    return replace(config, steps=min(config.steps, QUICK_STEPS)) if quick else config
