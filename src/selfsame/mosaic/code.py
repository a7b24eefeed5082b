"""The code of a picture in the fourth family: every patch is a tinted small copy of the whole.

The picture is the unit square, x to the right and y down; its n × n first patches are cut into
quarters where that pays. With ``D`` the picture itself, shrunk to a patch and mirrored or turned,

    x_r = m_r + g_r · (u, v) + M_r · Z(D),    M_r = c_r · (t_r ⊗ w + s · (1 - 1 ⊗ w))

``m_r`` is the mean colour of the patch and ``g_r`` its slope (u and v run from -1/2 to 1/2), ``Z``
takes away mean and slope of the copy, ``c_r`` is its contrast, ``w`` weighs the channels to a luma,
``t_r`` is the tint of the copy and ``s`` the saturation that it keeps of its own. Since Z(D) moves
neither means nor slopes, those of every patch of the fixed point are the code's, and the iteration
converges as fast as powers of the contrast. A patch may instead show a piece of a second picture.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import check_whole
from selfsame.errors import InputError
from selfsame.family import Code
from selfsame.isometries import ISOMETRIES
from selfsame.limits import MAX_SIDE
from selfsame.mosaic.settings import MAX_LEVELS
from selfsame.values import Value, check_array, check_picture

CONTRAST_STEP = 1 / 128
MAX_CONTRAST = 127

SLOPE_STEP = 2 / 255
"""A slope is the change across a patch, -254/255 to 254/255."""

MAX_SLOPE = 127

SATURATION_STEP = 1 / 255
TINT_STEP = 1 / 255

MAX_GRID = 512

MAX_FINEST = 1024
"""Patches of the finest level along a side. What is drawn of a mosaic starts from a seed of four
pixels each: 4096 × 4096."""

MAX_PIECES_PIXELS = 1 << 26
"""Of a second picture: 200 MB in memory, and about what a chunk of a file can hold."""


@dataclass(frozen=True, eq=False)
class Pieces(Value):
    """Blocks of a second picture, one for every patch of a mosaic.

    Attributes:
        picture: (H, W, C) uint8, the second picture; C = 1 or 3.
        places: (R, 4) int32 rows ``y, x, height, width`` of blocks that lie within it.
    Raises:
        InputError: arrays of other types or shapes, or a block that reaches over the edge.
    """

    picture: NDArray[np.uint8]
    places: NDArray[np.int32]

    def __post_init__(self) -> None:
        check_array("picture of pieces", self.picture, np.uint8, (None, None, (1, 3)))
        check_array("places of pieces", self.places, np.int32, (None, 4))
        height, width = self.picture.shape[:2]
        check_pieces_size(width, height)
        corners, sides = self.places[:, :2].astype(np.int64), self.places[:, 2:]
        if (
            corners.min(initial=0) < 0
            or sides.min(initial=1) < 1
            or (corners + sides > (height, width)).any()
        ):
            raise InputError(f"places of pieces must lie within {width}x{height} pixels")
        self.freeze()


@dataclass(frozen=True, eq=False)
class MosaicCode(Code):
    """A picture as tinted copies of itself, or as pieces of a second picture.

    Attributes:
        width, height: of the picture, in pixels.
        grid: patches along each side of the picture before any is split.
        levels: how often a patch may be split; the finest are 1 / (grid · 2^levels) of a side.
        saturation: of the copies' own colours, 0 to 255 for none to all.
        tint: how far the shading of a copy goes the way of its patch's mean colour, 0 to 255: from
            grey to as through coloured glass.
        cells: (R, 3) int32 rows ``level, row, column``, counted in patches of that level; they
            tile the picture, in ``tree_order``.
        isometries: (R,) uint8, see ``selfsame.isometries``.
        contrasts: (R,) uint8, 0 to ``MAX_CONTRAST``, in units of ``CONTRAST_STEP``.
        means: (R, C) uint8; one channel (grey) or three (sRGB).
        slopes: (R, C, 2) int8, to the right and down, in units of ``SLOPE_STEP``.
        pieces: what the patches show, or None where every copy is one of the whole picture.
    Raises:
        InputError: a number out of its range, arrays of other types or shapes, or patches that do
            not tile the picture in order.
    """

    family: ClassVar[str] = "mosaic"

    width: int
    height: int
    grid: int
    levels: int
    saturation: int
    tint: int
    cells: NDArray[np.int32]
    isometries: NDArray[np.uint8]
    contrasts: NDArray[np.uint8]
    means: NDArray[np.uint8]
    slopes: NDArray[np.int8]
    pieces: Pieces | None = None

    def __post_init__(self) -> None:
        check_picture(self.width, self.height)
        check_layout(self.grid, self.levels)
        check_whole("saturation", self.saturation, 0, 255)
        check_whole("tint", self.tint, 0, 255)
        check_array("cells", self.cells, np.int32, (None, 3))
        count = len(self.cells)
        check_array("isometries", self.isometries, np.uint8, (count,))
        check_array("contrasts", self.contrasts, np.uint8, (count,))
        check_array("means", self.means, np.uint8, (count, (1, 3)))
        slopes = f"slopes, beside means of {self.channels} channels,"
        check_array(slopes, self.slopes, np.int8, (count, self.channels, 2))
        for name, values, most in (
            ("isometries", self.isometries, ISOMETRIES - 1),
            ("contrasts", self.contrasts, MAX_CONTRAST),
            ("slopes", np.abs(self.slopes.astype(np.int16)), MAX_SLOPE),
        ):
            if values.max(initial=0) > most:
                raise InputError(f"{name} are at most {most}: got {values.max()}")
        _check_tiling(self.cells, self.grid, self.levels)
        if self.pieces is not None and (
            len(self.pieces.places) != count or self.pieces.picture.shape[2] != self.channels
        ):
            raise InputError(
                f"pieces must be {count} of {self.channels} channels: got "
                f"{len(self.pieces.places)} of {self.pieces.picture.shape[2]}"
            )
        self.freeze()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height

    @property
    def channels(self) -> int:
        """1 for grey, 3 for sRGB."""
        return int(self.means.shape[1])

    @property
    def finest(self) -> int:
        """Patches of the finest level along a side."""
        return self.grid << self.levels

    @property
    def bounds(self) -> NDArray[np.int64]:
        """(R, 4) rows ``top, left, bottom, right`` in patches of the finest level."""
        side = np.left_shift(1, self.levels - self.cells[:, :1].astype(np.int64))
        corners = self.cells[:, 1:] * side
        return np.concatenate([corners, corners + side], axis=1)

    @property
    def patch_map(self) -> NDArray[np.int32]:
        """(finest, finest): the patch at every place of the finest level."""
        top, left, bottom, _ = self.bounds.T
        side = bottom - top
        area = side**2
        patch = np.repeat(np.arange(len(area), dtype=np.int32), area)
        place = np.arange(len(patch)) - np.repeat(np.cumsum(area) - area, area)
        down, across = np.divmod(place, side[patch])
        found = np.empty((self.finest, self.finest), np.int32)
        found[top[patch] + down, left[patch] + across] = patch
        return found


def tree_order(cells: NDArray[np.integer], grid: int, levels: int) -> NDArray[np.int64]:
    """Return where each patch (R, 3) begins in the order of a mosaic, in patches of the finest
    level: the first patches row by row, each before its quarters, of which the upper left comes
    first, then the upper right, the lower left and the lower right."""
    level, row, column = cells.T.astype(np.int64)
    begin: NDArray[np.int64] = (row >> level) * grid + (column >> level)
    for depth in range(1, levels + 1):
        below = np.maximum(level - depth, 0)
        quarter = 2 * (row >> below & 1) + (column >> below & 1)
        begin = 4 * begin + np.where(level >= depth, quarter, 0)
    return begin


def check_layout(grid: int, levels: int) -> None:
    """Raise ``InputError`` unless a mosaic may have this grid and so many levels."""
    check_whole("grid", grid, 2, MAX_GRID)
    check_whole("levels", levels, 0, MAX_LEVELS)
    if grid << levels > MAX_FINEST:
        raise InputError(
            f"grid times 2 ** levels must be at most {MAX_FINEST}: got {grid} and {levels}"
        )


def check_pieces_size(width: int, height: int) -> None:
    """Raise ``InputError`` unless a second picture may have this size."""
    check_whole("width of pieces", width, 1, MAX_SIDE)
    check_whole("height of pieces", height, 1, MAX_SIDE)
    if width * height > MAX_PIECES_PIXELS:
        raise InputError(
            f"a picture of pieces has at most {MAX_PIECES_PIXELS} pixels: got {width}x{height}; "
            "scale it down"
        )


def _check_tiling(cells: NDArray[np.int32], grid: int, levels: int) -> None:
    """Raise ``InputError`` unless the patches fill the order of the tree without a gap."""
    level = cells[:, 0]
    if len(cells) == 0 or cells.min() < 0 or level.max() > levels:
        raise InputError(f"cells must have levels within 0..{levels} and no negative place")
    side = np.left_shift(1, levels - level.astype(np.int64))
    if ((cells[:, 1:].astype(np.int64) + 1) * side[:, None]).max() > grid << levels:
        raise InputError("the patches must lie within the picture")
    begin = tree_order(cells, grid, levels)
    ends = begin + side**2
    wanted = np.concatenate([[0], ends[:-1]])
    if (begin != wanted).any() or ends[-1] != (grid << levels) ** 2:
        raise InputError(
            "the patches must tile the picture, in tree_order: some overlap, leave a gap, or are "
            "out of order"
        )
