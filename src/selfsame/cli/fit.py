"""``selfsame fit``: pictures or point clouds to codes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.checked import annotations
from selfsame.cli.shared.call import (
    Methods,
    check_only_one,
    executor_of,
    given,
    given_settings,
    note,
    report,
    set_threads,
)
from selfsame.cli.shared.options import FILE, JOBS, PATH, common_options, settings_options
from selfsame.errors import InputError, SettingError
from selfsame.ifs.distance.settings import DistanceSettings
from selfsame.ifs.fit.config import PRESETS, CloudConfig, FitConfig
from selfsame.io.files import check_writable
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    from selfsame.archive.fit import Fitting
    from selfsame.datasets.pictures import NamedPicture
    from selfsame.ifs.code import IFSCode
    from selfsame.run.executor import Executor

COMMON = ("seed", "device")
METHODS = Methods(
    {
        "--method descent": (
            *annotations(FitConfig),
            *COMMON,
            *("method", "preset", "grey_values", "color", "invert", "animate"),
            *("split", *JOBS),
        ),
        "--method distance": (
            *annotations(DistanceSettings),
            *COMMON,
            *("method", "checkpoint", "invert", "animate", "split", *JOBS),
        ),
        "a point cloud": (*annotations(CloudConfig), *COMMON),
    }
)
OBJECTIVES = Methods(
    {
        "--objective occupancy": ("threshold", "grey_values", "points", "color"),
        "--objective density": (),
    }
)
PALETTES = Methods({"grey pictures": ("threshold", "grey_values"), "pictures in colour": ()})
STARTS = Methods({"--init encoder": ("encoder",), "--init mixture": (), "--init uniform": ()})
FOLDERS = Methods(
    {"a single picture": ("animate", "checkpoint"), "several pictures": (*JOBS, "split")}
)
"""What each choice of a fit uses; --threshold and --grey-values are of one choice, and so on."""

CLOUD_SUFFIXES = (".ply", ".npy")


@click.command("fit")
@click.argument("target", type=PATH)
@common_options("output")
@click.option(
    "--method",
    type=click.Choice(["descent", "distance"]),
    default="descent",
    show_default=True,
    help="Descent through rendered points, or through distance maps.",
)
@click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    default="default",
    show_default=True,
    help="Named settings of a descent.",
)
@settings_options(
    FitConfig,
    *("maps", "steps", "restarts", "size", "threshold", "objective", "points", "init", "encoder"),
    help={
        "maps": "Maps [default: 10 for pictures up to 64 pixels, else 64; 20 for point clouds].",
        "steps": "Optimisation steps [default: the preset's].",
        "restarts": "Starts that compete [default: the preset's].",
        "threshold": "Grey above it is figure [default: 0.2, the paper's; 0.5 for the distance "
        "method].",
        "init": "Starts of a descent: a Gaussian mixture, a trained network's proposal, or random "
        "numbers [default: the preset's].",
        "encoder": "The network of --init encoder: a shipped one, or the folder of your own "
        "[default: doodles].",
    },
)
@click.option("--grey-values", is_flag=True, help="Fit grey values instead of thresholding.")
@click.option(
    "--color/--no-color", default=None, help="Fit colours [default: where the picture has them]."
)
@settings_options(DistanceSettings, "layout", "depth", prefix="Distance method: ")
@click.option(
    "--split",
    type=click.Choice(["train", "test"]),
    help="Which pictures of a set [default: train, if it has several].",
)
@click.option("--invert", is_flag=True, help="The figure is dark on bright.")
@click.option(
    "--checkpoint", type=FILE, help="Distance method: save the state here, and resume from it."
)
@click.option(
    "--animate",
    type=FILE,
    help="Write the fit of a single picture as .gif, .webp, .png or .apng.",
)
@common_options(*JOBS, "seed", "device", "threads", "json", "quiet", "overwrite")
def command(target: Path, output: Path, **options: Any) -> int:
    """Fit an IFS to TARGET and write its code.

    TARGET is a picture (OUT a .ssm file), a point cloud in .ply or .npy (OUT a .ssm file), or a set
    of pictures: a folder with its sub-folders, an .npz or an idx file (OUT a folder of codes named
    like the pictures, or 00000.ssm ... in order).

    With a set OUT gets ledger.jsonl as well: an interrupted or repeated call goes on where it
    stopped, and fits what is new. A picture that cannot be fitted does not stop the rest; the exit
    status is then 1.
    """
    from selfsame.datasets.readers import set_kind

    cloud = target.suffix.lower() in CLOUD_SUFFIXES
    many = not cloud and set_kind(target) != "picture"
    METHODS.check("a point cloud" if cloud else f"--method {options['method']}")
    FOLDERS.check("several pictures" if many else "a single picture")
    if cloud:
        return _fit_cloud(target, output, options)
    fitting = _fitting(options)  # what is wrong with it is said before the pictures are read
    return (_fit_many if many else _fit_one)(target, output, fitting, options)


def _fitting(options: dict[str, Any]) -> "Fitting":
    from selfsame.archive.fit import Fitting

    if options["method"] == "distance":
        settings: Any = DistanceSettings.from_dict(given_settings(DistanceSettings, options))
    else:
        check_only_one("threshold", "grey_values")
        settings = replace(PRESETS[options["preset"]], **given_settings(FitConfig, options))
        STARTS.check(f"--init {settings.init}")
        OBJECTIVES.check(f"--objective {settings.objective}")
        if options["grey_values"]:
            settings = replace(settings, threshold=None)
    return Fitting(settings, **given(options, "seed", "device", "invert", "color"))


def _fit_one(target: Path, output: Path, fitting: "Fitting", options: dict[str, Any]) -> int:
    from selfsame.io.pictures import read_picture

    set_threads(options["threads"])
    picture = fitting.target(read_picture(target))
    if picture.ndim == 3:
        PALETTES.check("pictures in colour")
    check_writable(output, overwrite=options["overwrite"], inputs=[target])
    if output.suffix.lower() != ".ssm":
        raise SettingError(f"the code of a picture is a .ssm file: got {output}")
    animation = options["animate"]
    if animation:
        check_writable(animation, overwrite=options["overwrite"], inputs=[target])
    frames: list[IFSCode] | None = [] if animation else None
    with shown_progress("fitting", quiet=options["quiet"]) as progress:
        codes, losses = fitting.fit(
            [picture], progress, frames=frames, checkpoint=options["checkpoint"]
        )
    if frames is not None:
        _write_frames(animation, [*frames, *codes], options)
    return _save(codes[0], losses[0], target, output, options)


def _fit_cloud(target: Path, output: Path, options: dict[str, Any]) -> int:
    from selfsame.ifs.exchange.ply import read_points
    from selfsame.ifs.fit.cloud import fit_cloud

    set_threads(options["threads"])
    check_writable(output, overwrite=options["overwrite"], inputs=[target])
    points = read_points(target)
    config = CloudConfig(**given_settings(CloudConfig, options))
    with shown_progress("fitting", quiet=options["quiet"]) as progress:
        code, loss = fit_cloud(
            points, config, seed=options["seed"], device=options["device"], progress=progress
        )
    return _save(code, loss, target, output, options)


def _save(code: "IFSCode", loss: float, target: Path, output: Path, options: dict[str, Any]) -> int:
    """Write a code, and say what there is to say about it."""
    from selfsame.archive.fit import saved

    row = saved(code, output, loss, overwrite=options["overwrite"])
    values = {"output": output, **row, "target": target}
    if options["animate"]:
        values["animation"] = options["animate"]
    report(values, f"{output}: {row['maps']} maps, {row['bytes']} bytes, loss {row['loss']:.5f}")
    return 0


def _write_frames(path: Path, codes: list["IFSCode"], options: dict[str, Any]) -> None:
    from selfsame.ifs.render.pictures import render
    from selfsame.io.pictures import write_animation

    with shown_progress("drawing", quiet=options["quiet"]) as progress:

        def frames() -> Iterator[Any]:
            for done, code in enumerate(codes, 1):
                yield render(code, frame_size(code.size))
                progress(done, len(codes))

        write_animation(path, frames(), overwrite=options["overwrite"])


def frame_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of an animation's frame: longest side 256 pixels."""
    scale = 256 / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _fit_many(target: Path, output: Path, fitting: "Fitting", options: dict[str, Any]) -> int:
    """Fit every picture to a code in the folder ``output``."""
    from selfsame.archive.fit import fit_set
    from selfsame.datasets import list_pictures

    executor, target = _executor(options), target.resolve()
    set_threads(options["threads"])
    pictures = list_pictures(target, options["split"])
    if (options["threshold"] is not None or options["grey_values"]) and _all_in_color(
        pictures, fitting
    ):
        PALETTES.check("pictures in colour")

    def tell(entry: dict[str, Any]) -> None:
        if entry["state"] == "failed":
            note(f"{entry['source']}: {entry['error']}")

    with shown_progress("fitting", quiet=options["quiet"]) as progress:
        fits = fit_set(
            pictures,
            output,
            fitting,
            source={"path": str(target), "split": options["split"]},
            executor=executor,
            overwrite=options["overwrite"],
            settled=tell,
            progress=progress,
        )
    failed = [{"target": entry["source"], "error": entry["error"]} for entry in fits.failed]
    text = f"{output}: {len(fits.fitted)} codes fitted, {len(fits.kept)} kept from before"
    if failed:
        text += f", {len(failed)} failed"
    values = {
        "output": output,
        "count": len(pictures),
        "kept": len(fits.kept),
        "fitted": [_row(entry, output) for entry in fits.fitted],
        "failed": failed,
    }
    report(values, text)
    return 1 if failed else 0


def _executor(options: dict[str, Any]) -> "Executor":
    """Return what fits a set: several processes, unless threads are given or all share a GPU."""
    from selfsame.run.device import resolve_device
    from selfsame.run.processes import Processes

    threads, spread = options["threads"], bool(given(options, "jobs", "engine"))
    if threads is not None and spread:
        raise click.UsageError(
            "--threads is for one picture or batch at a time: no --jobs, --engine"
        )
    executor = executor_of(options)
    alone = threads is not None or resolve_device(options["device"]).type != "cpu"
    return Processes(1) if alone and not spread else executor


def _all_in_color(pictures: list["NamedPicture"], fitting: "Fitting") -> bool:
    """Return whether every picture that can be read is to be fitted in colour."""
    for picture in pictures:
        try:
            if fitting.target(picture.read()).ndim == 2:
                return False
        except InputError:  # it is named when it is fitted
            continue
    return True


def _row(entry: dict[str, Any], output: Path) -> dict[str, Any]:
    values = {key: entry[key] for key in ("bytes", "bpp", "maps", "loss", "size")}
    return {"output": output / entry["output"], **values, "target": entry["source"]}
