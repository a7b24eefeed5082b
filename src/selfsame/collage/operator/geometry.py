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
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from selfsame.checked import Checked, Range, checked
from selfsame.errors import InputError, SettingError
from selfsame.isometries import ISOMETRIES, TRANSPOSE

Pixels = Annotated[int, Range(1)]
Size = tuple[Pixels, Pixels]
"""Height and width, in pixels."""


@dataclass(frozen=True)
class Geometry(Checked):
    """The sizes of a collage's ranges and domains.

    Domains are numbered by depth, within it by tile (row by row; local: one tile), within that
    by isometry.

    Attributes:
        range_size: height and width (hr, wr) of a range.
        domain_sizes: one (hd, wd) per depth, all different: multiples of the range's, larger than
            it in at least one direction. Local ones exceed the range by an even count.
        isometries: different numbers of ``selfsame.isometries``; each multiplies the number of
            domains. Those that exchange rows and columns need square ranges.
        overlap: pixels m >= 0 that a block reaches over its range, at most half the range.
        local: domains centred on each range rather than shared by all.
    Raises:
        InputError: any of these does not hold.
    """

    range_size: Size
    domain_sizes: tuple[Size, ...]
    isometries: tuple[Annotated[int, Range(0, ISOMETRIES - 1)], ...] = (0,)
    overlap: Annotated[int, Range(0)] = 0
    local: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("domain_sizes", "isometries"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise SettingError(f"{name} must be one or more, all different: got {values}")
        height, width = self.range_size
        for size in self.domain_sizes:
            if size[0] % height or size[1] % width or size == self.range_size:
                raise SettingError(
                    f"a domain must be a multiple of the range {self.range_size} in both "
                    f"directions, and larger in one: got {size}"
                )
            if self.local and ((size[0] - height) % 2 or (size[1] - width) % 2):
                raise SettingError(
                    f"a local domain must exceed the range {self.range_size} by an even count, to "
                    f"be centred on it: got {size}"
                )
        if height != width and any(i & TRANSPOSE for i in self.isometries):
            raise SettingError(
                f"isometries {TRANSPOSE} and above exchange rows and columns and need square "
                f"ranges: got {self.isometries} for {self.range_size}"
            )
        if 2 * self.overlap > min(self.range_size):
            raise SettingError(
                f"overlap must be at most half of the range {self.range_size}: got {self.overlap}"
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
        checked("a picture's size", (height, width), Size)
        tiles = (self.range_size,) if self.local else (self.range_size, *self.domain_sizes)
        for tile in tiles:
            if height % tile[0] or width % tile[1]:
                what = "ranges" if tile == self.range_size else "domains"
                raise InputError(
                    f"{what} of {tile[0]}x{tile[1]} must tile the picture: got {height}x{width} "
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
