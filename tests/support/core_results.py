"""What the compiled core computes, as digests. All functions of ``native/`` that are compiled for
several instruction sets have their part in it.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from selfsame import decode, load
from selfsame._native import ifs, pifs
from selfsame.codes.store import pack
from selfsame.ifs.code import Viewport
from selfsame.ifs.render.batch import MODES, render_batch
from selfsame.ifs.render.histogram import count_points, set_cells, sum_colors
from selfsame.ifs.render.pictures import render
from selfsame.ifs.render.points import sample_colored_points, sample_points
from selfsame.ifs.samples.library import classic
from selfsame.ifs.samples.random import sample_anderson_farrell
from selfsame.pifs.decoding.decode import decode_bytes
from selfsame.pifs.encoding.encode import encode
from selfsame.pifs.search.full import full_search
from support.fractal_recipes import small
from support.golden_pifs import SYMBOLS
from support.random_codes import random_code
from support.random_mosaics import random_code as random_mosaic

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"

Results = Iterable[np.ndarray | bytes]


def smooth_noise(seed: int, *shape: int) -> np.ndarray:
    """Bytes with structure in which maps are found."""
    heights = np.random.default_rng(seed).normal(size=shape).cumsum(axis=0).cumsum(axis=1)
    heights -= heights.min()
    return (heights / heights.max() * 255).astype(np.uint8)


def written() -> Results:
    yield pack(encode(smooth_noise(1, 77, 130, 3), quality=60))
    yield pack(encode(smooth_noise(2, 64, 96), quality=30, mode="pure"))


def searched() -> Results:
    plane = smooth_noise(3, 64, 64).astype(np.float32)
    yield pifs.near_maps(plane, plane, 3, 12, 0.1, 2)
    for isometries in (range(8), range(1)):
        yield from vars(full_search(plane, plane, 8, 2, isometries=isometries, keep=2)).values()


def decoded() -> Results:
    codes = [load(GOLDEN / f"{name}.ssm") for name in SYMBOLS]
    codes += [random_code(1, 150, 90), random_code(2, 150, 90, 3, half_chroma=True)]
    for code in codes:
        yield decode(code)
        yield decode(code, scale=2)
        yield decode_bytes(code)
    yield decode(random_mosaic(), scale=3)


def histograms() -> Results:
    for name, view in (
        ("maple-leaf", (-3.0, -2.0, 2.0, 3.0)),
        ("tree", (0.1, 0.1, 0.15, 0.15)),
        ("vicsek", (0.0, 0.0, 1.0, 1.0)),
    ):
        where = Viewport(*view), (81, 81), 50_000
        yield count_points(classic(name), *where)
        yield set_cells(classic(name), *where)
        yield from sum_colors(classic(name), *where)


def points() -> Results:
    for name in ("barnsley-fern", "fern-3d"):
        yield sample_points(classic(name), 5000)
        yield from sample_colored_points(classic(name), 5000)
    yield render(classic("menger-sponge"), (50, 50))


def batches() -> Results:
    systems = sample_anderson_farrell(8, seed=1)
    for mode in MODES:
        yield render_batch(systems, (64, 64), 20_000, mode=mode)
    yield small("multifractal").pictures(range(6))


def splats() -> Results:
    rng = np.random.default_rng(4)
    for kind in (np.float32, np.float64):
        places = rng.uniform(-2, 22, (2, 200, 2)).astype(kind)
        values = rng.normal(size=(2, 200, 3)).astype(kind)
        images, of_places, of_values = np.zeros((2, 3, 20, 20), kind), 0 * places, 0 * values
        ifs.splat(places, values, 0.8, 3.0, images, 1)
        ifs.splat_gradient(places, values, 0.8, 3.0, images, of_places, of_values, 1)
        yield from (images, of_places, of_values)


WORKS = (written, searched, decoded, histograms, points, batches, splats)


def digests() -> dict[str, str]:
    """The SHA-256 of what each of the works gives."""
    return {work.__name__: _digest(work()) for work in WORKS}


def _digest(results: Results) -> str:
    total = hashlib.sha256()
    for result in results:
        total.update(result if isinstance(result, bytes) else np.ascontiguousarray(result))
    return total.hexdigest()
