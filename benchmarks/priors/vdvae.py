"""Very deep VAEs of binary MNIST: the collage head beside the plain head.

    python -m benchmarks.priors.vdvae --data MNIST.npz --collage MODEL --plain MODEL
        [--log collage=FOLDER plain=FOLDER] [--keep DIR] [--part bounds ...]

``bounds``: the evidence lower bound of all test pictures, by parts, and the importance-weighted
bound. ``training``: the curves of the trainings whose folders ``--log`` names. ``upsampling``:
samples decoded at 10 and 40 times the size beside filters. ``quality``: distances of samples from
test pictures in the features of a classifier trained here. Every part writes vdvae_PART.json;
figures and vdvae_training.csv beside them.
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import torch

from benchmarks import harness
from benchmarks.harness.types import Row
from benchmarks.priors import bounds, curves, figures, quality, upsampling
from benchmarks.priors.digits import Data, load_data
from benchmarks.priors.subjects import (
    Subject,
    about,
    add_options,
    check_sizes,
    kept_work,
    load_subjects,
)

PARTS = ("bounds", "training", "upsampling", "quality")


class Measured(NamedTuple):
    """What a part found: for the JSON, as tables, as notes."""

    results: Row
    tables: list[str]
    notes: list[str]


def run_part(
    part: str, subjects: Sequence[Subject], data: Data, options: argparse.Namespace
) -> Measured | None:
    """Return what a part finds; None where its models or logs are not given."""
    kept, folder = kept_work(options.keep), harness.output_folder(options)
    if part == "bounds":
        return Measured(*bounds.measure(subjects, data, kept, options))
    if part == "quality":
        return Measured(*quality.measure(subjects, data, kept, options))
    if part == "training":
        logs = curves.parse_logs(options.log)
        return Measured(*curves.measure(logs, folder)) if logs else None
    if folder is not None:
        figures.write_samples(folder, subjects, options.seed, options.quick)
    collage = next((s for s in subjects if s.label == upsampling.COLLAGE), None)
    if collage is None:
        return None
    if folder is not None:
        figures.write_upsampling(folder, collage, options.seed)
    return Measured(*upsampling.measure(collage, kept, options))


def main() -> None:
    parser = harness.parser(__doc__)
    add_options(parser)
    parser.add_argument(
        "--part", nargs="+", choices=PARTS, default=PARTS, help="[default: all that can be]"
    )
    parser.add_argument(
        "--log", nargs="+", default=[], metavar="HEAD=FOLDER", help="folders of the trainings"
    )
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    subjects, data = load_subjects(options), load_data(options)
    check_sizes(subjects, data)
    models = [about(subject) for subject in subjects]
    for part in options.part:
        found = run_part(part, subjects, data, options)
        if found is None:
            harness.say(f"{part}: left out, see --help for what it needs")
            continue
        notes = list(found.notes)
        if not (options.collage or options.plain):
            notes.append("the models are small and untrained")
        document = harness.record(
            f"vdvae_{part}",
            harness.plain({"data": data.name, "models": models, **found.results}),
            options,
            published=bounds.PUBLISHED if part == "bounds" else (),
            notes=notes,
        )
        harness.publish(document, options, "\n\n".join(found.tables))


if __name__ == "__main__":
    harness.run(main)
