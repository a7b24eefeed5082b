"""The pictures that a latent space is trained on, and the shape of model that they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from selfsame.checked import Range
from selfsame.collage.grid.network.config import GridConfig
from selfsame.datasets.changes import Changes
from selfsame.datasets.pictures import Pictures
from selfsame.datasets.squares import SquareSettings
from selfsame.errors import SettingError
from selfsame.training.config import check_kept, settings_from
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
class GridData(SquareSettings, Changes):
    """Which pictures, and what may happen to those that are learned.

    Attributes:
        side: pixels to which the pictures of a folder are scaled and cut: the model's side times
            its ``detail``. None: as they are.
    Others as of ``SquareSettings`` and ``Changes``.

    Raises:
        InputError: a value out of its range.
    """

    validation_pictures: Annotated[int, Range(1, 10**9)] = 500

    @property
    def changes(self) -> Changes | None:
        """What happens to them; None: nothing."""
        changes = Changes(**{field.name: getattr(self, field.name) for field in fields(Changes)})
        return None if changes == Changes() else changes

    def validation(self, path: Path, pictures: Pictures) -> "Tensor":
        """Return pictures to measure on, (N, C, S, S) in [0, 1]; else as ``unseen``."""
        from selfsame.datasets.batches import evaluation_pictures

        return evaluation_pictures(self.unseen(path, pictures).spread(self.validation_pictures))


def space_for(
    pictures: Pictures, table: Mapping[str, Any], start: GridConfig | None = None
) -> GridConfig:
    """Return the shape of a model for pictures: what ``table`` leaves open follows from them.

    Args:
        start: shape of the model that is gone on from, which it must be.
    Raises:
        InputError: settings that do not fit the pictures or the start, or as ``GridConfig``.
    """
    if start is not None:
        table = {**start.as_dict(), **table}
    fine, channels = pictures.images.shape[1], pictures.images.shape[3]
    detail = table.get("detail", 1)
    if not isinstance(detail, int) or detail < 1 or fine % detail:
        raise SettingError(
            f"model: pictures of {fine}x{fine} pixels cannot be {detail} times as fine as a model's"
        )
    implied = {"side": fine // detail, "channels": channels}
    if start is not None and (start.side, start.channels) != tuple(implied.values()):
        raise SettingError(
            f"model: the space that is gone on from is of pictures of side {start.side * detail} "
            f"and {start.channels} channels: got pictures of side {fine} and {channels} channels"
        )
    config = settings_from(GridConfig, {**implied, **table}, "model")
    if (config.side, config.channels) != (fine // detail, channels):
        raise SettingError(
            f"model: the pictures ask for side {fine // detail} and {channels} channels: got "
            f"{config.side} and {config.channels}; leave them out"
        )
    if start is not None:
        check_kept(config, start, "space")
    return config
