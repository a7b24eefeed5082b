"""What the running command was given, and what it says of its work.

Options that go together, or belong to a method of a command alone, are declared as ``Methods``:
what would do nothing is refused, with a usage error that names the option and the method.
"""

import json
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from selfsame.checked import Checked
from selfsame.run.executor import ENGINES, Executor, make_executor
from selfsame.run.threads import limit_threads

_UNGIVEN = (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


class Methods:
    """The methods that a command chooses from, and the options that only some of them use.

    An option that one method names, or several, belongs to them alone; one that none names is used
    whichever is chosen. A command may choose twice, say by ``--method`` and by what it is given.

    Args:
        options: for each method, as the message is to call it, the names of its parameters; those
            that the command does not have are passed over, so that the fields of settings will do.
    """

    def __init__(self, options: Mapping[str, Iterable[str]]) -> None:
        self.options = {method: frozenset(names) for method, names in options.items()}

    def check(self, method: str) -> None:
        """Refuse what was given on the command line and belongs to other methods alone.

        Raises:
            click.UsageError: names the option, the method, and those that would use it.
        """
        for name, flag in _given_flags().items():
            users = [each for each, names in self.options.items() if name in names]
            if users and method not in users:
                raise click.UsageError(
                    f"{flag} belongs to {' or '.join(users)}: it is not used with {method}"
                )


FLAMES = Methods({"a .flame file": ("index", "drop_unsupported")})
WORKERS = Methods(
    {f"--engine {name}": ("scheduler",) if name == "dask" else ("jobs",) for name in ENGINES}
)


def check_only_one(*names: str) -> None:
    """Refuse more than one of these parameters on the command line.

    Raises:
        click.UsageError: names those that were given.
    """
    flags = [flag for name, flag in _given_flags().items() if name in names]
    if len(flags) > 1:
        raise click.UsageError(f"give only one of {', '.join(flags)}")


def _given_flags() -> dict[str, str]:
    """Return the parameters that the command line gives, each with what it is called there."""
    context = click.get_current_context()
    flags = {}
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) not in _UNGIVEN:
            # --no-x of --x/--no-x
            off = parameter.secondary_opts and context.params.get(name) is False
            names = parameter.secondary_opts if off else parameter.opts
            long = [each for each in names if each.startswith("--")]
            flags[name] = long[0] if long else parameter.human_readable_name
    return flags


def given(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return those of the named options that were given."""
    return {name: options[name] for name in names if options[name] is not None}


def given_settings(kind: type[Checked], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that were given and are fields of the settings."""
    names = [field.name for field in fields(kind)]
    return {name: options[name] for name in names if options.get(name) is not None}


def executor_of(options: Mapping[str, Any]) -> Executor:
    """Return the executor that --jobs, --engine and --scheduler ask for.

    Raises:
        click.UsageError: they do not go together.
    """
    engine, scheduler = options["engine"] or ENGINES[0], options["scheduler"]
    WORKERS.check(f"--engine {engine}")
    if engine == "dask" and scheduler is None:
        raise click.UsageError("--engine dask needs --scheduler")
    # Whoever waits is told for what, --quiet or not.
    say = partial(click.echo, err=True)
    return make_executor(engine, jobs=options["jobs"], scheduler=scheduler, note=say)


def set_threads(threads: int | None) -> None:
    """Limit the compiled core and torch to ``threads`` CPU threads; None leaves both alone."""
    if threads is None:
        return
    limit_threads(threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    else:  # which reads it when it is imported
        os.environ["OMP_NUM_THREADS"] = str(threads)


def note(text: str) -> None:
    """Print a line on stderr, unless --quiet."""
    if not _option("quiet"):
        click.echo(text, err=True)


def report(values: Mapping[str, Any], text: str, *, asked: bool = False) -> None:
    """Print ``values`` as one JSON object on stdout if --json, otherwise ``text``, as ``note``.

    Args:
        asked: the text is what the command is for: on stdout, whatever --quiet says.
    """
    if _option("as_json"):
        click.echo(json.dumps(values, default=_plain))
    elif asked:
        click.echo(text)
    else:
        note(text)


def signal_status(name: str) -> int:
    """Return the exit status, by custom, of a process that a signal ended."""
    return 128 + signal.Signals[name]


def _option(name: str) -> Any:
    """Return the value of an option of the running command; None if it does not have it."""
    return click.get_current_context().params.get(name)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
