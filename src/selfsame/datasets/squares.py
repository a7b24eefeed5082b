"""Square pictures for a model to learn and to be measured on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from selfsame.checked import Checked, Range
from selfsame.datasets.fitting import Mode, Side
from selfsame.datasets.pictures import Pictures
from selfsame.datasets.readers import read_pictures, unseen_split
from selfsame.errors import InputError


@dataclass(frozen=True)
class SquareSettings(Checked):
    """Which pictures, and of what size.

    Attributes:
        side: pixels to which the pictures of a folder are scaled and cut. None: as they are.
        mode: ``grey`` or ``rgb``. None: as they are.
        validation_pictures: so many at most, spread over the set, are validated on.
    Raises:
        InputError: a value out of its range.
    """

    side: Side | None = None
    mode: Mode | None = None
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
                f"{path} has pictures of {described_shape(*unseen.images.shape[1:])}, those to "
                f"learn have {described_shape(*pictures.images.shape[1:])}: give data.side and "
                "data.mode, or other pictures"
            )
        return unseen


def described_shape(height: int, width: int, channels: int) -> str:
    """Return what messages call the shape of a picture."""
    return f"{width}x{height} pixels in {'grey' if channels == 1 else 'colour'}"
