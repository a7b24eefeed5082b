"""Table 1, row B against row F, and our encoder beside them, for ``starts.py``."""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import harness, protocol
from benchmarks.encoder.inverse_data import WINDOW
from benchmarks.encoder.inverse_network import load_inverse_encoder, predict_systems
from benchmarks.ifs import judging
from benchmarks.ifs.sheets import contact_sheets
from selfsame.ifs.code import IFSCode
from selfsame.ifs.encoder import SetEncoder
from selfsame.ifs.fit import PRESETS, FitConfig
from selfsame.lab.networks.architectures import Network

INVERSE = "B: inverse encoder"

COLUMNS = ["set", "method", "targets", "min MSE", "mean MSE", "IoU", "Chamfer px", "density SSE"]

NOTES = [
    "min MSE: the least of 100 drawings of 300 points; mean MSE: their mean",
    "B: a ResNet-18 trained on fractals drawn on the fly, in the manner of FractalDB",
    "mixture: the start of our default, one draw; the set encoder goes on from such mixtures, and "
    "was trained on made-up doodles, none of them from a data set",
    "rows with * are published or earlier figures on other pictures",
]


def configs(encoder: str) -> dict[str, FitConfig]:
    """Return the settings of every method that is a fit, by its name in the table."""
    proposed = FitConfig(init="encoder", encoder=encoder, restarts=1)
    return {
        "F: full method, 1000 steps": PRESETS["paper"],
        "default, 4 starts, 400 steps": FitConfig(),
        "mixture, no step": at_start(replace(proposed, init="mixture")),
        "set encoder, no step": at_start(proposed),
        "set encoder, then 100 steps": replace(proposed, steps=100),
        "set encoder, then 400 steps": proposed,
        "set encoder, 4 starts, 400 steps": replace(proposed, restarts=FitConfig().restarts),
    }


def at_start(config: FitConfig) -> FitConfig:
    """Return settings whose fit ends where it starts: one step without any length to speak of."""
    return replace(config, steps=1, learning_rate=1e-9)


def inverse_fits(model: Path, targets: Sequence[protocol.Target]) -> judging.Fits:
    """Return what the inverse encoder predicts for the targets, judged."""
    network = load_inverse_encoder(model)
    pictures = torch.from_numpy(np.stack([target.image for target in targets]))[:, None]
    begin = time.perf_counter()
    systems = predict_systems(network, pictures)
    seconds = time.perf_counter() - begin
    size = (protocol.SIDE, protocol.SIDE)
    codes = [IFSCode(system, WINDOW, size) for system in systems]
    pairs = enumerate(zip(codes, targets, strict=True))
    return judging.Fits(codes, seconds, [judging.judge(c, t.image, i) for i, (c, t) in pairs])


def measure(
    options: argparse.Namespace, keep: Path, model: Path, weights: str
) -> tuple[dict[str, Any], str]:
    """Return the results and the table.

    Args:
        keep: takes the codes of every method.
        model: the folder of the inverse encoder.
        weights: digest of our encoder's weights.
    """
    names, targets, members = judging.load(options)
    fits = {INVERSE: inverse_fits(model, targets)}
    chosen = {
        method: judging.shortened(config, options.quick)
        for method, config in configs(options.encoder).items()
    }
    for method, config in chosen.items():
        harness.say(f"{method}: {len(targets)} targets")
        kept = "-".join([*method.replace(":", "").replace(",", "").split(), weights])
        fits[method] = judging.quality(config, targets, options.seed, keep / "table" / kept)
    rows: list[dict[str, Any]] = []
    for name in names:
        part = members[name]
        rows += [judging.table_row(name, method, one, part) for method, one in fits.items()]
        rows += [
            {**row, "method": row["method"] + " *"}
            for row in judging.PUBLISHED
            if row["set"] == name
        ]
    if options.sheets:
        shown = {method: one.codes for method, one in fits.items()}
        contact_sheets(options.sheets, names, targets, members, shown)
    results = {
        "split": options.split,
        "quality": rows,
        "targets": [t.name for t in targets],
        "scores": {method: one.scores for method, one in fits.items()},
        "configs": chosen,
        "inverse_encoder": Network.card_of(model),
        "set_encoder": SetEncoder.card_of(options.encoder),
    }
    return results, harness.markdown_table(rows, COLUMNS)
