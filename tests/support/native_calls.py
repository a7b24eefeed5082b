"""A valid call of every function of the compiled core, and what becomes of it when arguments are
replaced by what no caller of the package passes."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from selfsame._native import coding, collage, fractals, ifs, mosaic, pifs
from selfsame.collage.stream import initial_tables as collage_tables
from selfsame.pifs.stream import initial_tables as pifs_tables

WORK = {"points", "burn_in", "burn_ins", "n", "q"}
"""Amounts of work, which nobody limits: a call with 2^63 points is valid, and endless."""


class Call(NamedTuple):
    """A function and its arguments by name."""

    function: Callable[..., object]
    arguments: dict[str, Any]

    def __call__(self) -> object:
        """Call the function with copies of its arrays."""
        return self.function(
            **{name: _deep(np.array, value) for name, value in self.arguments.items()}
        )


def valid_calls() -> dict[str, Call]:
    """Return a small call of every function, by name."""
    calls = itertools.chain(_of_coding(), _of_pifs(), _of_collages(), _of_mosaics(), _of_systems())
    return {name: Call(function, arguments) for name, function, arguments in calls}


def hostile_calls(call: Call, count: int, seed: int) -> Iterator[Call]:
    """Yield copies of a call of which one or two arguments are others."""
    rng = random.Random(seed)
    names = sorted(call.arguments.keys() - WORK)
    for _ in range(count if names else 0):
        changed = {
            name: _hostile(call.arguments[name], rng)
            for name in rng.choices(names, k=rng.choice((1, 1, 2)))
        }
        yield Call(call.function, call.arguments | changed)


def _deep(change: Callable[[Any], Any], value: Any) -> Any:
    """Apply ``change`` to the arrays within a value; what kind of array they are is kept."""
    if isinstance(value, list | tuple):
        return type(value)(_deep(change, part) for part in value)
    if isinstance(value, np.ndarray) and value.flags.owndata and value.flags.writeable:
        return change(value)
    return value


def _hostile(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.03:
        return rng.choice((None, "x", b"", (), [], 1.5, object()))
    match value:
        case np.ndarray():
            return rng.choice((_filled, _filled, _filled, _shaped, _shaped, _laid_out))(value, rng)
        case bool():
            return rng.choice((not value, 2))
        case int():
            return rng.choice(
                (-(2**63), -(2**31), -1, 0, 1, value + 1, 2**31 - 1, 2**63 - 1, 2**64)
            )
        case float():
            return rng.choice((np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300, -1e-300))
        case bytes():
            return rng.randbytes(rng.choice((0, 1, 16, 300)))
        case str():
            return rng.choice(("", "x", value))
    parts = list(value)
    if parts and rng.random() < 0.8:
        at = rng.randrange(len(parts))
        parts[at] = _hostile(parts[at], rng)
    else:
        parts = parts * rng.choice((0, 2))
    return type(value)(parts)


def _filled(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Some numbers, or all, become extreme."""
    made = array.copy()
    if array.dtype.kind == "f":
        largest = float(np.finfo(array.dtype).max)
        extremes = [np.nan, np.inf, -np.inf, largest, -largest, 0, -1, 1e9]
    else:
        limits = np.iinfo(array.dtype)
        extremes = [limits.min, limits.max, limits.max - 1, 0, 1, 2, 99, limits.max // 2]
    where = np.random.default_rng(rng.randrange(1 << 30)).random(made.shape) < rng.choice(
        (0.02, 0.3, 1)
    )
    made[where] = rng.choice(extremes)
    if made.size:
        made.flat[rng.randrange(made.size)] = rng.choice(extremes)
    return made


def _shaped(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Another shape, another number of axes, nothing at all."""
    axis = rng.randrange(max(array.ndim, 1))
    empty = list(array.shape)
    empty[axis] = 0
    vast = [0, *[1 << 16] * (array.ndim - 1)]
    shapes = (
        lambda: array[..., None],
        lambda: array.reshape(-1),
        lambda: np.zeros(empty, array.dtype),
        lambda: np.zeros(vast, array.dtype),
        lambda: np.take(array, range(array.shape[axis] - 1), axis),
        lambda: np.concatenate([array, array], axis),
        lambda: array[:1],
    )
    return np.array(rng.choice(shapes)())


def _laid_out(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """The same numbers, but in another order in memory, of another type, or not to be written."""
    fixed = array.copy()
    fixed.flags.writeable = False
    bytes_ = np.zeros(array.nbytes + 1, np.uint8)
    shifted = np.frombuffer(bytes_, array.dtype, array.size, 1).reshape(array.shape)
    shifted[...] = array
    return rng.choice(
        (
            fixed,
            shifted,
            np.asfortranarray(array),
            array[::-1],
            array.T,
            array.astype(np.float64),
            array.astype(object),
            array.astype(array.dtype.newbyteorder()),
        )
    )


Named = Iterator[tuple[str, Callable[..., object], dict[str, Any]]]

RNG = np.random.default_rng(0)


def _of_coding() -> Named:
    slots = np.full(64, 1 << 31, np.uint32)
    weights = np.full((2, coding.MAX_INPUTS), 20000, np.int32)

    def encode(slots: Any, weights: Any, bit: Any, places: Any, set: Any) -> None:
        coder = coding.Encoder(slots, weights)
        coder.mixed(bit, places, set)
        coder.adaptive(bit, places[0])
        coder.plain(bit)
        coder.finished()

    def decode(slots: Any, weights: Any, data: Any, bit: Any, places: Any, set: Any) -> None:
        coder = coding.Decoder(slots, weights, data)
        coder.mixed(bit, places, set)
        coder.adaptive(bit, places[0])
        coder.plain(bit)

    common = {"slots": slots, "weights": weights, "bit": 1, "places": (1, 2, 3), "set": 1}
    yield "encode", encode, common
    yield "decode", decode, {"data": b"abc", **common}


def _of_pifs() -> Named:
    blocks = np.array([(y, x, 3, 3) for y in (0, 8) for x in (0, 8)], np.int32)
    maps = np.array([(1, 0, 0, 5, 4), (0,) * 5, (3, 8, 8, 1, -2), (2, 0, 0, 0, 1)], np.int32)
    levels = RNG.integers(-3, 4, (32, 32), np.int32)
    plane = RNG.normal(0, 40, (32, 32)).astype(np.float32)
    tables = dict(zip(("slots", "weights"), pifs_tables(), strict=True))
    slots = tables["slots"]
    small = {"blocks": blocks[:, :], "maps": maps, "threads": 2}
    luma = np.repeat(np.repeat(plane, 2, 0), 2, 1)
    quarters = np.array([(y, x, 4, 4) for y in (0, 16) for x in (0, 16)], np.int32)
    whole = {
        "plane": 0,
        "blocks": quarters,
        "maps": np.where(maps[:, :1] == 2, 0, maps),
        "threads": 2,
    }

    def written(
        shapes: Any,
        rows: Any,
        slots: Any,
        weights: Any,
        coefficients: Any,
        price: Any,
        last: Any,
        levels: Any,
        **arguments: Any,
    ) -> None:
        writer = pifs.Writer(shapes, rows, slots, weights)
        writer.keep()
        writer.choose(coefficients=coefficients, price=price, last=last, **arguments)
        writer.back()
        writer.write(levels=levels, **arguments)
        writer.finished()

    yield (
        "write",
        written,
        {
            "shapes": [(32, 32)],
            "rows": 128,
            **tables,
            "coefficients": plane / 9,
            "price": 0.1,
            "last": 900,
            "levels": levels,
            **whole,
        },
    )
    yield (
        "read_planes",
        pifs.read_planes,
        {
            "streams": [b"\x31\x07 some bytes of a picture"] * 2,
            "shapes": [(256, 16), (128, 8), (128, 8)],
            "rows": 128,
            **tables,
            "threads": 2,
        },
    )
    yield (
        "inverse_dct",
        pifs.inverse_dct,
        {
            "levels": levels,
            "blocks": blocks,
            "step": 8.0,
            "scale": 2,
            "threads": 2,
        },
    )
    yield (
        "iterate",
        pifs.iterate,
        {
            "x": plane.copy(),
            "scale": 1,
            "luma": luma,
            "start": plane,
            "count": 2,
            **small,
        },
    )
    yield (
        "subtract_maps",
        pifs.subtract_maps,
        {
            "residual": plane.copy(),
            "x": plane,
            "luma": luma,
            **small,
        },
    )
    yield (
        "deblock",
        pifs.deblock,
        {
            "x": plane.copy(),
            "levels": levels,
            "step": 8.0,
            "strength": 4,
            "scale": 1,
            **small,
        },
    )
    candidates = [
        (3, np.full((4, 4, 5), (1, 0, 0, 0, 0), np.int32)),
        (4, np.array([[[4, 0, 0, 0, 0]]], np.int32)),
    ]
    price = {"slots": slots, "chroma": 1, "inverse_step": 0.1, "bit_price": 0.1, "last": 4000}
    yield (
        "partition",
        pifs.partition,
        {
            "pixels": plane,
            "reference": plane,
            "luma": luma,
            "candidates": candidates,
            **price,
            "threads": 2,
            "shapes": 2**25 - 1,
        },
    )
    yield (
        "transform_blocks",
        pifs.transform_blocks,
        {
            "x": plane.copy(),
            "blocks": blocks,
            "factor": 0.1,
            "threads": 2,
        },
    )
    yield "settle", pifs.settle, {"x": plane.copy(), "luma": luma, **small}
    yield (
        "near_maps",
        pifs.near_maps,
        {
            "ranges": plane,
            "domains": plane,
            "log2": 3,
            "reach": 6,
            "bit_price": 0.1,
            "threads": 2,
        },
    )
    four = {"blocks": quarters, "maps": np.where(maps[:, :1] == 2, 0, maps)}
    yield "tiles", pifs.tiles, {"blocks": quarters, "height": 32, "width": 32}
    yield "contraction_bounds", pifs.contraction_bounds, {**four, "height": 32, "width": 32}
    yield "contractive_maps", pifs.contractive_maps, {**four, "height": 32, "width": 32}
    view = {
        "planes": [(levels, quarters, four["maps"], 8.0, 30, 31)],
        "half_chroma": False,
        "deblock": 4,
        "region": (3, 1, 20, 30),
        "samples": 2,
        "is_whole_scale": False,
        "iterations": 2,
    }
    yield (
        "decode_picture",
        pifs.decode,
        {
            **view,
            "alpha": np.full((30, 31), 9, np.uint8),
            "starts": [plane],
            "out": np.zeros((20, 9, 2), np.float32),
            "threads": 2,
        },
    )
    yield "bands_seen", pifs.bands_seen, {**view, "size": (9, 20), "rows": 128}
    yield (
        "block_costs",
        pifs.block_costs,
        {"pixels": plane, "log2_height": 3, "log2_width": 2, **price},
    )
    ones = np.ones(5, np.float32)
    yield (
        "keep_best",
        pifs.keep_best,
        {
            "products": RNG.normal(size=(4, 6, 5)).astype(np.float32),
            "start": 7,
            "reach": ones,
            "penalty": ones,
            "corners": RNG.integers(0, 9, (5, 2), np.int32),
            "ranges": RNG.integers(0, 9, (3, 2), np.int32),
            "apart": 2,
            "gains": np.zeros((3, 2), np.float32),
            "found": np.zeros((3, 2), np.int32),
        },
    )
    orders = np.stack([np.arange(64), np.arange(64)[::-1]]).astype(np.int32)
    yield (
        "measure",
        pifs.measure,
        {
            "ranges": plane,
            "domains": plane,
            "side": 8,
            "contraction": 2,
            "max_scale": 1.5,
            "flat": 0.1,
            "own": np.array([(0, 0), (8, 8)], np.int32),
            "corners": np.array([[(0, 0)], [(-1, 4)]], np.int32),
            "orders": orders,
            "turn": np.zeros((2, 1), np.int32),
            "scale": np.zeros((2, 1), np.float32),
            "gain": np.zeros((2, 1), np.float32),
        },
    )


def _of_collages() -> Named:
    symbols = [RNG.integers(-3, 4, (1 + count + 2, 3, 4), np.int32) for count in (20, 5, 0)]
    tables = dict(zip(("slots", "weights"), collage_tables(), strict=True))
    common = {"domains": 2, "step": 128, **tables}
    yield (
        "read_symbols",
        collage.read_symbols,
        {
            "data": bytes(range(90)),
            "shapes": [part.shape for part in symbols],
            **common,
        },
    )
    yield "write_symbols", collage.write_symbols, {"symbols": symbols, **common}
    yield "learned", collage.learned, {"symbols": symbols, **common}


def _of_mosaics() -> Named:
    layout = {"grid": 2, "levels": 1, "tint": 200}
    yield "read_patches", mosaic.read_patches, {"data": bytes(range(200)), **layout, "channels": 3}
    cells = np.array(
        [(0, 0, 0), (0, 0, 1), (1, 2, 0), (1, 2, 1), (1, 3, 0), (1, 3, 1), (0, 1, 1)], np.int32
    )
    n, isometries = len(cells), np.arange(7, dtype=np.uint8)
    yield (
        "write_patches",
        mosaic.write_patches,
        {
            **layout,
            "cells": cells,
            "isometries": isometries,
            "contrasts": np.full(n, 90, np.uint8),
            "means": RNG.integers(0, 256, (n, 3), np.uint8),
            "slopes": RNG.integers(-9, 9, (n, 3, 2), np.int8),
        },
    )
    yield (
        "paint",
        mosaic.paint,
        {
            "band": np.zeros((12, 20, 3), np.uint8),
            "first": 4,
            "corners": np.array([(0, 0), (9, 7)]),
            "isometries": isometries[4:6],
            "base": RNG.normal(100, 50, (2, 3, 3)).astype(np.float32),
            "maps": RNG.normal(0, 0.3, (2, 3, 3)).astype(np.float32),
            "copy": RNG.integers(0, 256, (8, 10, 3), np.uint8),
            "threads": 2,
        },
    )
    yield (
        "view",
        mosaic.view,
        {
            "frame": np.zeros((5, 4, 3), np.uint8),
            "left": 0.2,
            "top": 0.1,
            "extent": 0.01,
            "gate": 1,
            "patch_map": np.array([[0, 1], [2, 3]], np.int32),
            "rects": np.array([(y, x, y + 0.5, x + 0.5) for y in (0, 0.5) for x in (0, 0.5)]),
            "isometries": isometries[:4],
            "base": RNG.random((5, 3, 3)),
            "maps": RNG.random((5, 3, 3)),
            "stored": RNG.random((5, 3)).astype(np.float32),
            "levels": np.array([(0, 2, 2), (4, 1, 1)]),
            "samples": 2,
            "threads": 2,
        },
    )


def _of_systems() -> Named:
    tree = np.array([0, 2**63], np.uint64)
    maps = np.array([(0.5, 0, 0, 0.5, 0, 0), (0.5, 0.1, 0, 0.5, 4, 4)])
    floats = maps.astype(np.float32)
    fields = {"field": (9, 0x211), "ancestors": (7, 0x83)}
    none = (np.zeros((0, 6), np.float32), np.ones(1, np.uint64))
    stream = {"seed": 3, "share": 1}
    game = {"burn_in": 20, **fields, "game": (floats, tree), "words": none}
    for kind in (np.uint8, np.uint32):
        yield (
            f"plot_share of {kind.__name__}",
            ifs.plot_share,
            {
                **stream,
                "points": 700,
                "start": (1.0, 2.0),
                **game,
                "width": 9,
                "height": 8,
                "out": np.zeros(110, kind),
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
            "out": np.zeros((600, 3), np.float32),
        },
    )
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
    yield "multinomial", ifs.Stream(1, 2).multinomial, {"n": 100, "tree": tree}
    yield "products", ifs.products, {"field": (7, 0x83), "factor": 5}
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
    yield "surface", fractals.surface, {"seed": 1, "stream": 2, "decay": 0.5, "log2_side": 3}
    yield (
        "paint_surface",
        fractals.paint_surface,
        {
            "heights": RNG.random((9, 9)).astype(np.float32),
            "colors": RNG.random(6),
            "picture": picture,
        },
    )
    counts = RNG.integers(0, 9, (7, 7), np.uint32)
    yield (
        "count_stamps",
        fractals.count_stamps,
        {
            "cells": counts,
            "pattern": 300,
            "out": np.zeros((5, 5), np.uint32),
        },
    )
    yield (
        "paste",
        fractals.paste,
        {
            "stamps": counts,
            "place": np.array([-2, 4, 7]),
            "turn": 5,
            "color": np.array([0.2, 1, 0.9]),
            "picture": picture,
        },
    )
    yield "blur", fractals.blur, {"picture": picture, "sigma": 1.0}
    yield "color_of", fractals.color_of, {"hue": 0.3, "saturation": 1.0, "value": 0.5}
