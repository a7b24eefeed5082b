"""The training of a very deep VAE: its pictures, the shape of model that they ask for, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from selfsame.checked import Range, Seed
from selfsame.datasets.fitting import MAX_PAD, Binarise
from selfsame.datasets.pictures import Pictures
from selfsame.datasets.squares import SquareSettings, described_shape
from selfsame.errors import SettingError
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
class DataSettings(SquareSettings):
    """Which pictures, and what is done to them.

    Attributes:
        binarise: how values become 0 or 1. None: dynamic for grey pictures, none for colour or
            where the model is one of bytes.
        pad: pixels of black that are added on each side.
        static_seed: of the draw of ``static``, and of every draw for validation.
    Others as of ``SquareSettings``.

    Raises:
        InputError: a value out of its range.
    """

    binarise: Binarise | None = None
    pad: Annotated[int, Range(0, MAX_PAD)] = 0
    static_seed: Seed = 0

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

        return evaluation_pictures(
            pictures.spread(self.validation_pictures),
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
            f"model: the pictures have {described_shape(side, side, channels)}, the model takes "
            f"{described_shape(config.side, config.side, config.channels)}; leave out side and "
            "channels, which follow from the pictures"
        )
    if config.likelihood != implied["likelihood"]:
        raise SettingError(
            f"model: the likelihood {config.likelihood} does not fit pictures binarised "
            f"'{data.binarise}': bernoulli takes zeros and ones (binarise dynamic, static or "
            "threshold), logistic-mixture bytes (binarise none)"
        )
    return config
