"""Calls of what codes pictures: the range coder, collages, mosaics."""

from typing import Any

import numpy as np

from selfsame._native import coding, collage, mosaic, testing
from selfsame.collage.stream import initial_tables
from support.native_calls.call import Named

RNG = np.random.default_rng(0)


def of_coding() -> Named:
    slots = np.full(64, 1 << 31, np.uint32)
    weights = np.full((2, coding.MAX_INPUTS), 20000, np.int32)

    def encode(slots: Any, weights: Any, bit: Any, places: Any, set: Any) -> None:
        coder = testing.Encoder(slots, weights)
        coder.mixed(bit, places, set)
        coder.adaptive(bit, places[0])
        coder.plain(bit)
        coder.finished()

    def decode(slots: Any, weights: Any, data: Any, bit: Any, places: Any, set: Any) -> None:
        coder = testing.Decoder(slots, weights, data)
        coder.mixed(bit, places, set)
        coder.adaptive(bit, places[0])
        coder.plain(bit)

    common = {"slots": slots, "weights": weights, "bit": 1, "places": (1, 2, 3), "set": 1}
    yield "encode", encode, common
    yield "decode", decode, {"data": b"abc", **common}


def of_collages() -> Named:
    symbols = [RNG.integers(-3, 4, (1 + count + 2, 3, 4), np.int32) for count in (20, 5, 0)]
    tables = dict(zip(("slots", "weights"), initial_tables(), strict=True))
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


def of_mosaics() -> Named:
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
