"""Options of the command line from the fields of settings: type, range, choices, help and default.

The help is the field's text under ``Attributes:`` in the class's docstring; what that says of None
is the option's default.
"""

import inspect
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

from selfsame.checked import Checked, Range, allowed, annotations

F = TypeVar("F", bound=Callable[..., Any])

_ENTRY = re.compile(r"(\w+(?:, \w+)*): (.*)")


def settings_options(
    source: type[Checked] | Checked,
    *names: str,
    name_prefix: str = "",
    prefix: str = "",
    help: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Return what adds an option for each named field to a command, in this order.

    An option that is not given is None: ``given_settings`` leaves it to the class, or a preset.

    Args:
        source: the settings, or an object of them that holds other defaults than its class.
        names: of fields: numbers, choices, texts, paths, and booleans, which get ``--x/--no-x``.
        name_prefix: of options and parameters, such as ``"finetune_"``: ``--finetune-steps``.
        prefix: put before every text, such as ``"Distance method: "``.
        help: whole texts, default included, where a command has other words than the docstring.
    """
    kind = source if isinstance(source, type) else type(source)
    texts = {
        name: _with_default(prefix + text, getattr(source, name, None))
        for name, text in attribute_texts(kind).items()
    }
    texts |= help or {}

    def decorate(function: F) -> F:
        for name in reversed(names):
            parameter = name_prefix + name
            flag = "--" + parameter.replace("_", "-")
            type_ = _click_type(*allowed(annotations(kind)[name])[:2])
            if type_ is click.BOOL:
                flag, type_ = f"{flag}/--no-{flag[2:]}", None
            function = click.option(flag, parameter, type=type_, default=None, help=texts[name])(
                function
            )
        return function

    return decorate


def given_settings(kind: type[Checked], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that were given and are fields of the settings."""
    return {name: options[name] for name in annotations(kind) if options.get(name) is not None}


def attribute_texts(kind: type) -> dict[str, str]:
    """Return what a class's docstring, and those of its bases, say of each attribute."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(each.__doc__ or "").partition("\nAttributes:\n")
        names: list[str] = []
        for line in section.splitlines():
            if line and not line.startswith("    "):
                break
            if (entry := _ENTRY.fullmatch(line[4:])) and line[4] != " ":
                names = entry[1].split(", ")
                texts |= dict.fromkeys(names, entry[2])
            else:
                texts |= {name: f"{texts[name]} {line.strip()}".strip() for name in names}
    return texts


def _with_default(text: str, default: Any) -> str:
    """Return the words of an attribute as those of an option, with its default in brackets."""
    words, _, of_none = text.replace("``", "").partition(" None: ")
    words = words.rstrip(".;")
    if default is None and of_none:
        default = of_none.rstrip(".")
    shown = "" if default in (None, "") else f" [default: {_shown(default)}]"
    return f"{words[:1].upper()}{words[1:]}{shown}."


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _click_type(kind: Any, range_: Range) -> click.ParamType[Any] | None:
    """Return the type of an option that lets through what a field allows."""
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    if kind in (int, float):
        number: Any = click.IntRange if kind is int else click.FloatRange
        low, high = (end if math.isfinite(end) else None for end in (range_.low, range_.high))
        ranged: click.ParamType[Any] = number(low, high, range_.open_low, range_.open_high)
        return ranged
    known = {bool: click.BOOL, str: click.STRING, Path: click.Path(path_type=Path)}
    if kind not in known:
        raise TypeError(f"no option can be made of a field of {kind}")
    return known[kind]
