"""How far samples lie from test pictures, and whether they are of their class, for ``codes.py``."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks import harness
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Array, Row
from benchmarks.priors import quality
from benchmarks.priors.classifier import accuracy, labels_of
from benchmarks.priors.copies import NOTE, copied
from benchmarks.priors.diffusion.makers import CODES, Maker
from benchmarks.priors.digits import Data
from benchmarks.priors.quality import Draw, Judge
from benchmarks.priors.subjects import Subject
from selfsame.datasets import Pictures
from selfsame.datasets.batches import evaluation_pictures
from selfsame.latents import inspect_space
from selfsame.latents.batches import encode_set
from selfsame.metrics.sets import precision_recall
from selfsame.priors.diffusion.config import SamplerSettings

WEIGHTS = (1.0, 1.25, 1.5, 2.0)
"""Of guidance, by default; 1 is the model itself."""

INTERVAL = (0.5, 5.0)
"""Noise over signal where guidance acts, if not everywhere. The published one for EDM's networks is
0.28 to 2.9 on data of deviation 0.5; latents have 1."""

INTERVAL_WEIGHT = 2.0
"""The guidance that is measured in the interval, too."""

COMPARED = 1000
"""Samples that are compared with all training pictures, and test pictures beside them."""

COPIED = ("set", "nearest_iou", "copies")

COLUMNS = (
    *("set", "frechet", "frechet_spread", "kernel", "accuracy", "accuracy_error"),
    *("precision", "recall", "class_entropy_nats", "confidence"),
)


class Compared(NamedTuple):
    """A kind of sets that is compared with the test pictures.

    Attributes:
        settings: all that a set depends on besides its seed.
        labels: class that each picture should be of, (N,); None: of none.
        once: one set is enough, where several take hours.
    """

    settings: Row
    draw: Draw
    labels: Array | None
    once: bool = False


def binary(pictures: Tensor, seed: int) -> Tensor:
    """Return pictures in [0, 1] drawn as zeros and ones, as the classifier has learned them."""
    return torch.bernoulli(pictures, generator=torch.Generator().manual_seed(seed))


def drawn_samples(maker: Maker, labels: Tensor, settings: SamplerSettings, seed: int) -> Tensor:
    """Return binary samples of classes, (N, 1, S, S)."""
    return binary(maker.pictures(maker.latents(labels, settings, seed)), seed)


def coded(maker: Maker, pictures: Pictures, seed: int) -> Tensor:
    """Return pictures as their codes draw them, binary."""
    return binary(maker.pictures(maker.space.rounded(encode_set(maker.space, pictures))), seed)


def coded_training(maker: Maker, data: Data, count: int, seed: int) -> Tensor:
    """Return training pictures, drawn without replacement, as their codes draw them, binary."""
    return coded(maker, quality.chosen_training(data, count, seed), seed)


def of_samples(maker: Maker, data: Data, settings: SamplerSettings) -> Compared:
    """Return samples of a diffusion, as many of each class as the test set has."""
    labels = labels_of(data.test)[: min(len(data.test), len(data.train))]
    about = {
        "model": maker.fingerprint,
        "precision": maker.precision,
        "sampler": settings.as_dict(),
        "count": len(labels),
        "data": data.test.fingerprint,
    }
    draw = partial(drawn_samples, maker, torch.from_numpy(labels.copy()), settings)
    return Compared(about, draw, labels, once=settings.guidance != 1)


def guided(settings: SamplerSettings, weights: Sequence[float]) -> dict[str, SamplerSettings]:
    """Return settings of weights of guidance, by name."""
    found = {f"guidance {w:g}": replace(settings, guidance=w) for w in weights}
    if INTERVAL_WEIGHT in weights:
        name = f"guidance {INTERVAL_WEIGHT:g} from {INTERVAL[0]:g} to {INTERVAL[1]:g}"
        found[name] = replace(settings, guidance=INTERVAL_WEIGHT, interval=INTERVAL)
    return found


def sets(
    makers: Sequence[Maker],
    vdvae: Subject | None,
    data: Data,
    settings: SamplerSettings,
    weights: Sequence[float] = WEIGHTS,
) -> dict[str, Compared]:
    """Return all that is compared with the test pictures, by name."""
    count = min(len(data.test), len(data.train))
    of_data = {"data": data.train.fingerprint, "count": count}
    floor = partial(quality.training_pictures, data, count)
    found = {"training pictures": Compared({**of_data, "set": "training"}, floor, None)}
    for maker in makers:
        if maker.label == CODES:
            of_space = {**of_data, "model": maker.space.fingerprint.hex()}
            found["training pictures, coded"] = Compared(
                {**of_space, "set": "training, coded"},
                partial(coded_training, maker, data, count),
                None,
            )
            found["test pictures, coded"] = Compared(
                {**of_space, "set": "test, coded", "data": data.test.fingerprint},
                partial(coded, maker, data.test),
                labels_of(data.test),
            )
        for name, of_weight in guided(settings, weights).items():
            found[f"{maker.label}, {name}"] = of_samples(maker, data, of_weight)
    if vdvae is not None:
        found[vdvae.label] = Compared(
            {"model": vdvae.fingerprint, "temperature": 1.0, "count": count},
            partial(quality.drawn_samples, vdvae, count, 1.0),
            None,
        )
    return found


def judged(judge: Judge, one: Compared, kept: Kept, seed: int) -> Row:
    """Return the distances of a set from the test pictures, and how it does by class."""
    described = judge.described(one.draw, seed, kept, one.settings)
    near = precision_recall(judge.real.features, described.features)
    row = {**quality.compared(described, judge.real, seed), **near._asdict()}
    if one.labels is not None:
        share = accuracy(described, one.labels)
        row["accuracy"] = share
        row["accuracy_error"] = float(np.sqrt(share * (1 - share) / len(one.labels)))
    return row


def measure_copies(
    makers: Sequence[Maker], data: Data, settings: SamplerSettings, seed: int
) -> tuple[Row, list[str], list[str]]:
    """Return how near samples are to training pictures, and how near test pictures are."""
    known, test = evaluation_pictures(data.train), evaluation_pictures(data.test)[:COMPARED]
    labels = torch.from_numpy(labels_of(data.test)[:COMPARED].copy())
    rows: list[Row] = [{"set": "test pictures", **copied(test, known)}]
    for maker in makers:
        made = maker.pictures(maker.latents(labels, settings, seed))
        rows.append({"set": maker.label, **copied(made, known)})
    notes = [f"{NOTE}; of the first {COMPARED} test pictures, and of a sample of the class of each"]
    results: Row = {"sampler": settings.as_dict(), "rows": rows}
    return results, [harness.markdown_table(rows, COPIED)], notes


def measure(
    makers: Sequence[Maker],
    vdvae: Subject | None,
    data: Data,
    kept: Kept,
    options: argparse.Namespace,
    settings: SamplerSettings,
) -> tuple[Row, list[str], list[str]]:
    """Return the distances of samples, reconstructions and floors; and what the space makes of the
    test pictures."""
    judge = quality.learned_judge(data, kept, options)
    repeats = quality.QUICK_REPEATS if options.quick else quality.REPEATS
    rows = []
    for name, one in sets(makers, vdvae, data, settings, options.guidance).items():
        count = 1 if one.once else repeats
        seeds = [options.seed + 1000 * (number + 1) for number in range(count)]
        rows.append(quality.mean_row(name, [judged(judge, one, kept, seed) for seed in seeds]))
        harness.say(f"{name}: {rows[-1]['frechet']:.3f}")
    pictures = evaluation_pictures(data.test)
    spaces = {
        maker.label: inspect_space(maker.space, pictures).as_dict()
        for maker in makers
        if maker.label == CODES
    }
    results: Row = {
        "classifier": judge.about(data),
        "pictures": len(judge.real.features),
        "repeats": repeats,
        "sampler": settings.as_dict(),
        "spaces": spaces,
        "rows": rows,
    }
    texts = [harness.markdown_table(rows, COLUMNS)]
    for label, space in spaces.items():
        row = {"space": label, "psnr_db": space["psnr"][1], "bytes": space["bytes"]}
        texts.append(harness.markdown_table([row], list(row)))
    notes = [
        "classifier Fréchet and kernel distances as of vdvae_quality.json: squared, to the test"
        " pictures drawn as zeros and ones; no figure of another classifier compares",
        "all sets are drawn as zeros and ones by their brightness; classes of samples are those of"
        " the test pictures; means over several sets, spread between the extremes; one set of those"
        " with guidance",
        "coded: drawn at scale 1 by rounded codes; those of test pictures are nearer to them than"
        " any others can be, those of training pictures are what no diffusion can better",
        "precision and recall: balls to the third neighbour in the same features",
        "psnr_db and bytes: of all test pictures, mean over pictures; bytes of a file",
    ]
    return results, texts, notes
