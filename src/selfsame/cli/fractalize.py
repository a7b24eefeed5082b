"""``selfsame fractalize``: a picture made of itself, at any size, or of another's pieces."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.fields import given_settings, settings_options
from selfsame.cli.methods import Methods, check_only_one
from selfsame.cli.options import (
    Numbers,
    fraction_bar,
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
    report,
    seed_option,
    threads_option,
)
from selfsame.mosaic.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from selfsame.mosaic import FractalCode

DEFAULT_SCALE = 8.0
DEFAULT_FRAMES = 120
DEFAULT_FRAME_WIDTH = 480
MILLISECONDS = 40

OUTPUTS = Methods({"a picture": ("scale", "style"), "--zoom or --loop": ("frames", "at", "width")})
COPIES = Methods(
    {
        "copies of IMAGE": ("strength", "saturation", "turns"),
        "--style": ("style", "repeats", "seed"),
    }
)


@click.command("fractalize")
@click.argument("image", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--scale",
    type=click.FloatRange(0, min_open=True),
    help=f"Output pixels per pixel of IMAGE [default: {DEFAULT_SCALE:g}].",
)
@settings_options(Settings, "patch", "levels", "patches", "strength", "saturation")
@settings_options(
    Settings,
    "tint",
    "turns",
    help={"tint": "How far copies take their patch's colour [default: 0.75; with --style: 0.7]."},
)
@click.option("--style", type=click.Path(path_type=Path), help="Make it of this picture's pieces.")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    help="How often one piece may appear [default: twice its even share].",
)
@click.option(
    "--zoom",
    type=click.FloatRange(1),
    help="Write an animation that dives in so many times instead.",
)
@click.option("--loop", is_flag=True, help="Write an animation that dives in endlessly instead.")
@click.option(
    "--frames", type=click.IntRange(1), help=f"Of the animation [default: {DEFAULT_FRAMES}]."
)
@click.option(
    "--at",
    type=Numbers(2, "x,y"),
    help="Where to dive, in pixels of IMAGE, y down [default: a good place].",
)
@click.option(
    "--width",
    type=click.IntRange(1),
    help=f"Width of the frames [default: {DEFAULT_FRAME_WIDTH}, at most].",
)
@seed_option
@threads_option
@json_option
@quiet_option
@overwrite_option
def command(
    image: Path,
    output: Path,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
    seed: int,
    threads: int | None,
    **options: Any,
) -> None:
    """Make IMAGE of small tinted copies of itself, which are made of copies in turn.

    A .png may have four gigapixels. With --zoom or --loop OUT is an animation: .gif, .webp, .png or
    .apng. --seed decides between equally large patches that want the same piece (--style).
    """
    _check_usage(options)
    begin = time.perf_counter()
    from selfsame.io.files import check_writable
    from selfsame.io.pictures import read_source

    check_writable(output, overwrite=overwrite, inputs=[image])
    source = read_source(image)
    pixels, notes = source.pixels, list(source.notes)
    if source.alpha is not None:
        pixels = _over_black(pixels, source.alpha)
        notes.append("transparency laid over black")
    width, height = source.size
    zooming = options["zoom"] is not None or options["loop"]
    frames = DEFAULT_FRAMES if options["frames"] is None else options["frames"]
    if zooming:
        across = options["width"] or min(DEFAULT_FRAME_WIDTH, width)
        size = across, max(1, round(height * across / width))
    else:
        scale = DEFAULT_SCALE if options["scale"] is None else options["scale"]
        size = max(1, round(width * scale)), max(1, round(height * scale))
    _check_output(output, size, frames if zooming else None)
    code, second = _code(pixels, options, seed)
    fitted = time.perf_counter() - begin
    from selfsame.mosaic import write_rendering, write_zoom

    with fraction_bar("fractalize", quiet=quiet) as progress:
        if zooming:
            write_zoom(
                output,
                code,
                frames,
                zoom=options["zoom"],
                size=size,
                at=options["at"],
                milliseconds=MILLISECONDS,
                threads=threads,
                overwrite=overwrite,
                progress=progress,
            )
        else:
            write_rendering(
                output,
                code,
                size,
                second=second,
                threads=threads,
                overwrite=overwrite,
                progress=progress,
            )
    seconds = time.perf_counter() - begin
    values = {
        "output": output,
        "size": list(size),
        "frames": frames if zooming else None,
        "patches": len(code.cells),
        "grid": code.grid,
        "levels": code.levels,
        "bytes": output.stat().st_size,
        "notes": notes,
        "fit_seconds": round(fitted, 4),
        "seconds": round(seconds, 4),
    }
    what = f"{frames} frames of " if zooming else ""
    text = f"{output}: {what}{size[0]}x{size[1]}, {len(code.cells)} patches, {seconds:.1f} s"
    report(values, as_json=as_json, quiet=quiet, text="\n".join([text, *notes]))


def _check_usage(options: dict[str, Any]) -> None:
    """Refuse options that would do nothing."""
    check_only_one("zoom", "loop")
    zooming = options["zoom"] is not None or options["loop"]
    OUTPUTS.check("--zoom or --loop" if zooming else "a picture")
    COPIES.check("--style" if options["style"] is not None else "copies of IMAGE")


def _check_output(output: Path, size: tuple[int, int], frames: int | None) -> None:
    """Raise ``InputError`` now if the file could not be written after the work."""
    from selfsame.mosaic.output import check_rendering, check_zoom

    if frames is None:
        check_rendering(output, size)
    else:
        check_zoom(output, frames, size)


def _code(
    pixels: "NDArray[np.uint8]", options: dict[str, Any], seed: int
) -> tuple["FractalCode", "NDArray[np.uint8] | None"]:
    """Return the code of a picture and the second picture, if there is one."""
    from selfsame.io.pictures import read_picture, to_uint8
    from selfsame.mosaic import fit, restyled

    settings = given_settings(Settings, options)
    if options["style"] is None:
        return fit(pixels, Settings(**settings)), None
    tint = {"tint": settings.pop("tint")} if "tint" in settings else {}
    second = to_uint8(read_picture(options["style"], "grey" if pixels.ndim == 2 else "rgb"))
    second = second.reshape(*second.shape[:2], -1)
    code = fit(pixels, Settings(**settings))
    return restyled(code, pixels, second, repeats=options["repeats"], seed=seed, **tint), second


def _over_black(pixels: "NDArray[np.uint8]", alpha: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    import numpy as np

    share = alpha.astype(np.float32) / np.float32(255)
    laid = pixels * (share if pixels.ndim == 2 else share[..., None])
    return np.asarray(np.rint(laid), np.uint8)
