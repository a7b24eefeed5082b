"""The code of a picture in a latent space: a small grid of whole numbers.

A model's network writes from it the collage whose fixed point is the picture. The model is no part
of the code; its fingerprint tells whether the one at hand is the right one.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import check_whole
from selfsame.collage.code import check_model
from selfsame.errors import InputError
from selfsame.family import Code
from selfsame.values import check_array, check_picture, read_only

MAX_NUMBERS = 256
MAX_CELLS = 1 << 14
MAX_LEVEL = 1 << 15
"""Largest magnitude of a number."""


@dataclass(frozen=True, eq=False)
class GridCode(Code):
    """A picture as whole numbers on a grid.

    Attributes:
        width, height: of the picture, in pixels.
        channels: 1 for grey, 3 for sRGB.
        model: name of the model; letters, digits, dots, dashes and underscores.
        fingerprint: 8 bytes that identify what of the model decoding needs.
        levels: (numbers, rows, columns) int32, in units of the model's quantum.
        alpha: (height, width) bytes of an alpha channel, kept exactly, or None.
    Raises:
        InputError: a value out of its range, or arrays of other types or shapes.
    """

    family: ClassVar[str] = "grid"

    width: int
    height: int
    channels: int
    model: str
    fingerprint: bytes
    levels: NDArray[np.int32]
    alpha: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        check_picture(self.width, self.height, self.alpha)
        if self.channels not in (1, 3):
            raise InputError(f"channels must be 1 (grey) or 3 (sRGB): got {self.channels}")
        check_model(self.model, self.fingerprint)
        if self.levels.ndim != 3:
            raise InputError(
                f"levels must be (numbers, rows, columns): got the shape {self.levels.shape}"
            )
        check_layout(*self.levels.shape)
        check_array("levels", self.levels, np.int32, self.levels.shape)
        if np.abs(self.levels.astype(np.int64)).max() > MAX_LEVEL:
            raise InputError(
                f"a level must be {-MAX_LEVEL} to {MAX_LEVEL}: got {self.levels.min()} to "
                f"{self.levels.max()}"
            )
        object.__setattr__(self, "levels", read_only(self.levels))
        self.freeze()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height


def check_layout(numbers: int, rows: int, columns: int) -> None:
    """Raise ``InputError`` unless a grid may have these sides."""
    check_whole("numbers", numbers, 1, MAX_NUMBERS)
    check_whole("cells", rows * columns, 1, MAX_CELLS)
