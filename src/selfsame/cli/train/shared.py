"""What every ``selfsame train KIND`` shares: options, configuration, the run and its report."""

import json
import os
import platform
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from selfsame.cli.shared.fields import settings_options
from selfsame.cli.shared.options import (
    json_option,
    output_option,
    quiet_option,
    report,
    set_threads,
    threads_option,
)
from selfsame.run.device import CHOICES as DEVICES
from selfsame.training.settings import TrainSettings
from selfsame.version import __version__

if TYPE_CHECKING:
    from selfsame.training import TaskBase, TrainResult
    from selfsame.training.batches import Batches

    class Samples(Batches, Protocol):
        """Batches from a number of pictures, and a digest of all that they depend on."""

        @property
        def fingerprint(self) -> str: ...

        def __len__(self) -> int: ...


F = TypeVar("F", bound=Callable[..., Any])

TABLES = ("train", "data", "model", "objective", "card")
"""Of a configuration; where nothing is to be set, a kind of training lacks some."""

CONFIG_NAME = "config.json"
SHOWN_NOTES = 5
SIGNAL_STATUS = 128
"""A process that a signal ended has this exit status plus the signal's number, by custom."""


@dataclass(frozen=True)
class Call:
    """The options that every kind of training has."""

    place_of_data: Path | None
    output: Path
    config_path: Path | None
    assignments: tuple[str, ...]
    stop_after: int | None
    restart: bool
    threads: int | None
    as_json: bool
    quiet: bool
    flags: dict[str, Any]

    @property
    def data(self) -> Path:
        """Where the pictures are, of a command that takes them."""
        assert self.place_of_data is not None
        return self.place_of_data


def training_options(defaults: TrainSettings, *, takes_data: bool = True) -> Callable[[F], F]:
    """Return what adds the options of a ``Call``; what is not a field of it arrives as a flag.

    Args:
        defaults: of this kind of training, for the help.
        takes_data: whether it learns from pictures of the user's, not from made-up ones.
    """
    path = click.Path(path_type=Path)
    options: tuple[Callable[[F], F], ...] = (
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
        click.option(
            "--device",
            type=click.Choice(DEVICES),
            help=f"Where torch computes [default: {defaults.device}].",
        ),
        settings_options(defaults, "steps", "batch", "lr", "seed", "precision", "workers"),
        click.option(
            "--config",
            "config_path",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Tables of settings, .toml or .json; flags override them.",
        ),
        output_option,
    )
    if takes_data:
        options += (
            click.option("--data", "data_flag", type=path, help="The same as the argument DATA."),
            click.argument("data", type=path, required=False),
        )

    def decorate(function: F) -> F:
        for option in options:
            function = option(function)
        return function

    return decorate


def call_of(options: dict[str, Any]) -> Call:
    """Return the options that have a field, and the others, where given, as flags.

    Raises:
        click.UsageError: the data are given twice or, by a command that takes them, not at all.
    """
    data = _place_of_data(options) if "data" in options else None
    names = [name for name in Call.__dataclass_fields__ if name not in ("place_of_data", "flags")]
    own = {name: options.pop(name) for name in names}
    flags = {name: value for name, value in options.items() if value is not None}
    call = Call(place_of_data=data, **own, flags=flags)
    set_threads(call.threads)
    return call


def _place_of_data(options: dict[str, Any]) -> Path:
    places = [options.pop(name) for name in ("data", "data_flag")]
    given: list[Path] = [place for place in places if place is not None]
    if len(given) != 1:
        raise click.UsageError("give the pictures once: as the argument DATA or as --data DATA")
    return given[0]


def configuration(call: Call, tables: Sequence[str] = TABLES) -> dict[str, dict[str, Any]]:
    """Return every table of the configuration, flags included.

    Args:
        tables: those that this kind of training has.
    Raises:
        InputError: a table or a setting of another kind.
    """
    from selfsame.training.config import read_config, with_settings

    config = {} if call.config_path is None else read_config(call.config_path, tables)
    config = {**{name: {} for name in tables}, **config}
    config = with_settings(config, call.assignments, tables)
    config["train"] |= call.flags
    return config


def run_training(
    call: Call,
    task: "TaskBase",
    samples: "Samples",
    settings: TrainSettings,
    tables: dict[str, dict[str, Any]],
    same: dict[str, Any],
    *,
    model_name: str,
    notes: list[str],
) -> int:
    """Train, write the model, and report; return the exit status.

    Args:
        tables: the effective configuration.
        same: what a resumed training must share beyond ``settings`` and ``samples``.
        model_name: what the model is called in the folder of the training.
        notes: of the pictures that were left out; more may come while they are read.
    """
    from selfsame.io.files import make_folder, write_bytes
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
            samples,
            settings,
            call.output,
            config={**same, "pictures": samples.fingerprint},
            resume=not call.restart,
            progress=progress,
            stop_after=call.stop_after,
        )
    model = call.output / model_name
    if leads:
        task.export(model, _card(tables, len(samples), result))
        notes = [*notes, *result.notes]
        values = {**asdict(result), "notes": notes, "output": model, "pictures": len(samples)}
        report(
            values, as_json=call.as_json, quiet=quiet, text=_text(model, settings, result, notes)
        )
    if result.stopped_by is None:
        return 0
    return SIGNAL_STATUS + signal.Signals[result.stopped_by]


def _card(
    tables: dict[str, dict[str, Any]], pictures: int, result: "TrainResult"
) -> dict[str, Any]:
    """Return what a person should know of the model: the table ``card``, then the recipe."""
    recipe = {name: table for name, table in tables.items() if name != "card"}
    return {
        **tables["card"],
        "pictures": pictures,
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
