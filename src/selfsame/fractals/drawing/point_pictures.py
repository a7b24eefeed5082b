"""Which pixels a system's points hit: the raw material of grey pictures."""

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.code import Viewport
from selfsame.ifs.render.batch import SystemArrays, render_batch
from selfsame.ifs.samples.random import FILLING_PADDING, FILLING_SIZE

_MARGIN = FILLING_PADDING / (FILLING_SIZE - 2 * FILLING_PADDING)


def point_pictures(
    systems: SystemArrays,
    side: int,
    points: int,
    *,
    seed: int,
    streams: NDArray[np.int64],
    stretch: bool,
    viewport: Viewport | None = None,
    threads: int | None,
) -> NDArray[np.uint8]:
    """Return where the points of each system fall, (n, S, S), 255 there and 0 elsewhere.

    Fitted to the picture but for FractalDB's border, 6 pixels of 512, unless there is a viewport.
    A system all of whose points escape to infinity leaves its picture black.

    Args:
        streams: (n,), the random numbers of each picture.
        stretch: fill the picture in x and y alike, as FractalDB does.
        viewport: the window of all pictures; what lies outside is not drawn.
    """
    drawn = render_batch(
        systems,
        (side, side),
        points,
        viewports=viewport,
        margin=_MARGIN,
        stretch=stretch,
        seed=seed,
        streams=streams,
        dtype=np.uint8,
        threads=threads,
        allow_escape=True,
    )
    return np.asarray(drawn, np.uint8)
