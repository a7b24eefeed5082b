"""``selfsame fit``: pictures or point clouds to codes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.options import common_options, output_option, progress_bar, report, set_threads
from selfsame.errors import InputError
from selfsame.io.files import check_writable, write_bytes

if TYPE_CHECKING:
    from selfsame.ifs.code import IFSCode
    from selfsame.ifs.fit import FitConfig
    from selfsame.io.pictures import Picture

MANIFEST = "fit.json"
FRAMES = 48
"""Pictures of an animation, spread evenly over the steps."""

CLOUD_SUFFIXES = (".ply", ".npy")


@click.command("fit")
@click.argument("target", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--maps",
    type=click.IntRange(1, 4096),
    help="Maps [default: 10 for pictures up to 64 pixels, else 64; 20 for point clouds].",
)
@click.option(
    "--split",
    type=click.Choice(["train", "test"]),
    help="Which pictures of a set [default: train, if it has several].",
)
@click.option("--steps", type=click.IntRange(1), help="Optimisation steps [default: the preset's].")
@click.option(
    "--preset",
    default="default",
    show_default=True,
    help="Named settings: default, fast, best, paper, paper-fixed, ...",
)
@click.option("--restarts", type=click.IntRange(1, 4096), help="Starts that compete.")
@click.option(
    "--size",
    "side",
    type=click.IntRange(4, 4096),
    help="Longest side compared, pixels [default: 32 for pictures up to 64, else twice their "
    "own, at most 512].",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Grey above it is figure [default: 0.2, the paper's; 0.5 for the distance method].",
)
@click.option("--grey-values", is_flag=True, help="Fit grey values instead of thresholding.")
@click.option("--invert", is_flag=True, help="The figure is dark on bright.")
@click.option(
    "--color/--no-color", default=None, help="Fit colours [default: where the picture has them]."
)
@click.option(
    "--objective",
    type=click.Choice(["occupancy", "density"]),
    default=None,
    help="Where the figure is, or how much ink lies where [default: occupancy].",
)
@click.option(
    "--points",
    type=click.IntRange(1),
    help="Points of the drawing aimed at [default: "
    "300 up to 32 pixels, else 8 per pixel of the figure].",
)
@click.option(
    "--method",
    type=click.Choice(["descent", "distance"]),
    default="descent",
    show_default=True,
    help="Descent through rendered points, or through distance maps.",
)
@click.option(
    "--init",
    type=click.Choice(["mixture", "encoder", "uniform"]),
    help="Starts of a descent: a Gaussian mixture, a trained network's proposal, or random numbers "
    "[default: the preset's].",
)
@click.option(
    "--encoder",
    help="The network of --init encoder: a shipped one, or the folder of your own "
    "[default: doodles].",
)
@click.option(
    "--layout",
    default="squares:3",
    show_default=True,
    help="Distance method: squares:n, segments:N or free:N.",
)
@click.option(
    "--depth",
    type=click.IntRange(1, 12),
    default=3,
    show_default=True,
    help="Distance method: recursion depth.",
)
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
@common_options
def command(target: Path, output: Path, **options: Any) -> None:
    """Fit an IFS to TARGET and write its code.

    TARGET is a picture (OUT a .ssm file), a point cloud in .ply or .npy (OUT a .ssm file), or a set
    of pictures: a folder with its sub-folders, an .npz or an idx file (OUT a folder of 00000.ssm
    ... in order; codes that are there already from the same settings are kept, so an interrupted
    job goes on).
    """
    from selfsame.datasets import list_pictures
    from selfsame.datasets.readers import set_kind

    set_threads(options["threads"])
    if target.suffix.lower() in CLOUD_SUFFIXES:
        _fit_cloud(target, output, options)
        return
    found = list_pictures(target, options["split"])
    pictures = [_adapted(named.read(), options) for named in found]
    many = set_kind(target) != "picture"
    if many and options["animate"]:
        raise click.UsageError("--animate takes a single picture")
    if many and options["checkpoint"]:
        raise click.UsageError("--checkpoint takes a single picture; a folder resumes by itself")
    if many:
        _fit_many(pictures, [named.name for named in found], output, options)
    else:
        _fit_one(pictures[0], target, output, options)


def _adapted(picture: "Picture", options: dict[str, Any]) -> "Picture":
    """Return the picture inverted and in the colours that the options ask for."""
    import numpy as np

    if options["invert"]:
        picture = np.float32(1) - picture
    grey_only = options["color"] is False or (
        options["color"] is None
        and (options["method"] == "distance" or options["objective"] == "density")
    )
    if picture.ndim == 3 and grey_only:
        return (picture @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32)
    if picture.ndim == 2 and options["color"]:
        return np.repeat(picture[..., None], 3, axis=2)
    return picture


def _config(options: dict[str, Any]) -> "FitConfig":
    from selfsame.ifs.fit import PRESETS

    if options["preset"] not in PRESETS:
        raise click.UsageError(
            f"--preset must be one of {', '.join(PRESETS)}: got {options['preset']!r}"
        )
    given = {
        "maps": options["maps"],
        "steps": options["steps"],
        "restarts": options["restarts"],
        "size": options["side"],
        "threshold": options["threshold"],
        "objective": options["objective"],
        "points": options["points"],
        "init": options["init"],
        "encoder": options["encoder"],
    }
    config = replace(
        PRESETS[options["preset"]], **{k: v for k, v in given.items() if v is not None}
    )
    if options["encoder"] is not None and config.init != "encoder":
        raise click.UsageError("--encoder belongs to --init encoder")
    return replace(config, threshold=None) if options["grey_values"] else config


def _fit_one(picture: "Picture", target: Path, output: Path, options: dict[str, Any]) -> None:
    check_writable(output, overwrite=options["overwrite"], inputs=[target])
    if output.suffix.lower() != ".ssm":
        raise InputError(f"the code of a picture is a .ssm file: got {output}")
    if options["animate"]:
        check_writable(options["animate"], overwrite=options["overwrite"], inputs=[target])
    frames: list[IFSCode] = []
    if options["method"] == "distance":
        codes, losses = _distance([picture], options, frames)
    else:
        codes, losses = _descent(picture, options, frames)
    values = _saved(codes[0], output, losses[0], options) | {"target": str(target)}
    if options["animate"]:
        _write_frames(frames + codes, options)
        values["animation"] = str(options["animate"])
    report(values, as_json=options["as_json"], quiet=options["quiet"], text=_sentence(values))


def _descent(
    picture: "Picture", options: dict[str, Any], frames: list["IFSCode"]
) -> tuple[list["IFSCode"], list[float]]:
    from selfsame.ifs.fit import fit

    config = _config(options)
    every = max(1, config.steps // FRAMES)

    def keep_frame(step: int, _losses: Any, snapshot: Callable[[], list["IFSCode"]]) -> None:
        if step == 1 or step % every == 0:
            frames.extend(snapshot())

    with progress_bar(config.steps, "fitting", quiet=options["quiet"]) as advance:
        result = fit(
            [picture],
            config,
            seed=options["seed"],
            device=options["device"],
            callback=keep_frame if options["animate"] else None,
            progress=advance,
        )
    return result.codes, result.losses.tolist()


def _distance(
    pictures: list["Picture"], options: dict[str, Any], frames: list["IFSCode"]
) -> tuple[list["IFSCode"], list[float]]:
    from selfsame.ifs.distance.fit import Progress, fit_distance

    chosen = {
        "steps": options["steps"],
        "restarts": options["restarts"],
        "threshold": options["threshold"],
        "checkpoint": options["checkpoint"],
    }
    losses: dict[int, float] = {}
    with progress_bar(len(pictures), "fitting", quiet=options["quiet"]) as advance:

        def watch(progress: Progress) -> None:
            if progress.picture not in losses:
                advance(int(bool(losses)))
            losses[progress.picture] = progress.loss
            if options["animate"]:
                frames.append(progress.code)

        codes = fit_distance(
            pictures,
            options["layout"],
            options["depth"],
            seed=options["seed"],
            device="cpu" if options["device"] == "auto" else options["device"],
            callback=watch,
            **{k: v for k, v in chosen.items() if v is not None},
        )
        advance(1)
    return codes, [losses.get(i, float("nan")) for i in range(len(codes))]


def _fit_many(
    pictures: list["Picture"], names: list[str], output: Path, options: dict[str, Any]
) -> None:
    """Fit every picture into ``output/00000.ssm`` ..., keeping what is there already."""
    settings = _settings(options, names)
    _open_folder(output, settings, overwrite=options["overwrite"])
    rows: dict[int, dict[str, Any]] = {}
    for members, codes, losses in _batches(pictures, output, options):
        for i, code, loss in zip(members, codes, losses, strict=True):
            rows[i] = _saved(code, output / f"{i:05d}.ssm", loss, options, overwrite=True)
            rows[i]["target"] = names[i]
    fitted = [rows[i] for i in sorted(rows)]
    kept = len(pictures) - len(fitted)
    report(
        {"output": str(output), "count": len(pictures), "kept": kept, "fitted": fitted},
        as_json=options["as_json"],
        quiet=options["quiet"],
        text=f"{output}: {len(fitted)} codes fitted, {kept} kept from before",
    )


def _batches(
    pictures: list["Picture"], output: Path, options: dict[str, Any]
) -> Iterator[tuple[list[int], list["IFSCode"], list[float]]]:
    """Yield numbers, codes and losses of each batch that is not complete on disk."""
    from selfsame.ifs.fit import batches, fit_batch

    def missing(members: list[int]) -> bool:
        return options["overwrite"] or any(not (output / f"{i:05d}.ssm").exists() for i in members)

    if options["method"] == "distance":
        for i in range(len(pictures)):
            if missing([i]):
                codes, losses = _distance([pictures[i]], options, [])
                yield [i], codes, losses
        return
    config = _config(options)
    todo = [members for members in batches(pictures, config) if missing(members)]
    with progress_bar(len(todo) * config.steps, "fitting", quiet=options["quiet"]) as advance:
        for members in todo:
            codes, values = fit_batch(
                pictures,
                members,
                config,
                seed=options["seed"],
                device=options["device"],
                progress=advance,
            )
            yield members, codes, values.tolist()


def _settings(options: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return what decides the codes of a folder, apart from the pixels."""
    settings: dict[str, Any] = {key: options[key] for key in ("seed", "invert", "color", "method")}
    if options["method"] == "distance":
        keys = ("layout", "depth", "steps", "restarts", "threshold")
        settings |= {key: options[key] for key in keys}
    else:
        config = _config(options)
        settings |= asdict(config)
        if config.init == "encoder":
            from selfsame.ifs.encoder import SetEncoder

            settings["encoder_digest"] = SetEncoder.from_pretrained(config.encoder).digest()
    return settings | {"targets": names}


def _open_folder(output: Path, settings: dict[str, Any], *, overwrite: bool) -> None:
    """Make the folder, or check that what lies in it comes from the same settings."""
    manifest = output / MANIFEST
    if manifest.exists() and not overwrite:
        try:
            before = json.loads(manifest.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{manifest} cannot be read: {error}; pass --overwrite") from error
        if before != json.loads(json.dumps(settings)):
            raise InputError(
                f"{output} holds codes of other settings or targets; pass --overwrite to replace "
                "them, or choose another folder"
            )
    elif output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file; several codes need a folder")
    elif output.is_dir() and any(output.glob("*.ssm")) and not overwrite:
        raise InputError(f"{output} holds codes but no {MANIFEST}; pass --overwrite")
    output.mkdir(parents=True, exist_ok=True)
    write_bytes(manifest, json.dumps(settings, indent=1).encode())


def _fit_cloud(target: Path, output: Path, options: dict[str, Any]) -> None:
    from selfsame.ifs.exchange.ply import read_points
    from selfsame.ifs.fit.cloud import CloudConfig, fit_cloud

    check_writable(output, overwrite=options["overwrite"], inputs=[target])
    points = read_points(target)
    given = {key: options[key] for key in ("maps", "steps", "restarts")}
    config = CloudConfig(**{k: v for k, v in given.items() if v is not None})
    with progress_bar(config.steps, "fitting", quiet=options["quiet"]) as advance:
        code, loss = fit_cloud(
            points, config, seed=options["seed"], device=options["device"], progress=advance
        )
    values = _saved(code, output, loss, options) | {"target": str(target)}
    report(values, as_json=options["as_json"], quiet=options["quiet"], text=_sentence(values))


def _saved(
    code: "IFSCode",
    path: Path,
    loss: float,
    options: dict[str, Any],
    *,
    overwrite: bool | None = None,
) -> dict[str, Any]:
    """Write a code and return what there is to say about it."""
    from selfsame.codes.store import save

    save(code, path, overwrite=options["overwrite"] if overwrite is None else overwrite)
    width, height = code.size
    size = path.stat().st_size
    return {
        "output": str(path),
        "bytes": size,
        "bpp": 8 * size / (width * height),
        "maps": len(code.system),
        "loss": loss,
        "size": [width, height],
    }


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
