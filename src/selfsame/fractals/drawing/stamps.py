"""From systems to pictures in grey or of points in colour: points, patches, flips and hues.

A patch is a pattern of 3 × 3 pixels that every point stamps: nine bits, row by row.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame._native import fractals as native
from selfsame.run.threads import run_shares

DOT = 0b000_010_000
"""The pattern that leaves points as they are."""

PATTERNS = 511
"""All but the empty one: 1 to 511."""

WHITE = 127
"""Grey value of FractalDB's pictures, on black."""

_SHARE = 16
"""Pictures that a thread takes at a time."""


def patch_rows(pattern: int) -> list[list[int]]:
    """Return the nine bits of a pattern as 3 × 3 numbers 0 and 1."""
    return [[(pattern >> (3 * i + j)) & 1 for j in range(3)] for i in range(3)]


def stamped(
    points: NDArray[np.uint8],
    sources: NDArray[np.int64],
    patterns: NDArray[np.int64],
    flips: NDArray[np.int64],
    *,
    white: int,
    threads: int | None,
) -> NDArray[np.uint8]:
    """Return pictures in which every point stamps a pattern on black, (n, S, S).

    Args:
        points: (m, S, S), not 0 where there is a point.
        sources: (n,), which of them each picture shows.
        patterns: (n,) nine bits, row by row: bit (i, j) sets the pixel at (i - 1, j - 1) from the
            point; 1..511.
        flips: (n,) bit 0 mirrors left and right, bit 1 top and bottom, after stamping.
        white: value of a stamped pixel.
        threads: as in ``run_shares``.
    """
    out = np.empty((len(sources), *points.shape[1:]), np.uint8)

    def work(part: slice) -> None:
        native.stamp(points, sources[part], patterns[part], flips[part], white, out[part])

    run_shares(work, _shares(len(out)), threads)
    return out


def colored(
    points: NDArray[np.uint8],
    sources: NDArray[np.int64],
    patterns: NDArray[np.int64],
    flips: NDArray[np.int64],
    *,
    seed: int,
    streams: NDArray[np.int64],
    threads: int | None,
) -> NDArray[np.uint8]:
    """Return pictures in which every point stamps a pattern in a colour of its own by chance,
    (n, S, S, 3), one of 128 hues of saturation and value 0.75; else as ``stamped``.

    Args:
        streams: (n,); the colour of a point depends on (seed, stream, pixel) only.
    """
    out = np.empty((len(sources), *points.shape[1:], 3), np.uint8)

    def work(part: slice) -> None:
        chosen = (sources[part], patterns[part], flips[part])
        native.stamp_colors(points, *chosen, seed, streams[part], out[part])

    run_shares(work, _shares(len(out)), threads)
    return out


def _shares(count: int) -> list[slice]:
    return [slice(first, first + _SHARE) for first in range(0, count, _SHARE)]
