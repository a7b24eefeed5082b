"""Diffusion on pixels, a baseline for diffusion on codes: the same network on patches as tokens."""

import platform
import signal
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks import harness
from selfsame.cli.train.diffusion import TRAINING
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.io.model_place import RUN_MODEL
from selfsame.latents import Latents
from selfsame.latents.batches import LatentBatches, encode_set
from selfsame.latents.space import Field, LatentSpace
from selfsame.priors.diffusion.config import DiffusionConfig, DiffusionObjective
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.priors.diffusion.train import DiffusionTask, new_model, shape_of
from selfsame.run.progress import shown_progress
from selfsame.training import TrainSettings, train

PATCH = 4


class PixelSpace:
    """A ``LatentSpace`` of grey pictures as they are: a token is a patch, a number a pixel.

    Args:
        side: of the pictures, a multiple of ``PATCH``.
    """

    name = "pixels"
    channels = 1

    def __init__(self, side: int) -> None:
        if side % PATCH:
            raise InputError(f"pixels are for pictures of a side divisible by {PATCH}: got {side}")
        self.side, self.rows = side, side // PATCH
        self.tokens = self.rows**2
        self.fields = tuple(Field(f"pixel {i}", "real", 0.0, 1.0, 1 / 255) for i in range(PATCH**2))
        self.fingerprint = bytes([0, 0, 0, 0, 0, 0, PATCH, self.rows])

    def digest(self) -> str:
        """See ``LatentSpace``."""
        return self.fingerprint.hex()

    def encode(self, pictures: Tensor) -> Latents:
        """See ``LatentSpace``."""
        places = torch.arange(self.rows)
        tokens = F.pixel_unshuffle(pictures, PATCH).flatten(2).mT
        return Latents(tokens, torch.cartesian_prod(places, places))

    def draw(self, latents: Latents, scale: float | Fraction = 1) -> Tensor:
        """See ``LatentSpace``; at scale 1 only."""
        if scale != 1:
            raise InputError(f"pixels are drawn at scale 1 only: got {scale}")
        values = latents.values
        grids = values.mT.reshape(len(values), -1, self.rows, self.rows)
        return F.pixel_shuffle(grids, PATCH)

    def rounded(self, latents: Latents) -> Latents:
        """See ``LatentSpace``."""
        return latents._replace(values=(latents.values.clamp(0, 1) * 255).round() / 255)

    def codes(self, latents: Latents) -> NoReturn:
        """Raise ``InputError``: pixels are no codes."""
        raise InputError("pixels are no codes")


def train_on(
    space: LatentSpace[Any],
    pictures: Pictures,
    folder: Path,
    settings: TrainSettings,
    shape: dict[str, Any] | None = None,
) -> Path:
    """Train a diffusion of a space, or go on with its training; return the folder of the model.

    As ``selfsame train diffusion`` does it, whose spaces are of codes; every checkpoint is kept.

    Args:
        shape: more settings of the network.
    Raises:
        SystemExit: a signal ended the training; the same command goes on.
    """
    pictures = pictures.with_names()
    assert pictures.labels is not None
    labels = torch.from_numpy(pictures.labels.copy())
    latents = encode_set(space, pictures)
    implied = shape_of(space, latents, pictures.classes or ())
    config, objective = DiffusionConfig(**implied | (shape or {})), DiffusionObjective()
    model = new_model(config, latents, labels, seed=settings.seed)
    batches = LatentBatches(latents, settings.batch, {"labels": labels})
    tables = {"model": config, "objective": objective}
    with shown_progress("train") as progress:
        result = train(
            DiffusionTask(model, objective),
            batches,
            settings,
            folder,
            config={**tables, "pictures": batches.fingerprint},
            progress=progress,
        )
    if result.stopped_by is not None:
        harness.say(f"stopped after {result.step} steps; the same command goes on")
        raise SystemExit(128 + signal.Signals[result.stopped_by])
    card = {
        "steps": result.step,
        "training_seconds": round(result.seconds),
        "machine": platform.machine(),
        "recipe": {
            "train": settings.as_dict(),
            **{name: table.as_dict() for name, table in tables.items()},
        },
    }
    model.save_pretrained(folder / RUN_MODEL, card)
    return folder / RUN_MODEL


def train_pixels(pictures: Pictures, folder: Path, steps: int, settings: TrainSettings) -> Path:
    """Train a diffusion of pixels as one of codes, but for the steps; see ``train_on``."""
    space = PixelSpace(pictures.images.shape[1])
    settings = replace(settings, steps=steps, keep=10**6)
    return train_on(space, pictures, folder, settings)


def settings_of(model: str | None, seed: int, precision: str) -> TrainSettings:
    """Return the settings that a diffusion was trained with; None: those of
    ``selfsame train diffusion``."""
    if model is None:
        return replace(TRAINING, seed=seed, precision=precision)
    return TrainSettings.from_dict(DiffusionModel.card_of(model)["recipe"]["train"])
