"""``selfsame generate MODEL``: pictures that a model makes up, ways between them, codings."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.methods import Methods, check_only_one
from selfsame.cli.shared.options import (
    common_options,
    output_option,
    progress_bar,
    report,
    set_threads,
)
from selfsame.errors import InputError
from selfsame.io.files import check_writable
from selfsame.limits import MAX_PIXELS

if TYPE_CHECKING:
    from selfsame.cli.generate.plans import Plan
    from selfsame.io.grids import Bytes
    from selfsame.priors.vdvae.network import Vdvae

Writer = Callable[[list["Bytes"]], dict[str, Any]]
"""Writes pictures, and returns what to report of the files."""

DEFAULT_COUNT = 64
DEFAULT_CODED = 32
DEFAULT_ROWS = 8
DEFAULT_STOPS = 8
DEFAULT_STEPS = 10
DEFAULT_FRAMES = 16
MILLISECONDS = 60

MODES = ("interpolate", "animate", "reconstruct")
MADE_UP = "made-up pictures"
WAYS = Methods(
    {
        MADE_UP: ("draw_pixels", "columns", "gap", "separate", "temperature", "seed"),
        "--interpolate": ("source", "gap", "separate", "temperature", "seed"),
        "--animate": ("source", "temperature", "seed"),
        "--reconstruct": ("columns", "gap", "separate"),
    }
)
ENDS = Methods({MADE_UP: ("temperature", "seed"), "--from": ("source",)})
FORMS = Methods({"a grid": ("columns", "gap"), "--separate": ("separate",)})


@click.command("generate")
@click.argument("model")
@output_option
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 1_000_000),
    help=f"Pictures, or rows of --interpolate [default: {DEFAULT_COUNT}; --reconstruct: at most "
    f"{DEFAULT_CODED}; --interpolate: {DEFAULT_ROWS}; --animate: {DEFAULT_STOPS}].",
)
@click.option(
    "--scale",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Output pixels per pixel of the model.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(0),
    help="Below 1: fewer odd pictures, less variety [default: 1].",
)
@click.option("--columns", type=click.IntRange(1), help="Of the grid [default: about a square].")
@click.option(
    "--gap",
    type=click.IntRange(0, 1000),
    help="Pixels between the pictures of the grid [default: 0].",
)
@click.option(
    "--separate", is_flag=True, help="Write each picture as a .png into the folder OUTPUT."
)
@click.option(
    "--draw-pixels",
    is_flag=True,
    help="Draw each pixel from its distribution instead of taking the mean; at scale 1.",
)
@click.option(
    "--interpolate",
    type=click.IntRange(2, 10_000),
    is_flag=False,
    flag_value=DEFAULT_STEPS,
    metavar="[STEPS]",
    help=f"Rows of STEPS pictures from one to another [STEPS: {DEFAULT_STEPS}].",
)
@click.option(
    "--animate",
    type=click.IntRange(1, 10_000),
    is_flag=False,
    flag_value=DEFAULT_FRAMES,
    metavar="[FRAMES]",
    help="Write an endless walk from picture to picture, FRAMES from one to the next "
    f"[FRAMES: {DEFAULT_FRAMES}].",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="Walk between these pictures instead of made-up ones.",
)
@click.option(
    "--reconstruct",
    type=click.Path(path_type=Path),
    metavar="DATA",
    help="Code these pictures and decode them: rows of originals, each above its decoding.",
)
@common_options
def command(
    model: str,
    output: Path,
    seed: int,
    device: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
    **options: Any,
) -> None:
    """Make up pictures with MODEL, a model's name or its folder, and write them as one grid.

    Picture k of a seed does not depend on how many there are. DATA is an .npz, an idx file or a
    folder of pictures, the test pictures of it if it has any.
    """
    mode = _mode(options)
    begin = time.perf_counter()
    if not options["separate"]:
        inputs = [options[name] for name in ("source", "reconstruct") if options[name] is not None]
        check_writable(output, overwrite=overwrite, inputs=inputs)
    set_threads(threads)
    from selfsame.priors.generation import side_at
    from selfsame.priors.vdvae.network import Vdvae
    from selfsame.run.device import resolve_device

    loaded = Vdvae.from_pretrained(model).to(resolve_device(device))
    side = side_at(loaded, options["scale"])
    plan = _plan(loaded, mode, seed, options)
    show = _animation if mode == "animate" else _files if options["separate"] else _grid
    write = show(output, plan, side, options["gap"] or 0, overwrite)
    pictures: list[Bytes] = []
    with progress_bar(plan.count, "generate", quiet=quiet) as update:
        for made in plan.pictures():
            pictures += made
            update(len(made))
    written = write(pictures)
    seconds = time.perf_counter() - begin
    values = {
        "model": loaded.name,
        "mode": mode,
        "count": plan.count,
        "picture_size": [side, side],
        **written,
        "seconds": round(seconds, 4),
    }
    text = f"{output}: {plan.count} pictures of {side}x{side}, {seconds:.1f} s"
    report(values, as_json=as_json, quiet=quiet, text=text)


def _mode(options: dict[str, Any]) -> str:
    """Return one of ``MODES`` or ``samples``; options that would do nothing are wrong usage."""
    check_only_one(*MODES)
    mode = next((name for name in MODES if options[name] is not None), "samples")
    WAYS.check(MADE_UP if mode == "samples" else f"--{mode}")
    FORMS.check("--separate" if options["separate"] else "a grid")
    ENDS.check(MADE_UP if options["source"] is None else "--from")
    return mode


def _plan(model: "Vdvae", mode: str, seed: int, options: dict[str, Any]) -> "Plan":
    from selfsame.cli.generate import plans
    from selfsame.priors.generation import infer_noise

    count, scale = options["count"], options["scale"]
    temperature = 1.0 if options["temperature"] is None else options["temperature"]
    if mode == "samples":
        return plans.samples(
            model,
            count or DEFAULT_COUNT,
            columns=options["columns"],
            seed=seed,
            temperature=temperature,
            scale=scale,
            draw_pixels=options["draw_pixels"],
        )
    if mode == "reconstruct":
        data = plans.read_originals(model, options["reconstruct"], count, DEFAULT_CODED)
        if options["separate"]:
            return plans.decodings(model, data, scale=scale)
        return plans.codings(model, data, options["columns"], scale=scale)
    per_count, default = (2, DEFAULT_ROWS) if mode == "interpolate" else (1, DEFAULT_STOPS)
    wanted = None if count is None else per_count * count
    if options["source"] is None:
        ends = plans.made_up_noise(
            model, wanted or per_count * default, seed=seed, temperature=temperature
        )
    else:
        data = plans.read_originals(model, options["source"], wanted, per_count * default)
        ends = infer_noise(model, data)
    make = plans.rows if mode == "interpolate" else plans.walk
    return make(model, ends, options[mode], scale=scale)


def _grid(output: Path, plan: "Plan", side: int, gap: int, overwrite: bool) -> Writer:
    """Return what writes one picture; what would fail, fails now."""
    from selfsame.io.grids import grid, grid_size
    from selfsame.io.pictures import check_picture_suffix, write_picture

    check_picture_suffix(output)
    height, width = grid_size(plan.count, plan.columns, (side, side), gap)

    def write(pictures: list["Bytes"]) -> dict[str, Any]:
        write_picture(output, grid(pictures, plan.columns, gap), overwrite=overwrite)
        return {"output": output, "columns": plan.columns, "size": [width, height]}

    return write


def _files(output: Path, plan: "Plan", side: int, gap: int, overwrite: bool) -> Writer:
    """Return what writes every picture to a file of its own; what would fail, fails now."""
    from selfsame.io.files import make_folder
    from selfsame.io.pictures import write_picture

    _check_pixels(plan, side)
    make_folder(output, "--separate needs a folder")
    digits = max(5, len(str(plan.count - 1)))
    paths = [output / f"{number:0{digits}d}.png" for number in range(plan.count)]
    for path in paths:
        check_writable(path, overwrite=overwrite)

    def write(pictures: list["Bytes"]) -> dict[str, Any]:
        for path, picture in zip(paths, pictures, strict=True):
            write_picture(path, picture, overwrite=overwrite)
        return {"outputs": paths}

    return write


def _animation(output: Path, plan: "Plan", side: int, gap: int, overwrite: bool) -> Writer:
    """Return what writes an animation that has no end; what would fail, fails now."""
    from selfsame.io.pictures import check_animation_suffix, write_animation

    check_animation_suffix(output)
    _check_pixels(plan, side)

    def write(pictures: list["Bytes"]) -> dict[str, Any]:
        write_animation(
            output,
            pictures,
            milliseconds=MILLISECONDS,
            hold_last=MILLISECONDS,
            overwrite=overwrite,
        )
        return {"output": output, "size": [side, side]}

    return write


def _check_pixels(plan: "Plan", side: int) -> None:
    """Raise ``InputError`` if the pictures are too many to be held in memory."""

    if plan.count * side**2 > MAX_PIXELS:
        raise InputError(
            f"{plan.count} pictures of {side}x{side} are more than {MAX_PIXELS} pixels; make fewer "
            "or smaller ones"
        )
