"""Class-conditional diffusion on fractal codes, beside diffusion on pixels and a VDVAE.

    python -m benchmarks.priors.diffusion.codes --part train-pixels --data MNIST.npz
        --pixels FOLDER --pixel-steps N [--model FOLDER]
    python -m benchmarks.priors.diffusion.codes --data MNIST.npz --space SPACE --model FOLDER
        [--pixels FOLDER] [--vdvae mnist] [--keep DIR] [--part quality ...]

``quality``: Fréchet distances of samples, reconstructions and training pictures from test pictures
in the features of a classifier trained here on the same data, class accuracy, precision and recall,
by weight of guidance; PSNR and bytes of the space. ``copies``: how near samples are to training
pictures. ``steps``: quality against steps of three samplers. ``training``: against time, at the
checkpoints in FOLDER, of a training that kept them all (``--set train.keep=1000``). ``cost``:
seconds and memory of samples at 1, 10 and 40 times the size. ``sheets``: pictures. ``train-pixels``
trains the pixel diffusion for the other parts, as the model was trained, if one is given, else with
the settings of ``selfsame train diffusion``.

Every part writes codes_DATA_PART.json, DATA being the name of the file of pictures; figures and
tables beside them.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks import harness
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Row
from benchmarks.priors import subjects
from benchmarks.priors.diffusion import cost, curves, makers, quality, sheets, small
from benchmarks.priors.diffusion.makers import Maker
from benchmarks.priors.diffusion.pixels import settings_of, train_pixels
from benchmarks.priors.digits import Data, load_data
from benchmarks.priors.subjects import Subject
from selfsame.cli.shared.call import set_threads
from selfsame.errors import InputError
from selfsame.priors.diffusion.config import SamplerSettings

TRAIN = "train-pixels"
PARTS = ("quality", "copies", "steps", "training", "cost", "sheets")

SHEET_WEIGHTS = (1.0, 2.0)
"""Of guidance, on the sheets."""

SOURCES = ("priors/**/*.py", "collage/**/*.py", "latents/*.py")
SHOWN = ("model", "set", "sampler", "set_seed", "count", "epochs")
"""Settings of work in progress that are told."""


class Measured(NamedTuple):
    """What a part found: for the JSON, as tables, as notes."""

    results: Row
    tables: list[str]
    notes: list[str]


def run_part(
    part: str,
    found: list[Maker],
    vdvae: Subject | None,
    data: Data,
    options: argparse.Namespace,
    name: str,
) -> Measured | None:
    """Return what a part finds; None of one that only writes pictures."""
    kept, folder = Kept(options.keep, "codes", SOURCES, SHOWN), harness.output_folder(options)
    settings = SamplerSettings(sampler=options.sampler, steps=options.steps)
    if part == "quality":
        return Measured(*quality.measure(found, vdvae, data, kept, options, settings))
    if part == "copies":
        return Measured(*quality.measure_copies(found, data, settings, options.seed))
    if part == "steps":
        return Measured(*curves.measure_steps(found, data, kept, options, f"{name}_steps", folder))
    if part == "training":
        return Measured(
            *curves.measure_training(
                found, data, kept, options, settings, f"{name}_training", folder
            )
        )
    if part == "cost":
        return Measured(*cost.measure(options, settings))
    if folder is not None:
        sheets.write_sheets(folder, name, found, vdvae, data, SHEET_WEIGHTS, settings, options.seed)
    return None


def main() -> None:
    parser = harness.parser(__doc__)
    makers.add_options(parser)
    parser.add_argument(
        "--part", nargs="+", choices=(*PARTS, TRAIN), default=PARTS, help="[default: all figures]"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep finished work, and reuse it")
    parser.add_argument(
        "--sampler", choices=curves.SAMPLERS, default="heun", help="[default: heun]"
    )
    parser.add_argument("--steps", type=int, default=25, metavar="N", help="of it [default: 25]")
    parser.add_argument(
        "--guidance",
        type=float,
        nargs="+",
        default=quality.WEIGHTS,
        metavar="W",
        help="weights that quality is measured at [default: 1 1.25 1.5 2, and 2 in an interval]",
    )
    parser.add_argument("--pixel-steps", type=int, metavar="N", help=f"of {TRAIN}")
    options = parser.parse_args()
    set_threads(options.threads)
    data = load_data(options)
    if TRAIN in options.part:
        if options.pixels is None or options.pixel_steps is None:
            raise InputError(f"{TRAIN} needs --pixels FOLDER and --pixel-steps N")
        settings = settings_of(options.model, options.seed, options.precision)
        train_pixels(data.train, Path(options.pixels), options.pixel_steps, settings)
    with ExitStack() as stack:
        made_here = options.quick and not (options.model or options.pixels)
        if made_here:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            small.make_models(folder, data, options)
        run(options, data, made_here)


def needed(part: str, found: list[Maker], options: argparse.Namespace) -> str | None:
    """Return what a part needs and is not given, or None."""
    if part == "cost" and options.model is None:
        return "--space and --model"
    if part == "training" and not any(map(curves.snapshots, found)):
        return "the folder of a training that kept its checkpoints"
    return None


def run(options: argparse.Namespace, data: Data, made_here: bool) -> None:
    """Run the parts that measure, and publish what they found."""
    parts = [part for part in options.part if part != TRAIN]
    if not parts:
        return
    found = makers.load_makers(options, data)
    cpu = torch.device("cpu")
    vdvae = options.vdvae and subjects.load_subject(cost.VDVAE, options.vdvae, cpu)
    if vdvae:
        subjects.check_sizes([vdvae], data)
    models = [*map(makers.about, found), *([subjects.about(vdvae)] if vdvae else [])]
    name = f"codes_{Path(data.name).stem}"
    for part in parts:
        lacking = needed(part, found, options)
        if lacking is not None:
            harness.say(f"{part}: left out, it needs {lacking}")
            continue
        measured = run_part(part, found, vdvae, data, options, name)
        if measured is None:
            continue
        notes = [*measured.notes, *(["the models are small and untrained"] if made_here else [])]
        results = harness.plain({"data": data.name, "models": models, **measured.results})
        document = harness.record(f"{name}_{part}", results, options, notes=notes)
        harness.publish(document, options, "\n\n".join(measured.tables))


if __name__ == "__main__":
    harness.run(main)
