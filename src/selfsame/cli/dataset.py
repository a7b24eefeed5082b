"""``selfsame dataset NAME -o OUT``: data sets of fractals for pre-training."""

import time
from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.jobs import executor_of, jobs_options, shown_progress
from selfsame.cli.shared.methods import Methods
from selfsame.cli.shared.options import (
    json_option,
    overwrite_option,
    progress_bar,
    quiet_option,
    report,
    seed_option,
)

FORMATS = ("folder", "webdataset")

TASKS = Methods(
    {
        "a data set": (
            *("name", "output", "classes", "instances", "size", "settings", "codes", "form"),
            *("split", "shard_size", "seed", "jobs", "engine", "scheduler", "quiet", "overwrite"),
        ),
        "--list": ("list_names",),
    }
)


class _Split(click.ParamType[tuple[float, float, float]]):
    """``0.8,0.1,0.1`` -> shares of train, val and test."""

    name = "T,V,T"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        try:
            train, val, test = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not three shares such as 0.8,0.1,0.1", param, ctx)
        return train, val, test


@click.command("dataset")
@click.argument("name", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--classes", type=click.IntRange(1), help="How many [default: as the paper].")
@click.option("--instances", type=click.IntRange(1), help="Of each class [default: as the paper].")
@click.option("--size", type=click.IntRange(1), help="Side in pixels [default: as the paper].")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another option of the data set; --list names them. May be repeated.",
)
@click.option(
    "--codes",
    type=click.Path(path_type=Path),
    help="custom: a file of codes, .ssm, .json or .flame, or a folder of them; each code becomes "
    "a class.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@click.option("--split", type=_Split(), help="Shares of train, val and test, such as 0.8,0.1,0.1.")
@click.option(
    "--shard-size",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Pictures of a shard: a .tar file, or what one process does at a time.",
)
@seed_option
@jobs_options
@click.option("--list", "list_names", is_flag=True, help="Print every NAME and end.")
@json_option
@quiet_option
@overwrite_option
def command(
    name: str | None,
    output: Path | None,
    classes: int | None,
    instances: int | None,
    size: int | None,
    settings: tuple[str, ...],
    codes: Path | None,
    form: str,
    split: tuple[float, float, float] | None,
    shard_size: int,
    seed: int,
    jobs: int | None,
    engine: str | None,
    scheduler: str | None,
    list_names: bool,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> None:
    """Write the data set NAME: labelled pictures of fractals, their parameters, and a card.

    The same command goes on with what was interrupted.
    """
    TASKS.check("--list" if list_names else "a data set")
    if list_names:
        _print_names(as_json=as_json)
        return
    if name is None or output is None:
        raise click.UsageError("NAME and -o are needed; --list prints every NAME")
    executor = executor_of(jobs, engine, scheduler, quiet=quiet)
    from selfsame.fractals.files.layout import Layout
    from selfsame.fractals.files.write import write_dataset
    from selfsame.fractals.recipes.make import make_recipe
    from selfsame.fractals.recipes.presets import PRESETS

    layout = Layout.from_dict({"format": form, "split": split, "shard_size": shard_size})
    begin = time.perf_counter()
    options = recipe_options(settings, PRESETS[name].options if name in PRESETS else {})
    if codes is not None:
        options["codes"] = codes
    total = classes or (PRESETS[name].classes if name in PRESETS else None) or 0
    with progress_bar(total, "classes", quiet=quiet) as update:
        recipe = make_recipe(
            name,
            classes=classes,
            instances=instances,
            side=size,
            seed=seed,
            progress=update,
            **options,
        )
    with shown_progress("pictures", quiet=quiet) as progress:
        written = write_dataset(
            recipe,
            output,
            layout,
            executor=executor,
            overwrite=overwrite,
            progress=progress,
        )
    speed = written.made / written.seconds
    values = {
        "output": output,
        "name": name,
        "format": form,
        "classes": recipe.classes,
        "instances": recipe.instances,
        "side": recipe.side,
        "channels": recipe.channels,
        "pictures": written.pictures,
        "splits": written.splits,
        "shards": written.shards,
        "made": written.made,
        "kept": written.kept,
        "bytes": written.bytes,
        "pictures_per_second": round(speed, 2),
        "writing_seconds": round(written.seconds, 4),
        "seconds": round(time.perf_counter() - begin, 4),
    }
    text = f"{output}: {written.pictures} pictures, {written.bytes} bytes; {written.made} new"
    if written.made:
        text += f", {speed:.4g} per second"
    report(values, as_json=as_json, quiet=quiet, text=text)


def recipe_options(settings: tuple[str, ...], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return options of a data set from ``KEY=VALUE``, of the types of their defaults."""
    options = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes KEY=VALUE: got {setting!r}")
        try:
            options[key] = _typed(text, defaults.get(key))
        except ValueError as error:
            raise click.UsageError(
                f"--set {key} takes a value such as {_shown(defaults[key])}: got {text!r}"
            ) from error
    return options


def _typed(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    if isinstance(default, int | float):
        return type(default)(text)
    if isinstance(default, tuple):
        return tuple(_typed(part, default[0]) for part in text.split(","))
    return text


def _print_names(*, as_json: bool) -> None:
    from dataclasses import asdict

    from selfsame.fractals.recipes.presets import PRESETS

    if as_json:
        values = {name: asdict(preset) for name, preset in PRESETS.items()}
        report(values, as_json=True, quiet=False, text="")
        return
    for name, preset in PRESETS.items():
        classes = "" if preset.classes is None else f"{preset.classes} classes, "
        options = " ".join(f"{key}={_shown(value)}" for key, value in preset.options.items())
        click.echo(f"{name}: {preset.description}")
        if preset.source:
            click.echo(f"  {preset.source}")
        click.echo(f"  {classes}{preset.instances} instances, {preset.side} pixels; {options}")


def _shown(value: Any) -> str:
    """Return an option's value as ``--set`` takes it."""
    if isinstance(value, tuple):
        return ",".join(map(_shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
