"""``selfsame fractalize``: a picture made of itself, at any size, or of another's pieces."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.call import Methods, check_only_one, given, given_settings, report
from selfsame.cli.shared.options import PATH, Numbers, click_type, common_options, settings_options
from selfsame.family import Scale
from selfsame.mosaic.settings import Settings
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from selfsame.mosaic import MosaicCode

FITTING = Methods(
    {
        "a picture": (
            *("patch", "levels", "patches", "strength", "saturation", "tint", "turns"),
            *("style", "repeats", "seed"),
        ),
        "a code, which is fitted already": (),
    }
)
DRAWING = Methods(
    {
        "drawing": ("scale", "zoom", "loop", "frames", "at", "width", "threads"),
        "a .ssm, which keeps the code": (),
    }
)

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
@click.argument("image", type=PATH)
@common_options("output")
@click.option(
    "--scale",
    type=click_type(Scale),
    default=8.0,
    show_default=True,
    help="Output pixels per pixel of IMAGE.",
)
@settings_options(
    Settings,
    *("patch", "levels", "patches", "strength", "saturation", "tint", "turns"),
    help={"tint": "How far copies take their patch's colour [default: 0.75; with --style: 0.7]."},
)
@click.option("--style", type=PATH, help="Make it of this picture's pieces.")
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
    "--frames", type=click.IntRange(1), default=120, show_default=True, help="Of the animation."
)
@click.option(
    "--at",
    type=Numbers("x,y"),
    help="Where to dive, in pixels of IMAGE, y down [default: a good place].",
)
@click.option(
    "--width",
    type=click.IntRange(1),
    help=f"Width of the frames [default: {DEFAULT_FRAME_WIDTH}, at most].",
)
@common_options("seed", "threads", "json", "quiet", "overwrite")
def command(image: Path, output: Path, **options: Any) -> None:
    """Make IMAGE of small tinted copies of itself, which are made of copies in turn.

    A .png may have four gigapixels. With --zoom or --loop OUT is an animation: .gif, .webp, .png or
    .apng. --seed decides between equally large patches that want the same piece (--style). An OUT
    that ends in .ssm keeps the code, from which this command (with the code as IMAGE), selfsame
    render and decode draw at any time.
    """
    from selfsame.io.files import check_writable, file_bytes, write_bytes

    saving, overwrite = output.suffix.lower() == ".ssm", options["overwrite"]
    zooming = options["zoom"] is not None or options["loop"]
    DRAWING.check("a .ssm, which keeps the code" if saving else "drawing")
    check_only_one("zoom", "loop")
    OUTPUTS.check("--zoom or --loop" if zooming else "a picture")
    COPIES.check("--style" if options["style"] is not None else "copies of IMAGE")
    begin = time.perf_counter()
    check_writable(output, overwrite=overwrite, inputs=[image])
    code, pixels, notes = _read(image)
    if code is not None:
        FITTING.check("a code, which is fitted already")
        if saving:
            raise click.UsageError(f"{image} is such a code: OUT must be a picture or an animation")
    size = code.size if code is not None else (pixels.shape[1], pixels.shape[0])
    frames = options["frames"] if zooming else None
    if not saving:
        size = _drawn_size(options, *size)
        _check_output(output, size, frames)
    if code is None:
        code = _fitted(pixels, options)
    fitted = time.perf_counter() - begin
    if saving:
        from selfsame.codes.store import pack

        data = pack(code)
        write_bytes(output, data, overwrite=overwrite)
    else:
        _draw(output, code, size, frames, options)
    seconds = time.perf_counter() - begin
    values = {
        "output": output,
        "size": list(size),
        "frames": frames,
        "patches": len(code.cells),
        "grid": code.grid,
        "levels": code.levels,
        "bytes": len(data) if saving else file_bytes(output),
        "notes": notes,
        "fit_seconds": round(fitted, 4),
        "seconds": round(seconds, 4),
    }
    what = f"{values['bytes']} bytes for " if saving else f"{frames} frames of " if frames else ""
    text = f"{output}: {what}{size[0]}x{size[1]}, {len(code.cells)} patches, {seconds:.1f} s"
    report(values, "\n".join([text, *notes]))


def _read(image: Path) -> tuple["MosaicCode | None", "NDArray[np.uint8]", list[str]]:
    """Return the mosaic in a file, or else the bytes of a picture and notes on them; a code of
    another family is a picture."""
    import numpy as np

    from selfsame.codes.registry import name_by_number
    from selfsame.codes.store import load
    from selfsame.coding.container import HEADER_END, SIGNATURE, read_header
    from selfsame.io.pictures import read_source

    start = b""
    if image.is_file():
        with image.open("rb") as stream:
            start = stream.read(HEADER_END)
    if start.startswith(SIGNATURE) and name_by_number(read_header(start).kind) == "mosaic":
        return load(image), np.empty(0, np.uint8), []
    source = read_source(image)
    if source.alpha is None:
        return None, source.pixels, [*source.notes]
    notes = [*source.notes, "transparency laid over black"]
    return None, _over_black(source.pixels, source.alpha), notes


def _drawn_size(options: dict[str, Any], width: int, height: int) -> tuple[int, int]:
    """Return width and height of what is drawn of a picture of this size."""
    if options["zoom"] is not None or options["loop"]:
        across = options["width"] or min(DEFAULT_FRAME_WIDTH, width)
        return across, max(1, round(height * across / width))
    scale = options["scale"]
    return max(1, round(width * scale)), max(1, round(height * scale))


def _check_output(output: Path, size: tuple[int, int], frames: int | None) -> None:
    """Raise ``InputError`` now if the file could not be written after the work."""
    from selfsame.mosaic.drawing.output import check_rendering, check_zoom

    if frames is None:
        check_rendering(output, size)
    else:
        check_zoom(output, frames, size)


def _draw(
    output: Path,
    code: "MosaicCode",
    size: tuple[int, int],
    frames: int | None,
    options: dict[str, Any],
) -> None:
    from selfsame.mosaic import write_rendering, write_zoom

    with shown_progress("fractalize", quiet=options["quiet"]) as progress:
        common: dict[str, Any] = {
            "size": size,
            "threads": options["threads"],
            "overwrite": options["overwrite"],
            "progress": progress,
        }
        if frames is None:
            write_rendering(output, code, **common)
        else:
            zoom, at = options["zoom"], options["at"]
            write_zoom(output, code, frames, zoom=zoom, at=at, milliseconds=MILLISECONDS, **common)


def _fitted(pixels: "NDArray[np.uint8]", options: dict[str, Any]) -> "MosaicCode":
    """Return the code of a picture, of itself or of the pieces of --style."""
    from selfsame.io.pictures import read_picture, to_uint8
    from selfsame.mosaic import fit, restyled

    settings = given_settings(Settings, options)
    if options["style"] is None:
        return fit(pixels, Settings(**settings))
    settings.pop("tint", None)  # restyling tints
    second = to_uint8(read_picture(options["style"], "grey" if pixels.ndim == 2 else "rgb"))
    code = fit(pixels, Settings(**settings))
    chosen = given(options, "repeats", "seed", "tint")
    return restyled(code, pixels, second, **chosen)


def _over_black(pixels: "NDArray[np.uint8]", alpha: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    import numpy as np

    share = alpha.astype(np.float32) / np.float32(255)
    laid = pixels * (share if pixels.ndim == 2 else share[..., None])
    return np.asarray(np.rint(laid), np.uint8)
