"""RGB to the planes of a block code and back: JFIF's full-range YCbCr, centred on 0."""

import numpy as np
from numpy.typing import NDArray

from selfsame.run.threads import run_shares

Float = NDArray[np.float32]

YCC_FROM_RGB = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]],
    np.float32,
)
RGB_FROM_YCC = np.array([[1, 0, 1.402], [1, -0.344136286, -0.714136286], [1, 1.772, 0]], np.float32)

CHROMA_WEIGHTS = (
    float((RGB_FROM_YCC[:, 1] ** 2).sum() / 3),
    float((RGB_FROM_YCC[:, 2] ** 2).sum() / 3),
)
"""Squared error of R, G and B by one of Cb or Cr, over that by one of Y: 1.09 and 0.83."""

_ROWS = 64
"""Rows that are converted at a time: large pictures are to need little memory."""


def planes_from_picture(picture: NDArray[np.uint8], threads: int = 1) -> list[Float]:
    """Return one plane (grey) or Y, Cb, Cr of a picture of bytes, in units of 1/255."""
    if picture.ndim == 2:
        return [picture.astype(np.float32) - np.float32(128)]
    # Three arrays: of one, a plane would keep the memory of all.
    planes = [np.empty(picture.shape[:2], np.float32) for _ in range(3)]

    def convert(top: int) -> None:
        rows = np.s_[top : top + _ROWS]
        ycc = picture[rows].astype(np.float32) @ YCC_FROM_RGB.T
        ycc[..., 0] -= 128
        for i, plane in enumerate(planes):
            plane[rows] = ycc[..., i]

    run_shares(convert, range(0, len(picture), _ROWS), threads)
    return planes


def halved(plane: Float) -> Float:
    """Return a plane averaged 2:1 in both directions; an odd last row or column is repeated."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    rows = even[::2] + even[1::2]
    pooled: Float = np.float32(0.25) * (rows[:, ::2] + rows[:, 1::2])
    return pooled
