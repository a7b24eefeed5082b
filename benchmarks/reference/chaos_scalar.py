"""A plain chaos game: one chain, one point at a time, as textbooks write it.

The tests' independent reference for the sampled measure and the benchmark's peer: same
structure as the published numba renderers of fractal pre-training work (cumulative
probabilities searched for every point, one store into a byte image).

Not cached by numba: a cache entry remembers the name under which the module was imported.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]


@njit
def chain(matrices, offsets, probabilities, n, seed, burn_in=100):  # type: ignore[no-untyped-def]
    """Return (n, d) consecutive points of one chain, after ``burn_in`` steps from the origin."""
    np.random.seed(seed)
    d = matrices.shape[1]
    cumulative = np.cumsum(probabilities)
    points = np.empty((n, d))
    x = np.zeros(d)
    y = np.zeros(d)
    for t in range(burn_in + n):
        r = np.random.random() * cumulative[-1]
        i = 0
        while r >= cumulative[i] and i < len(cumulative) - 1:
            i += 1
        for row in range(d):
            y[row] = offsets[i, row]
            for column in range(d):
                y[row] += matrices[i, row, column] * x[column]
        x[:] = y
        if t >= burn_in:
            points[t - burn_in] = x
    return points


@njit
def binary_picture(maps, probabilities, n, viewport, size, seed, burn_in=20):  # type: ignore[no-untyped-def]
    """Return a (size, size) byte picture of ``n`` points of one planar chain.

    Args:
        maps: (N, 6), rows ``a00 a01 a10 a11 b0 b1``.
        viewport: x_min, y_min, x_max, y_max; row 0 is the top.
    """
    np.random.seed(seed)
    picture = np.zeros((size, size), np.uint8)
    cumulative = np.cumsum(probabilities)
    scale_x = size / (viewport[2] - viewport[0])
    scale_y = size / (viewport[3] - viewport[1])
    x = 0.0
    y = 0.0
    for t in range(burn_in + n):
        r = np.random.random() * cumulative[-1]
        i = 0
        while r >= cumulative[i] and i < len(cumulative) - 1:
            i += 1
        x, y = (
            maps[i, 0] * x + maps[i, 1] * y + maps[i, 4],
            maps[i, 2] * x + maps[i, 3] * y + maps[i, 5],
        )
        if t >= burn_in:
            column = int((x - viewport[0]) * scale_x)
            row = int((viewport[3] - y) * scale_y)
            if 0 <= column < size and 0 <= row < size:
                picture[row, column] = 1
    return picture
