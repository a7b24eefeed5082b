"""``selfsame render``: a code to a picture, or to a cloud of points."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.call import FLAMES, Methods, given, report, set_threads
from selfsame.cli.shared.options import SIZE, Numbers, click_type, common_options
from selfsame.errors import SettingError
from selfsame.ifs.limits import Depth, Mode, Points, Supersample
from selfsame.run.progress import shown_progress

OUTPUTS = Methods(
    {
        "a picture": (
            *("size", "depth", "mode", "viewport", "zoom", "center", "supersample"),
            *("azimuth", "elevation", "device"),
        ),
        "a .ply file": (),
    }
)
SPACES = Methods(
    {
        "a system of the plane": ("depth", "mode", "viewport", "center", "device"),
        "a system of space": ("azimuth", "elevation"),
    }
)
DRAWINGS = Methods({"points": ("points", "mode", "supersample", "device"), "--depth": ("depth",)})
PATTERNS = Methods({"a mode other than patch": ("supersample", "device"), "--mode patch": ()})

DRAWN = ("points", "depth", "mode", "supersample", "azimuth", "elevation")
"""Options of drawing; the families say which of them they take."""

CLOUD_POINTS = 1_000_000
"""Default number of points of a ``.ply`` file."""


@click.command()
@click.argument("code")
@common_options("output")
@click.option("--size", type=SIZE, help="Width and height [default: the code's, or 512x512].")
@click.option(
    "--points",
    type=click_type(Points),
    help="How many points to plot [default: until the picture is filled].",
)
@click.option(
    "--depth",
    type=click_type(Depth),
    help="Draw the code's leaf shape at this depth of the recursion instead of points.",
)
@click.option("--mode", type=click_type(Mode), help="What a pixel shows [default: auto].")
@click.option(
    "--viewport",
    type=Numbers("x0,y0,x1,y1"),
    help="Window of the plane, y up [default: the code's, or fitted].",
)
@click.option("--zoom", type=float, default=1.0, show_default=True, help="Magnification.")
@click.option(
    "--center",
    type=Numbers("x,y"),
    help="Where to zoom: in the plane, or in pixels of a mosaic's original, y down [default: the "
    "middle].",
)
@click.option(
    "--supersample",
    type=click_type(Supersample),
    help="Cells per pixel and axis [default: 3 for small pictures, 1 for huge ones].",
)
@click.option("--azimuth", type=float, help="3-D: degrees [default: 30].")
@click.option("--elevation", type=float, help="3-D: degrees [default: 20].")
@common_options(
    *("index", "drop_unsupported", "seed", "device", "threads", "json", "quiet", "overwrite")
)
def command(code: str, output: Path, **options: Any) -> None:
    """Render CODE, a .ssm, .flame or .json file or the name of a classic, to a picture of any size.

    `-` is standard input; of several flames in a file the first is drawn.

    An output .ply gets the points instead, with the colours of the maps. Options that codes of
    another family do not take are refused.
    """
    from selfsame.codes.registry import family_of
    from selfsame.io.files import check_writable, file_bytes

    cloud = output.suffix.lower() == ".ply"
    OUTPUTS.check("a .ply file" if cloud else "a picture")
    DRAWINGS.check("points" if options["depth"] is None else "--depth")
    PATTERNS.check("--mode patch" if options["mode"] == "patch" else "a mode other than patch")
    check_writable(output, overwrite=options["overwrite"], inputs=[code])
    begin = time.perf_counter()
    source, dropped = _read(code, options["index"], options["drop_unsupported"])
    kind = family_of(source).name
    values: dict[str, Any] = {"output": output, "kind": kind, "seed": options["seed"]}
    system = getattr(source, "system", source)  # a classic is a system without a code
    if kind == "ifs":
        values["maps"] = len(system)
        SPACES.check(f"a system of {'the plane' if system.dimension == 2 else 'space'}")
    elif cloud:
        raise SettingError(
            f"{output}: a .ply holds the points of systems of maps: this code is of the family "
            f"{kind}"
        )
    family = f"the family {kind}"
    Methods({family: family_of(source).runs, "other families": ("seed", "device")}).check(family)
    if dropped:
        values["dropped"] = dropped
    write = _write_cloud if cloud else _write_picture
    values |= write(output, system if cloud else source, options)
    values |= {"bytes": file_bytes(output), "seconds": round(time.perf_counter() - begin, 3)}
    what = f"{values['points']} points" if cloud else "{}x{}".format(*values["size"])
    text = f"{output}: {what} in {values['seconds']:.2f} s"
    report(values, "\n".join([*dropped, text]))


def _read(name: str, index: int | None, drop_unsupported: bool) -> tuple[Any, Sequence[str]]:
    """Return the code or system that a file, or the name of a classic, stands for, and a line for
    what was dropped from it.

    Raises:
        InputError: neither a file nor a classic, or the file has no code ``index``.
    """
    from selfsame.codes.files import STDIN, read_codes

    if name == STDIN or Path(name).suffix or Path(name).exists():
        file = read_codes(name, index=index or 0, drop_unsupported=drop_unsupported)
        FLAMES.check(f"a .{file.form} file")
        return file.codes[0], file.dropped
    from selfsame.ifs.samples.library import classic

    FLAMES.check("a classic")
    return classic(name), ()


def _write_cloud(output: Path, system: Any, options: dict[str, Any]) -> dict[str, Any]:
    from selfsame.ifs.exchange.ply import write_ply
    from selfsame.ifs.render.points import sample_colored_points, sample_points

    points, how = options["points"] or CLOUD_POINTS, given(options, "seed", "threads")
    if system.colors is None:
        cloud, colors = sample_points(system, points, **how), None
    else:
        cloud, colors = sample_colored_points(system, points, **how)
    write_ply(output, cloud, colors, overwrite=options["overwrite"])
    return {"points": points}


def _write_picture(output: Path, source: Any, options: dict[str, Any]) -> dict[str, Any]:
    from selfsame.codes.render import draw_bytes
    from selfsame.family import Run, View
    from selfsame.io.pictures import write_picture

    set_threads(options["threads"])
    view = View(**given(options, "size", "viewport", "zoom", "center"))
    # The compiled kernels beat torch on a CPU.
    device = "cuda" if options["device"] == "cuda" else "cpu"
    with shown_progress("render", quiet=options["quiet"]) as progress:
        run = Run(options["threads"], device, options["seed"], progress)
        picture = draw_bytes(source, view, run, **given(options, *DRAWN))
    write_picture(output, picture, overwrite=options["overwrite"])
    height, width = picture.shape[:2]
    return {"size": [width, height], "mean": float(picture.mean() / 255)}
