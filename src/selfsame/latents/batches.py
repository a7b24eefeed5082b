"""The latents of a set of pictures, in batches."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from selfsame.datasets.batches import evaluation_pictures
from selfsame.datasets.epochs import Epochs
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError
from selfsame.latents.space import Latents, LatentSpace
from selfsame.run.progress import Progress

GROUP = 64
"""Pictures encoded at a time."""


@torch.no_grad()
def encode_set(
    space: LatentSpace[Any], pictures: Pictures, *, progress: Progress | None = None
) -> Latents:
    """Return what all pictures of a set are coded to, on the CPU.

    Args:
        progress: of pictures.
    Raises:
        InputError: pictures of another size or other channels than those of the space.
    """
    count, height, width, channels = pictures.images.shape
    if (height, width, channels) != (space.side, space.side, space.channels):
        raise InputError(
            f"the space {space.name} has pictures of {space.side}x{space.side} pixels and "
            f"{space.channels} channels: got {width}x{height} and {channels}"
        )
    values = []
    positions = None
    for first in range(0, count, GROUP):
        group = Pictures(pictures.images[first : first + GROUP])
        latents = space.encode(evaluation_pictures(group))
        values.append(latents.values.cpu())
        positions = latents.positions
        if progress is not None:
            progress(min(first + GROUP, count), count, "")
    return Latents(torch.cat(values), positions)


class LatentBatches:
    """Latents with their labels, every one once per epoch; see ``selfsame.datasets.epochs``.

    Args:
        values: (N, T, D).
        labels: class of each, (N,), or None.
        batch: latents of a step, of all processes together.
    """

    def __init__(self, values: Tensor, labels: Tensor | None, batch: int) -> None:
        self.values, self.labels = values, labels
        self._epochs = Epochs(len(values), batch)
        digest = hashlib.sha256(repr((tuple(values.shape), batch)).encode())
        for tensor in (values, labels):
            if tensor is not None:
                digest.update(tensor.contiguous().numpy().tobytes())
        self.fingerprint = digest.hexdigest()[:16]
        """Digest of all that the batches depend on but the seed."""

    def __len__(self) -> int:
        """Return the number of latents."""
        return len(self.values)

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> Tensor | tuple[Tensor, ...]:
        """Return latents ``indices`` of a step, (len(indices), T, D), and their labels, if any."""
        chosen = torch.from_numpy(
            self._epochs.numbers(seed, step, np.asarray(indices, np.int64)).copy()
        )
        values = self.values[chosen]
        return values if self.labels is None else (values, self.labels[chosen])
