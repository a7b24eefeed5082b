# mypy: disable-error-code="no-untyped-def"
"""Coloured fractals on a coloured background, in one pass over each picture."""

import numpy as np

from selfsame.fractals.drawing.diamond_square import LEVELS, paint_surface, surface
from selfsame.fractals.drawing.stamps import write_color
from selfsame.ifs.chaos.batch import _fitted, to_pixels
from selfsame.ifs.chaos.kernel import _new_population, _plot, _settle, _step
from selfsame.ifs.chaos.random_counts import kernel, new_stream

HUES = 256
"""Steps of a fractal's colours, from its rarest pixels to its most frequent."""


@kernel
def paint_scenes(
    seed,
    background_streams,
    decays,
    background_colors,
    blurs,
    bounds,
    streams,
    places,
    windows,
    turns,
    patterns,
    colors,
    points,
    maps,
    map_bounds,
    trees,
    starts,
    burn_ins,
    field,
    ancestor_field,
    out,
):
    """Paint some pictures, out (n, S, S, 3); ``scenes.Scenes`` explains the arrays.

    Args:
        maps: (sum of N, 6) float64; fractal k has the rows ``map_bounds[k] : map_bounds[k + 1]``.
        trees, starts, burn_ins: of each fractal, as for ``chaos_batch.plot_batch``.
    """
    side = out.shape[1]
    extent = 1
    while extent < side:
        extent *= 2
    heights = np.empty((extent + 1, extent + 1), np.float32)
    table = np.empty((LEVELS, 3), np.uint8)
    most = np.max(places[:, 2]) if places.shape[0] else 1
    histogram = np.empty((most + 2) * (most + 2), np.uint32)
    counts = np.empty(most * most, np.uint32)
    population = _new_population(field[0], trees.shape[1])
    for i in range(out.shape[0]):
        picture = out[i]
        if background_streams[i] >= 0:
            surface(heights, decays[i], new_stream(seed, background_streams[i]))
            paint_surface(heights, background_colors[i], table, picture)
        else:
            picture[:] = 0
        for k in range(bounds[i], bounds[i + 1]):
            size = places[k, 2]
            cells = histogram[: (size + 2) * (size + 2)]
            _plot_fractal(
                new_stream(seed, streams[k]),
                maps[map_bounds[k] : map_bounds[k + 1]],
                trees[k],
                starts[k],
                burn_ins[k],
                windows[k],
                points[k],
                size,
                population,
                field,
                ancestor_field,
                cells,
            )
            stamps = counts[: size * size].reshape((size, size))
            _count_stamps(cells.reshape((size + 2, size + 2)), patterns[k], stamps)
            _paste(stamps, places[k], turns[k], colors[k], table, picture)
        if blurs[i] > 0:
            _blur(picture, blurs[i])


@kernel
def _plot_fractal(
    rng,
    plane,
    tree,
    start,
    burn_in,
    window,
    n_points,
    side,
    population,
    field,
    ancestor_field,
    out,
):
    """Plot a system into a histogram with a border, (side + 2)², in a part of its bounding box."""
    points, _, cells, _, _ = population
    size = 1 << field[0]
    game = (plane.astype(np.float32), tree)
    origin = np.complex64(complex(start[0], start[1]))
    _settle(population, origin, burn_in, field, ancestor_field, game, rng, 0)
    x_min, y_min, x_max, y_max = _fitted(population, field, game, rng, 0.0, 0.0)
    width = (x_max - x_min) * window[2]
    height = (y_max - y_min) * window[3]
    x = (x_min + x_max) / 2 + window[0] * (x_max - x_min)
    y = (y_min + y_max) / 2 + window[1] * (y_max - y_min)
    view = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    sx, sy, tx, ty = to_pixels(plane, view, side, side, game[0])
    for j in range(size):
        points[j] = complex(
            np.float32(sx * points[j].real + tx), np.float32(sy * points[j].imag + ty)
        )
    out[:] = 0
    frame = (np.int32(side + 2), np.float32(side + 1), np.float32(side + 1))
    done = 0
    while done < n_points:
        n = min(size, n_points - done)
        _step(population, points, n, field, game, rng, frame)
        _plot(cells[:n], False, out)
        done += n


@kernel
def _count_stamps(cells, pattern, out):
    """Sum a histogram with a border, moved by each set bit of a pattern, into ``out`` (S, S)."""
    side = out.shape[0]
    # What lies outside the window is not counted.
    cells[0] = 0
    cells[side + 1] = 0
    cells[:, 0] = 0
    cells[:, side + 1] = 0
    out[:] = 0
    for bit in range(9):
        if (pattern >> bit) & 1:
            di = bit // 3
            dj = bit % 3
            for i in range(side):
                row = cells[i + 2 - di]
                target = out[i]
                for j in range(side):
                    target[j] += row[j + 2 - dj]


@kernel
def _paste(stamps, place, turn, color, table, picture):
    """Paint the pixels of a fractal that were hit over a picture, the rest shows what was there.

    Args:
        place: column and row of its upper left corner, which may lie outside, and its side.
        turn: bit 0 transposes, then bit 1 mirrors left and right and bit 2 top and bottom.
        color: hue of the rarest pixels, saturation, value; the hue of pixels with c points is
            c / largest c of the circle further on.
        table: (HUES or more, 3) uint8 scratch.
    """
    side = picture.shape[0]
    size = stamps.shape[0]
    for k in range(HUES):
        write_color(color[0] + k / HUES, color[1], color[2], table[k])
    most = np.uint32(1)
    for i in range(size):
        for j in range(size):
            most = max(most, stamps[i, j])
    scale = np.float32(HUES - 1) / np.float32(most)
    left, top = place[0], place[1]
    for i in range(max(0, -top), min(size, side - top)):
        source_i = size - 1 - i if turn & 4 else i
        for j in range(max(0, -left), min(size, side - left)):
            source_j = size - 1 - j if turn & 2 else j
            count = stamps[source_j, source_i] if turn & 1 else stamps[source_i, source_j]
            if count > 0:
                entry = np.int64(np.float32(count) * scale)
                picture[top + i, left + j, 0] = table[entry, 0]
                picture[top + i, left + j, 1] = table[entry, 1]
                picture[top + i, left + j, 2] = table[entry, 2]


@kernel
def _blur(picture, sigma):
    """Blur a picture (S, S, 3) in place by a 3 × 3 Gaussian, mirrored at its borders."""
    side = picture.shape[0]
    outer = np.float32(np.exp(-0.5 / sigma**2))
    inner = np.float32(1) / (1 + 2 * outer)
    outer = outer * inner
    rows = np.empty(picture.shape, np.float32)
    for i in range(side):
        above = picture[abs(i - 1)]
        below = picture[i + 1 if i + 1 < side else side - 2]
        for j in range(side):
            for c in range(3):
                ends = np.float32(above[j, c]) + np.float32(below[j, c])
                rows[i, j, c] = inner * np.float32(picture[i, j, c]) + outer * ends
    for i in range(side):
        row = rows[i]
        for j in range(side):
            left = abs(j - 1)
            right = j + 1 if j + 1 < side else side - 2
            for c in range(3):
                value = inner * row[j, c] + outer * (row[left, c] + row[right, c])
                picture[i, j, c] = np.uint8(value + np.float32(0.5))
