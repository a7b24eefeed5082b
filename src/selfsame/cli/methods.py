"""Which options belong to which method of a command; the others are refused, not dropped."""

from collections.abc import Iterable, Mapping

import click
from click.core import ParameterSource

_UNGIVEN = (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


class Methods:
    """The methods that a command chooses from, and the options that only some of them use.

    An option that one method names, or several, belongs to them alone; one that none names is used
    whichever is chosen. A command may choose twice, say by ``--method`` and by what it is given.

    Args:
        options: for each method, as the message is to call it, the names of its parameters; those
            that the command does not have are passed over, so that ``annotations(Settings)`` will
            do.
    """

    def __init__(self, options: Mapping[str, Iterable[str]]) -> None:
        self.options = {method: frozenset(names) for method, names in options.items()}

    def check(self, method: str) -> None:
        """Refuse what was given on the command line and belongs to other methods alone.

        Raises:
            click.UsageError: names the option, the method, and those that would use it.
        """
        context = click.get_current_context()
        for parameter in context.command.params:
            name = parameter.name or ""
            users = [each for each, names in self.options.items() if name in names]
            given = context.get_parameter_source(name) not in _UNGIVEN
            if given and users and method not in users:
                raise click.UsageError(
                    f"{_flag(parameter, context.params.get(name))} belongs to "
                    f"{' or '.join(users)}: it is not used with {method}"
                )


def _flag(parameter: click.Parameter, value: object) -> str:
    """Return what a parameter is called on the command line, ``--no-x`` if that was given."""
    names = parameter.secondary_opts if value is False else parameter.opts
    return next((name for name in names if name.startswith("--")), parameter.opts[0])
