"""One attempt at a picture: from its planes to a code at one quantiser step.

    price every block of every shape, with and without a map  ->  prune the tree
    ->  choose the levels while coding  ->  decode, predict from the decoded picture, choose again

The last step is what makes the attractor, not the collage, close to the picture: the residuals are
those of the domains as the decoder will see them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.range_coder import Coder, finish
from selfsame.io.color import CHROMA_WEIGHTS, halved, planes_from_picture
from selfsame.pifs.code import (
    ALIGNMENT,
    MIN_LOG2,
    NO_MAP,
    STEP_UNIT,
    PifsCode,
    PlaneCode,
    padded_shape,
)
from selfsame.pifs.decoding.attractor import apply_maps, contractive_maps, feeds_back, settled
from selfsame.pifs.encoding.candidates import (
    Candidates,
    Plan,
    fit_scales,
    luma_candidates,
    map_bits,
    predictions,
    window_candidates,
)
from selfsame.pifs.search.near import near_maps
from selfsame.pifs.syntax.partition import (
    INFEASIBLE,
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
from selfsame.pifs.syntax.plane import code_plane
from selfsame.pifs.syntax.stream import Choice, PlaneState, plane_states, planes_coder

Float = NDArray[np.float32]

PRICE = 0.105
"""Lagrangian of a bit in units of step². Theory has ln 2 / 6 = 0.116 for fine steps; chosen on
photographs of the training set."""


class Source(NamedTuple):
    """One plane of the picture, ready to be priced at any step.

    Attributes:
        height, width: before padding.
        pixels: padded. spectra, borders: of every shape of block, see ``partition``.
        step_ratio: of its quantiser step over that of luma, so that an error of either costs
            the same in RGB.
    """

    height: int
    width: int
    pixels: Float
    spectra: tuple[Float, ...]
    borders: list[Float]
    step_ratio: float


class Partition(NamedTuple):
    """The blocks and maps of a plane, as in ``PlaneCode``."""

    blocks: NDArray[np.int32]
    maps: NDArray[np.int32]


class Attempt(NamedTuple):
    """A code, the bytes of its planes, its planes decoded (padded, before deblocking), their
    partitions, and the models after the last of them."""

    code: PifsCode
    stream_bytes: int
    decoded: list[Float]
    partitions: list[Partition]
    slots: NDArray[np.uint32]
    weights: NDArray[np.int64]


def sources(
    picture: NDArray[np.uint8], half_chroma: bool, luma: Source | None = None
) -> list[Source]:
    """Return the planes of a picture with the transforms of all blocks of every shape.

    Args:
        luma: the first of them, if it is known.
    """
    result = [] if luma is None else [luma]
    for i, full in enumerate(planes_from_picture(picture)):
        if i < len(result):
            continue
        ratio = 1.0 if i == 0 else CHROMA_WEIGHTS[i - 1] ** -0.5
        halve = half_chroma and i > 0
        plane = halved(full) if halve else full
        height, width = plane.shape
        rows, columns = padded_shape(height, width, ALIGNMENT // 2 if halve else ALIGNMENT)
        pixels = np.pad(plane, ((0, rows - height), (0, columns - width)), mode="edge")
        spectra = tuple(transform_blocks(pixels, lh, lw) for lh, lw in SHAPES)
        borders = [border_means(pixels, lh, lw) for lh, lw in SHAPES]
        # A sample of half resolution stands for four pixels.
        result.append(
            Source(height, width, pixels, spectra, borders, ratio / 2 if halve else ratio)
        )
    return result


def find_candidates(
    planes: Sequence[Source],
    references: Sequence[Float],
    plan: Plan,
    bit_price: float,
    device: str = "cpu",
) -> list[list[Candidates]]:
    """Return, per plane, the domains that its blocks may be predicted from.

    Args:
        references: the planes that domains are taken from: the picture, or better one decoded.
        bit_price: squared error that a bit of luma is worth.
        device: where windows are searched.
    """
    found: list[list[Candidates]] = []
    for i, (source, reference) in enumerate(zip(planes, references, strict=True)):
        own: list[Candidates] = []
        for search in plan.searches if i == 0 or plan.mode == "pure" else ():
            if search.reach:
                price = bit_price * source.step_ratio**2
                maps = near_maps(source.pixels, reference, search.log2, search.reach, price)
                own.append(Candidates(search.log2, maps))
            if search.radius:
                own.append(
                    window_candidates(
                        source.pixels, reference, search.log2, search.step, search.radius, device
                    )
                )
        if i and plan.luma_maps:
            own += [luma_candidates(source.pixels.shape, log2) for log2 in range(MIN_LOG2, 6)]
        found.append(own)
    return found


def attempt(
    planes: Sequence[Source],
    size: tuple[int, int],
    step: float,
    plan: Plan,
    *,
    half_chroma: bool,
    candidates: Sequence[Sequence[Candidates]] | None = None,
    references: Sequence[Float] | None = None,
    partitions: Sequence[Partition] = (),
    price: float = PRICE,
) -> Attempt:
    """Return the code of a picture at one quantiser step.

    Args:
        size: width and height of the picture.
        candidates: from ``find_candidates``; by default no block has a map.
        references: planes as they are expected to be decoded, to fit the maps to.
        partitions: of the first planes, to be taken instead of the cheapest ones: those of an
            attempt at a similar step serve as well, and save most of the time.
    """
    shapes = [plane.pixels.shape for plane in planes]
    coder = planes_coder(shapes)
    coded: list[PlaneCode] = []
    decoded: list[Float] = []
    iterations = 0
    for i, (source, state) in enumerate(zip(planes, plane_states(shapes), strict=True)):
        own_step = max(1, round(step * source.step_ratio / STEP_UNIT)) * STEP_UNIT
        reference = references[i] if references else source.pixels
        luma = decoded[0] if decoded else None
        if i < len(partitions):
            partition = partitions[i]
        else:
            own = candidates[i] if candidates else ()
            partition = _partition(
                coder, source, own_step, plan, own, reference, luma, state.chroma, price
            )
        plane, values, needed = _choose(
            coder, source, state, own_step, plan, partition, reference, luma, price
        )
        coded.append(plane)
        decoded.append(values)
        iterations = max(iterations, needed)
    code = PifsCode(size[0], size[1], plan.mode, tuple(coded), half_chroma, iterations, 0)
    partitions = [Partition(plane.blocks, plane.maps) for plane in coded]
    return Attempt(code, finish(coder), decoded, partitions, coder.slots, coder.weights)


def _choose(
    coder: Coder,
    source: Source,
    state: PlaneState,
    step: float,
    plan: Plan,
    partition: Partition,
    reference: Float,
    luma: Float | None,
    price: float,
) -> tuple[PlaneCode, Float, int]:
    """Return the code of one plane, its attractor, and the iterations that this needs."""
    inverse = np.float32(1 / step)
    blocks, maps = partition
    count = len(blocks)
    state.blocks[:count] = blocks
    plain = np.empty(source.pixels.shape, np.float32)
    gather(source.spectra, SHAPE_INDEX, blocks, inverse, plain)
    mapped = bool((maps[:, 0] != NO_MAP).any())
    fed_back = bool(feeds_back(maps).any())
    saved = _snapshot(coder)
    x, iterations = reference, 0
    for _ in range(1 + (plan.rounds if fed_back else 0)):
        _restore(coder, saved)
        state.maps[:count] = maps
        coefficients = plain
        if mapped:
            coefficients = plain - _predicted_spectra(x, luma, blocks, maps) * inverse
        code_plane(coder, False, state, count, Choice(True, coefficients, price, plan.last))
        plane = PlaneCode(source.height, source.width, step, blocks, maps, state.levels.copy())
        x, iterations = settled(plane, luma)
    return plane, x, iterations


def _partition(
    coder: Coder,
    source: Source,
    step: float,
    plan: Plan,
    candidates: Sequence[Candidates],
    reference: Float,
    luma: Float | None,
    chroma: int,
    price: float,
) -> Partition:
    """Return the blocks of the cheapest tree and their maps."""
    inverse = np.float32(1 / step)
    tables = cost_tables(coder.slots)

    def priced(spectra: Float, shape: int) -> Float:
        lh, lw = SHAPES[shape]
        costs: Float = block_costs(
            spectra, inverse, lh, lw, source.borders[shape], tables, chroma, price, plan.last
        )
        return costs

    costs = [priced(source.spectra[shape], shape) for shape in range(len(SHAPES))]
    chosen = [np.zeros((*cost.shape, 5), np.int32) for cost in costs]
    flagged = set()
    for candidate in candidates:
        if candidate.maps.size == 0:
            continue
        log2 = candidate.log2
        shape = int(SHAPE_INDEX[log2, log2])
        maps = candidate.maps.copy()
        domains = transform_blocks(predictions(reference, luma, Candidates(log2, maps)), log2, log2)
        residual = fit_scales(source.spectra[shape], domains, log2, maps)
        bits, none = map_bits(coder.slots, Candidates(log2, maps), chroma)
        if shape not in flagged:
            flagged.add(shape)
            costs[shape] += np.float32(price * none)
        cost = priced(residual, shape) + np.float32(price) * bits
        cost[maps[..., 0] == NO_MAP] = INFEASIBLE
        better = cost < costs[shape]
        costs[shape] = np.where(better, cost, costs[shape])
        chosen[shape][better] = maps[better]
    height, width = source.pixels.shape
    blocks, _ = prune(tuple(costs), SHAPE_INDEX, height, width, price, SPLIT_BITS[chroma])
    maps = np.zeros((len(blocks), 5), np.int32)
    for shape, (lh, lw) in enumerate(SHAPES):
        of_shape = (blocks[:, 2] == lh) & (blocks[:, 3] == lw)
        y, x = blocks[of_shape, 0] >> lh, blocks[of_shape, 1] >> lw
        maps[of_shape] = chosen[shape][y, x]
    return Partition(blocks, contractive_maps(blocks, maps, (height, width)))


def _predicted_spectra(
    x: Float, luma: Float | None, blocks: NDArray[np.int32], maps: NDArray[np.int32]
) -> Float:
    """Return the transforms of ``S x`` in the blocks with a map, 0 elsewhere."""
    collage = apply_maps(x, np.zeros_like(x), blocks, maps, 1, luma)
    squares = np.unique(blocks[maps[:, 0] != NO_MAP, 2])
    spectra = tuple(
        transform_blocks(collage, lh, lw) if lh == lw and lh in squares else collage
        for lh, lw in SHAPES
    )
    result = np.zeros_like(x)
    gather(spectra, SHAPE_INDEX, blocks[maps[:, 0] != NO_MAP], np.float32(1), result)
    return result


def _snapshot(coder: Coder) -> tuple[NDArray[Any], ...]:
    return tuple(a.copy() for a in (coder.state, coder.slots, coder.weights, coder.spent))


def _restore(coder: Coder, saved: tuple[NDArray[Any], ...]) -> None:
    arrays: tuple[NDArray[Any], ...] = (coder.state, coder.slots, coder.weights, coder.spent)
    for array, old in zip(arrays, saved, strict=True):
        array[:] = old
