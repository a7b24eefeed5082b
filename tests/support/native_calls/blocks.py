"""Calls of what block codes are made and drawn by."""

from typing import Any

import numpy as np

from selfsame._native import pifs, testing
from selfsame.pifs.stream import initial_tables
from support.native_calls.call import Named

RNG = np.random.default_rng(0)


def of_blocks() -> Named:
    blocks = np.array([(y, x, 3, 3) for y in (0, 8) for x in (0, 8)], np.int32)
    maps = np.array([(1, 0, 0, 5, 4), (0,) * 5, (3, 8, 8, 1, -2), (2, 0, 0, 0, 1)], np.int32)
    levels = RNG.integers(-3, 4, (32, 32), np.int32)
    plane = RNG.normal(0, 40, (32, 32)).astype(np.float32)
    tables = dict(zip(("slots", "weights"), initial_tables(), strict=True))
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
        testing.iterate,
        {"x": plane.copy(), "scale": 1, "luma": luma, "start": plane, "count": 2, **small},
    )
    yield (
        "subtract_maps",
        pifs.subtract_maps,
        {"residual": plane.copy(), "x": plane, "luma": luma, **small},
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
    yield "contraction_bounds", testing.contraction_bounds, {**four, "height": 32, "width": 32}
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
        testing.block_costs,
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
