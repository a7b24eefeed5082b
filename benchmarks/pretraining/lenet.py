"""LeNet features pre-trained on fractals that a GAN learned, probed on digits and few pictures.

    python -m benchmarks.pretraining.lenet --data DATA --keep DIR [--seeds 0 1 2] [--threads 1]
    python -m benchmarks.pretraining.lenet --data DATA --keep DIR --part probe --seeds 1 &

For every seed a set of fractals is learned from the pictures of MNIST without their labels, and a
LeNet is pre-trained to tell the fractals of each of its states apart, then probed: a linear
classifier of its features. Beside it random fractals (the start of the learning), FractalDB's
categories, an untrained LeNet and a supervised one. ``--dev`` tests on training pictures that are
held out. ``learn`` learns the fractals, ``probe`` does all work of the seeds, ``figures`` writes
pretraining.json, .csv, two plots and pretraining_fractals.png; each begins with what is missing, so
that seeds can be done side by side first.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch

from benchmarks import harness
from benchmarks.harness.kept import finished, kept_folder
from benchmarks.harness.types import Row
from benchmarks.pretraining import figures
from benchmarks.pretraining.data import SOURCES, Data, load_data
from benchmarks.pretraining.figures import FRACTALDB, LEARNED, RANDOM, SUPERVISED, UNTRAINED
from benchmarks.pretraining.probe import probe_rows
from benchmarks.pretraining.sheet import write_sheet
from benchmarks.pretraining.work import (
    SIDE,
    Plan,
    fractal_pictures,
    fractaldb_pictures,
    learned_codes,
    trained_networks,
    untrained,
)
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.lab.networks.architectures import Network

PARTS = ("learn", "probe", "figures")

FULL = Plan(
    fractals=100,
    learning_steps=5000,
    pretraining_steps=2000,
    every=1000,
    batch=100,
    lr=1e-3,
    points=300,
    jitter=0.1,
    patch=True,
    instances=1000,
    shots=(1, 5, 10),
    draws=10,
    probe_pictures=20_000,
)
QUICK = Plan(
    fractals=4,
    learning_steps=4,
    pretraining_steps=4,
    every=2,
    batch=8,
    lr=1e-3,
    points=300,
    jitter=0.1,
    patch=True,
    instances=10,
    shots=(1, 3),
    draws=2,
    probe_pictures=100,
)
OPTIONS = {
    "learning_steps": int,
    "pretraining_steps": int,
    "batch": int,
    "lr": float,
    "points": int,
    "jitter": float,
}
"""Fields of the plan that are options."""

NOTES = (
    "every network is a LeNet for pictures of 32x32 that starts from the weights of its seed; "
    "means and Student's intervals of 95 % are over seeds",
    "the few labelled pictures are drawn at random, the same for every network; a seed's accuracy "
    "is the mean over the draws",
    "random fractals are the set at the start of its learning; FractalDB's categories fill the "
    "picture, learned and random fractals keep the place that they have in the window",
    "the fractals are learned from the training pictures without their labels; of the settings of "
    "pre-training, which all arms share, patches were chosen on 10 000 of these, held out, and "
    "the others before any run",
)


def make_plan(options: argparse.Namespace) -> Plan:
    """Return the settings of the run."""
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    plan = replace(QUICK if options.quick else FULL, **given)
    for name in ("learning_steps", "pretraining_steps"):
        if getattr(plan, name) < plan.every or getattr(plan, name) % plan.every:
            raise InputError(
                f"--{name.replace('_', '-')} must be a multiple of {plan.every}: "
                f"got {getattr(plan, name)}"
            )
    return plan


class Run(NamedTuple):
    """A run and the folders of its work.

    Attributes:
        learning, networks, probes: one for each kind of ``SOURCES``.
    """

    plan: Plan
    data: Data
    keep: Path
    learning: Path
    networks: Path
    probes: Path


def _kept_folder(keep: Path, kind: str, settings: Row) -> Path:
    return kept_folder(keep, kind, SOURCES[kind], settings)


def begin(options: argparse.Namespace, keep: Path) -> Run:
    """Return the run that the options describe."""
    plan, data = make_plan(options), load_data(options)
    names = ("fractals", "learning_steps", "every")
    settings: Row = {name: getattr(plan, name) for name in names}
    learning = _kept_folder(
        keep, "learning", {**settings, "pictures": data.train.fingerprint, "side": SIDE}
    )
    names = ("pretraining_steps", "batch", "lr", "points", "jitter", "patch", "instances")
    settings = {name: getattr(plan, name) for name in names}
    networks = _kept_folder(keep, "networks", {**settings, "learning": learning.name})
    names = ("shots", "draws", "probe_pictures")
    settings = {name: getattr(plan, name) for name in names}
    settings |= {"networks": networks.name, "pictures": data.fingerprints()}
    return Run(plan, data, keep, learning, networks, _kept_folder(keep, "probes", settings))


def codes_of(run: Run, seed: int) -> dict[int, Path]:
    """Return the folders of learned codes of a seed, by steps; learns what is not there."""
    return learned_codes(run.data.train, run.plan, seed, run.learning / f"seed-{seed}")


def seed_rows(run: Run, seed: int) -> list[Row]:
    """Return the accuracies of all arms of a seed, doing what is not done yet."""
    plan = run.plan
    rows = probed(run, seed, UNTRAINED, 0, {0: None})
    every, end = plan.milestones(plan.pretraining_steps), [plan.pretraining_steps]
    for step, codes in codes_of(run, seed).items():
        arm = LEARNED if step else RANDOM
        milestones = every if step in (0, plan.learning_steps) else end
        pictures = partial(fractal_pictures, codes, plan, seed, "code")
        rows += pretrained_rows(run, seed, arm, step, pictures, milestones)
    categories = partial(fractaldb_pictures, plan, seed)
    rows += pretrained_rows(run, seed, FRACTALDB, 0, categories, every)
    return rows + pretrained_rows(run, seed, SUPERVISED, 0, lambda: run.data.train, every)


def pretrained_rows(
    run: Run,
    seed: int,
    arm: str,
    learning_steps: int,
    pictures: Callable[[], Pictures],
    milestones: Sequence[int],
) -> list[Row]:
    """Return the accuracies of a network that learns ``pictures``, at some milestones."""
    name = f"{arm.replace(' ', '-').lower()}-{learning_steps:06d}"
    harness.say(f"seed {seed}: {arm}, learned for {learning_steps} steps")
    folder = run.networks / f"seed-{seed}" / name
    networks = trained_networks(pictures, run.plan, seed, folder, milestones)
    return probed(run, seed, arm, learning_steps, networks)


def probed(
    run: Run, seed: int, arm: str, learning_steps: int, networks: Mapping[int, Path | None]
) -> list[Row]:
    """Return the accuracies of networks by steps of pre-training; None is an untrained one."""
    rows = []
    for step, path in networks.items():
        network = (
            untrained(run.plan.fractals, seed) if path is None else Network.from_pretrained(path)
        )
        name = f"{arm.replace(' ', '-').lower()}-{learning_steps:06d}-{step:06d}"
        found = finished(
            run.probes / f"seed-{seed}", name, partial(probe_rows, network, run.data, run.plan)
        )
        about = {"arm": arm, "seed": seed, "learning_steps": learning_steps}
        rows += [{**about, "pretraining_steps": step, **row} for row in found]
    return rows


def write_figures(run: Run, options: argparse.Namespace) -> None:
    """Write what the accuracies of all seeds say."""
    rows = [row for seed in options.seeds for row in seed_rows(run, seed)]
    summary = figures.summarised(rows)
    gains = [g for other in (RANDOM, FRACTALDB) for g in figures.paired(rows, LEARNED, other)]
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / "pretraining.csv", rows, figures.COLUMNS)
        figures.write_plots(folder, summary)
        codes = codes_of(run, options.seeds[0])
        write_sheet(folder / "pretraining_fractals.png", codes, run.plan)
    results = {"settings": asdict(run.plan), "accuracies": summary, "differences": gains}
    document = harness.record(
        "pretraining", harness.plain(results), options, seeds=options.seeds, notes=NOTES
    )
    table = figures.table_rows(summary)
    columns = [*dict.fromkeys(key for row in table for key in row)]
    harness.publish(document, options, harness.markdown_table(table, columns))


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="[default: all]")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="S")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep finished work, and reuse it")
    parser.add_argument(
        "--dev", action="store_true", help="test on held out training pictures; to choose settings"
    )
    for name, kind in OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    with TemporaryDirectory() as temporary:
        run = begin(options, options.keep or Path(temporary))
        for seed in options.seeds:
            if "learn" in options.part:
                harness.say(f"seed {seed}: learning fractals")
                codes_of(run, seed)
            if "probe" in options.part:
                seed_rows(run, seed)
        if "figures" in options.part:
            write_figures(run, options)


if __name__ == "__main__":
    harness.run(main)
