"""Pictures of several coloured fractals on backgrounds: what is to be drawn, and drawing it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.fractals.drawing.patches import patch_rows
from selfsame.ifs.chaos.kernel import burn_in_steps, choose_fields, start_points
from selfsame.ifs.chaos.random_counts import probability_tree
from selfsame.ifs.render.batch import SystemArrays
from selfsame.run.threads import run_shares

_SHARE = 4
"""Pictures that a thread takes at a time."""


class Scenes(NamedTuple):
    """n pictures with K fractals in all, those of a picture together, the last one on top.

    Attributes:
        background_streams: (n,) int64, random numbers of each background; -1 for black.
        decays: (n,), how fast midpoints calm down; ``diamond_square.surface``.
        background_colors: (n, 6); ``diamond_square.paint_surface``.
        blurs: (n,), sigma of a 3 × 3 blur of the picture in pixels, 0 for none.
        bounds: (n + 1,) int64; picture i has the fractals ``bounds[i] : bounds[i + 1]``.
        systems: K systems.
        streams: (K,) int64, random numbers of each chaos game.
        places: (K, 3) int64, column and row of the upper left corner and side, pixels.
        windows: (K, 4), which part of its bounding box fills the place: shift of the centre in x
            and y, and factors of width and height.
        turns: (K,) int64; bit 0 transposes, then bit 1 mirrors left and right, 2 top and bottom.
        patterns: (K,) int64, nine bits, what every point stamps; ``stamps.stamped``.
        colors: (K, 3), hue of the rarest pixels, saturation and value.
        points: (K,) int64, points of each chaos game.
    """

    background_streams: NDArray[np.int64]
    decays: NDArray[np.float64]
    background_colors: NDArray[np.float64]
    blurs: NDArray[np.float64]
    bounds: NDArray[np.int64]
    systems: SystemArrays
    streams: NDArray[np.int64]
    places: NDArray[np.int64]
    windows: NDArray[np.float64]
    turns: NDArray[np.int64]
    patterns: NDArray[np.int64]
    colors: NDArray[np.float64]
    points: NDArray[np.int64]


def draw_scenes(
    scenes: Scenes, side: int, most_points: int, *, seed: int, threads: int | None
) -> NDArray[np.uint8]:
    """Return the pictures, (n, S, S, 3) sRGB.

    Args:
        most_points: that any fractal of the data set may have: it decides how chaos games run, so
            that a picture does not depend on those drawn with it.
    """
    from selfsame.fractals.drawing.scene_kernels import paint_scenes

    matrices, offsets, probabilities, counts = scenes.systems
    used = np.arange(matrices.shape[1]) < counts[:, None]
    maps = np.concatenate([matrices[used].reshape(-1, 4), offsets[used]], axis=1)
    map_bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    trees = probability_tree(probabilities)
    starts = start_points(matrices, offsets, probabilities)
    burn_ins = burn_in_steps(matrices, probabilities)
    field, ancestor_field = choose_fields(most_points, matrices.shape[1])
    out = np.empty((len(scenes.decays), side, side, 3), np.uint8)

    def work(first: int) -> None:
        last = min(first + _SHARE, len(out))
        begin, end = scenes.bounds[first], scenes.bounds[last]
        paint_scenes(
            np.uint64(seed),
            scenes.background_streams[first:last],
            scenes.decays[first:last],
            scenes.background_colors[first:last],
            scenes.blurs[first:last],
            scenes.bounds[first : last + 1] - begin,
            scenes.streams[begin:end],
            scenes.places[begin:end],
            scenes.windows[begin:end],
            scenes.turns[begin:end],
            scenes.patterns[begin:end],
            scenes.colors[begin:end],
            scenes.points[begin:end],
            maps,
            map_bounds[begin : end + 1],
            trees[begin:end],
            starts[begin:end],
            burn_ins[begin:end],
            field,
            ancestor_field,
            out[first:last],
        )

    run_shares(work, range(0, len(out), _SHARE), threads)
    return out


def describe_scenes(scenes: Scenes, labels: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return what made each picture, ready for JSON.

    Args:
        labels: (K,), the class of each fractal.
    """
    described = []
    for i, blur in enumerate(scenes.blurs):
        scene: dict[str, Any] = {"blur_sigma": float(blur), "background": None, "fractals": []}
        if scenes.background_streams[i] >= 0:
            scene["background"] = {"decay": float(scenes.decays[i])}
            for j, name in enumerate(("hue", "saturation", "value")):
                factor, shift = scenes.background_colors[i, 2 * j : 2 * j + 2]
                scene["background"][name] = {"scale": float(factor), "shift": float(shift)}
        for k in range(scenes.bounds[i], scenes.bounds[i + 1]):
            n = scenes.systems.counts[k]
            scene["fractals"].append(
                {
                    "label": int(labels[k]),
                    "matrices": scenes.systems.matrices[k, :n].tolist(),
                    "offsets": scenes.systems.offsets[k, :n].tolist(),
                    "probabilities": scenes.systems.probabilities[k, :n].tolist(),
                    "place": scenes.places[k].tolist(),
                    "window": scenes.windows[k].tolist(),
                    "transposed": bool(scenes.turns[k] & 1),
                    "flip_horizontal": bool(scenes.turns[k] & 2),
                    "flip_vertical": bool(scenes.turns[k] & 4),
                    "patch": patch_rows(int(scenes.patterns[k])),
                    "color": scenes.colors[k].tolist(),
                    "points": int(scenes.points[k]),
                }
            )
        described.append(scene)
    return described
