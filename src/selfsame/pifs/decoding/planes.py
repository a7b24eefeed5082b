"""Planes of a code to their attractors: ``x = S x + b`` by repeated application, from ``b`` on.

Planes are float32, centred on 0, in units of 1/255 of the value range. What is computed, and
whether the attractor exists, ``native/pifs/`` says: ``transform``, ``attractor``, ``contraction``,
``deblock``.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.pifs.code import LUMA, NO_MAP, PlaneCode

Plane = NDArray[np.float32]

LIMIT = native.LIMIT
"""Values of a plane are clipped to this on either side, far beyond any picture's."""

MARGIN = native.MARGIN
"""How far from a pixel the pixels lie on which its filtered value depends, in either direction."""

SETTLED = native.SETTLED
"""Largest change of a pixel, in units of 1/255, in the last application."""


def inverse_dct(plane: PlaneCode, scale: int = 1, threads: int = 1) -> Plane:
    """Return the blocks of a plane that its levels describe, ``b`` of ``x = S x + b``.

    Args:
        plane: its levels, blocks and step are used, its maps are not.
        scale: output pixels per pixel of the plane, in either direction.
    Returns:
        (padded height * scale, padded width * scale), clipped to ``LIMIT``; 0 where no block lies.
    """
    return native.inverse_dct(plane.levels, plane.blocks, plane.step, scale, threads)


def deblock(x: Plane, plane: PlaneCode, strength: int, scale: int = 1, threads: int = 1) -> None:
    """Smooth the block borders of the attractor of a plane, in place.

    Args:
        x: (padded height * scale, padded width * scale).
        plane: its blocks, levels, step, and which blocks have maps.
        strength: 0 (``x`` is left as it is) to 7.
        scale: output pixels per pixel of the plane, in either direction; ramps are as many times
            as long.
    """
    if strength > 0:
        native.deblock(
            x, plane.levels, plane.blocks, plane.maps, plane.step, strength, scale, threads
        )


def settled(plane: PlaneCode, luma: Plane | None, threads: int = 1) -> tuple[Plane, int]:
    """Return the attractor of a plane, and the number of applications that it took from ``b``.

    It has settled when no pixel changes by more than ``SETTLED``.
    """
    x = inverse_dct(plane, threads=threads)
    return x, native.settle(x, plane.blocks, plane.maps, luma, threads)


def contractive_maps(
    blocks: NDArray[np.int32], maps: NDArray[np.int32], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return the maps with scales lowered where they must be for a proof of contraction."""
    return native.contractive_maps(blocks, maps, *shape)


def feeds_back(maps: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which maps draw from their own plane."""
    result: NDArray[np.bool_] = (maps[:, 0] != NO_MAP) & (maps[:, 0] != LUMA)
    return result
