"""``selfsame render``: a code to a picture, or to a cloud of points."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.methods import Methods
from selfsame.cli.shared.options import (
    FLAMES,
    SIZE,
    Numbers,
    common_options,
    drop_option,
    fraction_bar,
    given,
    index_option,
    output_option,
    report,
    set_threads,
)
from selfsame.errors import InputError

if TYPE_CHECKING:
    from selfsame.family import Run, View

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

CLOUD_POINTS = 1_000_000
"""Default number of points of a ``.ply`` file."""


@click.command()
@click.argument("code")
@output_option
@click.option("--size", type=SIZE, help="Width and height [default: the code's, or 512x512].")
@click.option(
    "--points",
    type=click.IntRange(1, 2**32 - 1),
    help="How many points to plot [default: until the picture is filled].",
)
@click.option(
    "--depth",
    type=click.IntRange(0),
    help="Draw the code's leaf shape at this depth of the recursion instead of points.",
)
@click.option(
    "--mode",
    type=click.Choice(["auto", "binary", "grey", "log", "color", "flame", "patch"]),
    help="What a pixel shows [default: auto].",
)
@click.option(
    "--viewport",
    type=Numbers(4, "x0,y0,x1,y1"),
    help="Window of the plane, y up [default: the code's, or fitted].",
)
@click.option("--zoom", type=float, default=1.0, show_default=True, help="Magnification.")
@click.option(
    "--center",
    type=Numbers(2, "x,y"),
    help="Where to zoom: in the plane, or in pixels of a mosaic's original, y down [default: the "
    "middle].",
)
@click.option(
    "--supersample",
    type=click.IntRange(1, 8),
    help="Cells per pixel and axis [default: 3 for small pictures, 1 for huge ones].",
)
@click.option("--azimuth", type=float, help="3-D: degrees [default: 30].")
@click.option("--elevation", type=float, help="3-D: degrees [default: 20].")
@index_option
@drop_option
@common_options
def command(
    code: str,
    output: Path,
    size: tuple[int, int] | None,
    points: int | None,
    depth: int | None,
    mode: str | None,
    viewport: tuple[float, float, float, float] | None,
    zoom: float,
    center: tuple[float, float] | None,
    supersample: int | None,
    azimuth: float | None,
    elevation: float | None,
    index: int | None,
    drop_unsupported: bool,
    seed: int,
    device: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> None:
    """Render CODE, a .ssm, .flame or .json file or the name of a classic, to a picture of any size.

    `-` is standard input; of several flames in a file the first is drawn.

    An output .ply gets the points instead, with the colours of the maps. Options that codes of
    another family do not take are refused.
    """
    from selfsame.codes.registry import family_of
    from selfsame.family import Run, View
    from selfsame.io.files import check_writable

    cloud = output.suffix.lower() == ".ply"
    OUTPUTS.check("a .ply file" if cloud else "a picture")
    DRAWINGS.check("points" if depth is None else "--depth")
    PATTERNS.check("--mode patch" if mode == "patch" else "a mode other than patch")
    check_writable(output, overwrite=overwrite, inputs=[code])
    begin = time.perf_counter()
    source, dropped = _read(code, index, drop_unsupported)
    values: dict[str, Any] = {"output": output, "kind": family_of(source).name, "seed": seed}
    system = getattr(source, "system", source)  # a classic is a system without a code
    if values["kind"] == "ifs":
        values["maps"] = len(system)
        SPACES.check(f"a system of {'the plane' if system.dimension == 2 else 'space'}")
    elif cloud:
        raise InputError(
            f"{output}: a .ply holds the points of systems of maps: this code is of the family "
            f"{values['kind']}"
        )
    family = f"the family {values['kind']}"
    Methods({family: family_of(source).runs, "other families": ("seed", "device")}).check(family)
    if dropped:
        values["dropped"] = dropped
    if cloud:
        values["points"] = points or CLOUD_POINTS
        _write_cloud(output, system, values["points"], seed, threads, overwrite)
    else:
        values |= _write_picture(
            output,
            source,
            View(size, viewport=viewport, zoom=zoom, center=center),
            # The compiled kernels beat torch on a CPU.
            Run(threads, "cuda" if device == "cuda" else "cpu", seed),
            quiet=quiet,
            overwrite=overwrite,
            options=given(
                points=points,
                depth=depth,
                mode=mode,
                supersample=supersample,
                azimuth=azimuth,
                elevation=elevation,
            ),
        )
    values |= {"bytes": output.stat().st_size, "seconds": round(time.perf_counter() - begin, 3)}
    what = f"{values['points']} points" if "points" in values else "{}x{}".format(*values["size"])
    report(
        values,
        as_json=as_json,
        quiet=quiet,
        text="\n".join([*dropped, f"{output}: {what} in {values['seconds']:.2f} s"]),
    )


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


def _write_cloud(
    output: Path, system: Any, points: int, seed: int, threads: int | None, overwrite: bool
) -> None:
    from selfsame.ifs.exchange.ply import write_ply
    from selfsame.ifs.render.points import sample_colored_points, sample_points

    if system.colors is None:
        cloud, colors = sample_points(system, points, seed=seed, threads=threads), None
    else:
        cloud, colors = sample_colored_points(system, points, seed=seed, threads=threads)
    write_ply(output, cloud, colors, overwrite=overwrite)


def _write_picture(
    output: Path,
    source: Any,
    view: "View",
    run: "Run",
    *,
    quiet: bool,
    overwrite: bool,
    options: dict[str, Any],
) -> dict[str, Any]:
    from selfsame.codes.render import draw
    from selfsame.io.pictures import write_picture

    set_threads(run.threads)
    with fraction_bar("render", quiet=quiet) as progress:
        picture = draw(source, view, replace(run, progress=progress), **options)
    write_picture(output, picture, overwrite=overwrite)
    height, width = picture.shape[:2]
    return {"size": [width, height], "mean": float(picture.mean())}
