"""The spaces that are measured, and the diffusions of their codes."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Array, Arrays, Row
from benchmarks.priors.enlarging.drawings import GROUP
from benchmarks.priors.enlarging.truth import FINEST, MADE_SIDE, Truth, as_tensor, reduced
from selfsame.codes.store import pack
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.model import GridModel
from selfsame.datasets import Pictures
from selfsame.datasets.columns import label_column
from selfsame.errors import InputError
from selfsame.latents import CollageSpace
from selfsame.latents.space import Latents
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.priors.diffusion.latent import LatentDiffusion
from selfsame.priors.diffusion.model import DiffusionModel

PARTS = ("detail", "local", "attention", "regulariser", "mixers", "width")
"""Settings of a space that stand in the table."""


class Subject(NamedTuple):
    """A space that is measured, and what it is called in tables."""

    label: str
    space: CollageSpace

    @property
    def fingerprint(self) -> str:
        """A short hash of all its weights, the encoder's too."""
        return self.space.digest()


class Maker(NamedTuple):
    """A diffusion that is measured, with its space, and what its folder says of it."""

    label: str
    diffusion: LatentDiffusion
    card: Mapping[str, Any]


Made = Mapping[str, tuple[Maker, Latents]]
"""Diffusions and their samples, by what these are called in tables."""


def named(text: str) -> tuple[str, str]:
    """Return what a model is called, and its place, of ``[NAME=]PLACE``."""
    name, sign, place = text.partition("=")
    if sign and "/" not in name:
        return name, place
    return (Path(text).parent.name if Path(text).name == "model" else Path(text).name), text


def load_subjects(places: Sequence[str], truth: Truth) -> list[Subject]:
    """Return spaces by ``[NAME=]PLACE``.

    Raises:
        InputError: two of one name, one of pictures of another size, or what ``from_pretrained``
            finds wrong.
    """
    subjects = [Subject(name, CollageSpace.from_pretrained(at)) for name, at in map(named, places)]
    check_names([subject.label for subject in subjects], "--space")
    for subject in subjects:
        check_fits(subject.label, subject.space, truth)
    return subjects


def load_makers(places: Sequence[str], truth: Truth) -> list[Maker]:
    """Return diffusions by ``[NAME=]PLACE``; errors as of ``load_subjects``."""
    makers = [
        Maker(name, LatentDiffusion.from_pretrained(at), DiffusionModel.card_of(at))
        for name, at in map(named, places)
    ]
    check_names([maker.label for maker in makers], "--model")
    for maker in makers:
        maker.diffusion.model.eval()
        check_fits(maker.label, maker.diffusion.space, truth)
    return makers


def check_names(labels: Sequence[str], option: str) -> None:
    """Raise ``InputError`` if two models have one name."""
    if len(set(labels)) < len(labels):
        raise InputError(f"{option}: two have one name, {', '.join(labels)}; write NAME=PLACE")


def check_fits(label: str, space: CollageSpace, truth: Truth) -> None:
    """Raise ``InputError`` unless the truth is ``FINEST`` times as fine as a space's pictures."""
    channels = truth.test.images.shape[3]
    if (space.side, space.channels) != (truth.side, channels):
        raise InputError(
            f"{label} has pictures of {space.side}x{space.side}, {space.channels} channels: --data "
            f"must be {FINEST} times as fine, and is {FINEST} times {truth.side}x{truth.side}, "
            f"{channels} channels"
        )


def small_subjects() -> list[Subject]:
    """Return two small spaces as they are before any training, for quick runs without any: with
    details of their own, and without."""
    found = []
    for detail in (FINEST, 1):
        with torch.random.fork_rng([]):
            torch.manual_seed(detail)
            config = GridConfig(
                side=MADE_SIDE,
                channels=3,
                numbers=2,
                width=8,
                blocks=0,
                aux_blocks=4,
                detail=detail,  # type: ignore[arg-type]
            )
            found.append(Subject(f"detail {detail}", CollageSpace(GridModel(config).eval())))
    return found


def file_bytes(space: CollageSpace, pictures: Pictures) -> Array:
    """Return the bytes of the file of each picture, (N,)."""
    sizes: list[int] = []
    for first in range(0, len(pictures), GROUP):
        small = reduced(as_tensor(pictures.images[first : first + GROUP]), 1)
        with torch.no_grad():
            sizes += [len(pack(code)) for code in space.codes(space.encode(small))]
    return np.array(sizes)


def labels_for(maker: Maker, pictures: Pictures, column: str | None) -> Tensor | None:
    """Return the class of a sample for each true picture, (N,); None if the model knows none.

    Args:
        column: of the pictures, whose values are classes of the model, or several, as of
            ``label_column``: samples are of the classes of the pictures. None: classes take turns.
    Raises:
        InputError: no such column, or a value that is no class.
    """
    if column is None:
        classes = len(maker.diffusion.classes)
        return torch.arange(len(pictures)) % classes if classes else None
    values = label_column(pictures.columns, column)
    if values is None:
        known = ", ".join(pictures.columns) or "none"
        raise InputError(f"--label: no column {column!r}; there are {known}")
    return maker.diffusion.labels(list(map(str, values.tolist())))


def samples(
    makers: Sequence[Maker], pictures: Pictures, kept: Kept, options: argparse.Namespace
) -> Made:
    """Return as many samples of each diffusion as there are true pictures; they are kept."""
    settings = SamplerSettings(steps=options.steps, guidance=options.guidance)
    found = {}
    for maker in makers:
        label, diffusion = f"samples of {maker.label}", maker.diffusion
        labels = labels_for(maker, pictures, options.label)
        own = {
            "set": label,
            "model": diffusion.model.digest(),
            "space": diffusion.space.digest(),
            "sampler": settings.as_dict(),
            "labels": None if labels is None else labels.tolist(),
            "count": len(pictures),
            "seed": options.seed,
        }

        def work(diffusion: LatentDiffusion = diffusion, labels: Tensor | None = labels) -> Arrays:
            made = diffusion.sample(
                len(pictures), settings, condition=Condition(labels), seed=options.seed
            )
            return {"values": made.values.numpy()}

        found[label] = maker, Latents(torch.from_numpy(kept.get("samples", own, work)["values"]))
    return found


def about_space(subject: Subject, pictures: Pictures) -> Row:
    """Return what a reader must know of a space: numbers of a picture, bytes of a file, shape."""
    space, table = subject.space, subject.space.model.config.as_dict()
    return {
        "set": subject.label,
        "numbers": space.tokens * len(space.fields),
        "bytes": float(file_bytes(space, pictures).mean()),
        "parameters": sum(p.numel() for p in space.model.parameters()),
        **{name: table[name] for name in PARTS},
        "fingerprint": subject.fingerprint,
        "card": dict(space.card),
    }


def about_maker(maker: Maker) -> Row:
    """Return what a reader must know of a diffusion."""
    model = maker.diffusion.model
    return {
        "set": maker.label,
        "parameters": sum(p.numel() for p in model.parameters()),
        "classes": len(maker.diffusion.classes),
        "space": maker.diffusion.space.digest(),
        "fingerprint": model.digest(),
        "card": dict(maker.card),
    }
