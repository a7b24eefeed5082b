"""Pictures as arrays: the convention of all that takes one from a user, and the check of it.

Bytes of 0 to 255, or floats of 0 to 1; (H, W) grey or (H, W, C), row 0 at the top.
"""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError

ROUNDING = 0.5 / 255
"""How far floats may lie outside of 0 to 1: such are errors of arithmetic, and the bytes that they
round to are none others."""


def picture_array(
    picture: ArrayLike, name: str = "picture", channels: Collection[int] = (3,)
) -> NDArray[Any]:
    """Return a picture as an array of bytes, or of floats of 0 to 1, give or take ``ROUNDING``.

    Args:
        picture: (H, W), or (H, W, C) with C one of ``channels``. Truth values become 0 and 255.
        name: what messages call it.
    Raises:
        InputError: another shape or type, no pixels, or floats out of their range.
    """
    values = np.asarray(picture)
    shape = values.shape
    if values.size == 0 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in channels)):
        last = " or ".join(map(str, channels))
        raise InputError(f"{name} must be (H, W) or (H, W, {last}), not empty: got {shape}")
    return picture_values(values, name)


def picture_values(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Return values of any shape, not empty, with the types and ranges of ``picture_array``."""
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    if not np.issubdtype(values.dtype, np.floating):
        raise InputError(
            f"{name} must hold bytes (uint8), or floats of 0 to 1: got {values.dtype}; convert it"
        )
    check_range(name, float(values.min()), float(values.max()))
    return values


def check_range(name: str, low: float, high: float) -> None:
    """Raise ``InputError`` unless floats from ``low`` to ``high`` are those of a picture."""
    if not (math.isfinite(low) and math.isfinite(high)):  # both are NaN if any value is
        raise InputError(f"{name} must be finite: found NaN or infinity")
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise InputError(
            f"{name} must hold bytes (uint8), or floats of 0 to 1: got floats of {low:g} to "
            f"{high:g}; divide by 255 what was bytes, clip what overshoots"
        )


def picture_floats(
    picture: ArrayLike, name: str = "picture", channels: Collection[int] = (3,)
) -> NDArray[np.floating]:
    """Return a picture as floats of 0 to 1: float32 of bytes, otherwise of the type that came.

    Args and errors as of ``picture_array``.
    """
    values = picture_array(picture, name, channels)
    if values.dtype == np.uint8:
        return np.asarray(values / np.float32(255))
    return np.asarray(np.clip(values, 0, 1))
