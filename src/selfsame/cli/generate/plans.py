"""What ``selfsame generate`` is to show: which pictures, in what order, in how many columns."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from selfsame.datasets import Pictures, read_pictures
from selfsame.datasets.batches import evaluation_pictures
from selfsame.datasets.fitting import Binarise, Mode
from selfsame.datasets.readers import unseen_split
from selfsame.errors import InputError
from selfsame.io.grids import BACKGROUND, Bytes, to_arrays
from selfsame.priors.generation import (
    GROUP,
    draw_noise,
    generate,
    interpolate,
    reconstruct,
    sample_generator,
    side_at,
)
from selfsame.priors.vdvae.network import Vdvae

_PIXELS_AT_A_TIME = 1 << 24
"""Of pictures as floats, before they become bytes."""


@dataclass(frozen=True)
class Plan:
    """Pictures to be made.

    Attributes:
        count: how many.
        columns: in which they look best.
        pictures: makes them, some at a time.
    """

    count: int
    columns: int
    pictures: Callable[[], Iterator[list[Bytes]]]


def samples(
    model: Vdvae,
    count: int,
    *,
    columns: int | None,
    seed: int,
    temperature: float,
    scale: float,
    draw_pixels: bool,
) -> Plan:
    """Return made-up pictures; arguments as of ``selfsame.priors.generate``."""
    size = _at_a_time(model, scale)

    def pictures() -> Iterator[list[Bytes]]:
        for first in range(0, count, size):
            made = generate(
                model,
                min(size, count - first),
                seed=seed,
                first=first,
                temperature=temperature,
                scale=scale,
                draw_pixels=draw_pixels,
            )
            yield to_arrays(made)

    return Plan(count, columns or math.ceil(math.sqrt(count)), pictures)


def rows(model: Vdvae, ends: Tensor, steps: int, *, scale: float) -> Plan:
    """Return rows of pictures, each from one end to another.

    Args:
        ends: noise, (B, D): of the first row's two ends, of the second's ...; an odd last one is
            left out.
        steps: pictures of a row.
    """
    if len(ends) < 2:
        raise InputError(f"a row needs 2 pictures as its ends: got {len(ends)}")
    pairs = list(zip(ends[::2], ends[1::2], strict=False))

    def pictures() -> Iterator[list[Bytes]]:
        for begin, end in pairs:
            yield to_arrays(interpolate(model, begin, end, steps, scale=scale))

    return Plan(len(pairs) * steps, steps, pictures)


def walk(model: Vdvae, stops: Tensor, frames: int, *, scale: float) -> Plan:
    """Return the frames of a walk that ends where it began.

    Args:
        stops: noise, (B, D).
        frames: from each stop to the next.
    """
    if len(stops) < 2:
        raise InputError(f"a walk needs at least 2 pictures: got {len(stops)}")

    def pictures() -> Iterator[list[Bytes]]:
        for begin, end in pairwise([*stops, stops[0]]):
            yield to_arrays(interpolate(model, begin, end, frames + 1, scale=scale)[:-1])

    return Plan(len(stops) * frames, frames, pictures)


def decodings(model: Vdvae, originals: Tensor, *, scale: float) -> Plan:
    """Return what pictures, (B, C, side, side) in [0, 1], are coded and decoded to."""
    size = _at_a_time(model, scale)

    def pictures() -> Iterator[list[Bytes]]:
        for group in torch.split(originals, size):
            yield to_arrays(reconstruct(model, group, scale=scale))

    return Plan(len(originals), math.ceil(math.sqrt(len(originals))), pictures)


def codings(model: Vdvae, originals: Tensor, columns: int | None, *, scale: float) -> Plan:
    """Return rows of pictures, each with a row of what they are coded and decoded to below it.

    Args:
        originals: (B, C, side, side) in [0, 1]; they are shown enlarged, pixel by pixel.
    """
    columns = min(columns or math.ceil(math.sqrt(2 * len(originals))), len(originals))
    side = side_at(model, scale)
    nearest = (np.arange(side) * model.config.side) // side

    def pictures() -> Iterator[list[Bytes]]:
        for row in torch.split(originals, columns):
            shown = to_arrays(row[:, :, nearest][..., nearest])
            blanks = [np.full_like(shown[0], BACKGROUND)] * (columns - len(row))
            yield [*shown, *blanks, *to_arrays(reconstruct(model, row, scale=scale)), *blanks]

    return Plan(-(-len(originals) // columns) * 2 * columns, columns, pictures)


def made_up_noise(model: Vdvae, count: int, *, seed: int, temperature: float) -> Tensor:
    """Return the noise of the first ``count`` pictures of a seed, (count, D)."""
    return draw_noise(model, (sample_generator(seed, k) for k in range(count)), temperature)


def read_originals(model: Vdvae, path: Path, count: int | None, most: int) -> Tensor:
    """Return the first pictures of a data set as a model takes them, (B, C, side, side) in [0, 1].

    Test pictures, if the set has any; for a model of zeros and ones, white from the middle on.

    Args:
        count: None: all, but at most ``most``.
    Raises:
        InputError: there are not as many, or as ``read_pictures``.
        FormatError: as ``read_pictures``.
    """
    config = model.config
    mode: Mode = "grey" if config.channels == 1 else "rgb"
    found = read_pictures(path, unseen_split(path), config.side, mode)
    wanted = min(most, len(found)) if count is None else count
    if len(found) < wanted:
        raise InputError(f"{path} has {len(found)} pictures, {wanted} are needed; lower -n")
    binarise: Binarise = "threshold" if config.likelihood == "bernoulli" else "none"
    return evaluation_pictures(Pictures(found.images[:wanted]), binarise)


def _at_a_time(model: Vdvae, scale: float) -> int:
    side = side_at(model, scale)
    return max(1, min(GROUP, _PIXELS_AT_A_TIME // side**2))
