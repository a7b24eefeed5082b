"""Pictures changed at random into others of their kind, so that a small set says more."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Checked, Range
from selfsame.datasets.epochs import ORDER, philox
from selfsame.datasets.pictures import Bytes

MAX_SHIFT = 256

_STREAM = ORDER + 3


@dataclass(frozen=True)
class Changes(Checked):
    """What may happen to a picture of a batch, each time anew.

    Attributes:
        mirror: half of them are mirrored, left to right.
        shift: pixels by which they are moved at most, along either axis; their border is repeated.
        recolor: channels change places.
    Raises:
        InputError: a value out of its range.
    """

    mirror: bool = False
    shift: Annotated[int, Range(0, MAX_SHIFT)] = 0
    recolor: bool = False

    def applied(self, planes: Bytes, seed: int, step: int, places: NDArray[np.int64]) -> Bytes:
        """Return pictures changed, (N, C, H, W).

        Args:
            places: in the batch of a step, (N,); what happens depends on seed, step and place.
        """
        changed = np.empty_like(planes)
        for place, picture, result in zip(places, planes, changed, strict=True):
            random = np.random.Generator(philox(seed, _STREAM, step, int(place) << 16))
            result[:] = self._one(picture, random)
        return changed

    def _one(self, picture: Bytes, random: np.random.Generator) -> Bytes:
        mirrored = self.mirror and random.random() < 0.5
        down, right = random.integers(-self.shift, self.shift + 1, 2)
        order = random.permutation(len(picture))
        if mirrored:
            picture = picture[:, :, ::-1]
        if self.shift:
            height, width = picture.shape[1:]
            rows = np.clip(np.arange(height) - down, 0, height - 1)
            columns = np.clip(np.arange(width) - right, 0, width - 1)
            picture = picture[:, rows[:, None], columns]
        return picture[order] if self.recolor else picture
