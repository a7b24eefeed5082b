"""What the parts of ``vdvae.py`` share: the pictures, the models, finished work kept on disk."""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import codec_data
import harness
from selfsame.datasets import Pictures, read_pictures
from selfsame.datasets.batches import evaluation_pictures
from selfsame.errors import InputError
from selfsame.io.files import atomic_path
from selfsame.priors.vdvae.config import HEADS, VdvaeConfig
from selfsame.priors.vdvae.network import Vdvae
from selfsame.run.device import resolve_device

Array = NDArray[Any]
Arrays = dict[str, Array]
Row = dict[str, Any]

BATCH = 250
"""Pictures at a time; random numbers, and so results, depend on it."""

QUICK_TRAIN, QUICK_TEST = 400, 200
MADE_CLASSES = 10
MADE_SEED = 5

_SHOWN = ("model", "set", "temperature", "samples", "pass", "set_seed", "count", "epochs")
"""Settings of work in progress that are told."""

SOURCES = ("priors/*.py", "collage/*.py")
"""Kept work is taken up only while these files of the package are the same."""


class Data(NamedTuple):
    """The two splits of a labelled set of grey pictures."""

    train: Pictures
    test: Pictures
    name: str


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


class Kept:
    """Arrays of finished work in files, so that a run that was stopped goes on there.

    Args:
        folder: of the files, one for each piece of work; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, name: str, settings: Mapping[str, Any], work: Callable[[], Arrays]) -> Arrays:
        """Return what ``work()`` returns, from the file if it was done before.

        Args:
            settings: all that the arrays depend on besides the package's sources; plain values.
        """
        if self.folder is None:
            return work()
        text = json.dumps([codec_data.fingerprint(SOURCES), settings], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = self.folder / f"vdvae-{name}-{digest}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
        shown = [f"{key} {value}" for key, value in settings.items() if key in _SHOWN]
        harness.say(f"{name}: {', '.join(shown)}")
        arrays = work()
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
        return arrays


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name models and what is kept."""
    for head in HEADS:
        parser.add_argument(
            f"--{head}", metavar="MODEL", help=f"a model with the {head} head: folder or name"
        )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep finished work, and reuse it")
    parser.add_argument("--device", default="cpu", help="of the models: cpu, cuda or auto")


def load_data(options: argparse.Namespace) -> Data:
    """Return the pictures of ``--data``: a file or folder with the splits train and test, or a
    folder with ``mnist.npz``; without it a few lines, drawn on the spot.

    Raises:
        InputError: not grey, no labels, or what ``read_pictures`` finds wrong.
    """
    path: Path | None = options.data
    if path is None:
        return Data(made_pictures(QUICK_TRAIN, 0), made_pictures(QUICK_TEST, 1), "made")
    if (path / "mnist.npz").is_file():
        path = path / "mnist.npz"
    train, test = (read_pictures(path, split=split) for split in ("train", "test"))
    for pictures in (train, test):
        if pictures.images.shape[3] != 1 or pictures.labels is None:
            raise InputError(f"--data must hold grey pictures with labels: {path} does not")
    if options.quick:
        train, test = _first(train, QUICK_TRAIN), _first(test, QUICK_TEST)
    return Data(train, test, path.name)


def made_pictures(count: int, number: int) -> Pictures:
    """Return soft lines of ``MADE_CLASSES`` directions, 28×28: data for runs without any.

    Args:
        number: of the set; different sets have different pictures.
    """
    rng = np.random.default_rng([MADE_SEED, number])
    labels = np.arange(count) % MADE_CLASSES
    angle = (labels + rng.uniform(-0.3, 0.3, count)) * np.pi / MADE_CLASSES
    row, column = np.mgrid[:28, :28] - 13.5
    across = np.sin(angle)[:, None, None] * column - np.cos(angle)[:, None, None] * row
    along = np.cos(angle)[:, None, None] * column + np.sin(angle)[:, None, None] * row
    offset = rng.uniform(-2, 2, (count, 1, 1))
    value = np.clip(2 - abs(across - offset), 0, 1) * np.clip(9 - abs(along), 0, 1)
    return Pictures(np.rint(255 * value).astype(np.uint8)[..., None], labels.astype(np.int64))


def _first(pictures: Pictures, count: int) -> Pictures:
    assert pictures.labels is not None
    return Pictures(pictures.images[:count], pictures.labels[:count], pictures.classes)


def binarised(pictures: Pictures, seed: int) -> Tensor:
    """Return pictures drawn as zeros and ones, (N, 1, S, S), by their brightness."""
    return evaluation_pictures(pictures, "static", seed)


def fingerprint_of(pictures: Tensor) -> str:
    """Return a short hash of pictures."""
    return hashlib.sha256(pictures.contiguous().numpy()).hexdigest()[:12]


def load_subjects(options: argparse.Namespace) -> list[Subject]:
    """Return the models; in a quick run without any, small untrained ones.

    Raises:
        InputError: none is given, one has another head than its option says, or is no model of
            binary grey pictures; or what ``from_pretrained`` finds wrong.
    """
    device = resolve_device(options.device)
    given = {head: getattr(options, head) for head in HEADS if getattr(options, head)}
    if not given and options.quick:
        return [Subject(head, untrained(head).to(device), {}) for head in HEADS]
    if not given:
        raise InputError("give --collage MODEL, --plain MODEL or both; --quick needs none")
    subjects = []
    for head, name in given.items():
        model = Vdvae.from_pretrained(name)
        config = model.config
        if (config.head, config.channels, config.likelihood) != (head, 1, "bernoulli"):
            raise InputError(
                f"--{head} must name a model of binary grey pictures with the {head} head: {name} "
                f"has head {config.head}, {config.likelihood}, {config.channels} channels"
            )
        subjects.append(Subject(head, model.to(device).eval(), Vdvae.card_of(name)))
    return subjects


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
    generator = subject.generator(seed)
    for first in range(0, count, BATCH):
        yield subject.model.sample(min(BATCH, count - first), generator, temperature)


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


def device_arrays(arrays: Mapping[str, Tensor]) -> Arrays:
    """Return tensors as arrays."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in arrays.items()}


def standard_error(values: Array) -> float:
    """Return the standard error of the mean of values, (N,)."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
