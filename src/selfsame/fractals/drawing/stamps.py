# mypy: disable-error-code="no-untyped-def"
"""From systems to pictures in grey or of points in colour: points, patches, flips and hues.

A patch is a pattern of 3 × 3 pixels that every point stamps: nine bits, row by row.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.ifs.chaos.random_counts import kernel, mix64, new_stream
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
        _stamp(points, sources[part], patterns[part], flips[part], np.uint8(white), out[part])

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
    key = np.uint64(seed)

    def work(part: slice) -> None:
        chosen = (sources[part], patterns[part], flips[part])
        _stamp_colors(points, *chosen, key, streams[part], out[part])

    run_shares(work, _shares(len(out)), threads)
    return out


def _shares(count: int) -> list[slice]:
    return [slice(first, first + _SHARE) for first in range(0, count, _SHARE)]


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
def write_color(hue, saturation, value, out):
    """Write the sRGB bytes of a colour into ``out`` (3,).

    Args:
        hue: any number, 1 is the whole circle from red by green and blue.
        saturation, value: in [0, 1], those of HSV.
    """
    sector = 6.0 * (hue - np.floor(hue))
    for channel in range(3):
        # Each channel is full for a third of the circle: red around 0, green 2, blue 4 of 6.
        away = abs(sector - 2.0 * channel)
        away = min(away, 6.0 - away)
        fullness = min(max(2.0 - away, 0.0), 1.0)
        out[channel] = np.uint8(255.0 * value * (1.0 - saturation * (1.0 - fullness)) + 0.5)


@kernel
def _flip(picture, flips):
    if flips & 1:
        for i in range(picture.shape[0]):
            picture[i] = picture[i, ::-1].copy()
    if flips & 2:
        picture[:] = picture[::-1].copy()
