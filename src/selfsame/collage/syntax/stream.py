"""The symbols of a collage to bytes and back: the payload of the file, and bits by element.

A plane is coded as all its biases, then range by range the weights of atoms and of domains; the
planes follow each other. ``docs/file-format.md`` describes the order.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.coding import slots
from selfsame.coding.range_coder import Coder, new_coder, written
from selfsame.coding.slots import Tables
from selfsame.collage.code import MAX_ATOMS
from selfsame.collage.syntax import contexts as c
from selfsame.collage.syntax.biases import OK
from selfsame.collage.syntax.plane import code_plane
from selfsame.errors import CorruptedError

Symbols = tuple[NDArray[np.int32], ...]
"""Per plane (1 + atoms + domains, rows, columns), as in ``CollageCode.symbols``."""


class PlaneState(NamedTuple):
    """One plane on its way through the coder.

    Attributes:
        biases: (rows, columns) int32.
        weights: (rows, columns, atoms) int32.
        domains: (rows, columns, domains) int32.
        residuals: (rows, columns) int32, of the biases.
        energy: (rows, columns, atoms) uint8, magnitudes of the weights around each frequency.
        lasts: (rows, columns) int16, 1 + index of the last weight that is not zero, 0 for none.
        agreement: (rows, columns) int8, whether signs are those of the plane before.
        mixed: (rows, columns) uint8, whether any domain has a weight.
    """

    biases: NDArray[np.int32]
    weights: NDArray[np.int32]
    domains: NDArray[np.int32]
    residuals: NDArray[np.int32]
    energy: NDArray[np.uint8]
    lasts: NDArray[np.int16]
    agreement: NDArray[np.int8]
    mixed: NDArray[np.uint8]


class Scratch(NamedTuple):
    """Room for what the weights of one range tell of each other.

    Attributes:
        magnitudes: (MAX_ATOMS + 1,) int64, of the weights coded; the last place stays zero.
        templates: (MAX_ATOMS + 1,) int64, what they let expect of lower frequencies.
        gradients: (SLOPED,) int64, see ``extents.measure_biases``.
    """

    magnitudes: NDArray[np.int64]
    templates: NDArray[np.int64]
    gradients: NDArray[np.int64]


@cache
def initial_tables() -> Tables:
    """Return the slots and weights of ``Coder`` at the start of a stream; do not change them."""
    return slots.load_tables("selfsame.collage", "tables.npz", c.SLOTS, c.WEIGHT_SETS)


def rate_class(step: int) -> int:
    """Return the class of the index of a quantiser step: one per octave around 128."""
    return min(max((step - 64) >> 4, 0), c.RATES - 1)


def write_symbols(symbols: Symbols, domains: int, step: int) -> tuple[bytes, dict[str, float]]:
    """Return the bytes of the symbols, and the bits of each syntax element."""
    coder = new_coder(*initial_tables(), len(c.ELEMENTS), capacity(symbols))
    sound = code_symbols(coder, False, loaded_planes(symbols, domains), step)
    assert sound, "a bias beyond MAX_BIAS, which CollageCode refuses"
    return written(coder, c.ELEMENTS)


def read_symbols(
    data: bytes | memoryview, shapes: list[tuple[int, int, int]], domains: int, step: int
) -> Symbols:
    """Return the symbols, of these shapes, that ``write_symbols`` wrote.

    Raises:
        CorruptedError: the bytes are no stream of such symbols.
    """
    coder = new_coder(*initial_tables(), len(c.ELEMENTS), data)
    planes = [_state(shape, domains) for shape in shapes]
    if not code_symbols(coder, True, planes, step):
        raise CorruptedError("the symbols of the picture are damaged")
    return tuple(_stored(plane) for plane in planes)


def code_symbols(coder: Coder, decoding: bool, planes: list[PlaneState], step: int) -> bool:
    """Code planes in turn; return whether they are sound."""
    rate = rate_class(step)
    places = MAX_ATOMS + 1
    scratch = Scratch(*(np.zeros(n, np.int64) for n in (places, places, c.SLOPED)))
    for index, plane in enumerate(planes):
        first, second = planes[0], planes[max(index - 1, 0)]
        if code_plane(coder, decoding, plane, first, second, index, rate, scratch) != OK:
            return False
    return True


def _state(shape: tuple[int, int, int], domains: int) -> PlaneState:
    """Return an empty plane."""
    channels, rows, columns = shape
    atoms = channels - 1 - domains
    return PlaneState(
        np.zeros((rows, columns), np.int32),
        np.zeros((rows, columns, atoms), np.int32),
        np.zeros((rows, columns, domains), np.int32),
        np.zeros((rows, columns), np.int32),
        np.zeros((rows, columns, atoms), np.uint8),
        np.zeros((rows, columns), np.int16),
        np.zeros((rows, columns), np.int8),
        np.zeros((rows, columns), np.uint8),
    )


def loaded_planes(symbols: Symbols, domains: int) -> list[PlaneState]:
    """Return planes ready to be coded."""
    planes = []
    for plane in symbols:
        state = _state(plane.shape, domains)
        bias, weights, rest = np.split(plane, [1, len(plane) - domains])
        state.biases[:] = bias[0]
        state.weights[:] = np.moveaxis(weights, 0, -1)
        state.domains[:] = np.moveaxis(rest, 0, -1)
        planes.append(state)
    return planes


def _stored(state: PlaneState) -> NDArray[np.int32]:
    parts = (state.biases[..., None], state.weights, state.domains)
    return np.concatenate([np.moveaxis(part, -1, 0) for part in parts])


def capacity(symbols: Symbols) -> int:
    """Return a number of bytes that no stream of these symbols exceeds.

    A decision costs at most 12 bits; a weight takes at most 1 of them if it is zero and 33, and 17
    bits, if it is not, a range's bias, extent and flag of domains together fewer than 80.
    """
    nonzero = sum(int(np.count_nonzero(plane[1:])) for plane in symbols)
    others: int = sum(2 * plane.size + 128 * plane[0].size for plane in symbols)
    return 1024 + 64 * nonzero + others
