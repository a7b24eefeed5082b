"""``selfsame decode``: a code to a picture, a folder of codes to a folder of pictures."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.jobs import JOBS_OPTIONS, executor_of, jobs_options, shown_progress
from selfsame.cli.shared.methods import Methods, check_only_one
from selfsame.cli.shared.options import (
    SIZE,
    Numbers,
    given,
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
    report,
    threads_option,
)
from selfsame.run.executor import Executor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from selfsame.family import Code, Run, View

INPUTS = Methods(
    {
        "a folder": JOBS_OPTIONS,
        "a single code": ("size", "region", "steps", "start", "animate", "threads"),
    }
)
ITERATIONS = Methods({"codes that iterate": ("steps", "start", "animate")})
REGIONS = Methods({"codes with regions": ("region",)})
MODELS = Methods({"the family collage": ("model",)})


@click.command("decode")
@click.argument("code", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--scale",
    type=click.FloatRange(0, min_open=True),
    help="Output pixels per pixel of the original [default: 1].",
)
@click.option("--size", type=SIZE, help="Width and height of the output instead.")
@click.option(
    "--region",
    type=Numbers(4, "x0,y0,x1,y1"),
    help="Only these pixels of the original, x1 and y1 excluded, y down.",
)
@click.option("--steps", type=click.IntRange(0), help="Iterations [default: the code's].")
@click.option(
    "--start",
    help="Picture to start the iteration from: b (the fixed part of the map), grey, noise, or a "
    "picture's file name [default: b].",
)
@click.option(
    "--animate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the iteration, step by step, as .gif, .webp, .png or .apng.",
)
@click.option(
    "--model",
    help="Collages of your own model: its folder.",
)
@jobs_options
@threads_option
@json_option
@quiet_option
@overwrite_option
def command(
    code: Path,
    output: Path,
    jobs: int | None,
    engine: str | None,
    scheduler: str | None,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
    **options: Any,
) -> int:
    """Decode CODE, a .ssm file, to a picture; the suffix of OUT chooses its format.

    If CODE is a folder, every .ssm file in it and its sub-folders becomes a .png in the folder OUT,
    scaled by --scale. One that cannot be decoded does not stop the rest; the exit status is then 1.
    """
    check_only_one("scale", "size")
    INPUTS.check("a folder" if code.is_dir() else "a single code")
    if code.is_dir():
        executor = executor_of(jobs, engine, scheduler, quiet=quiet)
        return _decode_folder(
            code, output, options["scale"], options["model"], executor, as_json, quiet, overwrite
        )
    _decode_one(code, output, options, as_json, quiet, overwrite)
    return 0


def _decode_one(
    path: Path,
    output: Path,
    options: dict[str, Any],
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> None:
    from selfsame.codes.registry import family_of
    from selfsame.codes.render import draw
    from selfsame.family import Iterates, Run, View
    from selfsame.io.files import check_writable
    from selfsame.io.pictures import check_animation_suffix, check_picture_suffix, write_picture

    begin = time.perf_counter()
    check_picture_suffix(output)
    inputs = [path, *filter(None, [options["start"]])]
    check_writable(output, overwrite=overwrite, inputs=inputs)
    animation = options["animate"]
    if animation is not None:
        check_animation_suffix(animation)
        check_writable(animation, overwrite=overwrite, inputs=inputs)
    if options["model"] is not None:
        from selfsame.collage.network.model import CollageModel

        CollageModel.from_pretrained(options["model"])
    code, load_seconds = _load(path)
    family = family_of(code)
    kind = f"the family {family.name}"
    ITERATIONS.check("codes that iterate" if isinstance(family, Iterates) else kind)
    REGIONS.check("codes with regions" if "region" in family.views else kind)
    MODELS.check(kind)
    view = View(options["size"], options["scale"], _region(options["region"]))
    run = Run(options["threads"])
    start, steps = _start(options["start"], code), options["steps"]
    decoding = time.perf_counter()
    picture = draw(code, view, run, **given(iterations=steps, start=start))
    seconds = time.perf_counter() - decoding + load_seconds
    write_picture(output, picture, overwrite=overwrite)
    if animation is not None:
        _animate(animation, code, view, run, steps, start, overwrite)
    height, width = picture.shape[:2]
    values = {
        "output": output,
        "kind": family.name,
        "size": [width, height],
        "animation": animation,
        "decode_seconds": round(seconds, 4),
        "seconds": round(time.perf_counter() - begin, 4),
    }
    report(
        values,
        as_json=as_json,
        quiet=quiet,
        text=f"{output}: {width}x{height}, decoded in {seconds:.3f} s",
    )


def _load(path: Path) -> tuple["Code", float]:
    """Return the code in a file and the seconds that its bits took."""
    from selfsame.codes.store import load

    begin = time.perf_counter()
    code = load(path)
    return code, time.perf_counter() - begin


def _region(numbers: tuple[float, ...] | None) -> tuple[int, int, int, int] | None:
    if numbers is None:
        return None
    if not all(number.is_integer() for number in numbers):
        raise click.UsageError(f"--region takes whole pixels: got {numbers}")
    x0, y0, x1, y1 = map(int, numbers)
    return x0, y0, x1, y1


def _start(name: str | None, code: Any) -> "NDArray[np.float32] | None":
    """Return the picture that --start names, in the channels of the code."""
    if name is None or name == "b":
        return None
    from selfsame.codes.render import STARTS, starting_picture
    from selfsame.io.pictures import read_picture

    if name in STARTS:
        return starting_picture(code, name)
    return read_picture(name, "rgb" if code.channels == 3 else "grey")


def _animate(
    path: Path,
    code: Any,
    view: "View",
    run: "Run",
    steps: int | None,
    start: "NDArray[np.float32] | None",
    overwrite: bool,
) -> None:
    from selfsame.codes.render import draw_steps
    from selfsame.io.pictures import write_animation

    frames = draw_steps(code, view, run, steps=steps, start=start)
    opaque = (_without_alpha(frame, code.channels) for frame in frames)
    write_animation(path, opaque, milliseconds=400, overwrite=overwrite)


def _without_alpha(frame: "NDArray[np.float32]", channels: int) -> "NDArray[np.float32]":
    if frame.ndim == 2:
        return frame
    return frame[..., 0] if channels == 1 else frame[..., :3]


def _decode_folder(
    folder: Path,
    output: Path,
    scale: float | None,
    model: str | None,
    executor: Executor,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> int:
    from selfsame.archive import decode_folder

    def tell(name: str, error: str | None) -> None:
        if error is not None and not quiet:
            click.echo(f"{name}: {error}", err=True)

    begin = time.perf_counter()
    with shown_progress("decode", quiet=quiet) as progress:
        errors = decode_folder(
            folder,
            output,
            scale=1.0 if scale is None else scale,
            model=model,
            executor=executor,
            overwrite=overwrite,
            settled=tell,
            progress=progress,
        )
    failed = [{"source": name, "error": error} for name, error in errors.items() if error]
    values = {
        "output": output,
        "files": len(errors),
        "failed": failed,
        "seconds": round(time.perf_counter() - begin, 4),
    }
    done = len(errors) - len(failed)
    text = f"{output}: {done} picture{'s' * (done != 1)}"
    if failed:
        text += f"; {len(failed)} failed"
    report(values, as_json=as_json, quiet=quiet, text=text)
    return 1 if failed else 0
