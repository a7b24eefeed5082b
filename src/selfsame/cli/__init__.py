"""The command line: ``selfsame COMMAND``. One small file per command, loaded when it is called."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from selfsame.errors import SelfsameError, SettingError
from selfsame.version import __version__

# Name -> one-line help; the module selfsame.cli.<name> defines the click command `command`.
_COMMANDS = {
    "bench": "Run the benchmarks of a source checkout.",
    "convert": "Convert a code between .ssm, .flame and .json.",
    "dataset": "Write a data set: fractals to pre-train on, emoji, letters and digits.",
    "decode": "Decode a code to a picture of any size, or a folder of codes.",
    "edit": "Make a picture again with more or less of something, such as bold=+2.",
    "encode": "Encode a picture, or a folder of pictures.",
    "fit": "Fit an IFS to a picture, a folder or an .npz of pictures, or a point cloud.",
    "fractalize": "Make a picture of copies of itself, gigapixels large or endlessly zoomed.",
    "generate": "Make up pictures with a model, walk between them, code and decode some.",
    "info": "Show what a code file holds.",
    "latents": "Look at a latent space: ranges, bytes, errors at every scale; or make one of maps.",
    "probe": "Pre-train a network on fractals, and measure what it has learned.",
    "render": "Render a code to a picture of any size.",
    "sample": "Make random or classic IFS codes.",
    "train": "Train a model on pictures of one's own.",
}


class _LazyGroup(click.Group):
    """Lists the commands without importing them, so that ``--help`` stays light."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"selfsame.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="selfsame")
def cli() -> None:
    """Represent pictures as the parameters of self-similar maps."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for failure, 2 for usage."""
    try:
        result = cli.main(
            args=None if argv is None else list(argv), prog_name="selfsame", standalone_mode=False
        )
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("selfsame: interrupted", err=True)
        return 130
    except MemoryError:  # what it says, if anything, is for programmers
        click.echo("selfsame: there is not enough memory for this", err=True)
        return 1
    except (SelfsameError, OSError) as error:
        click.echo(f"selfsame: {str(error) or type(error).__name__}", err=True)
        return 2 if isinstance(error, SettingError) else 1


def entry_point() -> None:
    """The console script."""
    # Threads that spin while they wait take the cores from everyone else; read when OpenMP loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
