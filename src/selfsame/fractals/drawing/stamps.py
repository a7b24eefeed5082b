# mypy: disable-error-code="no-untyped-def"
"""From the points of a fractal to pictures: patches, flips and colours."""

import numpy as np
from numpy.typing import NDArray

from selfsame.fractals.drawing.hues import write_color
from selfsame.ifs.chaos.random_counts import kernel, mix64, new_stream
from selfsame.run.threads import run_shares

WHITE = 127
"""Grey value of FractalDB's pictures, on black."""

_SHARE = 16
"""Pictures that a thread takes at a time."""


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

    def work(first: int) -> None:
        part = slice(first, first + _SHARE)
        _stamp(points, sources[part], patterns[part], flips[part], np.uint8(white), out[part])

    run_shares(work, range(0, len(sources), _SHARE), threads)
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

    def work(first: int) -> None:
        part = slice(first, first + _SHARE)
        _stamp_colors(
            points,
            sources[part],
            patterns[part],
            flips[part],
            np.uint64(seed),
            streams[part],
            out[part],
        )

    run_shares(work, range(0, len(sources), _SHARE), threads)
    return out


@kernel
def _stamp(points, sources, patterns, flips, white, out):
    _, height, width = out.shape
    for k in range(out.shape[0]):
        cells = points[sources[k]]
        picture = out[k]
        picture[:] = 0
        for bit in range(9):
            if not (patterns[k] >> bit) & 1:
                continue
            di = bit // 3 - 1
            dj = bit % 3 - 1
            left = max(0, dj)
            right = min(width, width + dj)
            for i in range(max(0, di), min(height, height + di)):
                row = cells[i - di]
                target = picture[i]
                for j in range(left, right):
                    target[j] |= row[j - dj]
        for i in range(height):
            for j in range(width):
                picture[i, j] = white if picture[i, j] else np.uint8(0)
        _flip(picture, flips[k])


@kernel
def _stamp_colors(points, sources, patterns, flips, seed, streams, out):
    _, height, width, _ = out.shape
    palette = np.empty((128, 3), np.uint8)
    for k in range(128):
        write_color(k / 128, 0.75, 0.75, palette[k])
    for k in range(out.shape[0]):
        cells = points[sources[k]]
        picture = out[k]
        picture[:] = 0
        key = new_stream(seed, streams[k])[0]
        for bit in range(9):
            if not (patterns[k] >> bit) & 1:
                continue
            di = bit // 3 - 1
            dj = bit % 3 - 1
            for i in range(max(0, di), min(height, height + di)):
                for j in range(max(0, dj), min(width, width + dj)):
                    if cells[i - di, j - dj]:
                        word = mix64(key + np.uint64((i - di) * width + j - dj))
                        color = palette[word >> np.uint64(57)]
                        picture[i, j, 0] = color[0]
                        picture[i, j, 1] = color[1]
                        picture[i, j, 2] = color[2]
        _flip(picture, flips[k])


@kernel
def _flip(picture, flips):
    if flips & 1:
        for i in range(picture.shape[0]):
            picture[i] = picture[i, ::-1].copy()
    if flips & 2:
        picture[:] = picture[::-1].copy()
