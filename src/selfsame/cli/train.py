"""``selfsame train KIND DATA -o FOLDER``: models of one's own."""

import json
import os
import platform
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from selfsame import __version__
from selfsame.cli.options import (
    json_option,
    output_option,
    quiet_option,
    report,
    set_threads,
    threads_option,
)
from selfsame.training.settings import PRECISIONS, TrainSettings

if TYPE_CHECKING:
    from selfsame.training import FolderCrops, Task, TrainResult

    class ExportedTask(Task, Protocol):
        """A task whose model can be written to a file."""

        def export(self, path: Path, card: Mapping[str, Any] | None = None) -> None: ...


F = TypeVar("F", bound=Callable[..., Any])

CONFIG_NAME = "config.json"
MODEL_NAME = "model.safetensors"
COLLAGE_TABLES = ("train", "data", "model", "objective", "card")
SHOWN_NOTES = 5
SIGNAL_STATUS = 128
"""A process that a signal ended has this exit status plus the signal's number, by custom."""


@click.group("train", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Train a model on pictures of one's own."""


@dataclass(frozen=True)
class Call:
    """The options that every kind of training has."""

    output: Path
    config_path: Path | None
    assignments: tuple[str, ...]
    stop_after: int | None
    restart: bool
    threads: int | None
    as_json: bool
    quiet: bool
    flags: dict[str, Any]


def training_options(function: F) -> F:
    """Add the options of a ``Call``; what is not a field of it arrives as a flag."""
    flags: tuple[tuple[str, Any, str], ...] = (
        ("steps", click.IntRange(1), "Updates of the weights"),
        ("batch", click.IntRange(1), "Crops of an update, of all processes together"),
        ("lr", click.FloatRange(0, min_open=True), "Largest learning rate"),
        ("seed", click.IntRange(0, 2**63 - 1), "Random seed"),
        ("device", click.Choice(["auto", "cpu", "cuda"]), "Where torch computes"),
        ("precision", click.Choice(PRECISIONS), "auto: bfloat16 on CUDA"),
        ("workers", click.IntRange(0, 256), "Threads that prepare batches"),
    )
    for option in (
        quiet_option,
        json_option,
        threads_option,
        click.option(
            "--restart",
            "--overwrite",
            "restart",
            is_flag=True,
            help="Delete the checkpoints in FOLDER and start anew [default: go on from them].",
        ),
        click.option(
            "--stop-after", type=click.IntRange(0), help="Stop after so many steps of this call."
        ),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="TABLE.NAME=VALUE",
            help="Any setting of the configuration; may be repeated.",
        ),
        *(
            click.option(
                f"--{name}",
                type=kind,
                help=f"{text} [default: {getattr(TrainSettings, name)}].",
            )
            for name, kind, text in reversed(flags)
        ),
        click.option(
            "--config",
            "config_path",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Tables of settings, .toml or .json; flags override them.",
        ),
        output_option,
    ):
        function = option(function)
    return function


@command.command("collage")
@click.argument("data", type=click.Path(path_type=Path))
@training_options
@click.option("--crop", type=click.IntRange(1), help="Side of the crops, a multiple of 16 pixels.")
@click.option("--init", metavar="MODEL", help="Go on from a model: photo, aerial or a file.")
@click.option(
    "--validate",
    type=click.Path(path_type=Path),
    help="Folder of pictures, or one, to measure the model on while it learns.",
)
def collage(
    data: Path, crop: int | None, init: str | None, validate: Path | None, **options: Any
) -> int:
    """Train a model for `selfsame encode --model` on the pictures in DATA.

    DATA is a folder, with its sub-folders, or one picture. The folder OUTPUT gets config.json,
    checkpoints, a log and model.safetensors. The same command goes on where it was stopped.
    """
    import torch

    from selfsame.collage.code import GRID
    from selfsame.collage.model import CollageConfig
    from selfsame.collage.train import CollageObjective, CollageTask
    from selfsame.errors import InputError
    from selfsame.training.config import settings_from
    from selfsame.training.crops import CropSettings

    call = _call(options)
    config = _configuration(call, COLLAGE_TABLES)
    if crop is not None:
        config["data"]["crop"] = crop
    settings = settings_from(TrainSettings, config["train"], "train")
    pieces = settings_from(CropSettings, config["data"], "data")
    if pieces.crop % GRID:
        raise InputError(f"crop must be a multiple of {GRID}: got {pieces.crop}")
    shape = settings_from(CollageConfig, config["model"], "model")
    objective = settings_from(CollageObjective, config["objective"], "objective")
    notes: list[str] = []
    crops = pieces.crops(data, notes.append)
    pictures = [] if validate is None else _pictures(validate)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of the weights that the model starts from
        task = CollageTask(
            shape if config["model"] or init is None else None,
            objective,
            init=init,
            validation=pictures,
        )
    tables = {
        "train": settings.as_dict(),
        "data": asdict(pieces),
        "model": asdict(task.model.config),
        "objective": asdict(objective),
        "card": config["card"],
    }
    same = {"model": tables["model"], "objective": tables["objective"], "init": init}
    return _train(call, task, crops, settings, tables, same, notes)


def _call(options: dict[str, Any]) -> Call:
    """Return the options that have a field, and the others, where given, as flags."""
    own = {name: options.pop(name) for name in Call.__dataclass_fields__ if name != "flags"}
    call = Call(**own, flags={name: value for name, value in options.items() if value is not None})
    set_threads(call.threads)
    return call


def _configuration(call: Call, tables: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return every table of the configuration, flags included."""
    from selfsame.training.config import read_config, with_settings

    config = {} if call.config_path is None else read_config(call.config_path, tables)
    config = {**{name: {} for name in tables}, **config}
    config = with_settings(config, call.assignments, tables)
    config["train"] |= call.flags
    return config


def _pictures(path: Path) -> list[Any]:
    """Return the pictures of a folder, or the one picture, as (H, W, 3) bytes."""
    from selfsame.files import files_below
    from selfsame.images import SUFFIXES, read_picture, to_uint8

    files = [path / name for name in files_below(path, SUFFIXES)] if path.is_dir() else [path]
    return [to_uint8(read_picture(file, "rgb")) for file in files]


def _train(
    call: Call,
    task: "ExportedTask",
    crops: "FolderCrops",
    settings: TrainSettings,
    tables: dict[str, dict[str, Any]],
    same: dict[str, Any],
    notes: list[str],
) -> int:
    """Train, write the model, and report; return the exit status.

    Args:
        tables: the effective configuration.
        same: what a resumed training must share beyond ``settings`` and ``crops``.
        notes: of the pictures that were left out; more come while they are read.
    """
    from selfsame.files import make_folder, write_bytes
    from selfsame.training import train
    from selfsame.training.checkpoint import checkpoints
    from selfsame.training.logs import training_bar
    from selfsame.training.loop import CHECKPOINTS

    leads = os.environ.get("RANK", "0") == "0"  # torchrun counts its processes
    quiet = call.quiet or not leads
    if leads:
        make_folder(call.output, "a training needs a folder")
        if call.restart or not checkpoints(call.output / CHECKPOINTS):
            text = json.dumps(tables, indent=2) + "\n"
            write_bytes(call.output / CONFIG_NAME, text.encode())
    with training_bar(settings.steps, quiet=quiet) as progress:
        result = train(
            task,
            crops,
            settings,
            call.output,
            config={**same, "pictures": crops.fingerprint},
            resume=not call.restart,
            progress=progress,
            stop_after=call.stop_after,
        )
    model = call.output / MODEL_NAME
    if leads:
        task.export(model, _card(tables, crops, result))
        notes += result.notes
        values = {**asdict(result), "notes": notes, "output": model, "pictures": len(crops)}
        report(
            values, as_json=call.as_json, quiet=quiet, text=_text(model, settings, result, notes)
        )
    if result.stopped_by is None:
        return 0
    return SIGNAL_STATUS + signal.Signals[result.stopped_by]


def _card(
    tables: dict[str, dict[str, Any]], crops: "FolderCrops", result: "TrainResult"
) -> dict[str, Any]:
    """Return what a person should know of the model: the table ``card``, then the recipe."""
    recipe = {name: table for name, table in tables.items() if name != "card"}
    return {
        **tables["card"],
        "pictures": len(crops),
        "steps": result.step,
        "training_seconds": round(result.seconds),
        "machine": platform.machine(),
        "selfsame": __version__,
        "validation": result.validation,
        "recipe": recipe,
    }


def _text(model: Path, settings: TrainSettings, result: "TrainResult", notes: list[str]) -> str:
    shown = notes[:SHOWN_NOTES]
    if len(notes) > SHOWN_NOTES:
        shown.append(f"and {len(notes) - SHOWN_NOTES} more")
    values = ", ".join(
        f"{name} {value:.4g}" for name, value in {**result.metrics, **result.validation}.items()
    )
    if result.finished:
        state = f"{result.step} steps"
    else:
        why = f"stopped by {result.stopped_by}" if result.stopped_by else "stopped"
        state = f"{why} after {result.step} of {settings.steps} steps; the same command goes on"
    return "\n".join([*shown, f"{model}: {state}" + (f"; {values}" if values else "")])
