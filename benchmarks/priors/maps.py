"""Diffusion of sets of maps: are samples of their class, as varied as digits, and no copies?

    python -m benchmarks.priors.maps --data MNIST.npz --model MODEL [--latents DIR]
        [--samples 2000] [--guidance 1 1.5] [--sampler-steps 25]

Samples, as many of each class as the test set has, are drawn by the space and compared with test
pictures in the features of a classifier trained here; and each with the drawings of all training
codes: the IoU of the nearest one, beside that of the codes of test pictures. maps_samples.png has
samples of all classes, maps_zooms.png some at 16 times the size.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks import harness
from benchmarks.harness.captions import GAP
from benchmarks.harness.types import Array, Row
from benchmarks.priors.classifier import (
    EPOCHS,
    QUICK_EPOCHS,
    Classifier,
    describe,
    load_classifier,
    train_classifier,
)
from benchmarks.priors.copies import NOTE, copied
from benchmarks.priors.digits import Data, binarised, load_data
from selfsame.cli.shared.call import set_threads
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.io.grids import grid
from selfsame.io.pictures import to_uint8, write_picture
from selfsame.latents import Latents, MapsConfig, MapsModel, MapsSpace
from selfsame.latents.batches import encode_set
from selfsame.metrics.sets import frechet_distance, precision_recall
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import DiffusionConfig, SamplerSettings
from selfsame.priors.diffusion.latent import LatentDiffusion
from selfsame.priors.diffusion.model import DiffusionModel

AT_ONCE = 500
"""Pictures drawn at a time."""

QUICK_SAMPLES, QUICK_STEPS = 30, 2

SHOWN, ZOOMED, ZOOM = 100, 6, 16

COLUMNS = ("set", "accuracy", "frechet", "precision", "recall", "nearest_iou", "copies")


class Drawn(NamedTuple):
    """A set of pictures, (N, 1, S, S) in [0, 1], and the class that each should be of, (N,)."""

    pictures: Tensor
    labels: Array


def untrained() -> LatentDiffusion:
    """Return a small diffusion that has learned nothing, for quick runs without a model."""
    space = MapsSpace(MapsModel(MapsConfig(maps=4, ink=20, steps=2)))
    torch.manual_seed(0)
    model = DiffusionModel(
        DiffusionConfig(tokens=4, numbers=7, classes=10, width=16, depth=1, heads=2, counted=True)
    )
    model.std.fill_(0.3)
    return LatentDiffusion(model.eval(), space)


@torch.no_grad()
def drawn(space: MapsSpace, latents: Latents) -> Tensor:
    """Return the pictures of latents as codes hold them, (N, 1, S, S) in [0, 1)."""
    parts = []
    for first in range(0, len(latents.values), AT_ONCE):
        parts.append(space.draw(latents.rows(slice(first, first + AT_ONCE))))
    return torch.cat(parts)


def compared(name: str, made: Drawn, judge: Classifier, real: Array, known: Tensor) -> Row:
    """Return what is measured of a set.

    Args:
        real: features of test pictures, as many as there are made ones.
        known: drawings of all training codes, (M, 1, S, S).
    """
    binary = torch.bernoulli(made.pictures, generator=torch.Generator().manual_seed(0))
    seen = describe(judge, binary)
    likeness = precision_recall(real, seen.features)
    return {
        "set": name,
        "pictures": len(made.pictures),
        "accuracy": float((seen.probabilities.argmax(1) == made.labels).mean()),
        "frechet": frechet_distance(real, seen.features),
        "precision": likeness.precision,
        "recall": likeness.recall,
        **copied(made.pictures, known),
    }


def sampled(
    made_by: LatentDiffusion, labels: Array, settings: SamplerSettings, seed: int
) -> Latents:
    """Return a sample of each label, as codes hold it."""
    condition = Condition(torch.from_numpy(labels))
    return made_by.sample(len(labels), settings, condition=condition, seed=seed)


def write_figures(
    folder: Path, made_by: LatentDiffusion, settings: SamplerSettings, seed: int
) -> None:
    """Write maps_samples.png, a column for each class, and maps_zooms.png."""
    classes = made_by.model.config.classes
    latents = sampled(made_by, np.arange(SHOWN) % classes, settings, seed)
    assert isinstance(made_by.space, MapsSpace)
    small = to_uint8(made_by.space.draw(latents, 4)[:, 0].numpy())
    write_picture(folder / "maps_samples.png", grid([*small], classes, GAP))
    large = to_uint8(made_by.space.draw(latents.rows(slice(ZOOMED)), ZOOM)[:, 0].numpy())
    write_picture(folder / "maps_zooms.png", grid([*large], ZOOMED // 2, GAP))


def measure(
    made_by: LatentDiffusion, data: Data, options: argparse.Namespace, kept: Path
) -> list[Row]:
    """Return rows of samples at each guidance, of codes of test pictures, and of training ones."""
    space, seed = made_by.space, options.seed
    assert isinstance(space, MapsSpace)
    assert data.train.labels is not None
    assert data.test.labels is not None
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    judge = load_classifier(train_classifier(data.train, seed, epochs), data.train)
    count = min(len(data.test), QUICK_SAMPLES if options.quick else options.samples)
    chosen = np.random.default_rng(seed).permutation(len(data.test))[:count]
    tests = Pictures(data.test.images[chosen], data.test.labels[chosen])
    real = describe(judge, binarised(tests, seed)).features
    harness.say("coding the training pictures")
    known = drawn(space, space.rounded(encode_set(space, data.train, keep=kept)))
    rows = []
    for guidance in options.guidance:
        settings = SamplerSettings(
            steps=QUICK_STEPS if options.quick else options.sampler_steps, guidance=guidance
        )
        made = drawn(space, sampled(made_by, data.test.labels[chosen], settings, seed))
        of_class = Drawn(made, data.test.labels[chosen])
        rows.append(compared(f"samples, guidance {guidance:g}", of_class, judge, real, known))
        harness.say(f"{rows[-1]['set']}: accuracy {rows[-1]['accuracy']:.3f}")
    of_tests = space.rounded(encode_set(space, tests, keep=kept))
    coded = Drawn(drawn(space, of_tests), data.test.labels[chosen])
    rows.append(compared("codes of the test pictures", coded, judge, real, known))
    others = np.random.default_rng(seed + 1).permutation(len(data.train))[:count]
    learned = Drawn(known[others], data.train.labels[others])
    rest = np.setdiff1d(np.arange(len(known)), others)
    rows.append(compared("codes of training pictures", learned, judge, real, known[rest]))
    return rows


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--model", help="a diffusion of sets of maps: its folder")
    parser.add_argument("--latents", type=Path, metavar="DIR", help="as of `train diffusion`")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 1.5])
    parser.add_argument("--sampler-steps", type=int, default=25)
    options = parser.parse_args()
    set_threads(options.threads)
    if options.model is None and not options.quick:
        raise InputError("give a diffusion of sets of maps: --model FOLDER")
    made_by = LatentDiffusion.from_pretrained(options.model) if options.model else untrained()
    if not isinstance(made_by.space, MapsSpace):
        raise InputError(f"{options.model} is a diffusion of other codes than sets of maps")
    data = load_data(options)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(made_by, data, options, options.latents or Path(folder))
    figures = harness.output_folder(options)
    if figures is not None:
        settings = SamplerSettings(steps=QUICK_STEPS if options.quick else options.sampler_steps)
        write_figures(figures, made_by, settings, options.seed)
    publish(rows, made_by, data, options)


def publish(
    rows: Sequence[Row], made_by: LatentDiffusion, data: Data, options: argparse.Namespace
) -> None:
    """Write maps.json and print the table."""
    notes = [
        "Fréchet distance, precision and recall: to as many test pictures drawn as zeros and ones,"
        " in the features of a small classifier trained here",
        f"{NOTE}, as their codes draw them",
    ]
    if options.model is None:
        notes.append("the model is small and untrained")
    config = made_by.space.config if isinstance(made_by.space, MapsSpace) else None
    results = {
        "data": data.name,
        "space": None if config is None else config.as_dict(),
        "parameters": sum(p.numel() for p in made_by.model.parameters()),
        "rows": list(rows),
    }
    document = harness.record("maps", harness.plain(results), options, notes=notes)
    harness.publish(document, options, harness.markdown_table(rows, COLUMNS))


if __name__ == "__main__":
    harness.run(main)
