"""The code of a picture in the second family: a partitioned iterated function system (PIFS).

A plane of the picture is cut into blocks. Block ``R`` of the attractor ``x`` satisfies

    x_R = s · Z(T(P(x_D))) + IDCT(c)

with ``D`` its domain, ``P`` the average over ``k × k`` pixels (the spatial contraction), ``T`` one
of the eight isometries of the square, ``Z`` the removal of the mean, ``s`` a scale and ``c``
coefficients of the orthonormal DCT-II. All blocks together are one affine map ``x = S x + b``; the
residual coefficients only make ``b`` richer. Because of ``Z`` the mean of a block is coded by ``c``
alone (the orthogonal form of Øien and Lepsøy).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["pure", "hybrid"]

MIN_LOG2, MAX_LOG2 = 2, 6
"""Sides of blocks: 4 to 64 pixels, powers of two."""

ALIGNMENT = 8
"""Luma planes are padded to a multiple of this, so that a 4:2:0 chroma plane, padded to half of
that, still splits into blocks of 4."""

NO_MAP, HALF, QUARTER, COPY, LUMA = range(5)
"""Kinds of map of a block: none; a domain of the same plane contracted 2:1, 4:1 or not at all; or
the block of the luma plane at the same place of the picture (in chroma planes only; averaged 2:1
if chroma has half resolution)."""

CONTRACTION = (0, 2, 4, 1, 1)
"""Side of the domain over side of the block, by kind of map; for ``LUMA`` that of 4:4:4."""

SCALE_STEP = 1 / 8
"""A block's scale ``s`` is a whole multiple of this."""

MAX_SCALE_INDEX = 12
"""|s| <= 1.5."""

STEP_UNIT = 1 / 64
"""A quantiser step is a whole multiple of this, up to ``MAX_STEP``."""

MAX_STEP = 1023.0

MAX_ITERATIONS = 64
MAX_DEBLOCK = 7


@dataclass(frozen=True)
class PlaneCode:
    """One colour plane.

    Attributes:
        height, width: in pixels of this plane, before padding.
        step: quantiser step of the coefficients, in units of 1/255 of the value range; a multiple
            of ``STEP_UNIT``.
        blocks: (n, 4) int32 rows ``y, x, log2 height, log2 width`` in coding order; they tile the
            padded plane.
        maps: (n, 5) int32 rows ``kind, domain y, domain x, isometry, scale index``; a row of
            zeros is no map. Blocks with a map are square; a domain lies within the padded plane.
        levels: (padded height, padded width) int32; the levels of a block stand in its place,
            rows by vertical frequency.
    """

    height: int
    width: int
    step: float
    blocks: NDArray[np.int32]
    maps: NDArray[np.int32]
    levels: NDArray[np.int32]


@dataclass(frozen=True)
class PifsCode:
    """A picture as one contractive block map.

    Attributes:
        width, height: of the picture, in pixels.
        mode: ``pure`` codes hold at most the mean and the two slopes (half-cosines) of a block
            beside its map, ``hybrid`` ones any coefficients.
        planes: one (grey) or three (Y, Cb, Cr; full range as in JFIF, all centred on 0).
        half_chroma: whether Cb and Cr have half resolution in both directions (4:2:0).
        iterations: how often the map is applied, starting from ``b``.
        deblock: strength of the filter across block borders after the last iteration; 0 is off, up
            to 7.
        alpha: (height, width) bytes of an alpha channel, kept exactly, or None.
    """

    width: int
    height: int
    mode: Mode
    planes: tuple[PlaneCode, ...]
    half_chroma: bool
    iterations: int
    deblock: int
    alpha: NDArray[np.uint8] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height


def padded_shape(height: int, width: int, alignment: int = ALIGNMENT) -> tuple[int, int]:
    """Return height and width rounded up to whole multiples of ``alignment``."""
    return -(-height // alignment) * alignment, -(-width // alignment) * alignment
