"""``selfsame fit``: pictures or point clouds to codes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.checked import annotations
from selfsame.cli.shared.fields import given_settings, settings_options
from selfsame.cli.shared.jobs import JOBS_OPTIONS, executor_of, jobs_options, shown_progress
from selfsame.cli.shared.methods import Methods, check_only_one
from selfsame.cli.shared.options import (
    common_options,
    output_option,
    progress_bar,
    report,
    set_threads,
)
from selfsame.errors import InputError
from selfsame.ifs.distance.settings import DistanceSettings
from selfsame.ifs.fit.config import PRESETS, CloudConfig, FitConfig
from selfsame.io.files import check_writable

if TYPE_CHECKING:
    from selfsame.archive.fit import Fitting
    from selfsame.datasets.pictures import NamedPicture
    from selfsame.ifs.code import IFSCode
    from selfsame.io.pictures import Picture
    from selfsame.run.executor import Executor

COMMON = ("seed", "device")
METHODS = Methods(
    {
        "--method descent": (
            *annotations(FitConfig),
            *COMMON,
            *("method", "preset", "grey_values", "color", "invert", "animate"),
            *("split", *JOBS_OPTIONS),
        ),
        "--method distance": (
            *annotations(DistanceSettings),
            *COMMON,
            *("method", "checkpoint", "invert", "animate", "split", *JOBS_OPTIONS),
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
    {"a single picture": ("animate", "checkpoint"), "several pictures": (*JOBS_OPTIONS, "split")}
)
"""What each choice of a fit uses; --threshold and --grey-values are of one choice, and so on."""

FRAMES = 48
"""Pictures of an animation, spread evenly over the steps."""

CLOUD_SUFFIXES = (".ply", ".npy")


@click.command("fit")
@click.argument("target", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--method",
    type=click.Choice(["descent", "distance"]),
    default="descent",
    show_default=True,
    help="Descent through rendered points, or through distance maps.",
)
@click.option(
    "--preset",
    default="default",
    show_default=True,
    help="Named settings: default, fast, best, paper, paper-fixed, ...",
)
@settings_options(
    FitConfig,
    "maps",
    "steps",
    "restarts",
    "size",
    "threshold",
    "objective",
    "points",
    "init",
    "encoder",
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
    "--checkpoint",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Distance method: save the state here, and resume from it.",
)
@click.option(
    "--animate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the fit of a single picture as .gif, .webp, .png or .apng.",
)
@jobs_options
@common_options
def command(target: Path, output: Path, **options: Any) -> int:
    """Fit an IFS to TARGET and write its code.

    TARGET is a picture (OUT a .ssm file), a point cloud in .ply or .npy (OUT a .ssm file), or a set
    of pictures: a folder with its sub-folders, an .npz or an idx file (OUT a folder of codes named
    like the pictures, or 00000.ssm ... in order).

    With a set OUT gets ledger.jsonl as well: an interrupted or repeated call goes on where it
    stopped, and fits what is new. A picture that cannot be fitted does not stop the rest; the exit
    status is then 1.
    """
    from selfsame.datasets import list_pictures
    from selfsame.datasets.readers import set_kind

    cloud = target.suffix.lower() in CLOUD_SUFFIXES
    many = not cloud and set_kind(target) != "picture"
    METHODS.check("a point cloud" if cloud else f"--method {options['method']}")
    FOLDERS.check("several pictures" if many else "a single picture")
    if not cloud and options["method"] == "descent":
        _config(options)  # what is wrong with it is said before the pictures are read
    if many:
        executor = _executor(options)
        set_threads(options["threads"])
        return _fit_many(target.resolve(), executor, output, options)
    set_threads(options["threads"])
    if cloud:
        _fit_cloud(target, output, options)
    else:
        (found,) = list_pictures(target)
        picture = _fitting(options).target(found.read())
        if picture.ndim == 3:
            PALETTES.check("pictures in colour")
        _fit_one(picture, target, output, options)
    return 0


def _fitting(options: dict[str, Any]) -> "Fitting":
    from selfsame.archive.fit import Fitting

    if options["method"] == "distance":
        settings: Any = DistanceSettings.from_dict(given_settings(DistanceSettings, options))
    else:
        settings = _config(options)
    names = ("seed", "device", "invert", "color")
    return Fitting(settings, **{name: options[name] for name in names})


def _config(options: dict[str, Any]) -> FitConfig:
    """Return the settings of a descent; options that it does not use are wrong usage."""
    if options["preset"] not in PRESETS:
        raise click.UsageError(
            f"--preset must be one of {', '.join(PRESETS)}: got {options['preset']!r}"
        )
    check_only_one("threshold", "grey_values")
    config = replace(PRESETS[options["preset"]], **given_settings(FitConfig, options))
    STARTS.check(f"--init {config.init}")
    OBJECTIVES.check(f"--objective {config.objective}")
    return replace(config, threshold=None) if options["grey_values"] else config


def _fit_one(picture: "Picture", target: Path, output: Path, options: dict[str, Any]) -> None:
    check_writable(output, overwrite=options["overwrite"], inputs=[target])
    if output.suffix.lower() != ".ssm":
        raise InputError(f"the code of a picture is a .ssm file: got {output}")
    if options["animate"]:
        check_writable(options["animate"], overwrite=options["overwrite"], inputs=[target])
    frames: list[IFSCode] = []
    if options["method"] == "distance":
        code, loss = _distance(picture, options, frames)
    else:
        code, loss = _descent(picture, options, frames)
    values = _saved(code, output, loss, options) | {"target": str(target)}
    if options["animate"]:
        _write_frames([*frames, code], options)
        values["animation"] = str(options["animate"])
    report(values, as_json=options["as_json"], quiet=options["quiet"], text=_sentence(values))


def _descent(
    picture: "Picture", options: dict[str, Any], frames: list["IFSCode"]
) -> tuple["IFSCode", float]:
    from selfsame.ifs.fit import fit

    config = _config(options)
    every = max(1, config.steps // FRAMES)

    def keep_frame(step: int, _losses: Any, snapshot: Callable[[], list["IFSCode"]]) -> None:
        if step == 1 or step % every == 0:
            frames.extend(snapshot())

    with shown_progress("fitting", quiet=options["quiet"]) as progress:
        result = fit(
            [picture],
            config,
            seed=options["seed"],
            device=options["device"],
            callback=keep_frame if options["animate"] else None,
            progress=progress,
        )
    return result.codes[0], float(result.losses[0])


def _distance(
    picture: "Picture", options: dict[str, Any], frames: list["IFSCode"]
) -> tuple["IFSCode", float]:
    from selfsame.ifs.distance.fit import Progress, fit_distance

    loss = float("nan")

    def watch(progress: Progress) -> None:
        nonlocal loss
        loss = progress.loss
        if options["animate"]:
            frames.append(progress.code)

    (code,) = fit_distance(
        [picture],
        device="cpu" if options["device"] == "auto" else options["device"],
        callback=watch,
        checkpoint=options["checkpoint"],
        **given_settings(DistanceSettings, options),
    )
    return code, loss


def _executor(options: dict[str, Any]) -> "Executor":
    """Return what fits a set: several processes, unless threads are given or all share a GPU."""
    from selfsame.run.device import resolve_device

    jobs, threads = options["jobs"], options["threads"]
    if threads is not None and (jobs is not None or options["engine"] is not None):
        raise click.UsageError(
            "--threads is for one picture or batch at a time: no --jobs, --engine"
        )
    shared = threads is not None or resolve_device(options["device"]).type != "cpu"
    if jobs is None and options["engine"] is None and shared:
        jobs = 1
    return executor_of(jobs, options["engine"], options["scheduler"], quiet=options["quiet"])


def _fit_many(target: Path, executor: "Executor", output: Path, options: dict[str, Any]) -> int:
    """Fit every picture to a code in the folder ``output``; return the exit status."""
    from selfsame.archive.fit import fit_set
    from selfsame.datasets import list_pictures

    pictures = list_pictures(target, options["split"])
    quiet, fitting = options["quiet"], _fitting(options)
    if (options["threshold"] is not None or options["grey_values"]) and _all_in_color(
        pictures, fitting
    ):
        PALETTES.check("pictures in colour")

    def tell(entry: dict[str, Any]) -> None:
        if entry["state"] == "failed" and not quiet:
            click.echo(f"{entry['source']}: {entry['error']}", err=True)

    with shown_progress("fitting", quiet=quiet) as progress:
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
    fitted = [_row(entry, output) for entry in fits.fitted]
    failed = [{"target": entry["source"], "error": entry["error"]} for entry in fits.failed]
    text = f"{output}: {len(fitted)} codes fitted, {len(fits.kept)} kept from before"
    if failed:
        text += f", {len(failed)} failed"
    report(
        {
            "output": str(output),
            "count": len(pictures),
            "kept": len(fits.kept),
            "fitted": fitted,
            "failed": failed,
        },
        as_json=options["as_json"],
        quiet=quiet,
        text=text,
    )
    return 1 if failed else 0


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
    return {"output": str(output / entry["output"]), **values, "target": entry["source"]}


def _fit_cloud(target: Path, output: Path, options: dict[str, Any]) -> None:
    from selfsame.ifs.exchange.ply import read_points
    from selfsame.ifs.fit.cloud import fit_cloud

    check_writable(output, overwrite=options["overwrite"], inputs=[target])
    points = read_points(target)
    config = CloudConfig(**given_settings(CloudConfig, options))
    with shown_progress("fitting", quiet=options["quiet"]) as progress:
        code, loss = fit_cloud(
            points, config, seed=options["seed"], device=options["device"], progress=progress
        )
    values = _saved(code, output, loss, options) | {"target": str(target)}
    report(values, as_json=options["as_json"], quiet=options["quiet"], text=_sentence(values))


def _saved(code: "IFSCode", path: Path, loss: float, options: dict[str, Any]) -> dict[str, Any]:
    """Write a code and return what there is to say about it."""
    from selfsame.archive.fit import saved

    return {"output": str(path), **saved(code, path, loss, overwrite=options["overwrite"])}


def _sentence(values: dict[str, Any]) -> str:
    return (
        f"{values['output']}: {values['maps']} maps, {values['bytes']} bytes, "
        f"loss {values['loss']:.5f}"
    )


def _write_frames(codes: list["IFSCode"], options: dict[str, Any]) -> None:
    from selfsame.ifs.render.pictures import render
    from selfsame.io.pictures import write_animation

    with progress_bar(len(codes), "drawing", quiet=options["quiet"]) as advance:

        def frames() -> Iterator[Any]:
            for code in codes:
                yield render(code, frame_size(code.size))
                advance(1)

        write_animation(options["animate"], frames(), overwrite=options["overwrite"])


def frame_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of an animation's frame: longest side 256 pixels."""
    scale = 256 / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
