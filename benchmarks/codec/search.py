"""How fast domains are searched, beside the rate of matrix products, and the baseline preset.

    python -m benchmarks.codec.search [--quick] [--data PICTURES] [-o DIR]

Roofline: the best float32 rate of a large square product, of numpy's BLAS and of torch's, measured
in the same run, in turns with the searches. The full search of 8×8 ranges does, per pair of range
and domain, 8 isometries · 64 multiply-adds if taken plainly ("plain" operations); sorted by parity
of their cosines a quarter of that ("executed"). Its time includes making the pools and the final
measurement in pixels. "one isometry" is the same search with the identity alone, where plain and
executed are the same: one product of length 64 with its arg-max.

The baseline preset is measured against the figure of the Neural Collages code. ``--data`` takes a
picture or a folder; the middle 512×512 pixels are used.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness import markdown_table, measure, parser, publish, record, run
from selfsame.datasets import list_pictures
from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8
from selfsame.metrics.pictures import psnr_db
from selfsame.pifs.decoding.decode import decode
from selfsame.pifs.encoding.baseline import encode_baseline
from selfsame.pifs.search.blas import one_blas_thread
from selfsame.pifs.search.full import full_search, local_search

PUBLISHED = (
    {"source": "Neural Collages' PIFS baseline (JAX), run on a machine of this kind, CPU",
     "picture": "a crop of kodim23, 512x512", "ranges": 8, "domains": 32, "isometries": 1,
     "seconds": 235.0, "psnr_db": 28.5},
    {"source": "the same with its default rotations and mirror images, as decoded",
     "picture": "a crop of kodim23, 512x512", "ranges": 8, "domains": 32, "psnr_db": 13.0},
)  # fmt: skip

SIDE = 512
BLOCK = 8

LOCAL = ((8, 4, 96), (16, 8, 96), (32, 16, 96))
"""Block, step and radius of a search around superblocks."""

BASELINES: dict[str, dict[str, int]] = {
    "1 isometry": {"isometries": 1},
    "8 isometries": {},
    "8 isometries, domains every 8 pixels": {"domain_step": 8},
}


def square_rates(side: int, threads: int) -> dict[str, Callable[[], object]]:
    """Return the large square products of each library as work to measure."""
    a, b = np.random.default_rng(0).random((2, side, side), np.float32)
    out = np.empty_like(a)
    x, y, z = (torch.from_numpy(part) for part in (a, b, out))

    def numpy_product() -> None:
        if threads == 1:
            with one_blas_thread():
                np.matmul(a, b, out=out)
        else:
            np.matmul(a, b, out=out)

    def torch_product() -> None:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        torch.mm(x, y, out=z)
        torch.set_num_threads(before)

    return {"numpy": numpy_product, "torch": torch_product}


def tile_rate(options: argparse.Namespace) -> float:
    """Return the best rate, one thread, of products of length 64 that stay in cache, in GFLOP/s."""
    rng = np.random.default_rng(0)
    best = 0.0
    for rows, columns in ((128, 256), (256, 256), (256, 512), (512, 256)):
        a = rng.random((rows, 64), np.float32)
        b = rng.random((64, 16 * columns), np.float32)
        out = np.empty((rows, columns), np.float32)

        def work(
            a: np.ndarray = a, b: np.ndarray = b, out: np.ndarray = out, columns: int = columns
        ) -> None:
            for start in range(0, b.shape[1], columns):
                np.matmul(a, b[:, start : start + columns], out=out)

        with one_blas_thread():
            seconds = measure(work, runs=3 if options.quick else 15).min_s
        best = max(best, 2 * rows * b.shape[0] * b.shape[1] / seconds / 1e9)
    return best


def full_searches(plane: np.ndarray, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row for each step, number of threads and set of isometries."""
    side = 512 if options.quick else 2048
    threads = sorted({1, options.threads or 2})
    steps = (8,) if options.quick else (4, 1)
    rows = []
    for step in steps:
        domains = len(range(0, plane.shape[0] - 2 * BLOCK + 1, step)) * len(
            range(0, plane.shape[1] - 2 * BLOCK + 1, step)
        )
        pairs = domains * (plane.shape[0] // BLOCK) * (plane.shape[1] // BLOCK)
        for count in threads:
            products = square_rates(side, count)
            for name, isometries in (("all", range(8)), ("one isometry", (0,))):
                plain = 2 * BLOCK**2 * len(isometries) * pairs
                executed = plain / 4 if len(isometries) == 8 else plain

                def work(
                    step: int = step, isometries: Sequence[int] = isometries, count: int = count
                ) -> object:
                    return full_search(
                        plane, plane, BLOCK, step, isometries=isometries, threads=count
                    )

                seconds, rates = in_turns(work, products, 2 * side**3, options)
                ratios = [plain / s / 1e9 / r for s, r in zip(seconds, rates, strict=True)]
                time = statistics.median(seconds)
                rows.append(
                    {
                        "isometries": name,
                        "step": step,
                        "domains": domains,
                        "threads": count,
                        "seconds": time,
                        "ns a pair": time / pairs * 1e9,
                        "plain GFLOP/s": plain / time / 1e9,
                        "executed GFLOP/s": executed / time / 1e9,
                        "square product GFLOP/s": statistics.median(rates),
                        "plain share": statistics.median(ratios),
                        "executed share": statistics.median(ratios) * executed / plain,
                    }
                )
    return rows


def in_turns(
    work: Callable[[], object],
    products: dict[str, Callable[[], object]],
    operations: int,
    options: argparse.Namespace,
) -> tuple[list[float], list[float]]:
    """Return the seconds of each run of ``work``, and beside each the best rate in GFLOP/s of a
    product of so many operations, measured just before."""
    seconds, rates = [], []
    for index in range(2 if options.quick else 5):
        warm_up = 1 if index == 0 else 0
        fastest = min(
            measure(product, warm_up=warm_up, runs=2).min_s for product in products.values()
        )
        rates.append(operations / fastest / 1e9)
        seconds.append(measure(work, warm_up=warm_up, runs=1).median_s)
    return seconds, rates


def plain_or_by_parity(plane: np.ndarray, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row per size of block: all isometries as products of their own, and at once.

    Both find the same gains; the plain search goes over two halves of the isometries, since
    all eight together are what the fast path takes.
    """
    step = 16 if options.quick else 4
    rows = []
    for block in (8, 16, 32):

        def plain(block: int = block) -> np.ndarray:
            halves = (range(4), range(4, 8))
            found = [
                full_search(plane, plane, block, step, isometries=half, threads=1)
                for half in halves
            ]
            return np.maximum(found[0].gain, found[1].gain)

        def fast(block: int = block) -> np.ndarray:
            return full_search(plane, plane, block, step, threads=1).gain

        runs = 1 if options.quick else 5
        slow, quick = (measure(work, runs=runs).median_s for work in (plain, fast))
        difference = np.abs(plain() - fast()) / np.maximum(fast(), 1)
        rows.append(
            {
                "block": block,
                "step": step,
                "plain s": slow,
                "by parity s": quick,
                "ratio": slow / quick,
                "largest relative difference of gains": float(difference.max()),
            }
        )
    return rows


def local_searches(plane: np.ndarray, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row per size of block on 768×512 pixels."""
    wide = np.pad(plane, ((0, 0), (0, plane.shape[1] // 2)), mode="reflect")
    rows = []
    for block, step, radius in LOCAL:
        row: dict[str, Any] = {"block": block, "step": step, "radius": radius}
        for threads in sorted({1, options.threads or 2}):

            def work(
                block: int = block, step: int = step, radius: int = radius, threads: int = threads
            ) -> object:
                return local_search(wide, wide, block, step, radius, threads=threads)

            timing = measure(work, runs=2 if options.quick else 9)
            row[f"{threads} threads ms"] = timing.median_s * 1e3
        rows.append(row)
    return rows


def baselines(pictures: dict[str, np.ndarray], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row per picture and setting of the preset."""
    rows = []
    for name, picture in pictures.items():
        for label, settings in BASELINES.items():

            def work(picture: np.ndarray = picture, settings: dict[str, int] = settings) -> object:
                return encode_baseline(picture, **settings, threads=options.threads)

            timing = measure(work, runs=1 if options.quick else 5)
            code = encode_baseline(picture, **settings, threads=options.threads)
            rows.append(
                {
                    "picture": name,
                    "size": f"{picture.shape[1]}x{picture.shape[0]}",
                    "setting": label,
                    "seconds": timing.median_s,
                    "PSNR dB": psnr_db(decode(code), picture / 255),
                    "published s / ours": PUBLISHED[0]["seconds"] / timing.median_s,  # type: ignore[operator]
                }
            )
    return rows


def chosen_pictures(path: Path | None, side: int) -> dict[str, np.ndarray]:
    """Return the middle ``side`` × ``side`` pixels of each picture, bytes; by default photographs
    that come with scikit-image."""
    if path is None:
        from skimage import data

        found = {"astronaut": data.astronaut(), "camera": data.camera()}
    else:
        found = {named.name: to_uint8(named.read()) for named in list_pictures(path)}
    result = {}
    for name, picture in found.items():
        top, left = (max(0, (length - side) // 2) for length in picture.shape[:2])
        result[name] = np.ascontiguousarray(picture[top : top + side, left : left + side])
    if not result:
        raise InputError(f"no picture in {path}")
    return result


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__).parse_args(argv)
    pictures = chosen_pictures(options.data, 128 if options.quick else SIDE)
    first = next(iter(pictures.values()))
    grey = first if first.ndim == 2 else first[..., 1]
    plane = grey.astype(np.float32) - np.float32(128)
    results = {
        "tile_product_gflops": tile_rate(options),
        "full_search": full_searches(plane, options),
        "plain_or_by_parity": plain_or_by_parity(plane, options),
        "local_search": local_searches(plane, options),
        "baseline": baselines(pictures, options),
    }
    titles = {
        "full_search": f"Full search of {BLOCK}x{BLOCK} ranges, {grey.shape[1]}x{grey.shape[0]}:",
        "plain_or_by_parity": "All isometries one by one, and at once, one thread:",
        "local_search": f"Search around superblocks, {grey.shape[1] * 3 // 2}x{grey.shape[0]}:",
        "baseline": "The baseline preset, ranges 8, domains 32 (published: 235 s, 28.5 dB):",
    }
    parts = [
        f"Product of length 64 in cache, 1 thread: {results['tile_product_gflops']:.0f} GFLOP/s"
    ]
    for key, title in titles.items():
        parts += [title, markdown_table(results[key], list(results[key][0]))]
    notes = [
        "Shares are medians of the ratios to the square product measured just before each run.",
        "Published seconds are for another picture of the same size; time does not depend on it.",
    ]
    publish(
        record("search", results, options, published=PUBLISHED, notes=notes),
        options,
        "\n\n".join(parts),
    )


if __name__ == "__main__":
    run(main)
