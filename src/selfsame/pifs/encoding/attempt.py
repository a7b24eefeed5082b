"""One attempt at a picture: from its planes to a code at one quantiser step.

    price every block of every shape, with and without a map  ->  prune the tree
    ->  choose the levels while coding  ->  decode, predict from the decoded picture, choose again

The last step is what makes the attractor, not the collage, close to the picture: the residuals are
those of the domains as the decoder will see them.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.coding.slots import Tables
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
from selfsame.pifs.decoding.planes import feeds_back, settled
from selfsame.pifs.encoding.candidates import (
    Candidates,
    Plan,
    luma_candidates,
    near_candidates,
    window_candidates,
)
from selfsame.pifs.stream import band_rows, planes_writer, read_planes, stream_of
from selfsame.values import sealed

Float = NDArray[np.float32]

PRICE = 0.105
"""Lagrangian of a bit in units of step². Theory has ln 2 / 6 = 0.116 for fine steps; chosen on
photographs of the training set."""


class Source(NamedTuple):
    """One plane of the picture.

    Attributes:
        height, width: before padding.
        pixels: padded.
        step_ratio: of its quantiser step over that of luma, so that an error of either costs
            the same in RGB.
    """

    height: int
    width: int
    pixels: Float
    step_ratio: float


class Partition(NamedTuple):
    """The blocks and maps of a plane, as in ``PlaneCode``."""

    blocks: NDArray[np.int32]
    maps: NDArray[np.int32]


class Attempt:
    """A code, and the streams of its planes.

    Attributes:
        models: slots and weights after the last plane.
    """

    def __init__(self, code: PifsCode, bands: Sequence[bytes], rows: int, models: Tables) -> None:
        self._code: PifsCode | None = code
        self._bands, self._rows = bands, rows
        self._rest = {f.name: getattr(code, f.name) for f in fields(code) if f.name != "planes"}
        self._shapes = [(plane.height, plane.width) for plane in code.planes]
        self._padded = [plane.levels.shape for plane in code.planes]
        self._steps = [plane.step for plane in code.planes]
        self.models = models

    @property
    def code(self) -> PifsCode:
        """The code, read from the streams if they are all that is left."""
        if self._code is None:
            whole = read_planes(self._bands, self._rows, self._shapes, self._padded, self._steps)
            self._code = PifsCode(planes=whole, **self._rest)
        return self._code

    @property
    def stream_bytes(self) -> int:
        """Bytes of a file that hold the planes."""
        return len(stream_of(self._bands, self._rows))

    @property
    def partitions(self) -> list[Partition]:
        """Of the planes."""
        return [Partition(plane.blocks, plane.maps) for plane in self.code.planes]

    def fold(self) -> None:
        """Let go of the code, whose arrays are many times as large as the streams."""
        self._code = None


def sources(picture: NDArray[np.uint8], threads: int = 1) -> list[Source]:
    """Return the planes of a picture, all of its resolution."""
    return [
        _source(plane, ALIGNMENT, 1.0 if i == 0 else CHROMA_WEIGHTS[i - 1] ** -0.5)
        for i, plane in enumerate(planes_from_picture(picture, threads))
    ]


def with_half_chroma(planes: Sequence[Source]) -> list[Source]:
    """Return the planes of a picture, those of chroma at half its resolution."""
    # A sample of half resolution stands for four pixels.
    return [
        source
        if i == 0
        else _source(
            halved(source.pixels[: source.height, : source.width]),
            ALIGNMENT // 2,
            source.step_ratio / 2,
        )
        for i, source in enumerate(planes)
    ]


def _source(plane: Float, alignment: int, step_ratio: float) -> Source:
    height, width = plane.shape
    rows, columns = padded_shape(height, width, alignment)
    pixels = plane
    if (rows, columns) != (height, width):
        pixels = np.pad(plane, ((0, rows - height), (0, columns - width)), mode="edge")
    return Source(height, width, pixels, step_ratio)


def find_candidates(
    planes: Sequence[Source],
    references: Sequence[Float],
    plan: Plan,
    bit_price: float,
    *,
    threads: int,
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
                own.append(near_candidates(source.pixels, reference, search, price, threads))
            if search.radius:
                own.append(window_candidates(source.pixels, reference, search, threads, device))
        if i and plan.luma_maps:
            own += [luma_candidates(log2) for log2 in range(MIN_LOG2, 6)]
        found.append(own)
    return found


def decoded_planes(code: PifsCode, threads: int) -> list[Float]:
    """Return the planes of a code, padded, before deblocking."""
    luma, _ = settled(code.planes[0], None, threads)
    return [luma, *(settled(plane, luma, threads)[0] for plane in code.planes[1:])]


def attempt(
    planes: Sequence[Source],
    step: float,
    plan: Plan,
    *,
    half_chroma: bool,
    threads: int,
    candidates: Sequence[Sequence[Candidates]] | None = None,
    references: Sequence[Float] | None = None,
    partitions: Sequence[Partition] = (),
    price: float = PRICE,
) -> Attempt:
    """Return the code of a picture at one quantiser step.

    Args:
        candidates: from ``find_candidates``; by default no block has a map.
        references: planes as they are expected to be decoded, to fit the maps to.
        partitions: of the first planes, to be taken instead of the cheapest ones: those of an
            attempt at a similar step serve as well, and save most of the time.
    """
    writer = planes_writer([plane.pixels.shape for plane in planes])
    coded: list[PlaneCode] = []
    luma: Float | None = None
    iterations = 0
    for i, source in enumerate(planes):
        own_step = max(1, round(step * source.step_ratio / STEP_UNIT)) * STEP_UNIT
        reference = references[i] if references else source.pixels
        if i < len(partitions):
            partition = partitions[i]
        else:
            partition = cheapest_partition(
                source.pixels,
                reference,
                luma,
                candidates[i] if candidates else (),
                writer.slots,
                chroma=i > 0,
                step=own_step,
                price=price,
                last=plan.last,
                threads=threads,
            )
        plane, attractor, needed = _choose(
            writer, i, source, own_step, plan, partition, reference, luma, price, threads
        )
        coded.append(plane)
        luma = attractor if luma is None else luma
        iterations = max(iterations, needed)
    code = PifsCode(
        planes[0].width, planes[0].height, plan.mode, tuple(coded), half_chroma, iterations, 0
    )
    rows = band_rows(*planes[0].pixels.shape)
    return Attempt(code, writer.finished(), rows, (writer.slots, writer.weights))


def cheapest_partition(
    pixels: Float,
    reference: Float,
    luma: Float | None,
    candidates: Sequence[Candidates],
    slots: NDArray[np.uint32],
    *,
    chroma: bool,
    step: float,
    price: float,
    last: int,
    threads: int,
) -> Partition:
    """Return the blocks of the cheapest tree of a plane, and their maps, which contract.

    Args:
        slots: the models as they stand before the plane.
        last: highest index in the scan of a block's levels that may be chosen.
        others: as in ``attempt``.
    """
    found = native.partition(
        pixels,
        reference,
        luma,
        [(candidate.log2, candidate.maps) for candidate in candidates],
        slots,
        chroma,
        1 / step,
        price,
        last,
        threads,
    )
    return Partition(*map(sealed, found))


def _choose(
    writer: native.Writer,
    index: int,
    source: Source,
    step: float,
    plan: Plan,
    partition: Partition,
    reference: Float,
    luma: Float | None,
    price: float,
    threads: int,
) -> tuple[PlaneCode, Float | None, int]:
    """Return the code of one plane, its attractor if it is luma, and the iterations it needs."""
    blocks, maps = partition
    mapped = bool((maps[:, 0] != NO_MAP).any())
    fed_back = bool(feeds_back(maps).any())
    x: Float | None = reference
    plane: PlaneCode | None = None
    writer.keep()
    for _ in range(1 + (plan.rounds if fed_back else 0)):
        writer.back()
        plane = None  # For large pictures: what has served goes.
        coefficients = source.pixels.copy()
        if mapped and x is not None:
            native.subtract_maps(coefficients, x, blocks, maps, luma, threads)
        x = None
        native.transform_blocks(coefficients, blocks, 1 / step, threads)
        levels = chosen_levels(writer, index, partition, coefficients, price, plan.last, threads)
        del coefficients
        plane = PlaneCode(source.height, source.width, step, blocks, maps, levels)
        del levels
        if fed_back or luma is None:
            x, iterations = settled(plane, luma, threads)
        else:  # One application draws all there is to draw, from luma.
            iterations = int(mapped)
    assert plane is not None
    return plane, x, iterations


def chosen_levels(
    writer: native.Writer,
    index: int,
    partition: Partition,
    coefficients: Float,
    price: float,
    last: int,
    threads: int,
) -> NDArray[np.int32]:
    """Write a plane with the levels of least distortion + price × bits, and return them."""
    return sealed(writer.choose(index, *partition, coefficients, price, last, threads))
