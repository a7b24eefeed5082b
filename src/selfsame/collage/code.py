"""The code of a picture in the third family: a quantised neural collage.

The picture is the fixed point of a map that mixes, for every range block, some domain blocks of
the picture itself and auxiliary blocks (*atoms*) that belong to a model. The code holds the
weights of the mixture as whole numbers, and which model turns them back into a picture. The model
is no part of it; its fingerprint tells whether the one at hand is the right one.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import check_whole, checked
from selfsame.errors import InputError
from selfsame.family import Code, Iterations
from selfsame.values import check_array, check_picture, read_only

FINGERPRINT_BYTES = 8

MAX_NAME = 32
"""Most letters of a model's name."""

RANGE_SIZES = (4, 8, 16, 32, 64)

GRID = 16
"""Atoms are laid out on a grid of so many frequencies in both directions, the mean excepted."""

MAX_ATOMS = GRID * GRID - 1
MAX_DOMAINS = 16

MAX_STEP = 255
"""The step index: quantiser steps are those of the model times ``2 ** ((step - 128) / 16)``."""

MAX_WEIGHT = 1 << 15
"""Largest magnitude of a weight."""

MAX_BIAS = 1 << 17
"""Largest magnitude of a bias level."""

MAX_SYMBOLS = 1 << 28
"""1 GiB of them; a picture of as many pixels as a file may have needs 0.6 GiB with the models of
this package."""

_NAME = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_NAME}}}")


@dataclass(frozen=True, eq=False)
class CollageCode(Code):
    """A picture as the quantised parameters of a collage.

    Attributes:
        width, height: of the picture, in pixels.
        model: name of the model; letters, digits, dots, dashes and underscores.
        fingerprint: 8 bytes that identify the part of the model that decoding needs.
        step: 0 to 255, which scales the model's quantiser steps by ``2 ** ((step - 128) / 16)``.
        range_size: side of the ranges, in pixels, one of ``RANGE_SIZES``.
        atoms: number of auxiliary blocks of each plane; one plane (grey) or three (Y, Cb, Cr).
        domains: number of domains of each range.
        iterations: how often the map is applied.
        symbols: per plane (1 + atoms + domains, rows, columns) int32, with as many rows and columns
            of ranges as cover the picture: level of the bias, weights of the atoms in the order of
            ``scan_positions``, weights of the domains.
        alpha: (height, width) bytes of an alpha channel, kept exactly, or None.
    Raises:
        InputError: a value out of its range, or arrays of other types or shapes.
    """

    family: ClassVar[str] = "collage"

    width: int
    height: int
    model: str
    fingerprint: bytes
    step: int
    range_size: int
    atoms: tuple[int, ...]
    domains: int
    iterations: int
    symbols: tuple[NDArray[np.int32], ...]
    alpha: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        check_picture(self.width, self.height, self.alpha)
        check_layout(self.width, self.height, self.range_size, self.atoms, self.domains)
        check_model(self.model, self.fingerprint)
        check_whole("step", self.step, 0, MAX_STEP)
        checked("iterations", self.iterations, Iterations)
        shapes = symbol_shapes(self.width, self.height, self.range_size, self.atoms, self.domains)
        if symbol_count(shapes) > MAX_SYMBOLS:
            raise InputError(
                f"a code holds at most {MAX_SYMBOLS} symbols: {self.width}x{self.height} pixels in "
                f"ranges of {self.range_size} need {symbol_count(shapes)}"
            )
        if len(self.symbols) != len(shapes):
            raise InputError(
                f"symbols must hold {len(shapes)} planes as atoms does: got {len(self.symbols)}"
            )
        for plane, shape in zip(self.symbols, shapes, strict=True):
            check_array("symbols of a plane", plane, np.int32, shape)
            _check_magnitude("a bias level", plane[:1], MAX_BIAS)
            _check_magnitude("a weight", plane[1:], MAX_WEIGHT)
        object.__setattr__(self, "symbols", tuple(map(read_only, self.symbols)))
        self.freeze()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height

    @property
    def channels(self) -> int:
        """1 for grey, 3 for sRGB."""
        return len(self.atoms)


def check_model(name: str, fingerprint: bytes) -> None:
    """Raise ``InputError`` unless a code may name its model so."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"model must be 1 to {MAX_NAME} letters, digits, dots, dashes or underscores: "
            f"got {name!r}"
        )
    if len(fingerprint) != FINGERPRINT_BYTES:
        raise InputError(f"fingerprint must have {FINGERPRINT_BYTES} bytes: got {len(fingerprint)}")


def symbol_shapes(
    width: int, height: int, range_size: int, atoms: tuple[int, ...], domains: int
) -> list[tuple[int, int, int]]:
    """Return the shape of each plane's symbols: (1 + atoms + domains, rows, columns)."""
    rows, columns = -(-height // range_size), -(-width // range_size)
    return [(1 + count + domains, rows, columns) for count in atoms]


def symbol_count(shapes: list[tuple[int, int, int]]) -> int:
    """Return how many symbols planes of these shapes have; a code has at most ``MAX_SYMBOLS``."""
    return sum(channels * rows * columns for channels, rows, columns in shapes)


def check_layout(
    width: int, height: int, range_size: int, atoms: tuple[int, ...], domains: int
) -> None:
    """Raise ``InputError`` unless each of these numbers is in its range."""
    if range_size not in RANGE_SIZES:
        raise InputError(f"range_size must be one of {RANGE_SIZES}: got {range_size}")
    if len(atoms) not in (1, 3):
        raise InputError(f"atoms must have 1 number (grey) or 3 (Y, Cb, Cr): got {len(atoms)}")
    for count in atoms:
        check_whole("atoms", count, 0, MAX_ATOMS)
    check_whole("domains", domains, 0, MAX_DOMAINS)


@cache
def scan_positions(atoms: int) -> tuple[tuple[int, int], ...]:
    """Return the (vertical, horizontal) frequency of each of the first ``atoms`` atoms.

    They are the places of a 16 × 16 grid other than (0, 0), by ``v + u``, ``max(v, u)`` and ``v``.

    Raises:
        InputError: more than ``MAX_ATOMS``.
    """
    check_whole("atoms", atoms, 0, MAX_ATOMS)
    places = [(v, u) for v in range(GRID) for u in range(GRID) if v or u]
    return tuple(sorted(places, key=lambda p: (p[0] + p[1], max(p), p[0]))[:atoms])


def _check_magnitude(name: str, values: NDArray[np.int32], most: int) -> None:
    if values.size and (values.max() > most or values.min() < -most):
        raise InputError(
            f"{name} must be {-most} to {most}: got {values.min()} to {values.max()}; "
            "take a larger step"
        )
