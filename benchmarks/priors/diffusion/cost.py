"""Seconds and memory of samples at several sizes, beside a VDVAE, for ``codes.py``.

Each run is a process of its own, the models in turn. A group of samples is made: all latents at
once, then pictures, at scale 1 together, at larger ones each by itself and dropped, and the files
of the codes.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks import harness
from benchmarks.harness.processes import in_new_process, peak_mib, resident_mib
from benchmarks.harness.types import Row
from benchmarks.priors.diffusion.makers import CODES, loaded
from selfsame.codes.store import save
from selfsame.io.pictures import to_uint8
from selfsame.latents import CollageSpace, Latents
from selfsame.priors import Vdvae
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.priors.generation import GROUP, draw_noise, features_of, sample_generator

SCALES, QUICK_SCALES = (1, 10, 40), (1, 2)
RUNS, QUICK_RUNS = 5, 1

VDVAE = "VDVAE"

COLUMNS = ("model", "scale", "seconds", "make_s", "draw_s", "write_s", "peak_mib", "loaded_mib")


class Asked(NamedTuple):
    """What a process makes.

    Attributes:
        name: ``CODES`` or ``VDVAE``.
        model, space: folders or names; the VDVAE needs no space.
    """

    name: str
    model: str
    space: str
    precision: str
    settings: SamplerSettings
    scale: int
    threads: int | None
    seed: int


class Steps(NamedTuple):
    """The work on a group of samples, step by step; each takes what the one before has made.

    Attributes:
        make: from a seed.
        draw: at a scale.
        write: files into a folder; None: there is nothing to be written.
    """

    make: Callable[[int], torch.Tensor]
    draw: Callable[[torch.Tensor, int], torch.Tensor]
    write: Callable[[torch.Tensor, Path], None] | None


def steps_of(asked: Asked) -> Steps:
    """Return the work of a model."""
    if asked.name == VDVAE:
        model = Vdvae.from_pretrained(asked.model).eval()

        def noise(seed: int) -> torch.Tensor:
            generators = [sample_generator(seed, number) for number in range(GROUP)]
            return features_of(model, draw_noise(model, generators))

        return Steps(noise, model.render, None)
    space = CollageSpace.from_pretrained(asked.space)
    maker = loaded(CODES, space, {}, asked.model, asked.precision)
    labels = torch.arange(GROUP) % maker.model.config.classes

    def write(values: torch.Tensor, folder: Path) -> None:
        for number, code in enumerate(space.codes(Latents(values))):
            save(code, folder / f"{number}.ssm")

    return Steps(
        lambda seed: maker.latents(labels, asked.settings, seed).values,
        lambda values, scale: space.draw(Latents(values), scale),
        write,
    )


@torch.no_grad()
def one_run(asked: Asked) -> Row:
    """Return the seconds of a sample, mean over a group, after one group that is not timed; and
    the memory of this process."""
    if asked.threads:
        torch.set_num_threads(asked.threads)
    steps = steps_of(asked)
    before = resident_mib()
    found: Row = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            begin = time.perf_counter()
            made = steps.make(asked.seed + number)
            at_made = time.perf_counter()
            for part in made.split(len(made) if asked.scale == 1 else 1):
                to_uint8(steps.draw(part, asked.scale).clamp(0, 1).numpy())
            drawn = time.perf_counter()
            if steps.write is not None:
                steps.write(made, Path(folder))
            end = time.perf_counter()
            spans = {"make_s": at_made - begin, "draw_s": drawn - at_made, "write_s": end - drawn}
            found = {name: span / len(made) for name, span in spans.items()}
            found["seconds"] = (end - begin) / len(made)
    return {**found, "peak_mib": peak_mib(), "loaded_mib": before}


def measure(
    options: argparse.Namespace, settings: SamplerSettings
) -> tuple[Row, list[str], list[str]]:
    """Return medians of seconds and memory of all models at all scales, and their ratios."""
    common = (options.precision, settings)
    models = {CODES: (options.model, options.space)}
    if options.vdvae is not None:
        models[VDVAE] = (options.vdvae, "")
    rows: list[Row] = []
    for scale in QUICK_SCALES if options.quick else SCALES:
        runs: dict[str, list[Row]] = {name: [] for name in models}
        for number in range(QUICK_RUNS if options.quick else RUNS):
            for name, places in models.items():
                asked = Asked(name, *places, *common, scale, options.threads, options.seed + number)
                runs[name].append(in_new_process(one_run, asked))
        for name, found in runs.items():
            rows.append({"model": name, "scale": scale, **medians(found)})
            harness.say(f"{name}, {scale} times: {rows[-1]['seconds']:.4f} s a sample")
    ratios = ratio_rows(rows)
    notes = [
        f"seconds of a sample, in groups of {GROUP}; medians of runs, each a process; make_s:"
        " latents, draw_s: pictures as bytes, write_s: files of the codes, which a VDVAE has not",
        "peak_mib: the whole process, Python and PyTorch included; loaded_mib: before any sample;"
        " pictures beyond scale 1 are drawn one by one",
        "ratios: the VDVAE's over the codes', above 1 where codes take less",
    ]
    texts = [harness.markdown_table(rows, COLUMNS)]
    if ratios:
        texts.append(harness.markdown_table(ratios, list(ratios[0])))
    results = {"sampler": settings.as_dict(), "rows": rows, "ratios": ratios}
    return results, texts, notes


def medians(runs: Sequence[Row]) -> Row:
    """Return the median of each value, and the extremes of the seconds."""
    row: Row = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    seconds = [run["seconds"] for run in runs]
    return {**row, "min_seconds": min(seconds), "max_seconds": max(seconds), "runs": len(runs)}


def ratio_rows(rows: Sequence[Row]) -> list[Row]:
    """Return by scale what the VDVAE takes over what the codes take; nothing without a VDVAE."""
    by_place = {(row["model"], row["scale"]): row for row in rows}
    found = []
    for scale in dict.fromkeys(row["scale"] for row in rows):
        ours, theirs = by_place.get((CODES, scale)), by_place.get((VDVAE, scale))
        if ours and theirs:
            ratios = {name: theirs[name] / ours[name] for name in ("seconds", "draw_s", "peak_mib")}
            found.append({"scale": scale, **ratios})
    return found
