"""The collage operator by itself: steps from different starts, loss and bound, range size, cost.

    python -m benchmarks.collage.operator --data KODAK

Pictures are cut to their middle square and averaged down; their collages are found by gradient
descent on the numbers themselves, without a network. Writes collage_operator.json and four plots:
collage_steps.png, collage_bounds.png, collage_ranges.png, collage_cost.png.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks import harness
from benchmarks.codec.photos import add_picture_options, load_photos
from benchmarks.collage import operator_plots as plots
from benchmarks.harness.processes import in_new_process, peak_mib, resident_mib
from benchmarks.harness.types import Row
from selfsame.collage.operator.functional import (
    CollageParameters,
    collage_loss,
    collage_step,
    contraction_factor,
    domain_blocks,
    mix_shared,
)
from selfsame.collage.operator.geometry import Geometry
from selfsame.collage.operator.module import CollageOperator, solve
from selfsame.collage.operator.resampling import area_resize
from selfsame.metrics.pictures import psnr_db
from selfsame.run.device import resolve_device

RANGES = (4, 8, 16, 32)
STEPS = (0, 1, 2, 3, 4, 6)
"""Applications after which pictures are shown; errors are given for all up to ``LAST_STEP``."""

LAST_STEP = 20
COSINES = 8
"""Auxiliary blocks of the variants that have them."""

LEARNING_RATE = 0.03
RANDOM_OPERATORS = 200
COST_RANGE, COST_CHANNELS = 8, 3


class Scale(NamedTuple):
    """How large a run is: side of the pictures, steps of descent, sides for memory and time."""

    side: int
    descent: int
    cost_sides: tuple[int, ...]


FULL, QUICK = Scale(128, 1500, (64, 128, 256, 512, 1024)), Scale(64, 60, (64, 128))


def squares(options: argparse.Namespace, side: int) -> dict[str, Tensor]:
    """Return the middle square of every picture by name, (1, 3, side, side), averaged down."""
    result = {}
    for photo in load_photos(options):
        height, width = photo.rgb.shape[:2]
        cut = min(height, width)
        top, left = (height - cut) // 2, (width - cut) // 2
        square = photo.rgb[top : top + cut, left : left + cut].astype(np.float32) / 255
        x = torch.from_numpy(square).permute(2, 0, 1)[None]
        result[photo.name] = area_resize(x, (side, side))
    return result


def quadtree(side: int, range_side: int, depths: int = 2) -> Geometry:
    """Return shared square domains of a half of the side, a quarter ..., larger than a range."""
    sides = [side >> d for d in range(1, depths + 1)]
    return Geometry((range_side,) * 2, tuple((s, s) for s in sides if s > range_side))


def descend(
    operator: CollageOperator,
    target: Tensor,
    steps: int,
    loss: Callable[..., Tensor] = collage_loss,
    observe: Callable[[int, CollageParameters], None] | None = None,
) -> CollageParameters:
    """Return a collage of a picture, found by Adam with a cosine schedule on its raw numbers."""
    size = (target.shape[2], target.shape[3])
    grid = operator.geometry.grid(*size)
    count = operator.parameter_count_per_range(*size)
    raw = torch.nn.Parameter(torch.zeros(1, count, *grid))
    learned = [raw, *(p for p in operator.parameters() if p.requires_grad)]
    optimizer = torch.optim.Adam(learned, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        params = operator.parameters_from(raw)
        if observe is not None:
            observe(step, detached(params))
        optimizer.zero_grad()
        loss(target, params, operator.geometry).backward()
        optimizer.step()
        schedule.step()
    return detached(operator.parameters_from(raw))


def decode_loss(target: Tensor, params: CollageParameters, geometry: Geometry) -> Tensor:
    """Return the mean squared difference between targets and what is decoded."""
    return (solve(params, geometry, target.shape[2:]) - target).square().mean()


def detached(params: CollageParameters) -> CollageParameters:
    """Return the same numbers without their history."""
    return CollageParameters(*(None if t is None else t.detach() for t in params))


def random_collages(
    side: int, count: int, seed: int
) -> Iterator[tuple[Geometry, CollageParameters]]:
    """Yield collages of any contraction factor; weights of one sign or of both, biases of any size.

    Weights of one sign and small biases come near the bound, the others stay far below it.
    """
    generator = torch.Generator().manual_seed(seed)
    geometry = quadtree(side, 8)
    for index in range(count):
        spread, bound = torch.rand(2, generator=generator).tolist()
        operator = CollageOperator(geometry, bound=0.05 + 0.93 * bound)
        shape = (1, operator.parameter_count_per_range(side, side), *geometry.grid(side, side))
        params = operator.parameters_from(torch.randn(shape, generator=generator))
        weights = params.weights.abs() if index % 2 else params.weights
        yield geometry, params._replace(weights=weights, bias=params.bias * 10 ** (-3 * spread))


def measure_steps(pictures: dict[str, Tensor], scale: Scale, seed: int) -> tuple[Row, Any]:
    """Return the greatest errors of iterates from three starts, and the pictures to show."""
    target, *others = pictures.values()
    operator = CollageOperator(quadtree(scale.side, 4), bound=0.9)
    params = descend(operator, target, scale.descent)
    limit = solve(params, operator.geometry, target.shape[2:], tolerance=1e-6)
    generator = torch.Generator().manual_seed(seed)
    starts = {
        "black": torch.zeros_like(target),
        "noise": torch.rand(target.shape, generator=generator),
        "another picture": others[0] if others else target.flip(3),
    }
    errors, shown = {}, {}
    for name, x in starts.items():
        kept, own = [], []
        for step in range(LAST_STEP + 1):
            own.append(float((x - limit).abs().max()))
            if step in STEPS:
                kept.append(as_array(x))
            x = collage_step(x, params, operator.geometry)
        errors[name], shown[name] = own, kept
    factor = float(contraction_factor(params.weights))
    row = {
        "max_error_by_step": errors,
        "contraction_factor": factor,
        "decoded_psnr_db": psnr_db(as_array(target), as_array(limit)),
    }
    return row, shown


def errors_of(target: Tensor, params: CollageParameters, geometry: Geometry) -> Row:
    """Return the collage error, the decoding error and the bound on it, greatest and r.m.s."""
    with torch.no_grad():
        change = collage_step(target, params, geometry) - target
        error = solve(params, geometry, target.shape[2:], tolerance=1e-6) - target
    factor = float(contraction_factor(params.weights).max())
    row: Row = {"contraction_factor": factor}
    for name, of in (("max", lambda x: x.abs().max()), ("rms", lambda x: x.square().mean().sqrt())):
        row |= {f"collage_{name}": float(of(change)), f"decode_{name}": float(of(error))}
        row[f"bound_{name}"] = row[f"collage_{name}"] / (1 - factor)
    return row


def measure_bounds(target: Tensor, scale: Scale, seed: int) -> Row:
    """Return collage and decoding errors of random operators, and along two descents."""
    geometry = quadtree(scale.side, 8)
    count = RANDOM_OPERATORS // 10 if scale is QUICK else RANDOM_OPERATORS
    scattered = [errors_of(target, p, g) for g, p in random_collages(scale.side, count, seed)]
    paths: dict[str, list[Row]] = {}
    every = max(1, scale.descent // 40)
    for name, loss in (("collage loss", collage_loss), ("decode loss", decode_loss)):
        path = paths.setdefault(name, [])

        def observe(step: int, params: CollageParameters, path: list[Row] = path) -> None:
            if step % every == 0:
                path.append({"step": step, **errors_of(target, params, geometry)})

        descend(CollageOperator(geometry, aux_blocks=COSINES), target, scale.descent, loss, observe)
    everything = [*scattered, *(row for path in paths.values() for row in path)]
    return {
        "random_operators": scattered,
        "descents": paths,
        "bound_kept_max": all(r["decode_max"] <= r["bound_max"] + 1e-5 for r in everything),
        "bound_kept_rms": all(r["decode_rms"] <= r["bound_rms"] + 1e-5 for r in everything),
    }


def variants(side: int, range_side: int) -> Iterator[tuple[str, CollageOperator]]:
    """Yield name and operator of each kind of collage that range sizes are tried on."""
    shared = quadtree(side, range_side)
    local = Geometry(
        (range_side,) * 2,
        ((2 * range_side,) * 2, (4 * range_side,) * 2),
        overlap=range_side // 2,
        local=True,
    )
    turned = Geometry(shared.range_size, shared.domain_sizes[:1], tuple(range(8)))
    for name, geometry, cosines in (
        ("domains of 1/2, 1/4", shared, 0),
        ("domains of 1/2, 8 isometries", turned, 0),
        ("domains of 1/2, 1/4, cosines", shared, COSINES),
        ("local domains, overlap, cosines", local, COSINES),
    ):
        operator = CollageOperator(geometry, aux_blocks=cosines)
        # Cosines are known to the decoder; learned on a picture, they would have to be sent.
        operator.requires_grad_(False)
        yield name, operator


def measure_ranges(pictures: dict[str, Tensor], scale: Scale) -> list[Row]:
    """Return the quality and the count of numbers by picture, variant and size of the ranges."""
    rows = []
    for picture, target in pictures.items():
        for range_side in [r for r in RANGES if r < scale.side // 2]:
            for variant, operator in variants(scale.side, range_side):
                params = descend(operator, target, scale.descent)
                size = (scale.side, scale.side)
                decoded = solve(params, operator.geometry, size)
                numbers = operator.geometry.range_count(*size)
                numbers *= operator.parameter_count_per_range(*size)
                rows.append(
                    {
                        "picture": picture,
                        "variant": variant,
                        "range": range_side,
                        "numbers": numbers,
                        "numbers_per_value": numbers / target.numel(),
                        "psnr_db": psnr_db(as_array(target), as_array(decoded)),
                    }
                )
                harness.say(f"{picture} {variant}, range {range_side}: {rows[-1]['psnr_db']:.2f}")
    return rows


def materialised_step(x: Tensor, weights: Tensor, geometry: Geometry) -> Tensor:
    """Return ``domain_term`` with the domains repeated for every range, as the formula is written.

    Source: Poli et al. 2022, ``bcdrhw,bcdr->bcrhw``.
    """
    grid = geometry.grid(*x.shape[2:])
    repeated = domain_blocks(x, geometry)[:, :, :, None].repeat(1, 1, 1, weights.shape[3], 1)
    mixed = torch.einsum("bcdrp,bcdr->bcrp", repeated, weights)
    height, width = geometry.range_size
    tiles = mixed.unflatten(3, (height, width)).unflatten(2, grid)
    return tiles.permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(2, 3)


def fused_step(x: Tensor, weights: Tensor, geometry: Geometry) -> Tensor:
    """Return ``domain_term`` as the library computes it."""
    grid = geometry.grid(*x.shape[2:])
    return mix_shared(domain_blocks(x, geometry), weights, grid, geometry)


VERSIONS = {"materialised": materialised_step, "fused": fused_step}


def cost(version: str, side: int, threads: int | None, device_name: str) -> Row:
    """Return time and memory of one training step; to be called in a process of its own."""
    if threads:
        torch.set_num_threads(threads)
    device = resolve_device(device_name)
    step = VERSIONS[version]

    def train(side: int) -> Callable[[], None]:
        geometry = quadtree(side, COST_RANGE)
        domains, ranges = geometry.domain_count(side, side), geometry.range_count(side, side)
        shape = (1, COST_CHANNELS, domains, ranges)
        weights = torch.full(shape, 0.9 / domains, device=device, requires_grad=True)
        x = torch.rand(1, COST_CHANNELS, side, side, device=device)

        def work() -> None:
            weights.grad = None
            (step(x, weights, geometry) - x).square().mean().backward()

        return work

    train(32)()  # what libraries allocate once
    work = train(side)
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device) / 2**20 if cuda else resident_mib()
    work()
    peak = torch.cuda.max_memory_allocated(device) / 2**20 if cuda else peak_mib()
    synchronise = (lambda: torch.cuda.synchronize(device)) if cuda else None
    timing = harness.measure(work, runs=5, synchronise=synchronise)
    return {"peak_mib": peak - before, "median_ms": 1e3 * timing.median_s}


def roofline(version: str, side: int) -> Row:
    """Return the arithmetic of mixing the domains forward: flops, bytes moved, their ratio."""
    geometry = quadtree(side, COST_RANGE)
    domains, ranges = geometry.domain_count(side, side), geometry.range_count(side, side)
    pixels = COST_RANGE**2
    flops = 2 * COST_CHANNELS * domains * ranges * pixels
    values = COST_CHANNELS * (domains * pixels + ranges * pixels + domains * ranges)
    if version == "materialised":
        values += 2 * COST_CHANNELS * domains * ranges * pixels  # written, then read
    return {"flops": flops, "bytes": 4 * values, "flops_per_byte": flops / (4 * values)}


def measure_cost(scale: Scale, threads: int | None, device: str) -> list[Row]:
    """Return time, peak memory and arithmetic of a training step by version and range count."""
    rows = []
    for side in scale.cost_sides:
        for version in VERSIONS:
            measured = in_new_process(cost, version, side, threads, device)
            ranges = (side // COST_RANGE) ** 2
            own = {"version": version, "side": side, "ranges": ranges}
            rows.append(own | measured | roofline(version, side))
            harness.say(f"{version} {ranges} ranges: {measured['peak_mib']:.0f} MiB")
    return rows


def as_array(x: Tensor) -> Any:
    """Return the first picture of a batch as (H, W, 3), clipped to [0, 1]."""
    return x[0].detach().clamp(0, 1).permute(1, 2, 0).numpy()


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument("--device", default="cpu", help="of memory and time: cpu, cuda, auto")
    options = parser.parse_args()
    options.pictures = options.pictures or (2 if options.quick else None)
    if options.threads:
        torch.set_num_threads(options.threads)
    scale = QUICK if options.quick else FULL
    pictures = squares(options, scale.side)
    steps, shown = measure_steps(pictures, scale, options.seed)
    bounds = measure_bounds(next(iter(pictures.values())), scale, options.seed)
    ranges = measure_ranges(pictures, scale)
    costs = measure_cost(scale, options.threads, options.device)
    folder = harness.output_folder(options)
    if folder is not None:
        plots.plot_steps(folder / "collage_steps.png", shown, STEPS, steps)
        plots.plot_bounds(folder / "collage_bounds.png", bounds)
        plots.plot_ranges(folder / "collage_ranges.png", ranges)
        plots.plot_cost(folder / "collage_cost.png", costs)
    means = plots.mean_by_variant(ranges)
    results = {
        "pictures": list(pictures),
        "side": scale.side,
        "steps": steps,
        "bounds": bounds,
        "ranges": {"rows": ranges, "mean": means},
        "cost": {"device": str(resolve_device(options.device)), "rows": costs},
    }
    document = harness.record(
        "collage_operator",
        harness.plain(results),
        options,
        notes=[
            "pictures: middle squares averaged down; collages by Adam on their own raw numbers,"
            f" {scale.descent} steps on the collage loss where nothing else is said; no"
            " quantisation, no entropy coding",
            "bounds: the collage theorem holds in the maximum norm (bound_max); bound_rms is the"
            " same formula with root mean squares, for which it is no theorem",
            "ranges: numbers are weights and biases as many as the picture has; cosines are fixed",
            "cost: one step of the collage loss forward and backward, float32, ranges of"
            f" {COST_RANGE}, {COST_CHANNELS} channels with weights of their own, 20 shared domains;"
            " peak memory above that held before the step, each in a process of its own",
            "roofline: flops and bytes of mixing forward, every operand once from memory."
            " Repeated domains are written and read at 1/4 flop per byte at best, bound by memory"
            " on any machine; as a matrix product the ratio grows with the domains, and pooling,"
            " blending and the picture itself remain",
        ],
    )
    columns = ["variant", "range", "numbers_per_value", "psnr_db"]
    table = harness.markdown_table(means, columns) + "\n\n"
    columns = ["version", "ranges", "median_ms", "peak_mib", "flops_per_byte"]
    harness.publish(document, options, table + harness.markdown_table(costs, columns))


if __name__ == "__main__":
    harness.run(main)
