"""``selfsame dataset NAME -o OUT``, NAME being a data set of fractals for pre-training."""

import json
import time
from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.call import executor_of, given, report
from selfsame.cli.shared.options import (
    JOBS,
    PATH,
    Numbers,
    click_type,
    common_options,
    settings_options,
)
from selfsame.fractals.files.layout import Layout
from selfsame.fractals.recipes.base import Classes, Instances, Side
from selfsame.run.progress import shown_progress

NEEDED = "NAME and -o are needed; --list prints every NAME"


@click.command
@click.option("-o", "--output", type=PATH, help="Folder to write.")
@click.option("--classes", type=click_type(Classes), help="How many [default: as the paper].")
@click.option(
    "--instances", type=click_type(Instances), help="Of each class [default: as the paper]."
)
@click.option(
    "--size", "side", type=click_type(Side), help="Side in pixels [default: as the paper]."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another option of the data set; selfsame dataset --list names them. May be repeated.",
)
@click.option(
    "--codes",
    type=PATH,
    help="custom: a file of codes, .ssm, .json or .flame, or a folder of them, with its "
    "sub-folders; each code becomes a class.",
)
@settings_options(Layout, "format", "shard_size")
@click.option(
    "--split", type=Numbers("T,V,T"), help="Shares of train, val and test, such as 0.8,0.1,0.1."
)
@common_options("seed", *JOBS)
@common_options("json", "quiet", "overwrite")
def command(output: Path | None, **options: Any) -> None:
    """Write a data set of fractals: labelled pictures, their parameters, and a card.

    The same command goes on with what was interrupted.
    """
    if output is None:
        raise click.UsageError(NEEDED)
    name = str(click.get_current_context().info_name)
    executor = executor_of(options)
    from selfsame.fractals.files.write import write_dataset
    from selfsame.fractals.recipes.make import make_recipe

    layout = Layout(**given(options, "format", "split", "shard_size"))
    begin = time.perf_counter()
    others = recipe_options(options["settings"])
    with shown_progress("classes", quiet=options["quiet"]) as progress:
        chosen = given(options, "classes", "instances", "side", "seed", "codes")
        recipe = make_recipe(name, progress=progress, **chosen, **others)
    with shown_progress("pictures", quiet=options["quiet"]) as progress:
        written = write_dataset(
            recipe,
            output,
            layout,
            executor=executor,
            overwrite=options["overwrite"],
            progress=progress,
        )
    speed = written.made / written.seconds
    values = {
        "output": output,
        "name": name,
        "format": layout.format,
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
    report(values, text)


def recipe_options(settings: tuple[str, ...]) -> dict[str, Any]:
    """Return options of a data set from ``KEY=VALUE``; the recipe checks what they are."""
    options = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes KEY=VALUE: got {setting!r}")
        options[key] = _value(text)
    return options


def _value(text: str) -> Any:
    """Return ``3``, ``0.5`` or ``true`` as what it is, ``1,5`` as a list, else the text."""
    try:
        values = json.loads(f"[{text.lower()}]")
    except ValueError:
        return text
    return values if len(values) > 1 else values[0] if values else text


def print_names() -> None:
    """Print every data set of fractals, with its options."""
    from dataclasses import asdict

    from selfsame.fractals.recipes.presets import PRESETS

    lines = []
    for name, preset in PRESETS.items():
        classes = "" if preset.classes is None else f"{preset.classes} classes, "
        options = " ".join(f"{key}={_shown(value)}" for key, value in preset.options.items())
        lines += [f"{name}: {preset.description}"]
        lines += [f"  {preset.source}"] if preset.source else []
        lines += [f"  {classes}{preset.instances} instances, {preset.side} pixels; {options}"]
    values = {name: asdict(preset) for name, preset in PRESETS.items()}
    report(values, "\n".join(lines), asked=True)


def _shown(value: Any) -> str:
    """Return an option's value as ``--set`` takes it."""
    if isinstance(value, tuple):
        return ",".join(map(_shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
