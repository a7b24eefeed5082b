"""The models that are measured: loaded or small and untrained, what is told of them, samples."""

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Row
from benchmarks.priors.digits import Data
from selfsame.errors import InputError
from selfsame.priors.vdvae.config import Head, VdvaeConfig
from selfsame.priors.vdvae.network import Vdvae
from selfsame.run.device import resolve_device

BATCH = 250
"""Pictures at a time; random numbers, and so results, depend on it."""

HEADS: tuple[Head, ...] = get_args(Head)

SHOWN = ("model", "set", "temperature", "samples", "pass", "set_seed", "count", "epochs")
"""Settings of work in progress that are told."""

SOURCES = ("priors/vdvae/*.py", "collage/**/*.py")
"""Kept work is taken up only while these files of the package are the same."""


def kept_work(folder: Path | None) -> Kept:
    """Return the arrays that are kept in a folder; see ``Kept``."""
    return Kept(folder, "vdvae", SOURCES, SHOWN)


@dataclass(frozen=True)
class Subject:
    """A model that is measured.

    Attributes:
        label: ``collage`` or ``plain``, its head.
        card: what its folder says of it.
    """

    label: str
    model: Vdvae
    card: Mapping[str, Any]

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.start.device

    def generator(self, seed: int) -> torch.Generator:
        """Return a generator on the model's device."""
        return torch.Generator(self.device).manual_seed(seed)

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of shape and weights."""
        digest = hashlib.sha256(repr(self.model.config).encode())
        for name, tensor in self.model.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy())
        return digest.hexdigest()[:12]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name models and what is kept."""
    for head in HEADS:
        parser.add_argument(
            f"--{head}", metavar="MODEL", help=f"a model with the {head} head: folder or name"
        )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep finished work, and reuse it")
    parser.add_argument("--device", default="cpu", help="of the models: cpu, cuda or auto")


def load_subjects(options: argparse.Namespace) -> list[Subject]:
    """Return the models; in a quick run without any, small untrained ones.

    Raises:
        InputError: none is given, one has another head than its option says; or as
            ``load_subject``.
    """
    device = resolve_device(options.device)
    given = {head: getattr(options, head) for head in HEADS if getattr(options, head)}
    if not given and options.quick:
        return [Subject(head, untrained(head).to(device), {}) for head in HEADS]
    if not given:
        raise InputError("give --collage MODEL, --plain MODEL or both; --quick needs none")
    subjects = [load_subject(head, name, device) for head, name in given.items()]
    for subject in subjects:
        head = subject.model.config.head
        if head != subject.label:
            raise InputError(
                f"--{subject.label} must name a model with the {subject.label} head: "
                f"{given[subject.label]} has head {head}"
            )
    return subjects


def load_subject(label: str, name: str, device: torch.device) -> Subject:
    """Return a model by folder or name.

    Raises:
        InputError: it is no model of binary grey pictures, or what ``from_pretrained`` finds wrong.
    """
    model = Vdvae.from_pretrained(name)
    config = model.config
    if (config.channels, config.likelihood) != (1, "bernoulli"):
        raise InputError(
            f"the models that are compared are of binary grey pictures: {name} has "
            f"{config.likelihood}, {config.channels} channels; train it with --binarise dynamic"
        )
    return Subject(label, model.to(device).eval(), Vdvae.card_of(name))


def untrained(head: str, seed: int = 0) -> Vdvae:
    """Return a small model as it is before any training."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        config = VdvaeConfig(
            levels=((1, 16, 4, 1, 1), (7, 8, 2, 1, 1)),  # type: ignore[arg-type]
            head=head,  # type: ignore[arg-type]
            plain_width=4,
            collage={"hidden": 16, "aux_blocks": 8},  # type: ignore[arg-type]
        )
        return Vdvae(config).eval()


def check_sizes(subjects: list[Subject], data: Data) -> None:
    """Raise ``InputError`` unless all models are of pictures like these."""
    for subject in subjects:
        side = subject.model.config.side
        if data.test.images.shape[1:3] != (side, side):
            height, width = data.test.images.shape[1:3]
            raise InputError(
                f"--{subject.label} is a model of pictures of {side}x{side}: --data has "
                f"{width}x{height}"
            )


def sampled_features(
    subject: Subject, count: int, seed: int, temperature: float
) -> Iterator[Tensor]:
    """Yield the features of pictures that a model makes up, at most ``BATCH`` at a time."""
    model, generator = subject.model, subject.generator(seed)
    for first in range(0, count, BATCH):
        shapes = [(min(BATCH, count - first), *shape) for shape in model.latent_shapes]
        noise = [torch.randn(s, generator=generator, device=subject.device) for s in shapes]
        yield model.decode([temperature * of_block for of_block in noise])


def about(subject: Subject) -> Row:
    """Return what a reader must know of a model: its size, and its training as the card has it."""
    model = subject.model
    return {
        "head": subject.label,
        "name": model.name,
        "fingerprint": subject.fingerprint,
        "parameters": sum(p.numel() for p in model.parameters()),
        "head_parameters": sum(p.numel() for p in model.head.parameters()),
        "stochastic_blocks": model.block_count,
        "card": json.loads(json.dumps(subject.card)),
    }
