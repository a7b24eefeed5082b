"""Which options go together, and which belong to a method of a command alone.

What would do nothing is refused, with a usage error that names the option and the method.
"""

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
            that the command does not have are passed over, so that the fields of settings will do.
    """

    def __init__(self, options: Mapping[str, Iterable[str]]) -> None:
        self.options = {method: frozenset(names) for method, names in options.items()}

    def check(self, method: str) -> None:
        """Refuse what was given on the command line and belongs to other methods alone.

        Raises:
            click.UsageError: names the option, the method, and those that would use it.
        """
        for name, flag in given_flags().items():
            users = [each for each, names in self.options.items() if name in names]
            if users and method not in users:
                raise click.UsageError(
                    f"{flag} belongs to {' or '.join(users)}: it is not used with {method}"
                )


def check_only_one(*names: str) -> None:
    """Refuse more than one of these parameters on the command line.

    Raises:
        click.UsageError: names those that were given.
    """
    flags = [flag for name, flag in given_flags().items() if name in names]
    if len(flags) > 1:
        raise click.UsageError(f"give only one of {', '.join(flags)}")


def given_flags() -> dict[str, str]:
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
