"""``selfsame generate MODEL``: pictures that a model makes up, ways between them, codings."""

import time
from os.path import realpath
from pathlib import Path
from typing import Any

import click

from selfsame.cli.generate.plan import DEFAULT_COUNT, outputs, write
from selfsame.cli.generate.walks import (
    DEFAULT_CODED,
    DEFAULT_FRAMES,
    DEFAULT_ROWS,
    DEFAULT_STEPS,
    DEFAULT_STOPS,
    MODES,
)
from selfsame.cli.shared.call import Methods, check_only_one, report, set_threads
from selfsame.cli.shared.options import PATH, click_type, common_options, settings_options
from selfsame.io.files import check_writable
from selfsame.priors.diffusion.config import SamplerSettings, Strength
from selfsame.run.progress import shown_progress

MADE_UP = "made-up pictures"
SAMPLING = ("sampler", "steps", "spacing", "guidance", "eta", "variance", "repeats", "step_size")
CONDITIONS = ("prompt", "like", "strength", "mask")
KINDS = Methods(
    {
        "a vdvae": ("temperature", "draw_pixels", "source", *MODES),
        "a diffusion": (*SAMPLING, "interval", "label", "codes", *CONDITIONS),
    }
)
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
@common_options("model_scale")
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
@click.option(
    "--label",
    multiple=True,
    help="Class to make pictures of: its name, or its number if classes have no names; several "
    "take turns [default: all].",
)
@click.option(
    "--prompt",
    multiple=True,
    metavar="TEXT",
    help="What pictures are to show, in words, for a model that reads them; several take turns.",
)
@click.option(
    "--like", type=PATH, metavar="PICTURE", help="Begin with this picture instead of noise alone."
)
@click.option(
    "--strength",
    type=click_type(Strength),
    help="How far from --like: 1 is as if there were none [default: 0.6; with --mask 1].",
)
@click.option(
    "--mask",
    type=PATH,
    metavar="PICTURE",
    help="Of --like: what is white is made anew, what is black stays, cell by cell of its code.",
)
@settings_options(SamplerSettings, *SAMPLING)
@click.option(
    "--interval",
    nargs=2,
    type=click.FloatRange(0),
    metavar="FROM TO",
    help="Noise over signal, from above FROM to TO, where --guidance acts [default: everywhere].",
)
@click.option(
    "--codes", type=PATH, metavar="DIR", help="Write the code of each picture there, as .ssm."
)
@common_options("seed", "device", "threads", "json", "quiet", "overwrite")
def command(model: str, output: Path, **options: Any) -> None:
    """Make up pictures with MODEL, a model's name or its folder, and write them as one grid.

    Picture k of a seed does not depend on how many there are. A vdvae makes pictures, walks between
    them (--interpolate, --animate) and codes given ones (--reconstruct); a diffusion makes codes
    (--codes), of classes (--label), of what you say (--prompt) if it has learned that, or like a
    picture (--like). DATA is an .npz, an idx file or a folder
    of pictures, the test pictures of it if it has any.
    """
    from selfsame.priors.models import kind_of

    mode, overwrite = _mode(options), options["overwrite"]
    begin = time.perf_counter()
    if not options["separate"]:
        inputs = [options[name] for name in ("source", "reconstruct") if options[name] is not None]
        check_writable(output, overwrite=overwrite, inputs=inputs)
        if options["codes"] is not None and realpath(options["codes"]) == realpath(output):
            raise click.UsageError("--codes is a folder and OUTPUT a file: give them two names")
    kind = kind_of(model)
    KINDS.check(f"a {kind}")
    set_threads(options["threads"])
    with shown_progress("generate", quiet=options["quiet"]) as progress:
        if kind == "diffusion":
            from selfsame.cli.generate import codes

            plan = codes.plan(model, options, progress)
        else:
            from selfsame.cli.generate import walks

            plan = walks.plan(model, mode, options, progress)
        written = outputs(plan, output, options)
        pictures = [picture for made in plan.pictures for picture in made]
    write(plan, pictures, output, written, options)
    seconds = time.perf_counter() - begin
    values = {
        "model": plan.model,
        "mode": plan.mode,
        "count": plan.total,
        "picture_size": [plan.side, plan.side],
        **written,
        **plan.values,
        "seconds": round(seconds, 4),
    }
    report(values, f"{output}: {plan.total} pictures of {plan.side}x{plan.side}, {seconds:.1f} s")


def _mode(options: dict[str, Any]) -> str:
    """Return one of ``MODES`` or ``samples``; options that would do nothing are wrong usage."""
    check_only_one(*MODES)
    mode = next((name for name in MODES if options[name] is not None), "samples")
    WAYS.check(MADE_UP if mode == "samples" else f"--{mode}")
    FORMS.check("--separate" if options["separate"] else "a grid")
    ENDS.check(MADE_UP if options["source"] is None else "--from")
    return mode
