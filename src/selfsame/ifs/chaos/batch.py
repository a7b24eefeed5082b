# mypy: disable-error-code="no-untyped-def"
"""The chaos game for thousands of planar systems in one call: one picture after the other, each
small enough for the cache."""

import numpy as np

from selfsame.ifs.chaos.kernel import PARTING_STEPS, _lost, _new_population, _plot, _settle, _step
from selfsame.ifs.chaos.random_counts import below, kernel, new_stream

BINARY, GREY, LOG, PATCH = range(4)

FIT_STEPS = 12
"""Steps of the population, while its copies part, whose bounding box is the fitted window."""


@kernel
def _fitted(population, field, game, rng, margin, aspect):
    """Return the window x_min, y_min, x_max, y_max around the finite points of some steps."""
    points = population[0]
    nowhere = (np.int32(0), np.float32(1), np.float32(1))
    size = 1 << field[0]
    x_min = y_min = np.inf
    x_max = y_max = -np.inf
    for _ in range(FIT_STEPS):
        _step(population, points, size, field, game, rng, nowhere)
        for k in range(size):
            x = points[k].real
            y = points[k].imag
            if abs(x) < np.inf and abs(y) < np.inf:
                x_min = min(x_min, x)
                x_max = max(x_max, x)
                y_min = min(y_min, y)
                y_max = max(y_max, y)
    return window(x_min, y_min, x_max, y_max, margin, aspect)


@kernel
def window(x_min, y_min, x_max, y_max, margin, aspect):
    """Return the box widened by ``margin`` of its larger side and to width / height = ``aspect``.

    With an aspect of 0 each side is widened by ``margin`` of itself, and the box keeps its aspect.

    A box without any extent (one point) becomes 1 wide or high, or a millionth of its distance
    from the origin if that is more; an empty one (no points) becomes the unit square.
    """
    if not (x_min <= x_max and y_min <= y_max):
        x_min = y_min = 0.0
        x_max = y_max = 1.0
    width = x_max - x_min
    height = y_max - y_min
    larger = max(width, height)
    far = max(abs(x_min), abs(x_max), abs(y_min), abs(y_max))
    if larger <= 1e-6 * far:  # the extent is rounding noise of 32-bit points
        larger = max(1.0, 1e-6 * far) if larger == 0 or far > 1 else larger
    width += 2 * margin * (larger if aspect > 0 else width)
    height += 2 * margin * (larger if aspect > 0 else height)
    width = max(width, 1e-3 * larger)
    height = max(height, 1e-3 * larger)
    if aspect == 0:
        pass
    elif width < height * aspect:
        width = height * aspect
    else:
        height = width / aspect
    x = (x_min + x_max) / 2
    y = (y_min + y_max) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


@kernel
def to_pixels(maps, view, width, height, out):
    """Write maps of the plane as maps of histogram cells (pixels plus 1) into ``out``.

    With ``u = S x + t`` and ``B = S A S⁻¹`` the map ``A x + b`` becomes ``B u + S b + t - B t``.
    """
    sx = width / (view[2] - view[0])
    sy = -height / (view[3] - view[1])
    tx = 1 - sx * view[0]
    ty = 1 - sy * view[3]
    for i in range(maps.shape[0]):
        a00 = maps[i, 0]
        a01 = maps[i, 1] * sx / sy
        a10 = maps[i, 2] * sy / sx
        a11 = maps[i, 3]
        out[i, 0] = a00
        out[i, 1] = a01
        out[i, 2] = a10
        out[i, 3] = a11
        out[i, 4] = sx * maps[i, 4] + tx - a00 * tx - a01 * ty
        out[i, 5] = sy * maps[i, 5] + ty - a10 * tx - a11 * ty
    return sx, sy, tx, ty


@kernel
def develop(histogram, mode, patch, scale, out):
    """Turn a bordered histogram into the picture ``out`` (H, W), white = ``scale``.

    Args:
        patch: nine bits, row by row; a set bit (i, j) moves the point by (i - 1, j - 1).
    """
    height, width = out.shape
    cells = histogram.reshape((height + 2, width + 2))
    if mode == BINARY:
        for i in range(height):
            row = cells[i + 1]
            for j in range(width):
                out[i, j] = row[j + 1] * scale
    elif mode == PATCH:
        cells[0] = 0
        cells[height + 1] = 0
        cells[:, 0] = 0
        cells[:, width + 1] = 0
        out[:] = 0
        for bit in range(9):
            if (patch >> bit) & 1:
                di = bit // 3
                dj = bit % 3
                for i in range(height):
                    row = cells[i + 2 - di]
                    for j in range(width):
                        if row[j + 2 - dj]:
                            out[i, j] = scale
    else:
        most = np.int64(1)
        for i in range(height):
            for j in range(width):
                if cells[i + 1, j + 1] > most:
                    most = np.int64(cells[i + 1, j + 1])
        for i in range(height):
            for j in range(width):
                c = np.float32(cells[i + 1, j + 1])
                if mode == LOG:
                    out[i, j] = np.log1p(c) / np.log1p(np.float32(most)) * scale
                else:
                    out[i, j] = c / np.float32(most) * scale


@kernel
def plot_batch(
    seed,
    streams,
    first,
    maps,
    bounds,
    trees,
    starts,
    burn_ins,
    views,
    fit,
    margin,
    aspect,
    n_points,
    field,
    ancestor_field,
    width,
    height,
    binary,
    patches,
    lost,
    out,
):
    """Draw some systems, from ``first`` on, each from its own random stream.

    Args:
        streams: (B,) uint64; picture i draws from the stream ``(seed, streams[i])``.
        maps: (sum of N, 6) float64 in plane units; system i has the rows
            ``bounds[i] : bounds[i + 1]``.
        trees: (B, L), ``probability_tree`` of each.
        views: (B, 4); written if ``fit``.
        margin, aspect: of the fitted windows, see ``window``.
        patches: (n,), a random pattern of 1 to 511 for each picture, written.
        lost: (n,), the fraction of each population that escaped, written.
        out: (n, (H + 2) · (W + 2)), the histograms, written.
    """
    frame = (np.int32(width + 2), np.float32(width + 1), np.float32(height + 1))
    population = _new_population(field[0], trees.shape[1])
    points, cells = population[0], population[2]
    size = 1 << field[0]
    for k in range(out.shape[0]):
        i = first + k
        rng = new_stream(seed, streams[i])
        patches[k] = 1 + below(rng, 511)
        plane = maps[bounds[i] : bounds[i + 1]]
        game = (plane.astype(np.float32), trees[i])
        start = np.complex64(complex(starts[i, 0], starts[i, 1]))
        parting = 0 if fit else PARTING_STEPS
        _settle(population, start, burn_ins[i], field, ancestor_field, game, rng, parting)
        if fit:
            views[i] = _fitted(population, field, game, rng, margin, aspect)
        sx, sy, tx, ty = to_pixels(plane, views[i], width, height, game[0])
        for j in range(size):
            points[j] = complex(
                np.float32(sx * points[j].real + tx), np.float32(sy * points[j].imag + ty)
            )
        out[k] = 0
        done = 0
        while done < n_points:
            n = min(size, n_points - done)
            _step(population, points, n, field, game, rng, frame)
            _plot(cells[:n], binary, out[k])
            done += n
        lost[k] = _lost(points[:size]) / size
