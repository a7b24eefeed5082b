"""The shape of an autoencoder of grids, checked once."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from selfsame.checked import Checked, Range
from selfsame.collage.grid.code import MAX_CELLS, MAX_NUMBERS
from selfsame.collage.operator.geometry import Geometry
from selfsame.errors import SettingError

Regulariser = Literal["kl", "tanh", "fsq"]

MAX_SIDE = 1024
MAX_WIDTH = 1 << 12

Width = Annotated[int, Range(1, MAX_WIDTH)]
Power = Literal[1, 2, 4, 8, 16, 32, 64]


@dataclass(frozen=True)
class GridConfig(Checked):
    """An encoder from pictures to grids of numbers, and a decoder that writes collages.

    Lengths are in pixels of a picture at scale 1. A picture whose side is no multiple of a cell's
    is padded to the right and below by its own border.

    Attributes:
        side: of the pictures; they are square.
        channels: 1 (grey) or 3 (colour).
        cell: side of what one cell of the grid stands for.
        numbers: of a cell.
        regulariser: what keeps the numbers in bounds: ``kl``, a normal prior; ``tanh``, which
            confines them to -1..1; ``fsq``, which rounds each to one of ``levels`` (Mentzer et
            al., "Finite scalar quantization", 2023).
        levels: of ``fsq``, an odd count so that 0 is one of them.
        step: of ``kl`` and ``tanh``: what codes round the numbers to.
        width: channels of the networks at the ranges; twice as many at each halving, up to four
            times as many.
        blocks: residual blocks of each resolution, in the encoder and in the decoder.
        mixers: transformer blocks over the cells, in the encoder and in the decoder, by which busy
            cells use numbers of idle ones.
        range_size: side of the collage's ranges.
        domains: sides of their domains in ranges: centred on the range when ``local``, else they
            tile the picture.
        local: see ``selfsame.collage.operator.geometry``.
        attention: the weights of shared domains come from products of queries of the ranges with
            keys of the domains, rather than from numbers.
        aux_blocks: auxiliary blocks that all pictures share.
        detail: how many times as finely as the pictures the auxiliary blocks are written: the
            largest scale at which they have details of their own.
        bound: the collages contract at least by this factor.
        iterations: applications of the map in training.
    Raises:
        InputError: a value out of its range, or values that do not fit each other.
    """

    side: Annotated[int, Range(4, MAX_SIDE)] = 32
    channels: Literal[1, 3] = 1
    cell: Power = 8
    numbers: Annotated[int, Range(1, MAX_NUMBERS)] = 8
    regulariser: Regulariser = "kl"
    levels: Annotated[int, Range(3, 255)] = 9
    step: Annotated[float, Range(0, 1, open_low=True)] = 0.125
    width: Width = 64
    blocks: Annotated[int, Range(0, 100)] = 2
    mixers: Annotated[int, Range(0, 100)] = 0
    range_size: Literal[2, 4, 8, 16, 32, 64] = 4
    domains: Annotated[tuple[int, ...], Range(2, MAX_SIDE)] = (2,)
    local: bool = True
    attention: bool = False
    aux_blocks: Annotated[int, Range(0, 4096)] = 48
    detail: Literal[1, 2, 4, 8] = 1
    bound: Annotated[float, Range(0, 1, open_low=True, open_high=True)] = 0.4
    iterations: Annotated[int, Range(1, 64)] = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range_size > self.cell:
            raise SettingError(
                f"range_size must be at most cell, {self.cell}: got {self.range_size}"
            )
        if 2 * self.side % self.range_size:
            raise SettingError(
                f"side must be a multiple of half a range, {self.range_size} / 2: got {self.side}"
            )
        if self.attention and self.local:
            raise SettingError("attention chooses among shared domains: set local to false")
        if self.levels % 2 == 0:
            raise SettingError(f"levels must be odd: got {self.levels}")
        if self.rows**2 > MAX_CELLS:
            raise SettingError(f"at most {MAX_CELLS} cells: got {self.rows} x {self.rows}")
        self.geometry.grid(self.fine_side, self.fine_side)
        most = math.prod(self.geometry.block_size) - 1
        if self.aux_blocks > most:
            raise SettingError(f"aux_blocks must be 0 to {most}: got {self.aux_blocks}")

    @property
    def rows(self) -> int:
        """Rows of the grid, and columns."""
        return -(-self.side // self.cell)

    @property
    def padded(self) -> int:
        """Side of the pictures once they are padded."""
        return self.rows * self.cell

    @property
    def fine_side(self) -> int:
        """Side of a padded picture at the scale of the auxiliary blocks."""
        return self.padded * self.detail

    @property
    def geometry(self) -> Geometry:
        """Of the collages at the scale of the auxiliary blocks."""
        size = self.range_size * self.detail
        sides = tuple((size * d, size * d) for d in self.domains)
        return Geometry((size, size), sides, overlap=size // 2, local=self.local)

    @property
    def quantum(self) -> float:
        """What one level of a code is worth."""
        return 2 / (self.levels - 1) if self.regulariser == "fsq" else self.step
