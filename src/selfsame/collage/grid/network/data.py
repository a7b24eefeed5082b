"""The pictures that a latent space is trained on, and the shape of model that they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from selfsame.checked import Checked, Range
from selfsame.collage.grid.network.config import GridConfig
from selfsame.datasets.fitting import Mode, Side
from selfsame.datasets.pictures import Pictures
from selfsame.datasets.readers import read_pictures, unseen_split
from selfsame.errors import InputError, SettingError
from selfsame.training.config import settings_from
from selfsame.training.settings import TrainSettings

if TYPE_CHECKING:
    from torch import Tensor

TRAINING = TrainSettings(
    steps=10_000,
    batch=64,
    lr=1e-3,
    warmup_steps=200,
    log_every=100,
    validate_every=2000,
    checkpoint_every=500,
)
"""How a latent space is trained unless told otherwise."""


@dataclass(frozen=True)
class GridData(Checked):
    """Which pictures.

    Attributes:
        side: pixels to which the pictures of a folder are scaled and cut: the model's side times
            its ``detail``. None: as they are.
        mode: ``grey`` or ``rgb``. None: as they are.
        validation_pictures: so many at most, spread over the set, are validated on.
    Raises:
        InputError: a value out of its range.
    """

    side: Side | None = None
    mode: Mode | None = None
    validation_pictures: Annotated[int, Range(1, 10**9)] = 500

    def learned(self, path: Path) -> Pictures:
        """Return the pictures to learn: the split ``train``, which may be the only one.

        Raises:
            InputError: the pictures are not square, or as ``read_pictures``.
        """
        pictures = read_pictures(path, "train", self.side, self.mode)
        height, width = pictures.images.shape[1:3]
        if height != width:
            raise InputError(
                f"{path} has pictures of {width}x{height} pixels: a latent space needs square "
                "ones; give a side to which they are scaled and cut"
            )
        return pictures

    def validation(self, path: Path, pictures: Pictures) -> "Tensor":
        """Return pictures to measure on, (N, C, S, S) in [0, 1]: of the split ``test``, or the
        only one.

        Args:
            pictures: those that are learned, which these must be like.
        Raises:
            InputError: they have another size or other channels, or as ``read_pictures``.
        """
        import torch

        unseen = read_pictures(path, unseen_split(path), self.side, self.mode)
        if unseen.images.shape[1:] != pictures.images.shape[1:]:
            raise InputError(
                f"{path} has pictures of shape {unseen.images.shape[1:]}, those to learn of "
                f"{pictures.images.shape[1:]}: give data.side and data.mode, or other pictures"
            )
        count = min(len(unseen), self.validation_pictures)
        chosen = unseen.images[np.arange(count) * len(unseen) // count]
        return torch.from_numpy(chosen.transpose(0, 3, 1, 2).copy()).float() / 255


def space_for(pictures: Pictures, table: Mapping[str, Any]) -> GridConfig:
    """Return the shape of a model for pictures: what ``table`` leaves open follows from them.

    Raises:
        InputError: settings that do not fit the pictures, or as ``GridConfig``.
    """
    fine, channels = pictures.images.shape[1], pictures.images.shape[3]
    detail = table.get("detail", 1)
    if not isinstance(detail, int) or detail < 1 or fine % detail:
        raise SettingError(
            f"model: pictures of {fine}x{fine} pixels cannot be {detail} times as fine as a model's"
        )
    implied = {"side": fine // detail, "channels": channels}
    config = settings_from(GridConfig, {**implied, **table}, "model")
    if (config.side, config.channels) != (fine // detail, channels):
        raise SettingError(
            f"model: the pictures ask for side {fine // detail} and {channels} channels: got "
            f"{config.side} and {config.channels}; leave them out"
        )
    return config
