# mypy: disable-error-code="no-untyped-def"
"""Cloudy coloured backgrounds by midpoint displacement."""

import numpy as np

from selfsame.fractals.drawing.stamps import write_color
from selfsame.ifs.chaos.random_counts import kernel, next_word

LEVELS = 1024
"""Entries of the table of colours for heights; finer than bytes can show."""

LOWEST, HIGHEST = -1.0, 2.0
"""Heights beyond these take the colour of the end."""


@kernel
def surface(heights, decay, rng):
    """Fill ``heights`` (2^n + 1, 2^n + 1) float32 with a diamond-square surface around 0.5.

    Corners are uniform in [0, 1]; the k-th halving moves midpoints by up to
    ``± 0.5 exp(-decay (k - 1))``. Beyond an edge the surface goes on at the opposite one.
    Source: Fournier, Fussell & Carpenter 1982, "Computer rendering of stochastic models";
    amplitudes of Anderson and Farrell 2022.
    """
    last = heights.shape[0] - 1
    for i in range(0, last + 1, last):
        for j in range(0, last + 1, last):
            heights[i, j] = 0.5 + 0.5 * _signed(rng)
    step = last
    amplitude = np.float32(0.5)
    fade = np.float32(np.exp(-decay))
    while step > 1:
        half = step // 2
        for i in range(half, last, step):
            for j in range(half, last, step):
                mean = (
                    heights[i - half, j - half]
                    + heights[i - half, j + half]
                    + heights[i + half, j - half]
                    + heights[i + half, j + half]
                ) * np.float32(0.25)
                heights[i, j] = mean + amplitude * _signed(rng)
        for i in range(0, last + 1, half):
            above = i - half if i > 0 else last - half
            below = i + half if i < last else half
            for j in range(half if i // half % 2 == 0 else 0, last + 1, step):
                left = j - half if j > 0 else last - half
                right = j + half if j < last else half
                mean = (
                    heights[above, j] + heights[below, j] + heights[i, left] + heights[i, right]
                ) * np.float32(0.25)
                heights[i, j] = mean + amplitude * _signed(rng)
        step = half
        amplitude *= fade


@kernel
def paint_surface(heights, colors, table, out):
    """Colour the picture ``out`` (S, S, 3) by the heights of its upper left part.

    Args:
        colors: (6,), factor and sum for hue, saturation and value: ``factor · height + sum``.
        table: (LEVELS, 3) uint8 scratch.
    """
    for k in range(LEVELS):
        height = LOWEST + (HIGHEST - LOWEST) * k / (LEVELS - 1)
        saturation = min(max(colors[2] * height + colors[3], 0.0), 1.0)
        value = min(max(colors[4] * height + colors[5], 0.0), 1.0)
        write_color(colors[0] * height + colors[1], saturation, value, table[k])
    scale = np.float32((LEVELS - 1) / (HIGHEST - LOWEST))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            place = np.int64((heights[i, j] - np.float32(LOWEST)) * scale + np.float32(0.5))
            place = np.int64(min(max(int(place), 0), LEVELS - 1))
            out[i, j, 0] = table[place, 0]
            out[i, j, 1] = table[place, 1]
            out[i, j, 2] = table[place, 2]


@kernel
def _signed(rng):
    """Return a number of [-1, 1)."""
    return np.float32(np.int64(next_word(rng)) * 2.0**-63)
