"""``selfsame probe`` as a function: pre-train several seeds, evaluate each, sum up.

A folder holds a ledger (what the results depend on, and every evaluation as soon as it is done),
``results.json``, and for each seed a folder with the training's log and checkpoints and
the folder ``network``. What is in it is not done again.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selfsame.datasets.labelled import LabelledSet
from selfsame.io.files import make_folder, write_bytes
from selfsame.lab.networks.architectures import Network
from selfsame.lab.probe.results import summary
from selfsame.lab.probe.seed_run import SeedRun, item_of
from selfsame.lab.probe.settings import ProbeSettings
from selfsame.run.ledger import NAME, Ledger, refuse_former
from selfsame.run.progress import Progress

KIND = "experiment"
RESULTS_NAME = "results.json"


def run_experiment(
    data: LabelledSet,
    settings: ProbeSettings,
    folder: Path,
    *,
    restart: bool = False,
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Pre-train and evaluate every seed; return the results, which ``results.json`` holds as well.

    The same call goes on after a kill or a signal, and ends with the same results; with more seeds
    it does those that are missing.

    Args:
        data: what the networks are evaluated on.
        folder: is made unless it is there.
        restart: delete what the folder holds of an experiment.
        progress: of steps, classes and pictures, each with a label.
        note: called with a sentence after each evaluation.
    Raises:
        Interrupted: a signal ended a training; it is kept.
        InputError: the folder holds an experiment with other settings; or as for the parts.
        DivergedError: a training did.
    """
    config = {**settings.identity(), "data": _identity(data)}
    if settings.weights is not None:
        config["weights"] = Network.from_pretrained(settings.weights).digest()
    elif settings.takes_codes:
        config["codes"] = settings.recipe(data.side, settings.seed).identity()["systems"]
    seeds = range(settings.seed, settings.seed + settings.seeds)
    progress = Progress() if progress is None else progress
    runs = [
        SeedRun(data, settings, folder / f"seed-{seed}", seed, progress, note) for seed in seeds
    ]
    begun = (folder / NAME).exists()
    begun |= refuse_former(folder / "config.json", ("evaluate", "draws", "data"), overwrite=restart)
    if restart or not begun:
        runs[0].prepare()  # what cannot be done leaves no folder behind, and no experiment deleted
    make_folder(folder, "an experiment needs a folder")
    with Ledger(folder / NAME, KIND, config, overwrite=restart) as ledger:
        if restart and begun:
            _clear(folder)
            ledger.restart()
        ledger.plan([])  # from here on the folder is known as this experiment
        records = {run.seed: run.run(ledger) for run in runs}
        results = {**config, **summary(records)}
        text = json.dumps(results, indent=1) + "\n"
        write_bytes(folder / RESULTS_NAME, text.encode())
        ledger.settle(item_of(seed, row) for seed, rows in records.items() for row in rows)
    return results


def _clear(folder: Path) -> None:
    """Delete what an experiment wrote."""
    for place in folder.glob("seed-*"):
        if place.is_dir() and place.name.removeprefix("seed-").isdecimal():
            shutil.rmtree(place)
    (folder / RESULTS_NAME).unlink(missing_ok=True)


def _identity(data: LabelledSet) -> dict[str, Any]:
    return {
        "learned": len(data.learned),
        "tested": None if data.tested is None else len(data.tested),
        "classes": len(data.classes),
        "side": data.side,
        "channels": data.channels,
        "fingerprints": [
            part.fingerprint for part in (data.learned, data.tested) if part is not None
        ],
    }
