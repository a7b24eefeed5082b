"""Fractals for pre-training: pictures per second in loaders, waiting networks, hours to files.

    python -m benchmarks.fractals.datasets [--workers 2] [--points 100000]
    python -m benchmarks.fractals.datasets --part network [--side 224] [--batch 32]
    python -m benchmarks.fractals.datasets --part fractaldb [--percent 1] [--keep DIR]

``loaders``: pictures/s of a ``DataLoader`` over our data sets and over a plain data set class of
the same fractals (``reference/anderson_farrell_dataset.py``), at equal points per picture.
``network``: a ResNet-18 trained on the same cores from either, and how long it waits.
``fractaldb``: some per cent of FractalDB-1k written to files, and what all of it would take,
beside a renderer in plain Python. Writes fractal_datasets_loaders.json and so on.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from benchmarks import harness
from benchmarks.fractals import files
from benchmarks.fractals.network import Training, train
from benchmarks.harness.types import Row
from benchmarks.reference.anderson_farrell_dataset import AndersonFarrellPictures
from selfsame.errors import InputError
from selfsame.fractals import make_recipe
from selfsame.fractals.loading.torch_data import FractalDataset, FractalStream
from selfsame.fractals.recipes.base import Recipe
from selfsame.ifs.samples.random import sample_anderson_farrell

Batches = Iterator[tuple[Tensor, Tensor]]
Part = tuple[Row, list[str], list[str], list[Row]]
"""Results, tables as text, notes, published figures."""

REFERENCE = "reference class, anderson-farrell"
STREAM = "FractalStream, anderson-farrell"
CLASSES, INSTANCES = 100, 1000
AHEAD = 2
"""Batches that each worker has ready; they were drawn before the clock started, and so do not
count."""


def stream(recipe: Recipe, options: argparse.Namespace) -> Batches:
    """Return endless batches of a recipe through a loader."""
    source = FractalStream(
        recipe, seed=options.seed, batch=options.batch, endless=True, labels="class"
    )
    return iter(
        DataLoader(source, batch_size=None, num_workers=options.workers, prefetch_factor=AHEAD)
    )


def shuffled(dataset: Any, options: argparse.Namespace) -> Batches:
    """Return batches of a map-style data set through a loader, epoch after epoch."""
    loader = DataLoader(
        dataset,
        batch_size=options.batch,
        shuffle=True,
        num_workers=options.workers,
        prefetch_factor=AHEAD,
        generator=torch.Generator().manual_seed(options.seed),
    )
    return itertools.chain.from_iterable(itertools.repeat(loader))


def make_sources(options: argparse.Namespace) -> dict[str, Callable[[], Batches]]:
    """Return what is measured, by name; each makes its loader when it is called."""

    def recipe(name: str, **more: Any) -> Recipe:
        settings = {
            "classes": 4 if options.quick else CLASSES,
            "side": options.side,
            "seed": options.seed,
            "points": options.points,
        }
        made = make_recipe(name, **settings | more)
        made.pictures([0])  # compiled before the workers fork: they need not
        return made

    fractals = recipe("anderson-farrell", instances=INSTANCES)
    grey = recipe("fractaldb", classes=4 if options.quick else 20, side=256)
    several = recipe("multifractal", instances=INSTANCES)
    return {
        STREAM: lambda: stream(fractals, options),
        "FractalDataset, anderson-farrell": lambda: shuffled(FractalDataset(fractals), options),
        REFERENCE: lambda: shuffled(reference(options), options),
        "FractalStream, multifractal": lambda: stream(several, options),
        "FractalStream, fractaldb at 256": lambda: stream(grey, options),
    }


def reference(options: argparse.Namespace) -> AndersonFarrellPictures:
    """Return the plain data set class, compiled."""
    systems = sample_anderson_farrell(4 if options.quick else CLASSES, seed=options.seed)
    dataset = AndersonFarrellPictures(systems, INSTANCES, options.side, options.points)
    dataset[0]  # compiled, as above
    return dataset


def rate(batches: Batches, count: int, skip: int) -> float:
    """Return the pictures/s of ``count`` batches, after ``skip`` that do not count."""
    for _ in range(skip):
        next(batches)
    begin = time.perf_counter()
    pictures = sum(len(next(batches)[1]) for _ in range(count))
    return pictures / (time.perf_counter() - begin)


def loaders_part(options: argparse.Namespace) -> Part:
    """Return pictures/s of each source; all are measured in turn, several times."""
    count, runs = (2, 1) if options.quick else (24, 5)
    skip = options.workers * AHEAD + 1
    sources = make_sources(options)
    rates: dict[str, list[float]] = {name: [] for name in sources}
    for run in range(runs):
        for name, make in sources.items():
            rates[name].append(rate(make(), count, skip))
            harness.say(f"run {run + 1}, {name}: {rates[name][-1]:.0f} pictures/s")
    rows = []
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(found, rates[REFERENCE], strict=True)]
        rows.append(
            {
                "source": name,
                "pictures_per_s": statistics.median(found),
                "pictures_per_s_runs": found,
                "times_reference": statistics.median(ratios),
            }
        )
    results = {**_settings(options), "sources": rows}
    columns = ["source", "pictures_per_s", "times_reference"]
    title = (
        f"Pictures/s of a loader, {options.workers} workers, batches of {options.batch}, "
        f"{options.side}x{options.side}, {options.points} points a picture:"
    )
    notes = [
        "medians of runs that alternate; batches that were ready before the clock started are "
        "left out; float32 pictures",
        "the reference class is written from the paper, all of its loops compiled; pictures alike, "
        "not the same",
        "fractaldb: 256 x 256 in grey; multifractal: 1 to 5 fractals, fewer points for small ones",
    ]
    return results, [title, harness.markdown_table(rows, columns)], notes, []


def network_part(options: argparse.Namespace) -> Part:
    """Return what a network alone eats, and how it trains from each source on the same cores."""
    steps, skip = (1, 1) if options.quick else (20, options.workers * AHEAD + 1)
    sources = make_sources(options)
    classes = 4 if options.quick else CLASSES
    rows = []
    ready = next(sources[STREAM]())
    for name in ("in memory", STREAM, REFERENCE):
        batches = itertools.repeat(ready) if name == "in memory" else sources[name]()
        found = train(Training(classes, options.seed), batches, steps, skip)
        rows.append({"source": name, **found})
        harness.say(f"{name}: {found['pictures_per_s']:.1f} pictures/s")
    alone = rows[0]["pictures_per_s"]
    for row in rows:
        row["of_its_speed_alone"] = row["pictures_per_s"] / alone
    results = {**_settings(options), "torch_threads": torch.get_num_threads(), "training": rows}
    columns = ["source", "pictures_per_s", "waiting_share", "of_its_speed_alone"]
    title = (
        f"ResNet-18 on {torch.get_num_threads()} threads and {options.workers} workers of the same "
        f"cores, batches of {options.batch}, {options.side}x{options.side}:"
    )
    notes = ["in memory: one batch again and again, no loader at all"]
    return results, [title, harness.markdown_table(rows, columns)], notes, []


def _settings(options: argparse.Namespace) -> Row:
    names = ("side", "points", "workers", "batch")
    return {name: getattr(options, name) for name in names}


def fractaldb_part(options: argparse.Namespace) -> Part:
    """Return seconds and bytes of a part of FractalDB-1k; see ``fractal_datasets_files``."""
    return files.measure(options)


PARTS = {"loaders": loaders_part, "network": network_part, "fractaldb": fractaldb_part}


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--part", choices=PARTS, default="loaders")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="of the loader")
    parser.add_argument("--side", type=int, default=224, help="of coloured pictures, pixels")
    parser.add_argument("--points", type=int, metavar="N", help="of a picture [default: 100000]")
    parser.add_argument("--batch", type=int, metavar="N", help="pictures [default: 32]")
    files.add_options(parser)
    options = parser.parse_args()
    if options.workers < 1:
        raise InputError(f"--workers must be at least 1: got {options.workers}")
    options.points = options.points or (2000 if options.quick else 100_000)
    options.batch = options.batch or (4 if options.quick else 32)
    if options.threads:
        torch.set_num_threads(options.threads)
    results, texts, notes, published = PARTS[options.part](options)
    document = harness.record(
        f"fractal_datasets_{options.part}",
        harness.plain(results),
        options,
        published=published,
        notes=notes,
    )
    harness.publish(document, options, "\n\n".join(texts))


if __name__ == "__main__":
    harness.run(main)
