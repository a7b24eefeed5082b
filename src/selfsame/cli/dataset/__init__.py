"""``selfsame dataset NAME -o OUT``: data sets of fractals, emoji or letters."""

import copy

import click

from selfsame.cli.dataset import emoji, fractals, glyphs
from selfsame.cli.shared.options import common_options

_DRAWN = {"emoji": emoji.command, "glyphs": glyphs.command}
"""Sets that are made of files of others; every other name is one of fractals."""


class _DataSets(click.Group):
    """A command for each data set; those of fractals have the same options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from selfsame.fractals.recipes.presets import PRESETS

        return sorted([*PRESETS, *_DRAWN])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        from selfsame.fractals.recipes.presets import PRESETS

        if cmd_name in _DRAWN:
            return _DRAWN[cmd_name]
        command = copy.copy(fractals.command)
        command.name = cmd_name
        if cmd_name in PRESETS:
            command.short_help = PRESETS[cmd_name].description
        return command  # an unknown name is refused where the recipe is made


@click.group(
    "dataset",
    cls=_DataSets,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="NAME [OPTIONS]...",
)
@click.option("--list", "list_names", is_flag=True, help="Print every NAME of fractals and end.")
@common_options("json")
@click.pass_context
def command(context: click.Context, list_names: bool, as_json: bool) -> None:
    """Write the data set NAME: fractals to pre-train on, emoji, letters and digits."""
    name = context.invoked_subcommand
    if list_names and name is None:
        fractals.print_names()
    elif list_names:
        raise click.UsageError(f"--list prints every NAME: it is not used with {name}")
    elif name is None:
        raise click.UsageError(fractals.NEEDED)
    elif as_json:
        raise click.UsageError("--json stands before NAME; put it behind")
