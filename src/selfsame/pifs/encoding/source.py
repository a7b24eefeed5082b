"""The planes of a picture, ready to be priced at any quantiser step."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.io.color import CHROMA_WEIGHTS, halved, planes_from_picture
from selfsame.pifs.code import ALIGNMENT, padded_shape
from selfsame.pifs.syntax.partition import SHAPES, border_means, transform_blocks

Float = NDArray[np.float32]


class Source(NamedTuple):
    """One plane of the picture, ready to be priced at any step.

    Attributes:
        height, width: before padding.
        pixels: padded. spectra, borders: of every shape of block, see ``partition``.
        step_ratio: of its quantiser step over that of luma, so that an error of either costs
            the same in RGB.
    """

    height: int
    width: int
    pixels: Float
    spectra: tuple[Float, ...]
    borders: list[Float]
    step_ratio: float


def sources(
    picture: NDArray[np.uint8], half_chroma: bool, luma: Source | None = None
) -> list[Source]:
    """Return the planes of a picture with the transforms of all blocks of every shape.

    Args:
        luma: the first of them, if it is known.
    """
    result = [] if luma is None else [luma]
    for i, full in enumerate(planes_from_picture(picture)):
        if i < len(result):
            continue
        ratio = 1.0 if i == 0 else CHROMA_WEIGHTS[i - 1] ** -0.5
        halve = half_chroma and i > 0
        plane = halved(full) if halve else full
        height, width = plane.shape
        rows, columns = padded_shape(height, width, ALIGNMENT // 2 if halve else ALIGNMENT)
        pixels = np.pad(plane, ((0, rows - height), (0, columns - width)), mode="edge")
        spectra = tuple(transform_blocks(pixels, lh, lw) for lh, lw in SHAPES)
        borders = [border_means(pixels, lh, lw) for lh, lw in SHAPES]
        # A sample of half resolution stands for four pixels.
        result.append(
            Source(height, width, pixels, spectra, borders, ratio / 2 if halve else ratio)
        )
    return result
