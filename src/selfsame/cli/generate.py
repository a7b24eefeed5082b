"""``selfsame generate MODEL``: pictures that a model makes up, ways between them, codings."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from selfsame.cli.shared.call import Methods, check_only_one, report, set_threads
from selfsame.cli.shared.options import PATH, click_type, common_options
from selfsame.errors import SettingError
from selfsame.family import Scale
from selfsame.io.files import check_writable, make_folder
from selfsame.limits import MAX_PIXELS
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    from torch import Tensor

    from selfsame.datasets.fitting import Binarise, Mode
    from selfsame.io.pictures import Bytes
    from selfsame.priors.vdvae.network import Vdvae

PIXELS_AT_A_TIME = 1 << 24
"""Of pictures as floats, before they become bytes."""

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
@common_options("output")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 1_000_000),
    help=f"Pictures, or rows of --interpolate [default: {DEFAULT_COUNT}; --reconstruct: at most "
    f"{DEFAULT_CODED}; --interpolate: {DEFAULT_ROWS}; --animate: {DEFAULT_STOPS}].",
)
@click.option(
    "--scale",
    type=click_type(Scale),
    default=1.0,
    show_default=True,
    help="Output pixels per pixel of the model.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Below 1: fewer odd pictures, less variety.",
)
@click.option("--columns", type=click.IntRange(1), help="Of the grid [default: about a square].")
@click.option(
    "--gap",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Pixels between the pictures of the grid.",
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
    type=PATH,
    metavar="DATA",
    help="Walk between these pictures instead of made-up ones.",
)
@click.option(
    "--reconstruct",
    type=PATH,
    metavar="DATA",
    help="Code these pictures and decode them: rows of originals, each above its decoding.",
)
@common_options("seed", "device", "threads", "json", "quiet", "overwrite")
def command(model: str, output: Path, **options: Any) -> None:
    """Make up pictures with MODEL, a model's name or its folder, and write them as one grid.

    Picture k of a seed does not depend on how many there are. DATA is an .npz, an idx file or a
    folder of pictures, the test pictures of it if it has any.
    """
    mode, overwrite, gap = _mode(options), options["overwrite"], options["gap"]
    begin = time.perf_counter()
    if not options["separate"]:
        inputs = [options[name] for name in ("source", "reconstruct") if options[name] is not None]
        check_writable(output, overwrite=overwrite, inputs=inputs)
    set_threads(options["threads"])
    from selfsame.io.grids import grid
    from selfsame.io.pictures import write_animation, write_picture
    from selfsame.priors.generation import side_at
    from selfsame.priors.vdvae.network import Vdvae
    from selfsame.run.device import resolve_device

    loaded = Vdvae.from_pretrained(model).to(resolve_device(options["device"]))
    side = side_at(loaded, options["scale"])
    plan = _plan(loaded, mode, options)
    written = _written(output, plan, mode, side, options)
    pictures: list[Bytes] = []
    with shown_progress("generate", quiet=options["quiet"]) as progress:
        for made in plan.pictures:
            pictures += made
            progress(len(pictures), plan.total)
    if mode == "animate":
        write_animation(
            output,
            pictures,
            milliseconds=MILLISECONDS,
            hold_last=MILLISECONDS,
            overwrite=overwrite,
        )
    elif options["separate"]:
        for path, picture in zip(written["outputs"], pictures, strict=True):
            write_picture(path, picture, overwrite=overwrite)
    else:
        write_picture(output, grid(pictures, plan.columns, gap), overwrite=overwrite)
    seconds = time.perf_counter() - begin
    values = {
        "model": loaded.name,
        "mode": mode,
        "count": plan.total,
        "picture_size": [side, side],
        **written,
        "seconds": round(seconds, 4),
    }
    report(values, f"{output}: {plan.total} pictures of {side}x{side}, {seconds:.1f} s")


def _mode(options: dict[str, Any]) -> str:
    """Return one of ``MODES`` or ``samples``; options that would do nothing are wrong usage."""
    check_only_one(*MODES)
    mode = next((name for name in MODES if options[name] is not None), "samples")
    WAYS.check(MADE_UP if mode == "samples" else f"--{mode}")
    FORMS.check("--separate" if options["separate"] else "a grid")
    ENDS.check(MADE_UP if options["source"] is None else "--from")
    return mode


class Plan(NamedTuple):
    """Pictures to be made: how many, in which columns they look best, and they, some at a time."""

    total: int
    columns: int
    pictures: Iterator[list["Bytes"]]


def _written(
    output: Path, plan: Plan, mode: str, side: int, options: dict[str, Any]
) -> dict[str, Any]:
    """Return what to report of the files; what would fail when they are written fails now."""
    from selfsame.io.grids import grid_size
    from selfsame.io.pictures import check_animation_suffix, check_picture_suffix

    if mode != "animate" and not options["separate"]:
        check_picture_suffix(output)
        height, width = grid_size(plan.total, plan.columns, (side, side), options["gap"])
        return {"output": output, "columns": plan.columns, "size": [width, height]}
    if mode == "animate":
        check_animation_suffix(output)
    if plan.total * side**2 > MAX_PIXELS:
        raise SettingError(
            f"{plan.total} pictures of {side}x{side} are more than {MAX_PIXELS} pixels; make fewer "
            "or smaller ones"
        )
    if mode == "animate":
        return {"output": output, "size": [side, side]}
    make_folder(output, "--separate needs a folder")
    digits = max(5, len(str(plan.total - 1)))
    paths = [output / f"{number:0{digits}d}.png" for number in range(plan.total)]
    for path in paths:
        check_writable(path, overwrite=options["overwrite"])
    return {"outputs": paths}


def _plan(model: "Vdvae", mode: str, options: dict[str, Any]) -> Plan:
    import torch

    from selfsame.io.grids import grid_columns
    from selfsame.io.pictures import to_arrays
    from selfsame.priors.generation import GROUP, generate, interpolate, reconstruct, side_at

    count, columns, scale = options["count"], options["columns"], options["scale"]
    at_a_time = max(1, min(GROUP, PIXELS_AT_A_TIME // side_at(model, scale) ** 2))
    if mode == "samples":
        count = count or DEFAULT_COUNT
        made = (
            generate(
                model,
                min(at_a_time, count - first),
                seed=options["seed"],
                first=first,
                temperature=options["temperature"],
                scale=scale,
                draw_pixels=options["draw_pixels"],
            )
            for first in range(0, count, at_a_time)
        )
        return Plan(count, columns or grid_columns(count), map(to_arrays, made))
    if mode == "reconstruct":
        originals = _originals(model, options["reconstruct"], count, DEFAULT_CODED)
        if not options["separate"]:
            return _codings(model, originals, columns, scale)
        groups = torch.split(originals, at_a_time)
        made = (reconstruct(model, group, scale=scale) for group in groups)
        return Plan(len(originals), grid_columns(len(originals)), map(to_arrays, made))
    steps, in_rows = options[mode], mode == "interpolate"
    ends = _ends(model, *((2, DEFAULT_ROWS) if in_rows else (1, DEFAULT_STOPS)), options)
    if len(ends) < 2:
        needs = (
            "a row needs 2 pictures as its ends" if in_rows else "a walk needs at least 2 pictures"
        )
        raise SettingError(f"{needs}: got {len(ends)}")
    if in_rows:  # an odd last end is left out
        pairs = list(zip(ends[::2], ends[1::2], strict=False))
        made = (interpolate(model, begin, end, steps, scale=scale) for begin, end in pairs)
    else:  # ends where it began; each stop is the first picture of its way, and no last one
        pairs = list(pairwise([*ends, ends[0]]))
        made = (interpolate(model, begin, end, steps + 1, scale=scale)[:-1] for begin, end in pairs)
    return Plan(len(pairs) * steps, steps, map(to_arrays, made))


def _ends(model: "Vdvae", each: int, default: int, options: dict[str, Any]) -> "Tensor":
    """Return the noise, (B, D), of the pictures between which the ways lead.

    Args:
        each: of them that --count counts as one.
        default: what it is unless it is given.
    """
    from selfsame.priors.generation import draw_noise, infer_noise, sample_generator

    wanted = None if options["count"] is None else each * options["count"]
    if options["source"] is not None:
        return infer_noise(model, _originals(model, options["source"], wanted, each * default))
    generators = (sample_generator(options["seed"], k) for k in range(wanted or each * default))
    return draw_noise(model, generators, options["temperature"])


def _codings(model: "Vdvae", originals: "Tensor", columns: int | None, scale: float) -> Plan:
    """Return rows of pictures, each with a row of what they are coded and decoded to below it.

    Args:
        originals: (B, C, side, side) in [0, 1]; they are shown enlarged, pixel by pixel.
    """
    import numpy as np
    import torch

    from selfsame.io.grids import BACKGROUND, grid_columns
    from selfsame.io.pictures import to_arrays
    from selfsame.priors.generation import reconstruct, side_at

    columns = min(columns or grid_columns(len(originals), 2), len(originals))
    side = side_at(model, scale)
    nearest = (np.arange(side) * model.config.side) // side

    def pictures() -> Iterator[list["Bytes"]]:
        for row in torch.split(originals, columns):
            shown = to_arrays(row[:, :, nearest][..., nearest])
            blanks = [np.full_like(shown[0], BACKGROUND)] * (columns - len(row))
            yield [*shown, *blanks, *to_arrays(reconstruct(model, row, scale=scale)), *blanks]

    return Plan(-(-len(originals) // columns) * 2 * columns, columns, pictures())


def _originals(model: "Vdvae", path: Path, count: int | None, most: int) -> "Tensor":
    """Return the first pictures of a data set as a model takes them, (B, C, side, side) in [0, 1].

    Test pictures, if the set has any; for a model of zeros and ones, white from the middle on.

    Args:
        count: None: all, but at most ``most``.
    Raises:
        InputError: there are not as many, or as ``read_pictures``.
        FormatError: as ``read_pictures``.
    """
    from selfsame.datasets import Pictures, read_pictures
    from selfsame.datasets.batches import evaluation_pictures
    from selfsame.datasets.readers import unseen_split

    config = model.config
    mode: Mode = "grey" if config.channels == 1 else "rgb"
    found = read_pictures(path, unseen_split(path), config.side, mode)
    wanted = min(most, len(found)) if count is None else count
    if len(found) < wanted:
        raise SettingError(f"{path} has {len(found)} pictures, {wanted} are needed; lower -n")
    binarise: Binarise = "threshold" if config.likelihood == "bernoulli" else "none"
    return evaluation_pictures(Pictures(found.images[:wanted]), binarise)
