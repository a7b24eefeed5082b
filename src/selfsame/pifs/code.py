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
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.checked import check_whole, checked
from selfsame.errors import InputError
from selfsame.family import Code, Iterations
from selfsame.isometries import ISOMETRIES
from selfsame.limits import MAX_SIDE
from selfsame.values import Value, check_array, check_picture

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
MAX_SCALE = MAX_SCALE_INDEX * SCALE_STEP

STEP_UNIT = 1 / 64
"""A quantiser step is a whole multiple of this, up to ``MAX_STEP``."""

MAX_STEP = 1023.0

MAX_DEBLOCK = 7


@dataclass(frozen=True, eq=False)
class PlaneCode(Value):
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

    Arrays are made read-only. Whether the blocks tile the plane and domains lie within it is for
    ``PifsCode`` to check: the part of a plane that a region depends on is one, too.

    Raises:
        InputError: a number out of its range, or arrays of other types or shapes.
    """

    height: int
    width: int
    step: float
    blocks: NDArray[np.int32]
    maps: NDArray[np.int32]
    levels: NDArray[np.int32]

    def __post_init__(self) -> None:
        check_whole("height", self.height, 1, MAX_SIDE)
        check_whole("width", self.width, 1, MAX_SIDE)
        if not 0 < self.step <= MAX_STEP:
            raise InputError(f"step must be above 0 and at most {MAX_STEP:g}: got {self.step}")
        check_array("blocks", self.blocks, np.int32, (None, 4))
        check_array("maps", self.maps, np.int32, (len(self.blocks), 5))
        check_array("levels", self.levels, np.int32, (None, None))
        shape = self.levels.shape
        if shape[0] < self.height or shape[1] < self.width:
            raise InputError(
                f"levels must cover the plane of {self.width}x{self.height}: got "
                f"{shape[1]}x{shape[0]}"
            )
        _check_blocks(self.blocks, shape)
        _check_maps(self.maps, self.blocks)
        self.freeze()


@dataclass(frozen=True, eq=False)
class PifsCode(Code):
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

    Raises:
        InputError: a number out of its range, planes of other sizes, or blocks that do not tile
            them.
    """

    family: ClassVar[str] = "pifs"

    width: int
    height: int
    mode: Mode
    planes: tuple[PlaneCode, ...]
    half_chroma: bool
    iterations: int
    deblock: int
    alpha: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        check_picture(self.width, self.height, self.alpha)
        checked("iterations", self.iterations, Iterations)
        check_whole("deblock", self.deblock, 0, MAX_DEBLOCK)
        if self.mode not in get_args(Mode):
            raise InputError(f"mode must be one of {', '.join(get_args(Mode))}: got {self.mode!r}")
        if len(self.planes) not in (1, 3):
            raise InputError(f"planes must be 1 (grey) or 3 (Y, Cb, Cr): got {len(self.planes)}")
        if not isinstance(self.half_chroma, bool) or (self.half_chroma and self.channels == 1):
            raise InputError(
                f"half_chroma is true or false, and false of grey: got {self.half_chroma!r}"
            )
        layout = (self.height, self.width, self.channels, self.half_chroma)
        for plane, sides, padded in zip(
            self.planes, plane_shapes(*layout), padded_planes(*layout), strict=True
        ):
            if (plane.height, plane.width) != sides or plane.levels.shape != padded:
                raise InputError(
                    f"a plane must have {sides[1]}x{sides[0]} pixels, padded to {padded[1]}x"
                    f"{padded[0]}: got {plane.width}x{plane.height}, {plane.levels.shape[::-1]}"
                )
            _check_whole(plane)
        self.freeze()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return len(self.planes)


def padded_shape(height: int, width: int, alignment: int = ALIGNMENT) -> tuple[int, int]:
    """Return height and width rounded up to whole multiples of ``alignment``."""
    return -(-height // alignment) * alignment, -(-width // alignment) * alignment


def plane_shapes(
    height: int, width: int, channels: int, half_chroma: bool
) -> list[tuple[int, int]]:
    """Return the (height, width) of the planes of a picture, unpadded."""
    chroma = (-(-height // 2), -(-width // 2)) if half_chroma else (height, width)
    return [(height, width), chroma, chroma][:channels]


def padded_planes(
    height: int, width: int, channels: int, half_chroma: bool
) -> list[tuple[int, int]]:
    """Return the padded (height, width) of the planes of a picture."""
    rows, columns = padded_shape(height, width)
    chroma = (rows // 2, columns // 2) if half_chroma else (rows, columns)
    return [(rows, columns), chroma, chroma][:channels]


def _check_blocks(blocks: NDArray[np.int32], shape: tuple[int, ...]) -> None:
    corners, logs = blocks[:, :2], blocks[:, 2:]
    if len(blocks) == 0:
        raise InputError("blocks must be one or more: got none")
    if logs.min() < MIN_LOG2 or logs.max() > MAX_LOG2:
        raise InputError(
            f"sides of blocks are 2 ** {MIN_LOG2} to 2 ** {MAX_LOG2}: got exponents "
            f"{logs.min()} to {logs.max()}"
        )
    if corners.min() < 0 or (corners + np.left_shift(1, logs) > shape).any():
        raise InputError(f"blocks must lie within the padded plane of {shape[1]}x{shape[0]}")


def _check_maps(maps: NDArray[np.int32], blocks: NDArray[np.int32]) -> None:
    kinds, isometries, scales = maps[:, 0], maps[:, 3], maps[:, 4]
    for name, values, most in (
        ("kinds of maps", kinds, LUMA),
        ("isometries", isometries, ISOMETRIES - 1),
        ("scale indices", np.abs(scales), MAX_SCALE_INDEX),
    ):
        if values.min() < 0 or values.max() > most:
            raise InputError(f"{name} are at most {most}: got {values.min()} to {values.max()}")
    mapped = kinds != NO_MAP
    if (blocks[mapped, 2] != blocks[mapped, 3]).any():
        raise InputError("blocks with a map must be square")


def _check_whole(plane: PlaneCode) -> None:
    """Raise ``InputError`` unless the blocks cover every cell of 4 × 4 pixels once, and domains lie
    within the plane."""
    height, width = plane.levels.shape
    drawn = (plane.maps[:, 0] != NO_MAP) & (plane.maps[:, 0] != LUMA)
    maps = plane.maps[drawn]
    sides = np.take(CONTRACTION, maps[:, 0]) << plane.blocks[drawn, 2]
    if (maps[:, 1:3] < 0).any() or (maps[:, 1:3] + sides[:, None] > (height, width)).any():
        raise InputError(f"domains must lie within the padded plane of {width}x{height}")
    if (plane.blocks[:, :2] % (1 << MIN_LOG2)).any() or not native.tiles(
        plane.blocks, height, width
    ):
        raise InputError("the blocks must tile the padded plane: some overlap, or leave a gap")
