"""How far samples lie from test pictures, in the features of a classifier, for ``vdvae.py``."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks import harness
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Arrays, Row
from benchmarks.priors.classifier import (
    EPOCHS,
    FEATURES,
    QUICK_EPOCHS,
    Classifier,
    Described,
    accuracy,
    class_entropy,
    describe,
    labels_of,
    load_classifier,
    train_classifier,
)
from benchmarks.priors.digits import Data, binarised
from benchmarks.priors.subjects import Subject, sampled_features
from selfsame.datasets import Pictures
from selfsame.metrics.sets import frechet_distance, kernel_distance

TEMPERATURES = (1.0, 0.8)
REPEATS, QUICK_REPEATS = 3, 2
"""Sets drawn of each kind; their spread shows how sure a figure is."""

FLIPPED = 0.02
"""Share of pixels flipped in a baseline."""

KERNEL_SUBSET = 1000

Draw = Callable[[int], Tensor]
"""Returns binary pictures, (N, 1, S, S), of a seed."""


class Judge(NamedTuple):
    """A classifier that has learned the training pictures, and what it makes of the test pictures.

    Attributes:
        settings: all that its weights depend on.
        real: of the test pictures, drawn as zeros and ones.
    """

    classifier: Classifier
    settings: Row
    real: Described

    def described(self, draw: Draw, seed: int, kept: Kept, settings: Row) -> Described:
        """Return what the classifier makes of a drawn set, which is kept.

        Args:
            settings: all that the set depends on besides the seed.
        """

        def work() -> Arrays:
            return describe(self.classifier, draw(seed))._asdict()

        all_of_it = {**settings, "classifier": self.settings, "set_seed": seed}
        return Described(**kept.get("described", all_of_it, work))

    def about(self, data: Data) -> Row:
        """Return what a reader must know of the classifier."""
        return {
            **self.settings,
            "features": FEATURES,
            "parameters": sum(p.numel() for p in self.classifier.parameters()),
            "test_accuracy": accuracy(self.real, labels_of(data.test)),
        }


def learned_judge(data: Data, kept: Kept, options: argparse.Namespace) -> Judge:
    """Return a classifier trained on the training pictures, which is kept."""
    seed, epochs = options.seed, QUICK_EPOCHS if options.quick else EPOCHS
    settings = {"data": data.train.fingerprint, "seed": seed, "epochs": epochs}
    work = partial(train_classifier, data.train, seed, epochs)
    classifier = load_classifier(kept.get("classifier", settings, work), data.train)
    return Judge(classifier, settings, describe(classifier, binarised(data.test, seed)))


def drawn_samples(subject: Subject, count: int, temperature: float, seed: int) -> Tensor:
    """Return binary samples of a model, (count, 1, S, S): pixels drawn, not means."""
    model, generator = subject.model, subject.generator(seed + 1)
    with torch.no_grad():
        parts = [
            model.likelihood.sample(model.draw(features), generator)
            for features in sampled_features(subject, count, seed, temperature)
        ]
    return torch.cat(parts).cpu()


def chosen_training(data: Data, count: int, seed: int) -> Pictures:
    """Return training pictures, drawn without replacement."""
    chosen = np.random.default_rng(seed).permutation(len(data.train))[:count]
    labels = labels_of(data.train)[chosen]
    return Pictures(data.train.images[chosen], labels, data.train.classes)


def training_pictures(data: Data, count: int, seed: int) -> Tensor:
    """Return binary training pictures, drawn without replacement: what no model can better."""
    return binarised(chosen_training(data, count, seed), seed)


def flipped(data: Data, count: int, seed: int) -> Tensor:
    """Return training pictures with a share ``FLIPPED`` of pixels wrong."""
    pictures = training_pictures(data, count, seed)
    generator = torch.Generator().manual_seed(seed)
    wrong = torch.rand(pictures.shape, generator=generator) < FLIPPED
    return torch.where(wrong, 1 - pictures, pictures)


def quartered(data: Data, count: int, seed: int) -> Tensor:
    """Return pictures whose quarters come from four training pictures: right only close up."""
    pictures = training_pictures(data, count, seed)
    half = pictures.shape[2] // 2
    generator = torch.Generator().manual_seed(seed)
    mixed = pictures.clone()
    for rows in (slice(None, half), slice(half, None)):
        for columns in (slice(None, half), slice(half, None)):
            order = torch.randperm(len(pictures), generator=generator)
            mixed[:, :, rows, columns] = pictures[order][:, :, rows, columns]
    return mixed


def independent_pixels(data: Data, count: int, seed: int) -> Tensor:
    """Return pictures whose pixels are drawn each for itself, by the mean training picture."""
    mean = torch.from_numpy(data.train.images.mean((0, 3), dtype=np.float32) / 255)
    generator = torch.Generator().manual_seed(seed)
    return torch.bernoulli(mean.expand(count, 1, -1, -1), generator=generator)


def sets(subjects: Sequence[Subject], data: Data) -> dict[str, tuple[Row, Draw]]:
    """Return what is compared with the test pictures, by name: what depends on it, how to draw."""
    count = min(len(data.test), len(data.train))
    of_data = {"data": data.train.fingerprint, "count": count}
    found: dict[str, tuple[Row, Draw]] = {}
    for subject in subjects:
        for temperature in TEMPERATURES:
            settings = {
                "model": subject.fingerprint,
                "temperature": temperature,
                "count": count,
            }
            draw = partial(drawn_samples, subject, count, temperature)
            found[f"{subject.label}, temperature {temperature:g}"] = settings, draw
    baselines = {
        "training pictures": training_pictures,
        f"training pictures, {FLIPPED:.0%} flipped": flipped,
        "quarters of four training pictures": quartered,
        "independent pixels": independent_pixels,
    }
    for name, make in baselines.items():
        found[name] = {**of_data, "set": name}, partial(make, data, count)
    return found


def compared(samples: Described, real: Described, seed: int) -> Row:
    """Return the distances of two sets, and which classes the first holds."""
    subset = min(KERNEL_SUBSET, len(samples.features) // 2, len(real.features) // 2)
    kernel = kernel_distance(
        samples.features, real.features, np.random.default_rng(seed), subset=subset
    )
    shares = np.bincount(
        samples.probabilities.argmax(1), minlength=samples.probabilities.shape[1]
    ) / len(samples.features)
    return {
        "frechet": frechet_distance(samples.features, real.features),
        "kernel": kernel.mean,
        "kernel_error": kernel.standard_error,
        "class_entropy_nats": class_entropy(samples),
        "least_class_share": float(shares.min()),
        "confidence": float(samples.probabilities.max(1).mean()),
    }


def mean_row(name: str, rows: Sequence[Row]) -> Row:
    """Return the means of several sets of one kind, and how far apart their distances lie."""
    row: Row = {"set": name}
    for key in rows[0]:
        row[key] = float(np.mean([one[key] for one in rows]))
    frechet = [one["frechet"] for one in rows]
    row["frechet_spread"] = max(frechet) - min(frechet)
    return row


def measure(
    subjects: Sequence[Subject], data: Data, kept: Kept, options: argparse.Namespace
) -> tuple[Row, list[str], list[str]]:
    """Return the distances of samples, floors and baselines from the test pictures."""
    quick, seed = options.quick, options.seed
    judge = learned_judge(data, kept, options)
    rows = []
    for name, (settings, draw) in sets(subjects, data).items():
        found = []
        for number in range(QUICK_REPEATS if quick else REPEATS):
            own = seed + 1000 * (number + 1)
            described = judge.described(draw, own, kept, settings)
            found.append(compared(described, judge.real, own))
        rows.append(mean_row(name, found))
        harness.say(f"{name}: {rows[-1]['frechet']:.3f}")
    results: dict[str, Any] = {
        "classifier": judge.about(data),
        "pictures": len(judge.real.features),
        "repeats": QUICK_REPEATS if quick else REPEATS,
        "test_pictures": {
            "class_entropy_nats": class_entropy(judge.real),
            "confidence": float(judge.real.probabilities.max(1).mean()),
        },
        "rows": rows,
    }
    columns = ["set", "frechet", "frechet_spread", "kernel", "kernel_error"]
    columns += ["class_entropy_nats", "least_class_share", "confidence"]
    notes = [
        "classifier Fréchet and kernel distances: squared, to the test pictures drawn as zeros and"
        " ones, in the last hidden layer of a small classifier trained here; not FID, and no figure"
        " of another classifier compares",
        "samples are binary draws; means over several sets, spread between the extremes",
    ]
    return results, [harness.markdown_table(rows, columns)], notes
