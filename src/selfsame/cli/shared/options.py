"""Options of the commands: those that many have, and those made from the fields of settings.

Of a field the option has type, range, choices, help and default. The help is the field's text under
``Attributes:`` in the class's docstring; what that says of None is the option's default.
"""

import inspect
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

from selfsame.checked import Checked, Seed, allowed, annotations
from selfsame.family import Scale
from selfsame.run.device import CHOICES as DEVICES
from selfsame.run.executor import ENGINES, Jobs
from selfsame.run.threads import ThreadCount

F = TypeVar("F", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)


class SizeType(click.ParamType[tuple[int, int]]):
    """``640x480`` -> (640, 480): width, then height."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", str(value))
        if not match or not all(int(side) for side in match.groups()):
            self.fail(f"{value!r} is not a size such as 640x480", param, ctx)
        return int(match[1]), int(match[2])


SIZE = SizeType()


class Numbers(click.ParamType[tuple[float, ...]]):
    """``-1,-1,1,1`` -> as many numbers as the name, such as ``x0,y0,x1,y1``, has parts."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != len(self.name.split(",")):
            self.fail(f"{value!r} is not of the form {self.name}", param, ctx)
        return numbers


def click_type(annotation: Any) -> click.ParamType[Any]:
    """Return the type of an option that lets through what an annotation of settings allows."""
    kind, range_, _ = allowed(annotation)
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    if kind in (int, float):
        number: Any = click.IntRange if kind is int else click.FloatRange
        low, high = (end if math.isfinite(end) else None for end in (range_.low, range_.high))
        ranged: click.ParamType[Any] = number(low, high, range_.open_low, range_.open_high)
        return ranged
    known = {bool: click.BOOL, str: click.STRING, Path: PATH}
    if kind not in known:
        raise TypeError(f"no option can be made of a field of {kind}")
    return known[kind]


JOBS = ("jobs", "engine", "scheduler")
"""Options of ``call.executor_of``."""

_COMMON: dict[str, Callable[[F], F]] = {
    "output": click.option("-o", "--output", type=PATH, required=True, help="Where to write."),
    "index": click.option(
        "--index", type=int, help="Take only this code of a .flame, counted from 0."
    ),
    "model_scale": click.option(
        "--scale",
        type=click_type(Scale),
        default=1.0,
        show_default=True,
        help="Output pixels per pixel of the model.",
    ),
    "drop_unsupported": click.option(
        "--drop-unsupported",
        is_flag=True,
        help="Drop what a .flame has beyond affine maps, with a message, instead of refusing it.",
    ),
    "jobs": click.option(
        "--jobs",
        type=click_type(Jobs),
        help="Many files: processes or threads [default: all cores].",
    ),
    "engine": click.option(
        "--engine",
        type=click.Choice(ENGINES),
        help="Many files: what works on them, processes or threads here, or the workers of a "
        f"Dask cluster [default: {ENGINES[0]}].",
    ),
    "scheduler": click.option("--scheduler", help="dask: its address, such as tcp://host:8786."),
    "seed": click.option(
        "--seed",
        type=click_type(Seed),
        default=0,
        show_default=True,
        help="Random seed.",
    ),
    "device": click.option(
        "--device",
        type=click.Choice(DEVICES),
        default="auto",
        show_default=True,
        help="Where torch computes.",
    ),
    "threads": click.option(
        "--threads", type=click_type(ThreadCount), help="CPU threads [default: all cores]."
    ),
    "json": click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
    ),
    "quiet": click.option("--quiet", is_flag=True, help="No progress, no messages."),
    "overwrite": click.option("--overwrite", is_flag=True, help="Replace an existing output."),
}


def common_options(*names: str) -> Callable[[F], F]:
    """Return what adds the named options to a command, in this order."""

    def decorate(function: F) -> F:
        for name in reversed(names):
            function = _COMMON[name](function)
        return function

    return decorate


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
        for name, text in _attribute_texts(kind).items()
    }
    texts |= help or {}

    def decorate(function: F) -> F:
        for name in reversed(names):
            parameter = name_prefix + name
            flag = "--" + parameter.replace("_", "-")
            type_: click.ParamType[Any] | None = click_type(annotations(kind)[name])
            if type_ is click.BOOL:
                flag, type_ = f"{flag}/--no-{flag[2:]}", None
            function = click.option(flag, parameter, type=type_, default=None, help=texts[name])(
                function
            )
        return function

    return decorate


def _attribute_texts(kind: type) -> dict[str, str]:
    """Return what a class's docstring, and those of its bases, say of each attribute."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(each.__doc__ or "").partition("\nAttributes:\n")
        names: list[str] = []
        for line in section.splitlines():
            if line and not line.startswith("    "):
                break
            if (entry := re.fullmatch(r"(\w+(?:, \w+)*): (.*)", line[4:])) and line[4] != " ":
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
    first = words[:1] if text.startswith("``") else words[:1].upper()  # code keeps its case
    return f"{first}{words[1:]}{shown}."


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)
