"""Where the ranges and domains of a collage lie: sizes and counts, no pixels.

Ranges tile the picture, row by row. Domains are read at one or more sizes ("depths"):

- shared (``local=False``, the paper): the domains of each size tile the picture, and every range
  mixes all of them. A domain as large as the picture is the fractalising case.
- local: every range has one domain of each size, centred on the range, so that one set of numbers
  serves pictures of any size.

With an overlap m a range's block reaches m pixels over each side of its range, and is blended with
its neighbours; a domain grows by the same proportion. Beyond the picture its border pixels repeat.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from selfsame.errors import InputError
from selfsame.isometries import ISOMETRIES, TRANSPOSE

Size = tuple[int, int]
"""Height and width, in pixels."""


@dataclass(frozen=True)
class Geometry:
    """The sizes of a collage's ranges and domains.

    Domains are numbered by depth, within it by tile (row by row; local: one tile), within that
    by isometry.

    Attributes:
        range_size: height and width (hr, wr) of a range, each at least 1.
        domain_sizes: one (hd, wd) per depth, all different: multiples of the range's, larger than
            it in at least one direction. Local ones exceed the range by an even count.
        isometries: different numbers of ``selfsame.isometries``, 0 to 7; each multiplies the number
            of domains. Those that exchange rows and columns need square ranges.
        overlap: pixels m >= 0 that a block reaches over its range, at most half the range.
        local: domains centred on each range rather than shared by all.
    Raises:
        InputError: any of these does not hold.
    """

    range_size: Size
    domain_sizes: tuple[Size, ...]
    isometries: tuple[int, ...] = (0,)
    overlap: int = 0
    local: bool = False

    def __post_init__(self) -> None:
        # Lists, as JSON gives them, become the tuples that compare equal and hash.
        object.__setattr__(self, "range_size", _size("range_size", self.range_size))
        sizes = tuple(_size("a domain size", size) for size in _items(self.domain_sizes))
        object.__setattr__(self, "domain_sizes", sizes)
        object.__setattr__(self, "isometries", tuple(_items(self.isometries)))
        self._check_domains()
        self._check_isometries()
        if not _is_whole(self.overlap) or not 0 <= 2 * self.overlap <= min(self.range_size):
            raise InputError(
                f"overlap must be 0 to half of the range {self.range_size}: got {self.overlap!r}"
            )
        if not isinstance(self.local, bool):
            raise InputError(f"local must be True or False: got {self.local!r}")

    def _check_domains(self) -> None:
        sizes = self.domain_sizes
        if not sizes or len(set(sizes)) < len(sizes):
            raise InputError(f"domain_sizes must be one or more different sizes: got {sizes}")
        for size in sizes:
            if any(d % r for d, r in zip(size, self.range_size, strict=True)) or (
                size == self.range_size
            ):
                raise InputError(
                    f"a domain must be a multiple of the range {self.range_size} in both "
                    f"directions, and larger in one: got {size}"
                )
            odd = any((d - r) % 2 for d, r in zip(size, self.range_size, strict=True))
            if self.local and odd:
                raise InputError(
                    f"a local domain must exceed the range {self.range_size} by an even count, to "
                    f"be centred on it: got {size}"
                )

    def _check_isometries(self) -> None:
        known = all(_is_whole(i) and 0 <= i < ISOMETRIES for i in self.isometries)
        if not known or not self.isometries or len(set(self.isometries)) < len(self.isometries):
            raise InputError(
                f"isometries must be different numbers of 0 to {ISOMETRIES - 1}: "
                f"got {self.isometries}"
            )
        if len(set(self.range_size)) > 1 and any(i & TRANSPOSE for i in self.isometries):
            raise InputError(
                f"isometries {TRANSPOSE} and above exchange rows and columns and need square "
                f"ranges: got {self.isometries} for {self.range_size}"
            )

    @property
    def block_size(self) -> Size:
        """Height and width of a range's block, with its overlap."""
        height, width = self.range_size
        return height + 2 * self.overlap, width + 2 * self.overlap

    @property
    def factors(self) -> tuple[Size, ...]:
        """How many pixels of each depth's domains are averaged into one, (rows, columns)."""
        hr, wr = self.range_size
        return tuple((hd // hr, wd // wr) for hd, wd in self.domain_sizes)

    @property
    def unit(self) -> int:
        """The u for which ``scaled(Fraction(k, u))`` exists for every k >= 1, and no other factor.

        The greatest common divisor of all lengths.
        """
        lengths = [*self.range_size, self.overlap]
        for size in self.domain_sizes:
            lengths += size
            if self.local:
                lengths += [(d - r) // 2 for d, r in zip(size, self.range_size, strict=True)]
        return math.gcd(*lengths)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Return how many rows and columns of ranges a picture has.

        Raises:
            InputError: ranges or shared domains do not tile the picture.
        """
        size = _size("a picture's size", (height, width))
        tiles = (self.range_size,) if self.local else (self.range_size, *self.domain_sizes)
        for tile in tiles:
            if height % tile[0] or width % tile[1]:
                what = "ranges" if tile == self.range_size else "domains"
                raise InputError(
                    f"{what} of {tile[0]}x{tile[1]} must tile the picture: got {size[0]}x{size[1]} "
                    "(height x width); pad or cut it"
                )
        return height // self.range_size[0], width // self.range_size[1]

    def range_count(self, height: int, width: int) -> int:
        """Return R, the number of ranges of a picture; raises as ``grid``."""
        rows, columns = self.grid(height, width)
        return rows * columns

    def domain_count(self, height: int, width: int) -> int:
        """Return D, the number of domains that each range mixes; raises as ``grid``."""
        self.grid(height, width)
        tiles = [1 if self.local else (height // h) * (width // w) for h, w in self.domain_sizes]
        return sum(tiles) * len(self.isometries)

    def scaled(self, factor: int | Fraction) -> "Geometry":
        """Return the geometry with all lengths times ``factor``, for pictures that much larger.

        Raises:
            InputError: a length would not be whole; factors k / ``unit``, k >= 1, are allowed.
        """
        ratio = Fraction(factor)
        if ratio <= 0 or (ratio * self.unit).denominator != 1:
            raise InputError(
                f"factor must be a positive multiple of 1/{self.unit}, for all lengths of "
                f"{self} to be whole: got {factor}"
            )

        def times(size: Size) -> Size:
            return int(size[0] * ratio), int(size[1] * ratio)

        return Geometry(
            times(self.range_size),
            tuple(times(size) for size in self.domain_sizes),
            self.isometries,
            int(self.overlap * ratio),
            self.local,
        )


def _items(value: Any) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError(f"domain_sizes and isometries must be sequences: got {value!r}")
    return value


def _size(name: str, value: Any) -> Size:
    whole = isinstance(value, Sequence) and len(value) == 2 and all(_is_whole(v) for v in value)
    if not whole or min(value) < 1:
        raise InputError(f"{name} must be two whole numbers >= 1, height and width: got {value!r}")
    return value[0], value[1]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
