"""``selfsame decode``: a code to a picture, a folder of codes to a folder of pictures."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.call import Methods, check_only_one, executor_of, given, note, report
from selfsame.cli.shared.options import FILE, JOBS, PATH, SIZE, Numbers, click_type, common_options
from selfsame.family import Iterations, Scale
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INPUTS = Methods(
    {
        "a folder": JOBS,
        "a single code": ("size", "region", "steps", "start", "animate", "threads"),
    }
)
ITERATIONS = Methods({"codes that iterate": ("steps", "start", "animate")})
REGIONS = Methods({"codes with regions": ("region",)})
MODELS = Methods({"the family collage": ("model",), "the family grid": ("model",)})


@click.command("decode")
@click.argument("code", type=PATH)
@common_options("output")
@click.option(
    "--scale",
    type=click_type(Scale),
    help="Output pixels per pixel of the original [default: 1].",
)
@click.option("--size", type=SIZE, help="Width and height of the output instead.")
@click.option(
    "--region",
    type=Numbers("x0,y0,x1,y1"),
    help="Only these pixels of the original, x1 and y1 excluded, y down.",
)
@click.option("--steps", type=click_type(Iterations), help="Iterations [default: the code's].")
@click.option(
    "--start",
    help="Picture to start the iteration from: b (the fixed part of the map), grey, noise, or a "
    "picture's file name [default: b].",
)
@click.option(
    "--animate",
    type=FILE,
    help="Write the iteration, step by step, as .gif, .webp, .png or .apng.",
)
@click.option("--model", help="Codes of your own model or latent space: its folder.")
@common_options(*JOBS, "threads", "json", "quiet", "overwrite")
def command(code: Path, output: Path, **options: Any) -> int:
    """Decode CODE, a .ssm file, to a picture; the suffix of OUT chooses its format.

    If CODE is a folder, every .ssm file in it and its sub-folders becomes a .png in the folder OUT,
    scaled by --scale. One that cannot be decoded does not stop the rest; the exit status is then 1.
    """
    check_only_one("scale", "size")
    INPUTS.check("a folder" if code.is_dir() else "a single code")
    return (_decode_folder if code.is_dir() else _decode_one)(code, output, options)


def _decode_one(path: Path, output: Path, options: dict[str, Any]) -> int:
    from selfsame.codes.registry import family_of
    from selfsame.codes.render import draw_bytes, draw_steps
    from selfsame.codes.store import load
    from selfsame.family import Iterates, Run, View
    from selfsame.io.files import check_writable
    from selfsame.io.pictures import (
        check_animation_suffix,
        check_picture_suffix,
        write_animation,
        write_picture,
    )

    begin = time.perf_counter()
    animation, overwrite = options["animate"], options["overwrite"]
    inputs = [path, *filter(None, [options["start"]])]
    check_picture_suffix(output)
    check_writable(output, overwrite=overwrite, inputs=inputs)
    if animation is not None:
        check_animation_suffix(animation)
        check_writable(animation, overwrite=overwrite, inputs=inputs)
    if options["model"] is not None:
        from selfsame.codes.models import load_model

        load_model(options["model"])
    view = View(options["size"], options["scale"], _region(options["region"]))
    loading = time.perf_counter()
    code = load(path, view, iterations=options["steps"])
    load_seconds = time.perf_counter() - loading
    family = family_of(code)
    kind = f"the family {family.name}"
    ITERATIONS.check("codes that iterate" if isinstance(family, Iterates) else kind)
    REGIONS.check("codes with regions" if "region" in family.views else kind)
    MODELS.check(kind)
    run = Run(options["threads"])
    start, steps = _start(options["start"], code), options["steps"]
    decoding = time.perf_counter()
    chosen = {"iterations": steps, "start": start}
    picture = draw_bytes(code, view, run, **given(chosen, *chosen))
    seconds = time.perf_counter() - decoding + load_seconds
    write_picture(output, picture, overwrite=overwrite)
    if animation is not None:
        frames = draw_steps(code, view, run, steps=steps, start=start)
        opaque = (_without_alpha(frame, code.channels) for frame in frames)
        write_animation(animation, opaque, milliseconds=400, overwrite=overwrite)
    height, width = picture.shape[:2]
    values = {
        "output": output,
        "kind": family.name,
        "size": [width, height],
        "animation": animation,
        "decode_seconds": round(seconds, 4),
        "seconds": round(time.perf_counter() - begin, 4),
    }
    report(values, f"{output}: {width}x{height}, decoded in {seconds:.3f} s")
    return 0


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


def _without_alpha(frame: "NDArray[np.float32]", channels: int) -> "NDArray[np.float32]":
    if frame.ndim == 2:
        return frame
    return frame[..., 0] if channels == 1 else frame[..., :3]


def _decode_folder(folder: Path, output: Path, options: dict[str, Any]) -> int:
    from selfsame.archive import decode_folder

    def tell(name: str, error: str | None) -> None:
        if error is not None:
            note(f"{name}: {error}")

    begin, executor = time.perf_counter(), executor_of(options)
    with shown_progress("decode", quiet=options["quiet"]) as progress:
        errors = decode_folder(
            folder,
            output,
            **given(options, "scale"),
            model=options["model"],
            executor=executor,
            overwrite=options["overwrite"],
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
    report(values, text)
    return 1 if failed else 0
