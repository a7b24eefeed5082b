"""The training of a very deep VAE: its pictures, the shape of model that they ask for, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from selfsame.checked import Checked, Range, Seed
from selfsame.datasets.fitting import MAX_PAD, Binarise, Mode, Side
from selfsame.datasets.pictures import Pictures
from selfsame.datasets.readers import read_pictures, unseen_split
from selfsame.errors import InputError, SettingError
from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.training.config import settings_from
from selfsame.training.settings import TrainSettings

if TYPE_CHECKING:
    from torch import Tensor

    from selfsame.datasets.batches import PictureBatches

TRAINING = TrainSettings(
    steps=18_000,
    batch=64,
    lr=4e-3,
    warmup_steps=200,
    final_fraction=0.02,
    gradient_clip=200.0,
    log_every=100,
    checkpoint_every=500,
)
"""How a very deep VAE is trained unless told otherwise: for binarised MNIST, on a CPU."""


@dataclass(frozen=True)
class DataSettings(Checked):
    """Which pictures, and what is done to them.

    Attributes:
        side: pixels to which the pictures of a folder are scaled and cut. None: as they are.
        mode: ``grey`` or ``rgb``. None: as they are.
        binarise: how values become 0 or 1. None: dynamic for grey pictures, none for colour or
            where the model is one of bytes.
        pad: pixels of black that are added on each side.
        static_seed: of the draw of ``static``, and of every draw for validation.
        validation_pictures: so many at most, spread over the set, are validated on.
    Raises:
        InputError: a value out of its range.
    """

    side: Side | None = None
    mode: Mode | None = None
    binarise: Binarise | None = None
    pad: Annotated[int, Range(0, MAX_PAD)] = 0
    static_seed: Seed = 0
    validation_pictures: Annotated[int, Range(1, 10**9)] = 2000

    def learned(self, path: Path) -> Pictures:
        """Return the pictures to learn: the split ``train``, which may be the only one.

        Raises:
            InputError: the pictures are not square, or as ``read_pictures``.
        """
        pictures = read_pictures(path, "train", self.side, self.mode)
        height, width = pictures.images.shape[1:3]
        if height != width:
            raise InputError(
                f"{path} has pictures of {width}x{height} pixels: a model needs square ones; "
                "give a side to which they are scaled and cut"
            )
        return pictures

    def unseen(self, path: Path, pictures: Pictures) -> Pictures:
        """Return pictures to measure on: the split ``test``, or the only one.

        Args:
            pictures: those that are learned, which these must be like.
        Raises:
            InputError: they have another size or other channels, or as ``read_pictures``.
        """
        unseen = read_pictures(path, unseen_split(path), self.side, self.mode)
        if unseen.images.shape[1:] != pictures.images.shape[1:]:
            raise InputError(
                f"{path} has pictures of {_described(*unseen.images.shape[1:])}, those to learn "
                f"have {_described(*pictures.images.shape[1:])}: give data.side and data.mode, or "
                "other pictures"
            )
        return unseen

    def for_model(self, pictures: Pictures, table: Mapping[str, Any]) -> "DataSettings":
        """Return these settings with ``binarise`` chosen.

        Args:
            table: settings of the model, as far as they are given.
        """
        if self.binarise is not None:
            return self
        grey = pictures.images.shape[3] == 1 and table.get("likelihood") != "logistic-mixture"
        return replace(self, binarise="dynamic" if grey else "none")

    def batches(self, pictures: Pictures, batch: int) -> "PictureBatches":
        """Return the batches that a training takes."""
        from selfsame.datasets.batches import PictureBatches

        return PictureBatches(
            pictures,
            batch,
            binarise=self.binarise or "none",
            pad=self.pad,
            static_seed=self.static_seed,
        )

    def validation(self, pictures: Pictures) -> "Tensor":
        """Return the pictures that a model is measured on, (N, C, S, S) in [0, 1]."""
        from selfsame.datasets.batches import evaluation_pictures

        count = min(len(pictures), self.validation_pictures)
        chosen = np.arange(count) * len(pictures) // count
        return evaluation_pictures(
            Pictures(pictures.images[chosen]),
            self.binarise or "none",
            self.static_seed,
            pad=self.pad,
        )


def model_for(pictures: Pictures, data: DataSettings, table: Mapping[str, Any]) -> VdvaeConfig:
    """Return the shape of a model for pictures: what ``table`` leaves open follows from them.

    Args:
        data: with ``binarise`` chosen.
        table: settings of the model, as far as they are given.
    Raises:
        InputError: settings of the model that do not fit the pictures, or as ``VdvaeConfig``.
    """
    side = pictures.images.shape[1] + 2 * data.pad
    channels = pictures.images.shape[3]
    bits = data.binarise != "none"
    implied = {
        "side": side,
        "channels": channels,
        "likelihood": "bernoulli" if bits else "logistic-mixture",
    }
    config = settings_from(VdvaeConfig, {**implied, **table}, "model")
    if (config.side, config.channels) != (side, channels):
        raise SettingError(
            f"model: the pictures have {_described(side, side, channels)}, the model takes "
            f"{_described(config.side, config.side, config.channels)}; leave out side and "
            "channels, which follow from the pictures"
        )
    if config.likelihood != implied["likelihood"]:
        raise SettingError(
            f"model: the likelihood {config.likelihood} does not fit pictures binarised "
            f"'{data.binarise}': bernoulli takes zeros and ones (binarise dynamic, static or "
            "threshold), logistic-mixture bytes (binarise none)"
        )
    return config


def _described(height: int, width: int, channels: int) -> str:
    return f"{width}x{height} pixels in {'grey' if channels == 1 else 'colour'}"
