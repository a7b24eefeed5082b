"""Batches of whole pictures and of tensors, in epochs, and the binarisation of pictures."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray

from selfsame.checked import Range, Seed, check_whole, checked
from selfsame.datasets.changes import Changes
from selfsame.datasets.epochs import ORDER, Epochs, philox
from selfsame.datasets.fitting import MAX_PAD, Binarise
from selfsame.datasets.pictures import Bytes, Pictures
from selfsame.errors import SettingError

_DYNAMIC, _STATIC = ORDER + 1, ORDER + 2
"""Streams of random numbers: different counters under the same key."""

_CHUNK = 1024
"""Pictures binarised at a time: what bounds the random numbers in memory."""


class PictureBatches:
    """Every picture once per epoch, in an order that is drawn anew for each.

    They come as ``selfsame.datasets.epochs`` says. Safe to call from several threads.

    Args:
        pictures: see ``selfsame.datasets.read_pictures``.
        batch: pictures of a step, of all processes together.
        binarise: ``dynamic`` draws every value as 0 or 1, with its brightness as the probability
            of 1, anew each time; ``static`` draws likewise, but once and for all; ``threshold``
            takes 1 from the middle on; ``none`` leaves the bytes.
        pad: rows and columns of black that are added on each side.
        static_seed: of the draw of ``static``; independent of the seed of the batches.
        changes: that happen to pictures at random; None: they stay as they are.
    Raises:
        InputError: an argument out of its range, or grey pictures whose channels are to change
            places.
    """

    def __init__(
        self,
        pictures: Pictures,
        batch: int,
        *,
        binarise: Binarise = "none",
        pad: int = 0,
        static_seed: int = 0,
        changes: Changes | None = None,
    ) -> None:
        batch = checked("batch", batch, Annotated[int, Range(1)])
        if changes is not None and changes.recolor and pictures.images.shape[3] == 1:
            raise SettingError("recolor is for pictures in colour: these are grey")
        self.batch_size, self.binarise, self.changes = batch, binarise, changes
        self._bytes = _prepared(pictures, binarise, pad, static_seed)
        self._epochs = Epochs(len(self._bytes), batch)
        seed = static_seed if binarise == "static" else None
        drawn = () if changes is None else (changes,)
        state = repr((pictures.fingerprint, batch, binarise, pad, seed, *drawn))
        self.fingerprint = hashlib.sha256(state.encode()).hexdigest()[:16]
        """Digest of all that the batches depend on but the seed: pictures and arguments."""

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self._bytes)

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> torch.Tensor:
        """Return pictures ``indices`` of a step: (len(indices), C, H, W), float32 in [0, 1].

        Raises:
            InputError: an index beyond the batch.
        """
        places = np.asarray(indices, np.int64)
        chosen = self._bytes[self._epochs.numbers(seed, step, places)]
        if self.changes is not None:
            chosen = self.changes.applied(chosen, seed, step, places)
        if self.binarise == "dynamic" and len(places):
            first = int(places.min())
            count = int(places.max()) + 1 - first
            random = _random_levels(seed, _DYNAMIC, step, first, count, chosen[0].size)
            chosen = _binarised(chosen, random[places - first])
        return _as_tensor(chosen)


class TensorBatches:
    """Samples of named tensors, every one once per epoch; see ``selfsame.datasets.epochs``.

    Args:
        parts: N of each.
        batch: samples of a step, of all processes together.
    """

    def __init__(self, parts: Mapping[str, torch.Tensor], batch: int) -> None:
        self._parts = dict(parts)
        self._count = len(next(iter(self._parts.values())))
        self._epochs = Epochs(self._count, batch)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all that the batches depend on but the seed."""
        digest = hashlib.sha256(repr(self._epochs.batch).encode())
        for name, part in sorted(self._parts.items()):
            digest.update(repr((name, part.dtype, tuple(part.shape))).encode())
            digest.update(part.contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._count

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return samples ``indices`` of a step, len(indices) of each part."""
        chosen = torch.from_numpy(
            self._epochs.numbers(seed, step, np.asarray(indices, np.int64)).copy()
        )
        return {name: part[chosen] for name, part in self._parts.items()}


def evaluation_pictures(
    pictures: Pictures, binarise: Binarise = "none", seed: int = 0, *, pad: int = 0
) -> torch.Tensor:
    """Return all pictures, in order, as a bound is measured on: (N, C, H, W), float32 in [0, 1].

    Args:
        binarise: as of ``PictureBatches``; ``dynamic`` is drawn once, as ``static`` is.
        seed: of the draw.
        pad: rows and columns of black that are added on each side.
    """
    return _as_tensor(
        _prepared(pictures, "static" if binarise == "dynamic" else binarise, pad, seed)
    )


def _prepared(pictures: Pictures, binarise: Binarise, pad: int, seed: int) -> Bytes:
    """Return the pictures as (N, C, H, W) bytes; all that is not drawn anew is done."""
    checked("binarise", binarise, Binarise)
    check_whole("pad", pad, 0, MAX_PAD)
    checked("seed", seed, Seed)
    planes = np.ascontiguousarray(pictures.images.transpose(0, 3, 1, 2))
    if binarise == "threshold":
        planes = (planes > 127).astype(np.uint8) * np.uint8(255)
    elif binarise == "static":
        chunks = [
            _binarised(
                chunk := planes[first : first + _CHUNK],
                _random_levels(seed, _STATIC, 0, first, len(chunk), chunk[0].size),
            )
            for first in range(0, len(planes), _CHUNK)
        ]
        planes = np.concatenate(chunks)
    return np.pad(planes, ((0, 0), (0, 0), (pad, pad), (pad, pad))) if pad else planes


def _binarised(values: Bytes, random: Bytes) -> Bytes:
    """Return 255 where a value, (N, ...), is above a random level, (N, values), else 0."""
    return (values > random.reshape(values.shape)).astype(np.uint8) * np.uint8(255)


def _random_levels(
    seed: int, stream: int, step: int, first: int, count: int, values: int
) -> NDArray[np.uint8]:
    """Return evenly drawn levels of 0..254, (count, values), one row per picture from ``first``.

    A row is a function of seed, stream, step and the picture's number. ``v`` is above a level with
    probability v / 255, to 2^-16, exactly so for 0 and 255.
    """
    blocks = -(-values // 16)  # of the generator: 4 words of 64 bits, 16 levels
    words = philox(seed, stream, step, first * blocks).random_raw(4 * count * blocks)
    wide = words.view(np.uint16).reshape(count, 16 * blocks)[:, :values]
    return ((wide * np.uint32(255)) >> np.uint32(16)).astype(np.uint8)


def _as_tensor(planes: Bytes) -> torch.Tensor:
    return torch.from_numpy(planes).float() / 255
