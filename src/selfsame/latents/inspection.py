"""What the latents of a set of pictures look like."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from selfsame.codes.store import pack
from selfsame.collage.operator.resampling import area_resize
from selfsame.errors import InputError
from selfsame.latents.space import LatentSpace
from selfsame.metrics.pictures import psnr_db
from selfsame.run.progress import Progress

GROUP = 16
"""Pictures computed at a time."""

DEAD = 0.05
"""Standard deviation, in quanta, below which a number says nothing."""


@dataclass(frozen=True)
class Channel:
    """One number of the tokens of a set.

    Attributes:
        name: of its field.
        mean, deviation: over all tokens and pictures.
        low, high: least and greatest value.
        is_dead: whether it hardly changes.
    """

    name: str
    mean: float
    deviation: float
    low: float
    high: float
    is_dead: bool


@dataclass(frozen=True)
class Inspection:
    """What a space makes of a set.

    Attributes:
        pictures: how many were coded.
        channels: of the tokens, in order.
        bytes: of a file, mean over pictures.
        psnr: in dB of what codes draw, mean over pictures, by scale: at scale 1, and at those at
            which the set has pictures.
    """

    pictures: int
    channels: tuple[Channel, ...]
    bytes: float
    psnr: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the values, ready for JSON."""
        return asdict(self)


@torch.no_grad()
def inspect_space(
    space: LatentSpace[Any], pictures: Tensor, *, progress: Progress | None = None
) -> Inspection:
    """Return what a space makes of pictures.

    Args:
        pictures: (N, C, S, S) in [0, 1], S a multiple of the side of the space: they are averaged
            down to be coded, and compared at those scales of 1, 2, 4 and 8 that divide theirs.
        progress: of pictures.
    Raises:
        InputError: pictures of another shape.
    """
    count, channels, height, width = pictures.shape
    finest = height // space.side
    if (channels, height, width) != (space.channels, finest * space.side, height) or finest < 1:
        raise InputError(
            f"pictures must be (N, {space.channels}, S, S), S a multiple of {space.side}: got "
            f"{tuple(pictures.shape)}"
        )
    scales = [scale for scale in (1, 2, 4, 8) if finest % scale == 0]
    values, sizes = [], []
    found: dict[int, list[float]] = {scale: [] for scale in scales}
    for first in range(0, count, GROUP):
        group = pictures[first : first + GROUP]
        latents = space.encode(area_resize(group, (space.side, space.side)))
        there = latents.values.flatten(0, 1)
        values.append(there if latents.mask is None else there[latents.mask.flatten()])
        sizes += [len(pack(code)) for code in space.codes(latents)]
        held = space.rounded(latents)
        for scale in scales:
            truth = area_resize(group, (space.side * scale, space.side * scale))
            drawn = space.draw(held, scale).clamp(0, 1)
            pairs = zip(drawn.numpy(), truth.numpy(), strict=True)
            found[scale] += [psnr_db(a, b) for a, b in pairs]
        if progress is not None:
            progress(min(first + GROUP, count), count, "")
    table = torch.cat(values)
    return Inspection(
        count,
        tuple(
            Channel(
                field.name,
                float(column.mean()),
                float(column.std(correction=0)),
                float(column.min()),
                float(column.max()),
                float(column.std(correction=0)) < DEAD * field.quantum,
            )
            for field, column in zip(space.fields, table.T, strict=True)
        ),
        float(np.mean(sizes)),
        {scale: float(np.mean(each)) for scale, each in found.items()},
    )
