"""A picture to its code: planes, rate control, one attempt per quantiser step."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba.typed import List
from numpy.typing import NDArray

from selfsame.bitstream.range_coder import finish, new_coder
from selfsame.pifs.code import STEP_UNIT, Mode, PifsCode, PlaneCode, padded_shape
from selfsame.pifs.color import CHROMA_WEIGHTS, halved, planes_from_picture
from selfsame.pifs.contexts import ELEMENTS
from selfsame.pifs.models import initial_models
from selfsame.pifs.partition import (
    SHAPE_INDEX,
    SHAPES,
    SPLIT_BITS,
    block_costs,
    border_means,
    cost_tables,
    gather,
    prune,
    transform_blocks,
)
from selfsame.pifs.stream import capacity, plane_states
from selfsame.pifs.syntax import Choice, code_plane

Float = NDArray[np.float32]

PRICE = 0.105
"""Lagrangian of a bit in units of step². Theory has ln 2 / 6 = 0.116 for fine
steps; chosen on photographs of the training set."""


class Source(NamedTuple):
    """One plane of the picture, ready to be priced at any step."""

    height: int
    width: int
    pixels: Float
    spectra: list[Float]
    borders: list[Float]
    step_ratio: float


class Attempt(NamedTuple):
    """A code, the bytes of its planes, and the models after the last of them."""

    code: PifsCode
    stream_bytes: int
    slots: NDArray[np.uint32]
    weights: NDArray[np.int64]


def sources(picture: NDArray[np.uint8], half_chroma: bool) -> list[Source]:
    """Return the planes of a picture with the transforms of all blocks of every shape."""
    result = []
    for i, plane in enumerate(planes_from_picture(picture)):
        ratio = 1.0
        if i:
            ratio /= CHROMA_WEIGHTS[i - 1] ** 0.5
            if half_chroma:
                plane, ratio = halved(plane), ratio / 2
        height, width = plane.shape
        rows, columns = padded_shape(height, width, 4 if i and half_chroma else 8)
        pixels = np.pad(plane, ((0, rows - height), (0, columns - width)), mode="edge")
        spectra = List([transform_blocks(pixels, lh, lw) for lh, lw in SHAPES])
        borders = [border_means(pixels, lh, lw) for lh, lw in SHAPES]
        result.append(Source(height, width, pixels, spectra, borders, ratio))
    return result


def attempt(
    planes: list[Source],
    size: tuple[int, int],
    step: float,
    *,
    mode: Mode,
    half_chroma: bool,
    price: float = PRICE,
) -> Attempt:
    """Return the code of a picture at one quantiser step."""
    shapes = [plane.pixels.shape for plane in planes]
    states = plane_states(shapes)
    slots, weights = initial_models()
    coder = new_coder(slots, weights, len(ELEMENTS), capacity(shapes))
    limit = 2 if mode == "pure" else 1 << 12
    coded = []
    for source, state in zip(planes, states, strict=True):
        own = max(1, round(step * source.step_ratio / STEP_UNIT)) * STEP_UNIT
        inverse = np.float32(1 / own)
        tables = cost_tables(coder.slots)
        costs = List(
            [
                block_costs(
                    source.spectra[i],
                    inverse,
                    lh,
                    lw,
                    source.borders[i],
                    tables,
                    state.chroma,
                    price,
                    limit,
                )
                for i, (lh, lw) in enumerate(SHAPES)
            ]
        )
        blocks, _ = prune(costs, SHAPE_INDEX, *source.pixels.shape, price, SPLIT_BITS[state.chroma])
        count = len(blocks)
        state.blocks[:count] = blocks
        coefficients = np.empty(source.pixels.shape, np.float32)
        gather(source.spectra, SHAPE_INDEX, blocks, inverse, coefficients)
        choice = Choice(True, coefficients, price, limit)
        code_plane(coder, False, state, count, choice)
        coded.append(
            PlaneCode(
                source.height,
                source.width,
                own,
                blocks,
                state.maps[:count].copy(),
                state.levels,
            )
        )
    code = PifsCode(size[0], size[1], mode, tuple(coded), half_chroma, 0, 3)
    return Attempt(code, finish(coder), coder.slots, coder.weights)
