"""Calls of what draws, fits and searches systems of maps, and of what paints data sets of them."""

from typing import Any

import numpy as np

from selfsame._native import fractals, ifs, testing
from support.native_calls.call import Named

RNG = np.random.default_rng(0)


def of_systems() -> Named:
    tree = np.array([0, 2**63], np.uint64)
    maps = np.array([(0.5, 0, 0, 0.5, 0, 0), (0.5, 0.1, 0, 0.5, 4, 4)])
    floats = maps.astype(np.float32)
    fields = {"field": (9, 0x211), "ancestors": (7, 0x83)}
    none = (np.zeros((0, 6), np.float32), np.ones(1, np.uint64))
    stream = {"seed": 3, "share": 1}
    game = {"burn_in": 20, **fields, "game": (floats, tree), "words": none}
    for kind, size in ((np.uint8, 14), (np.uint32, 110)):
        yield (
            f"plot_share of {kind.__name__}",
            ifs.plot_share,
            {
                **stream,
                "points": 700,
                "start": (1.0, 2.0),
                **game,
                "is_on_cells": True,
                "width": 9,
                "height": 8,
                "out": np.zeros(size, kind),
            },
        )
    systems = {
        "maps": np.concatenate([maps, maps]),
        "bounds": np.array([0, 2, 4]),
        "trees": np.stack([tree, tree]),
        "starts": np.zeros((2, 2)),
        "burn_ins": np.full(2, 9),
    }
    for mode, white, kind in (("grey", 1.0, np.float32), ("patch", 255, np.uint8)):
        yield (
            f"draw_batch of {mode}",
            ifs.draw_batch,
            {
                "seed": 3,
                "streams": np.arange(2, dtype=np.uint64),
                **systems,
                "points": 600,
                **fields,
                "is_fitted": True,
                "margin": 0.1,
                "aspect": 1.0,
                "mode": mode,
                "white": white,
                "views": np.ones((2, 4)),
                "lost": np.zeros(2),
                "out": np.zeros((2, 6, 7), kind),
                "threads": 2,
            },
        )
    space = (
        RNG.random((2, 3, 3)).astype(np.float32) / 3,
        RNG.random((2, 3)).astype(np.float32),
        tree,
    )
    nothing = (np.zeros((0, 3, 3), np.float32), np.zeros((0, 3), np.float32), np.ones(1, np.uint64))
    yield (
        "sample_share",
        ifs.sample_share,
        {
            **stream,
            "start": np.zeros(3, np.float32),
            **game,
            "game": space,
            "words": nothing,
            "is_on_cells": False,
            "out": np.zeros((600, 3), np.float32),
        },
    )
    yield "keep_cells", ifs.keep_cells, {"maps": systems["maps"], "words": systems["maps"][:1]}
    yield (
        "add_colors",
        ifs.add_colors,
        {
            "points": RNG.random((9, 5)).astype(np.float32),
            "sums": np.zeros((3, 4, 4), np.uint64),
        },
    )
    yield (
        "project",
        ifs.project,
        {
            "points": RNG.random((9, 6)).astype(np.float32),
            "camera": np.eye(3, dtype=np.float32),
            "scale": 2.0,
            "buffer": np.full((4, 5), 2**64 - 1, np.uint64),
        },
    )
    yield (
        "draw_recursion",
        ifs.draw_recursion,
        {
            "matrices": maps[:, :4].copy(),
            "offsets": maps[:, 4:].copy(),
            "center": (2.0, 2.0),
            "radii": np.array([1.0, 4, 8, 16]),
            "to_samples": np.array([9.0, 0, 0, 9, 4, 4]),
            "is_capsule": True,
            "shape": np.array([0.0, 0, 1, 1, 0.5]),
            "half": 1.0,
            "budget": 1000,
            "picture": np.zeros((10, 12), np.float32),
            "threads": 2,
        },
    )
    yield (
        "nearest_leaves",
        ifs.nearest_leaves,
        {
            "maps": 2,
            "starts": np.array([0, 1, 3, 7]),
            "frames": 1 + RNG.random((7, 7)),
            "balls": RNG.random((7, 3)),
            "kind": "disk",
            "shape": np.array([0.0, 0, 1]),
            "points": RNG.random((6, 2)),
            "words": np.zeros(6, np.int64),
            "distances": np.zeros(6),
            "threads": 2,
        },
    )
    yield "multinomial", testing.Stream(1, 2).multinomial, {"n": 100, "tree": tree}
    yield "products", testing.products, {"field": (7, 0x83), "factor": 5}
    for kind in (np.float32, np.float64):
        yield from _of_torch(kind)
    yield from _of_fractals(systems, fields)


def _of_torch(kind: type) -> Named:
    name = kind.__name__
    points, values = (RNG.random((2, 5, size)).astype(kind) * 6 for size in (2, 3))
    gaussians = {
        "points": points,
        "values": values,
        "sigma": 1.5,
        "radius": 3.0,
        "images": np.zeros((2, 3, 6, 7), kind),
        "threads": 2,
    }
    yield f"splat of {name}", ifs.splat, gaussians
    yield (
        f"splat_gradient of {name}",
        ifs.splat_gradient,
        {
            **gaussians,
            "grad_points": points.copy(),
            "grad_values": values.copy(),
        },
    )
    orbit = {
        "matrices": RNG.random((2, 3, 2, 2)).astype(kind),
        "indices": RNG.integers(0, 3, (2, 2, 4)),
        "start": np.zeros((2, 2), kind),
        "points": np.zeros((2, 2, 4, 2), kind),
        "threads": 2,
    }
    offsets = np.zeros((2, 3, 2), kind)
    yield f"follow of {name}", ifs.follow, {**orbit, "offsets": offsets}
    yield (
        f"follow_back of {name}",
        ifs.follow_back,
        {
            **orbit,
            "gradients": np.ones((2, 2, 4, 2), kind),
            "grad_matrices": orbit["matrices"].copy(),
            "grad_offsets": offsets.copy(),
        },
    )


def _of_fractals(systems: dict[str, Any], fields: dict[str, Any]) -> Named:
    picture = RNG.integers(0, 256, (9, 9, 3), np.uint8)
    systems = {
        ("map_bounds" if name == "bounds" else name): value for name, value in systems.items()
    }
    yield (
        "paint_scenes",
        fractals.paint_scenes,
        {
            "seed": 3,
            "background_streams": np.array([5]),
            "decays": np.array([0.7]),
            "background_colors": RNG.random((1, 6)),
            "blurs": np.array([1.0]),
            "bounds": np.array([0, 2]),
            "streams": np.array([1, 2]),
            "places": np.array([(0, 1, 8), (-2, 3, 5)]),
            "windows": np.full((2, 4), 0.9),
            "turns": np.array([3, 6]),
            "patterns": np.array([16, 511]),
            "colors": RNG.random((2, 3)),
            "points": np.array([300, 200]),
            **systems,
            **fields,
            "out": np.zeros((1, 9, 9, 3), np.uint8),
        },
    )
    chosen = {
        "points": np.eye(6, dtype=np.uint8)[None].repeat(2, 0),
        "sources": np.array([1, 0, 1]),
        "patterns": np.array([1, 300, 511]),
        "flips": np.array([0, 1, 3]),
    }
    yield "stamp", fractals.stamp, {**chosen, "white": 255, "out": np.zeros((3, 6, 6), np.uint8)}
    yield (
        "stamp_colors",
        fractals.stamp_colors,
        {
            **chosen,
            "seed": 1,
            "streams": np.arange(3),
            "out": np.zeros((3, 6, 6, 3), np.uint8),
        },
    )
    yield "surface", testing.surface, {"seed": 1, "stream": 2, "decay": 0.5, "log2_side": 3}
    yield (
        "paint_surface",
        testing.paint_surface,
        {
            "heights": RNG.random((9, 9)).astype(np.float32),
            "colors": RNG.random(6),
            "picture": picture,
        },
    )
    counts = RNG.integers(0, 9, (7, 7), np.uint32)
    yield (
        "count_stamps",
        testing.count_stamps,
        {
            "cells": counts,
            "pattern": 300,
            "out": np.zeros((5, 5), np.uint32),
        },
    )
    yield (
        "paste",
        testing.paste,
        {
            "stamps": counts,
            "place": np.array([-2, 4, 7]),
            "turn": 5,
            "color": np.array([0.2, 1, 0.9]),
            "picture": picture,
        },
    )
    yield "blur", testing.blur, {"picture": picture, "sigma": 1.0}
    yield "color_of", testing.color_of, {"hue": 0.3, "saturation": 1.0, "value": 0.5}
