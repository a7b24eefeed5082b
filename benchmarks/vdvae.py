"""Very deep VAEs of binary MNIST: the collage head beside the plain head.

    python benchmarks/vdvae.py --data MNIST.npz --collage MODEL --plain MODEL
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

import codec_data
import harness
import vdvae_bounds
import vdvae_data
import vdvae_pictures
import vdvae_quality
import vdvae_training
import vdvae_upsampling
from vdvae_data import Data, Kept, Row, Subject

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
    kept, folder = Kept(options.keep), codec_data.output_folder(options)
    if part == "bounds":
        return Measured(*vdvae_bounds.measure(subjects, data, kept, options))
    if part == "quality":
        return Measured(*vdvae_quality.measure(subjects, data, kept, options))
    if part == "training":
        logs = vdvae_training.parse_logs(options.log)
        return Measured(*vdvae_training.measure(logs, folder)) if logs else None
    if folder is not None:
        vdvae_pictures.write_samples(folder, subjects, options.seed, options.quick)
    collage = next((s for s in subjects if s.label == vdvae_upsampling.COLLAGE), None)
    if collage is None:
        return None
    if folder is not None:
        vdvae_pictures.write_upsampling(folder, collage, options.seed)
    return Measured(*vdvae_upsampling.measure(collage, kept, options))


def main() -> None:
    parser = harness.parser(__doc__)
    vdvae_data.add_options(parser)
    parser.add_argument(
        "--part", nargs="+", choices=PARTS, default=PARTS, help="[default: all that can be]"
    )
    parser.add_argument(
        "--log", nargs="+", default=[], metavar="HEAD=FOLDER", help="folders of the trainings"
    )
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    subjects, data = vdvae_data.load_subjects(options), vdvae_data.load_data(options)
    vdvae_data.check_sizes(subjects, data)
    models = [vdvae_data.about(subject) for subject in subjects]
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
            published=vdvae_bounds.PUBLISHED if part == "bounds" else (),
            notes=notes,
        )
        harness.publish(document, options, "\n\n".join(found.tables))


if __name__ == "__main__":
    harness.run(main)
