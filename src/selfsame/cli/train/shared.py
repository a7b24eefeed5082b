"""What every ``selfsame train KIND`` shares: options, configuration, the run and its report."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from selfsame.checked import Checked
from selfsame.cli.shared.call import given, report, set_threads, signal_status
from selfsame.cli.shared.options import FILE, PATH, common_options, settings_options
from selfsame.run.progress import shown_progress
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
S = TypeVar("S", bound=Checked)

TABLES = ("train", "data", "model", "objective", "card")
"""Of a configuration; where nothing is to be set, a kind of training lacks some."""

FLAGS = ("steps", "batch", "lr", "seed", "precision", "workers", "device")
"""Settings of every training that have an option of their own."""

CONFIG_NAME = "config.json"
SHOWN_NOTES = 5


def training_options(defaults: TrainSettings, *, takes_data: bool = True) -> Callable[[F], F]:
    """Return what adds the options that every kind of training has; ``Call`` takes their values.

    Args:
        defaults: of this kind of training, for the help.
        takes_data: whether it learns from pictures of the user's, not from made-up ones.
    """
    options: tuple[Callable[[F], F], ...] = (
        common_options("threads", "json", "quiet"),
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
        settings_options(defaults, *FLAGS),
        click.option(
            "--config",
            "config_path",
            type=FILE,
            help="Tables of settings, .toml or .json; flags override them.",
        ),
        common_options("output"),
    )
    if takes_data:
        options += (
            click.option("--data", "data_flag", type=PATH, help="The same as the argument DATA."),
            click.argument("data", type=PATH, required=False),
        )

    def decorate(function: F) -> F:
        for option in options:
            function = option(function)
        return function

    return decorate


class Call:
    """A training that the command line asks for: its options over its configuration.

    Args:
        options: of the command.
        defaults: of this kind of training.
        tables: of its configuration.
    Raises:
        click.UsageError: the data are given twice or, by a command that takes them, not at all.
        InputError: a table of another kind.
    """

    def __init__(
        self, options: dict[str, Any], defaults: TrainSettings, tables: Sequence[str] = TABLES
    ) -> None:
        from selfsame.training.config import read_config, with_settings

        places = given(options, *(name for name in ("data", "data_flag") if name in options))
        if "data" in options and len(places) != 1:
            raise click.UsageError("give the pictures once: as the argument DATA or as --data DATA")
        set_threads(options["threads"])
        self.options, self.data = options, next(iter(places.values()), Path())
        path = options["config_path"]
        config: dict[str, dict[str, Any]] = {name: {} for name in tables}
        config |= {} if path is None else read_config(path, tables)
        self.config = with_settings(config, options["assignments"], tables)
        self.training = self.settings(TrainSettings, "train", *FLAGS, implied=defaults.as_dict())

    def table(self, name: str, *flags: str) -> dict[str, Any]:
        """Return a table of the configuration, and of the options ``flags`` those given over it."""
        return {**self.config[name], **given(self.options, *flags)}

    def settings(
        self, kind: type[S], name: str, *flags: str, implied: Mapping[str, Any] | None = None
    ) -> S:
        """Return the settings of a table, of options over it, and of what these leave open.

        Raises:
            InputError: as ``settings_from``.
        """
        from selfsame.training.config import settings_from

        return settings_from(kind, {**(implied or {}), **self.table(name, *flags)}, name)

    def run(
        self,
        task: "TaskBase",
        samples: "Samples",
        *,
        same: Mapping[str, Any],
        notes: Sequence[str] = (),
        model_name: str | None = None,
        **tables: Checked,
    ) -> int:
        """Train, write the model, and report; return the exit status.

        Args:
            same: what a resumed training must share beyond its settings and ``samples``; as config
                of ``selfsame.training.train``.
            notes: of the pictures that were left out; more may come while they are read.
            model_name: of the model in the folder of the training, if it is no ``Pretrained``.
            tables: the effective configuration, but for the training and the card.
        """
        from selfsame.io.files import make_folder, write_bytes
        from selfsame.io.model_place import RUN_MODEL
        from selfsame.training import train
        from selfsame.training.checkpoint import checkpoints
        from selfsame.training.loop import CHECKPOINTS

        folder, restart = self.options["output"], self.options["restart"]
        shown = {name: table.as_dict() for name, table in tables.items()}
        config = {"train": self.training.as_dict(), **shown, "card": self.config["card"]}
        leads = os.environ.get("RANK", "0") == "0"  # torchrun counts its processes
        if leads:
            make_folder(folder, "a training needs a folder")
            if restart or not checkpoints(folder / CHECKPOINTS):
                write_bytes(folder / CONFIG_NAME, (json.dumps(config, indent=2) + "\n").encode())
        with shown_progress("train", quiet=self.options["quiet"] or not leads) as progress:
            result = train(
                task,
                samples,
                self.training,
                folder,
                config={**same, "pictures": samples.fingerprint},
                resume=not restart,
                progress=progress,
                stop_after=self.options["stop_after"],
            )
        if leads:
            model = folder / (RUN_MODEL if model_name is None else model_name)
            task.export(model, _card(config, len(samples), result))
            said = [*notes, *result.notes]
            values = {**asdict(result), "notes": said, "output": model, "pictures": len(samples)}
            report(values, _text(model, self.training, result, said))
        return 0 if result.stopped_by is None else signal_status(result.stopped_by)


def validation_place(validate: Path | None, data: Path) -> Path | None:
    """Return where the pictures lie that a model is measured on while it learns: what --validate
    says, or the data if they have a split for it; None: nowhere."""
    from selfsame.datasets.readers import unseen_split

    return validate or (data if unseen_split(data) == "test" else None)


def _card(
    config: dict[str, dict[str, Any]], pictures: int, result: "TrainResult"
) -> dict[str, Any]:
    """Return what a person should know of the model: the table ``card``, then the recipe."""
    recipe = {name: table for name, table in config.items() if name != "card"}
    return {
        **config["card"],
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
