"""FractalDB-1k as files: hours and bytes, estimated from a part of it.

A part has whole categories: one chaos game serves the 40 flips and patches of a variation, and a
data set of few instances would not show that.
"""

import argparse
import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import harness
from benchmarks.harness.types import Row
from benchmarks.reference import fractaldb_renderer
from benchmarks.reference.anderson_farrell_dataset import chain, stamped
from selfsame.errors import InputError
from selfsame.fractals import make_recipe
from selfsame.fractals.files.layout import Layout
from selfsame.fractals.files.write import Written, write_dataset
from selfsame.fractals.recipes.base import Recipe
from selfsame.ifs.system import IFS
from selfsame.run.processes import Processes

CATEGORIES, INSTANCES, SIDE = 1000, 1000, 256

PUBLISHED: list[Row] = [
    {"source": "FractalDB-1k, its authors' word", "days": "1-2"},
    {
        "source": "FractalDB's renderer, measured on a machine of this kind: renderings with "
        "patches, each written in four flips, one core",
        "renderings_per_s": 0.5,
        "hours_of_one_core": CATEGORIES * INSTANCES / 4 / 0.5 / 3600,
    },
]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``--part fractaldb``."""
    parser.add_argument("--percent", type=float, default=1, help="of FractalDB-1k, made for real")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where the files stay [default: removed]"
    )


def measure(options: argparse.Namespace) -> tuple[Row, list[str], list[str], list[Row]]:
    """Return results, tables as text, notes and published figures."""
    if not 0.1 <= options.percent <= 100:
        raise InputError(f"--percent must be within 0.1..100: got {options.percent}")
    categories = 1 if options.quick else round(CATEGORIES * options.percent / 100)
    instances = 40 if options.quick else INSTANCES
    begin = time.perf_counter()
    recipe = make_recipe(
        "fractaldb",
        classes=categories,
        instances=instances,
        side=SIDE,
        points=options.points,
        seed=options.seed,
    )
    search_s = time.perf_counter() - begin
    harness.say(f"{categories} categories found in {search_s:.1f} s")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "part"
        start_s = _write(_small(recipe, 1), Path(scratch) / "start", options.jobs).seconds
        rows = []
        for form in ("folder", "webdataset"):
            written = _write(recipe, folder / form, options.jobs, form)
            rows.append(estimated(written, form, search_s / categories, start_s))
            harness.say(f"{form}: {written.pictures} pictures in {written.seconds:.1f} s")
        same = same_bytes(recipe, Path(scratch))
        peers = [peer(name, recipe, options, Path(scratch)) for name in PEERS]
    results = {
        "side": SIDE,
        "points": options.points,
        "jobs": options.jobs,
        "categories": categories,
        "instances": instances,
        "search_s_per_category": search_s / categories,
        "start_s": start_s,
        "files": rows,
        "same_bytes_with_1_and_4_jobs": same,
        "peers": peers,
    }
    shown = [*rows, *peers]
    columns = ["format", "pictures_per_s", "hours", "gigabytes"]
    title = f"FractalDB-1k ({CATEGORIES} x {INSTANCES} at {SIDE}), {options.jobs} processes:"
    notes = [
        f"hours and bytes of all {CATEGORIES} categories are estimated from {categories}: the "
        "search for categories and the writing as many times as long, starting once",
        "plain Python and compiled chain: the renderings of a few categories one after the other, "
        "as folders, shared among as many processes without loss; no search; compiled chain is "
        "the renderer of Anderson and Farrell's kind, stamping patches",
        f"the same bytes with 1 and 4 processes: {'yes' if same else 'NO'}",
    ]
    return results, [title, harness.markdown_table(shown, columns)], notes, PUBLISHED


def estimated(written: Written, form: str, search_s: float, start_s: float) -> Row:
    """Return what a part of the files took, and what all of FractalDB-1k would.

    Args:
        search_s: for one category.
        start_s: what it takes to write next to nothing.
    """
    total = CATEGORIES * INSTANCES
    drawing_s = max(written.seconds - start_s, 0.0)
    hours = (search_s * CATEGORIES + start_s + drawing_s * total / written.pictures) / 3600
    return {
        "format": form,
        "pictures": written.pictures,
        "seconds": written.seconds,
        "bytes": written.bytes,
        "pictures_per_s": written.pictures / written.seconds,
        "hours": hours,
        "gigabytes": written.bytes / written.pictures * total / 1e9,
    }


def same_bytes(recipe: Recipe, scratch: Path) -> bool:
    """Return whether 1 and 4 processes write the same files."""
    small = _small(recipe, min(20, recipe.instances))
    digests = []
    for jobs in (1, 4):
        folder = scratch / f"jobs{jobs}"
        write_dataset(small, folder, Layout(shard_size=5), executor=Processes(jobs))
        digests.append(digest(folder))
    return digests[0] == digests[1]


def digest(folder: Path) -> str:
    """Return a hash of the names and bytes of all pictures below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.png")):
        found.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def peer(name: str, recipe: Recipe, options: argparse.Namespace, scratch: Path) -> Row:
    """Return the pace of another renderer on the same categories, one process, four flips each."""
    render, most = PEERS[name]
    count = min(1 if options.quick else most, recipe.classes)
    render(category(recipe, 0), SIDE, 100, options.seed)  # compiled before the clock starts
    begin = time.perf_counter()
    for number in range(count):
        picture = render(category(recipe, number), SIDE, options.points, options.seed)
        fractaldb_renderer.write_flips(picture, scratch, str(number))
    seconds = (time.perf_counter() - begin) / (4 * count)
    return {
        "format": name,
        "renderings": count,
        "seconds_per_picture": seconds,
        "pictures_per_s": options.jobs / seconds,
        "hours": CATEGORIES * INSTANCES * seconds / options.jobs / 3600,
    }


def compiled_chain(system: IFS, side: int, points: int, seed: int) -> NDArray[np.uint8]:
    """Return a picture as ``fractaldb_renderer.render`` does, by compiled loops over one chain."""
    rng = np.random.default_rng(seed)
    maps = np.concatenate([system.matrices.reshape(-1, 4), system.offsets], axis=1)
    patch = rng.integers(0, 2, (3, 3)) | np.eye(3, dtype=np.int64)
    inner = side - 2 * fractaldb_renderer.PADDING
    counts = stamped(chain(maps, np.array(system.probabilities), points, seed), inner, patch)
    drawn = np.where(counts > 0, fractaldb_renderer.WHITE, 0).astype(np.uint8)
    return np.pad(drawn[::-1], fractaldb_renderer.PADDING)


Render = Callable[[IFS, int, int, int], NDArray[np.uint8]]

PEERS: dict[str, tuple[Render, int]] = {
    "plain Python": (fractaldb_renderer.render, 4),
    "compiled chain": (compiled_chain, 10),
}
"""Renderers that are measured beside ours, and how many renderings of each."""


def category(recipe: Recipe, label: int) -> IFS:
    """Return the system of a category."""
    matrices, offsets, probabilities, counts = recipe.systems.take([label])
    n = counts[0]
    return IFS(matrices[0, :n], offsets[0, :n], probabilities[0, :n])


def _write(recipe: Recipe, folder: Path, jobs: int, form: str = "folder") -> Written:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return write_dataset(recipe, folder, Layout(format=form), executor=Processes(jobs))  # type: ignore[arg-type]


def _small(recipe: Recipe, instances: int) -> Recipe:
    """Return the recipe with few pictures of the first category, the search spared."""
    return replace(recipe, classes=1, instances=instances, systems=recipe.systems.take([0]))
