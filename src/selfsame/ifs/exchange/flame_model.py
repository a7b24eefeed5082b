"""A flame as data: a code, and what a ``.flame`` file says beyond it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode

Array = NDArray[np.float64]

PALETTE_SIZE = 256
"""Colours of a palette: fixed by the format."""

DEFAULT_COLOR_SPEED = 0.5
"""How far a map pulls a point's colour towards its own: the format's default."""


@dataclass(frozen=True, eq=False)
class Flame:
    """One flame of a ``.flame`` file.

    Attributes:
        code: the system with the maps' colours, viewport and size; y up, as everywhere here.
        name: as in the file, may be empty.
        palette: (256, 3) sRGB in [0, 1]. It rules when the flame is written; ``code.system.colors``
            are its colours at ``color_coordinates``.
        color_coordinates: (N,) in [0, 1], each map's place in the palette.
        color_speeds: (N,), usually in [0, 1].
        attributes: further attributes of the flame (brightness, gamma, quality ...) as they
            stand in the file; written back unchanged.
    """

    code: IFSCode
    name: str
    palette: Array
    color_coordinates: Array
    color_speeds: Array
    attributes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        maps = len(self.code.system)
        if self.code.system.dimension != 2:
            raise InputError("a flame is plane: got a system in 3 dimensions")
        for name, array, shape in (
            ("palette", self.palette, (PALETTE_SIZE, 3)),
            ("color_coordinates", self.color_coordinates, (maps,)),
            ("color_speeds", self.color_speeds, (maps,)),
        ):
            if array.shape != shape or not np.isfinite(array).all():
                raise InputError(f"{name} must be finite and {shape}: got {array.shape}")
        if (self.palette < 0).any() or (self.palette > 1).any():
            raise InputError("palette must be within [0, 1]")


def flame_from_code(code: IFSCode) -> Flame:
    """Return the flame that shows a code; its name is the note ``name``.

    The palette runs through the maps' colours in their order, so that each map finds its own
    (rounded to bytes, as the format stores them); the blend of two maps passes the colours
    between them. Without colours all is white. A leaf primitive has no place in a flame.

    Raises:
        InputError: the system is in 3 dimensions.
    """
    system = code.system
    palette, coordinates = _palette_through(
        np.ones((len(system), 3)) if system.colors is None else system.colors
    )
    return Flame(
        code,
        code.notes.get("name", ""),
        palette,
        coordinates,
        np.full(len(system), DEFAULT_COLOR_SPEED),
        {"quality": "100", "background": "0 0 0", "palette_mode": "linear"},
    )


def palette_colors(palette: Array, coordinates: Array, *, linear: bool) -> Array:
    """Return the palette's colours (N, 3) at coordinates (N,) as flam3 looks them up."""
    position = np.clip(coordinates * PALETTE_SIZE, 0, PALETTE_SIZE - 1)
    below = position.astype(np.intp)
    if not linear:
        return palette[below]
    above = np.minimum(below + 1, PALETTE_SIZE - 1)
    part = (position - below)[:, None]
    mixed: Array = palette[below] * (1 - part) + palette[above] * part
    return mixed


def _palette_through(colors: Array) -> tuple[Array, Array]:
    """Return a palette (256, 3) that passes through colours (N, 3), and their coordinates (N,)."""
    bytes_ = np.rint(colors * 255)
    _, first, group = np.unique(bytes_, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # distinct colours by first appearance
    rank = order[group.reshape(-1)]
    last = max(len(first) - 1, 1)
    slots = np.rint(rank * (PALETTE_SIZE - 1) / last).astype(np.intp)
    # More than 256 distinct colours share slots; the last one of each slot stays.
    known = dict(zip(slots.tolist(), bytes_, strict=True))
    places = sorted(known)
    palette = np.stack(
        [
            np.interp(np.arange(PALETTE_SIZE), places, [known[p][channel] for p in places])
            for channel in range(3)
        ],
        axis=-1,
    )
    return np.rint(palette) / 255, slots / PALETTE_SIZE


def flip_vertically(matrices: Array, offsets: Array) -> tuple[Array, Array]:
    """Return the maps in a plane whose y axis points the other way: y down <-> y up."""
    flip = np.array([1.0, -1.0])
    # Adding zero turns -0.0 into 0.0.
    return matrices * flip[:, None] * flip + 0.0, offsets * flip + 0.0
