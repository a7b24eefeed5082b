"""Pictures of a set one by one, each of its own size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from selfsame.datasets.pictures import Bytes
from selfsame.io.pictures import Picture, picture_from_pillow, picture_size, read_picture


@dataclass(frozen=True, eq=False)
class NamedPicture:
    """A picture of a set, which is read when it is asked for.

    Attributes:
        name: its file relative to the set, or its number in an array, five digits or more; it
            stays when the set is moved.
        source: its file, or its pixels, (H, W, C) bytes, C 1 or 3.
    """

    name: str
    source: Path | Bytes

    def read(self, mode: Literal["grey", "rgb", "auto"] = "auto") -> Picture:
        """Return the pixels, (H, W) or (H, W, 3), float32 in [0, 1]; see ``read_picture``.

        Raises:
            InputError: its file cannot be read as a picture.
        """
        if isinstance(self.source, Path):
            return read_picture(self.source, mode)
        pixels = np.ascontiguousarray(self.source)
        return picture_from_pillow(
            Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels), mode
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as ``read`` will give them; errors as of it."""
        if isinstance(self.source, Path):
            return picture_size(self.source)
        return self.source.shape[1], self.source.shape[0]
