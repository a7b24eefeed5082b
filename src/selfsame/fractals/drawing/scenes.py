"""Pictures of several coloured fractals on backgrounds: what is to be drawn, and drawing it.

Colours, backgrounds and blurs are Anderson and Farrell's choices: ranges are those of the code
released with "Improving Fractal Pre-training" (2022); where the paper gives them, they agree.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame._native import fractals as native
from selfsame.fractals.drawing.stamps import PATTERNS, patch_rows
from selfsame.fractals.randomness import scaled, whole
from selfsame.ifs.chaos.games import choose_fields
from selfsame.ifs.render.batch import SystemArrays
from selfsame.run.threads import run_shares

_SHARE = 4
"""Pictures that a thread takes at a time."""

STREAMS = 16
"""Random streams of a picture: its fractals' from 0 on, the last one is the background's."""

MAX_FRACTALS = STREAMS - 1

_DECAYS = (0.4, 0.8)
# Factor and sum of hue, saturation and value of a background.
_BACKGROUND_COLORS = ((0.25, 1.0), (0.0, 1.0), (0.1, 0.3), (0.4, 0.6), (0.3, 0.6), (0.4, 0.6))
_LEAST_SATURATION = 0.3
_LEAST_VALUE = 0.5
_BLUR_PROBABILITY = 0.5
_BLURS = (0.5, 1.0)

BACKGROUND_NUMBERS, LOOK_NUMBERS = 9, 5
"""Uniform numbers that the choices of a picture's background and of a fractal's look take."""

_OF_PICTURES = ("background_streams", "decays", "background_colors", "blurs")
_OF_FRACTALS = ("streams", "places", "windows", "turns", "patterns", "colors", "points")


class Scenes(NamedTuple):
    """n pictures with K fractals in all, those of a picture together, the last one on top.

    Attributes:
        background_streams: (n,) int64, random numbers of each background; -1 for black.
        decays: (n,), how fast midpoints calm down; ``native/fractals/scenes.hpp``.
        background_colors: (n, 6); factor and sum for hue, saturation and value of a height.
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


def choose_backgrounds(
    u: NDArray[np.float64], indices: NDArray[np.int64], background: bool
) -> dict[str, Any]:
    """Return backgrounds and blurs of pictures, as of ``Scenes``, from numbers (n, 9).

    Args:
        background: a surface; otherwise black.
    """
    colors = [scaled(u[:, 1 + i], bounds) for i, bounds in enumerate(_BACKGROUND_COLORS)]
    last = indices * STREAMS + STREAMS - 1
    return {
        "background_streams": last if background else np.full_like(indices, -1),
        "decays": scaled(u[:, 0], _DECAYS),
        "background_colors": np.stack(colors, axis=1),
        "blurs": np.where(u[:, 7] < _BLUR_PROBABILITY, scaled(u[:, 8], _BLURS), 0.0),
    }


def choose_looks(u: NDArray[np.float64]) -> dict[str, Any]:
    """Return turns, patterns and colours of fractals, as of ``Scenes``, from numbers (K, 5)."""
    saturations = scaled(u[:, 3], (_LEAST_SATURATION, 1))
    colors = np.stack([u[:, 2], saturations, scaled(u[:, 4], (_LEAST_VALUE, 1))], axis=1)
    return {"turns": whole(u[:, 0], 8), "patterns": 1 + whole(u[:, 1], PATTERNS), "colors": colors}


def draw_scenes(
    scenes: Scenes, side: int, most_points: int, *, seed: int, threads: int | None
) -> NDArray[np.uint8]:
    """Return the pictures, (n, S, S, 3) sRGB.

    Args:
        most_points: that any fractal of the data set may have: it decides how chaos games run, so
            that a picture does not depend on those drawn with it.
    """
    games = scenes.systems.games()
    field, ancestor_field = choose_fields(most_points, scenes.systems.matrices.shape[1])
    out = np.empty((len(scenes.decays), side, side, 3), np.uint8)

    def work(first: int) -> None:
        last = min(first + _SHARE, len(out))
        begin, end = scenes.bounds[first], scenes.bounds[last]
        native.paint_scenes(
            seed,
            bounds=scenes.bounds[first : last + 1] - begin,
            maps=games.maps,
            map_bounds=games.bounds[begin : end + 1],
            trees=games.trees[begin:end],
            starts=games.starts[begin:end],
            burn_ins=games.burn_ins[begin:end],
            field=field,
            ancestors=ancestor_field,
            out=out[first:last],
            **{name: getattr(scenes, name)[first:last] for name in _OF_PICTURES},
            **{name: getattr(scenes, name)[begin:end] for name in _OF_FRACTALS},
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
            scene["fractals"].append(
                {
                    "label": int(labels[k]),
                    **scenes.systems.described(k),
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
