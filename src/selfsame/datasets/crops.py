"""Batches of random crops from the pictures of a set."""

import hashlib
import math
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from PIL import Image

from selfsame.checked import Checked, Range, checked
from selfsame.datasets.fitting import Mode
from selfsame.datasets.pictures import Bytes, NamedPicture, as_image
from selfsame.datasets.readers import list_pictures
from selfsame.errors import InputError, SettingError
from selfsame.io.pictures import to_uint8

if TYPE_CHECKING:
    import torch

TRIES = 1000
"""Draws of a crop before we give up: only damaged pictures need more than one."""

Crop = Annotated[int, Range(1)]
Share = Annotated[float, Range(0, 1)]
Region = tuple[Share, Share, Share, Share]
Shrink = Annotated[float, Range(1, 64)]


class FolderCrops:
    """Random square crops, half of them mirrored, of every picture of a set.

    Every place at which a crop can lie is equally likely, so a large picture gives more crops than
    a small one. Decoded pictures stay in memory as bytes up to a limit; the others are read again
    for every crop. Safe to call from several threads.

    Args:
        source: a set as of ``list_pictures``, whose split ``train`` is taken.
        size: side of the crops, pixels.
        mode: ``rgb`` gives 3 channels, ``grey`` one.
        flips: mirror half of the crops.
        turns: turn crops by 0, 1, 2 or 3 quarters, for pictures without an upright, such as aerial.
        region: part of every picture that crops come from: left, top, right, bottom as fractions.
        shrink: largest factor by which a picture is scaled down before it is cut; the factor of
            each crop is drawn evenly on a logarithmic scale from 1 to it. 1: never.
        memory: bytes of decoded pictures that are kept.
        note: called with a sentence about every picture that is left out.
    Raises:
        InputError: an argument out of its range, no picture, or none as large as a crop.
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        size: int,
        *,
        mode: Mode = "rgb",
        flips: bool = True,
        turns: bool = False,
        region: Region = (0.0, 0.0, 1.0, 1.0),
        shrink: float = 1.0,
        memory: int = 1 << 30,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.mode: Mode = checked("mode", mode, Mode)
        self.size = size = checked("size", size, Crop)
        cuts = CropSettings(size, flips, turns, region, shrink)
        self.flips, self.turns, self.region, self.shrink = flips, turns, cuts.region, cuts.shrink
        self._memory, self._note = memory, note
        self._lock = threading.Lock()
        self._kept: dict[int, Bytes] = {}
        self._damaged: set[int] = set()
        self._pictures: list[NamedPicture] = []
        self._boxes: list[tuple[int, int, int, int]] = []
        names = []
        for picture in list_pictures(source):
            box = self._box(picture)
            if box is not None:
                names.append((picture.name, *box))
                self._pictures.append(picture)
                self._boxes.append(box)
        if not names:
            raise SettingError(
                f"no picture of {source} is as large as a crop, {size}x{size} pixels; "
                "choose smaller crops"
            )
        places = [(b[2] - b[0] - size + 1) * (b[3] - b[1] - size + 1) for b in self._boxes]
        self._ends = np.cumsum(np.array(places, np.float64)) / sum(places)
        state = repr((names, size, self.mode, flips, turns, self.region, self.shrink))
        self.fingerprint = hashlib.sha256(state.encode()).hexdigest()[:16]
        """Digest of all that the crops depend on but the seed: names, sizes, arguments."""

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self._pictures)

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> "torch.Tensor":
        """Return crops ``indices`` of a step: (len(indices), C, size, size), float32 in [0, 1].

        A crop depends on seed, step and its index, nothing else.

        Raises:
            InputError: every picture has become unreadable.
        """
        import torch

        crops = np.stack([self._crop(seed, step, index) for index in indices])
        return torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous().float() / 255

    def _crop(self, seed: int, step: int, index: int) -> Bytes:
        """Return one crop, (size, size, C)."""
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, step, index])))
        for _ in range(TRIES):
            chosen = int(np.searchsorted(self._ends, random.random(), side="right"))
            picture = self._picture(min(chosen, len(self._pictures) - 1))
            if picture is not None:
                return self._cut(picture, random)
        raise InputError("the pictures can no longer be read; are they still there?")

    def _cut(self, picture: Bytes, random: np.random.Generator) -> Bytes:
        height, width = picture.shape[:2]
        most = min(self.shrink, height / self.size, width / self.size)
        side = self.size * math.exp(random.random() * math.log(most)) if most > 1 else self.size
        if side == self.size:
            top = int(random.integers(height - self.size + 1))
            left = int(random.integers(width - self.size + 1))
            crop = picture[top : top + self.size, left : left + self.size]
        else:
            top, left = random.random() * (height - side), random.random() * (width - side)
            crop = _shrunk(picture, (left, top, left + side, top + side), self.size)
        if self.flips and random.random() < 0.5:
            crop = crop[:, ::-1]
        if self.turns:
            crop = np.rot90(crop, int(random.integers(4)))
        return crop

    def _picture(self, number: int) -> Bytes | None:
        """Return the region of a picture, (H, W, C), or None if it cannot be read."""
        with self._lock:
            if number in self._damaged:
                return None
            if number in self._kept:
                return self._kept[number]
        chosen, (left, top, right, bottom) = self._pictures[number], self._boxes[number]
        try:
            whole = to_uint8(chosen.read(self.mode))
            if whole.shape[0] < bottom or whole.shape[1] < right:
                raise InputError(f"{chosen.name} has become smaller")
        except InputError as error:
            with self._lock:
                if number not in self._damaged:
                    self._note(f"left out: {error}")
                self._damaged.add(number)
            return None
        picture = whole[top:bottom, left:right].reshape(bottom - top, right - left, -1).copy()
        with self._lock:
            if picture.nbytes <= self._memory and number not in self._kept:
                self._memory -= picture.nbytes
                self._kept[number] = picture
        return picture

    def _box(self, picture: NamedPicture) -> tuple[int, int, int, int] | None:
        """Return the region in pixels, or None, with a note, if no crop fits in."""
        try:
            width, height = picture.size
        except InputError as error:
            self._note(f"left out: {error}")
            return None
        left, right = (round(part * width) for part in self.region[::2])
        top, bottom = (round(part * height) for part in self.region[1::2])
        if min(right - left, bottom - top) < self.size:
            self._note(f"left out: {picture.name} is smaller than a crop: {width}x{height}")
            return None
        return left, top, right, bottom


@dataclass(frozen=True)
class CropSettings(Checked):
    """The arguments of ``FolderCrops`` as a configuration has them; memory in MiB.

    Attributes:
        crop: side of the crops, a multiple of 16 pixels.
        flips, turns, region, shrink, memory_mib: see ``FolderCrops``.
    """

    crop: Crop = 128
    flips: bool = True
    turns: bool = False
    region: Region = (0.0, 0.0, 1.0, 1.0)
    shrink: Shrink = 1.0
    memory_mib: Annotated[int, Range(0)] = 1024

    def __post_init__(self) -> None:
        super().__post_init__()
        left, top, right, bottom = self.region
        if left >= right or top >= bottom:
            raise SettingError(
                f"region must be left, top, right, bottom, each two rising: got {self.region}"
            )

    def crops(
        self, source: str | os.PathLike[str], note: Callable[[str], None] = lambda text: None
    ) -> FolderCrops:
        """Return the crops of a set."""
        return FolderCrops(
            source,
            self.crop,
            flips=self.flips,
            turns=self.turns,
            region=self.region,
            shrink=self.shrink,
            memory=self.memory_mib << 20,
            note=note,
        )


def _shrunk(picture: Bytes, box: tuple[float, float, float, float], size: int) -> Bytes:
    """Return the box of a picture scaled down to (size, size), with a filter against aliasing."""
    image = as_image(picture).resize((size, size), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image).reshape(size, size, -1)
