"""Block codes as sequences: a token per block, for what learns from codes without drawing them.

There is no way back: a code is read, not made. Its tokens hold the partition, the maps and the
coefficients of its blocks; not the size of the picture before padding, nor its alpha channel, nor
how it is decoded (``iterations``, ``deblock``), which the code itself says.
"""

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from selfsame.checked import Range, checked
from selfsame.errors import InputError
from selfsame.isometries import ISOMETRIES
from selfsame.latents.space import Field, Latents
from selfsame.pifs.code import (
    CONTRACTION,
    LUMA,
    MAX_LOG2,
    MAX_SCALE,
    MIN_LOG2,
    NO_MAP,
    SCALE_STEP,
    PifsCode,
    PlaneCode,
)
from selfsame.pifs.decoding.planes import feeds_back

Cosines = Annotated[int, Range(1, 1 << MAX_LOG2)]

PEAK = 255
"""The value range, in the units of a plane."""

PLACE_FIELDS = (
    Field("plane", "choice", 0, 2, 1),
    Field("top", "real", 0, 1, 0),
    Field("left", "real", 0, 1, 0),
    Field("height", "real", 0, 1, 0),
    Field("width", "real", 0, 1, 0),
    Field("depth", "level", 0, MAX_LOG2 - MIN_LOG2, 1),
    Field("cut", "choice", 0, 2, 1),
)
"""Where a block stands: its plane (Y, Cb, Cr); its upper left corner and its sides, in heights and
widths of the padded plane, which are the same places of the picture in all planes; how often a
square of 64 × 64 pixels was cut into four to give its square; and whether it is all of that (0),
its upper or lower half (1), or its left or right one (2)."""

MAP_FIELDS = (
    Field("kind", "choice", NO_MAP, LUMA, 1),
    Field("isometry", "choice", 0, ISOMETRIES - 1, 1),
    Field("scale", "level", -MAX_SCALE, MAX_SCALE, SCALE_STEP),
    Field("down", "real", -1, 1, 0),
    Field("right", "real", -1, 1, 0),
)
"""What a block is drawn from: the kind of map, in the order of ``selfsame.pifs.describe``;
isometry and scale; how far the centre of the domain lies from that of the block, in heights and
widths of the padded plane. All but the kind are 0 where there is no map; a map from luma does not
move."""


def block_fields(cosines: int = 4) -> tuple[Field, ...]:
    """Return the fields of the tokens of ``block_tokens``.

    They are ``PLACE_FIELDS``, ``MAP_FIELDS``, and what a block is without its map, in value ranges
    about mid-grey: ``mean``; ``cosine V U``, its coefficients of V half waves down and U across,
    V and U below ``cosines``, so scaled that they are the root-mean-square values of their waves;
    ``rest``, that of all others together. A quantum of 0: it depends on the code.

    Raises:
        InputError: ``cosines`` out of its range, 1 to 64.
    """
    side = range(checked("cosines", cosines, Cosines))
    waves = [f"cosine {v} {u}" for v in side for u in side]
    waves[0] = "mean"
    return (
        *PLACE_FIELDS,
        *MAP_FIELDS,
        *(Field(name, "real", -math.inf, math.inf, 0) for name in waves),
        Field("rest", "real", 0, math.inf, 0),
    )


def block_tokens(codes: Sequence[PifsCode], cosines: int = 4) -> Latents:
    """Return codes as sequences of tokens, a token per block.

    Args:
        codes: B of them, of any sizes.
        cosines: how many coefficients of a block, down and across, are numbers of their own: 2 are
            all that ``pure`` codes have.
    Returns:
        values (B, T, D), float32, with ``block_fields(cosines)``: blocks in coding order, plane by
        plane, then zeros where the mask (B, T) is False. No positions, since every token has its
        own.
    Raises:
        InputError: no codes, others than block codes, blocks that no quadtree has, or ``cosines``
            out of its range.
    """
    checked("cosines", cosines, Cosines)
    check_codes(codes)
    sequences = [
        torch.from_numpy(
            np.concatenate([_tokens(plane, number, cosines) for number, plane in enumerate(planes)])
        ).float()
        for planes in (code.planes for code in codes)
    ]
    values = pad_sequence(sequences, batch_first=True)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return Latents(values, None, torch.arange(values.shape[1]) < lengths[:, None])


def check_codes(codes: Sequence[PifsCode]) -> None:
    """Raise ``InputError`` unless there are codes, all block codes, their blocks squares of a
    quadtree or halves of such, and no luma drawn from itself."""
    if not codes:
        raise InputError("codes must be one or more: got none")
    for code in codes:
        if not isinstance(code, PifsCode):
            raise InputError(
                f"codes must be block codes, of the family pifs: got one of {code.family}"
            )
        if (code.planes[0].maps[:, 0] == LUMA).any():
            raise InputError("a map draws from luma in the plane of luma itself")
        for plane in code.planes:
            corners, logs = plane.blocks[:, :2], plane.blocks[:, 2:]
            if (np.ptp(logs, axis=1) > 1).any() or (corners % (1 << logs)).any():
                raise InputError("blocks must be squares of a quadtree or halves of such")


def places(shape: tuple[int, ...], number: int, blocks: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the ``PLACE_FIELDS`` of blocks (n, 4) of a plane of a padded shape."""
    logs = blocks[:, 2:]
    return np.column_stack(
        [
            np.full(len(blocks), number),
            blocks[:, :2] / shape,
            (1 << logs) / shape,
            MAX_LOG2 - logs.max(axis=1),
            np.where(logs[:, 0] < logs[:, 1], 1, 2 * (logs[:, 0] > logs[:, 1])),
        ]
    )


def pixels_of(blocks: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return indices of the rows, (n, h, 1), and columns, (n, 1, w), of n blocks of one shape."""
    height, width = 1 << blocks[0, 2:]
    rows = blocks[:, 0, None, None] + np.arange(height, dtype=np.int32)[:, None]
    return rows, blocks[:, 1, None, None] + np.arange(width, dtype=np.int32)


def by_shape(blocks: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Return the numbers of the blocks of each shape that there is."""
    shapes, which = np.unique(blocks[:, 2:] @ (MAX_LOG2 + 1, 1), return_inverse=True)
    return [np.flatnonzero(which == i) for i in range(len(shapes))]


def _tokens(plane: PlaneCode, number: int, cosines: int) -> NDArray[np.float64]:
    return np.column_stack(
        [places(plane.levels.shape, number, plane.blocks), _maps(plane), _waves(plane, cosines)]
    )


def _maps(plane: PlaneCode) -> NDArray[np.float64]:
    """Return the ``MAP_FIELDS`` of the blocks of a plane."""
    kinds, domains, isometries, scales = np.split(plane.maps, (1, 3, 4), axis=1)
    wider = (np.take(CONTRACTION, kinds) - 1) * (1 << plane.blocks[:, 2:3])
    own = feeds_back(plane.maps)[:, None]
    moves = np.where(own, domains - plane.blocks[:, :2] + wider / 2, 0) / plane.levels.shape
    drawn = np.column_stack([isometries, scales * SCALE_STEP, moves])
    return np.column_stack([kinds, np.where(kinds != NO_MAP, drawn, 0)])


def _waves(plane: PlaneCode, cosines: int) -> NDArray[np.float64]:
    """Return mean, cosines and rest of the blocks of a plane."""
    waves = np.zeros((len(plane.blocks), cosines, cosines))
    rest = np.zeros(len(plane.blocks))
    for chosen in by_shape(plane.blocks):
        levels = plane.levels[pixels_of(plane.blocks[chosen])]
        # The orthonormal transform: squares of coefficients sum up to those of pixels.
        values = levels * (plane.step / PEAK / math.sqrt(levels[0].size))
        first = values[:, :cosines, :cosines]
        waves[chosen, : first.shape[1], : first.shape[2]] = first
        first[:] = 0
        rest[chosen] = np.sqrt(np.square(values).sum(axis=(1, 2)))
    return np.column_stack([waves.reshape(len(waves), -1), rest])
