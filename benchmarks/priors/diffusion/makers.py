"""The diffusions that are measured, each with the space whose latents it makes up."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.harness.types import Row
from benchmarks.priors.diffusion.pixels import PixelSpace
from benchmarks.priors.digits import Data
from selfsame.errors import InputError
from selfsame.latents import CollageSpace, Latents
from selfsame.latents.space import LatentSpace
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.priors.diffusion.generation import sample_latents
from selfsame.priors.diffusion.model import DiffusionModel

CODES, PIXELS = "codes", "pixels"

BATCH = 250
"""Pictures drawn at a time."""


@dataclass(frozen=True)
class Maker:
    """A diffusion, and the space whose latents it makes up.

    Attributes:
        label: ``CODES`` or ``PIXELS``.
        card: what the model's folder says of it.
        space_card: of the space's; empty if it is not learned.
        folder: of the model, or of its training.
        precision: that samples are computed in, ``float32`` or ``bfloat16``.
    """

    label: str
    space: LatentSpace[Any]
    model: DiffusionModel
    card: Mapping[str, Any]
    space_card: Mapping[str, Any]
    folder: Path
    precision: str = "float32"

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of model and space."""
        return f"{self.model.digest()}-{self.space.fingerprint.hex()}"

    def latents(self, labels: Tensor, settings: SamplerSettings, seed: int) -> Latents:
        """Return a sample for each label, (N,), rounded as codes hold them."""
        half = self.precision == "bfloat16"
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            values = sample_latents(
                self.model, len(labels), settings, condition=Condition(labels), seed=seed
            )
        return self.space.rounded(Latents(values))

    def pictures(self, latents: Latents) -> Tensor:
        """Return what latents draw at scale 1, (N, 1, S, S) in [0, 1]."""
        with torch.no_grad():
            parts = [self.space.draw(Latents(part)) for part in latents.values.split(BATCH)]
        return torch.cat(parts).clamp(0, 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name models and say how they are sampled."""
    parser.add_argument("--space", help="latent space of codes: folder or name")
    parser.add_argument(
        "--model", help="a diffusion of its codes: folder of the training or the model, or name"
    )
    parser.add_argument("--pixels", metavar="FOLDER", help="of the training of the pixel diffusion")
    parser.add_argument("--vdvae", metavar="MODEL", help="a VDVAE beside them: folder or name")
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="that samples are computed in, and a pixel diffusion trained [default: float32]",
    )


def load_makers(options: argparse.Namespace, data: Data) -> list[Maker]:
    """Return the diffusions that options name.

    Raises:
        InputError: one that is of other latents or classes, or what ``from_pretrained`` finds
            wrong.
    """
    if (options.space is None) != (options.model is None):
        raise InputError("give --space SPACE and --model MODEL, both")
    makers = []
    if options.model is not None:
        space = CollageSpace.from_pretrained(options.space)
        card = type(space.model).card_of(options.space)
        makers.append(loaded(CODES, space, card, options.model, options.precision))
    if options.pixels is not None:
        pixels = PixelSpace(data.test.images.shape[1])
        makers.append(loaded(PIXELS, pixels, {}, options.pixels, options.precision))
    if not makers:
        raise InputError("give --space SPACE and --model MODEL, --pixels FOLDER, or all of them")
    check_fits(makers, data)
    return makers


def loaded(
    label: str, space: LatentSpace[Any], space_card: Mapping[str, Any], place: str, precision: str
) -> Maker:
    """Return a diffusion from its folder or by name, with its space.

    Raises:
        InputError: it is of another space.
    """
    model = DiffusionModel.from_pretrained(place)
    model.eval()
    if model.config.space_digest != space.fingerprint.hex():
        raise InputError(
            f"{place} is a diffusion of the space {model.config.space}, not of {space.name}"
        )
    card = DiffusionModel.card_of(place)
    return Maker(label, space, model, card, space_card, Path(place), precision)


def check_fits(makers: Sequence[Maker], data: Data) -> None:
    """Check that diffusions make pictures of the classes and the size of the data.

    Raises:
        InputError: one does not.
    """
    assert data.test.labels is not None
    classes, side = int(data.test.labels.max()) + 1, data.test.images.shape[1]
    for maker in makers:
        config, space = maker.model.config, maker.space
        if config.classes < classes or (space.side, space.channels) != (side, 1):
            raise InputError(
                f"{maker.folder} must make grey pictures of {side}x{side} in {classes} classes: it "
                f"makes {space.side}x{space.side}, {space.channels} channels, {config.classes} "
                "classes"
            )


def about(maker: Maker) -> Row:
    """Return what a reader must know of a diffusion and its space."""
    return {
        "name": maker.label,
        "fingerprint": maker.fingerprint,
        "tokens": maker.space.tokens,
        "numbers": len(maker.space.fields),
        "parameters": sum(p.numel() for p in maker.model.parameters()),
        "precision": maker.precision,
        "card": dict(maker.card),
        "space_card": dict(maker.space_card),
    }
