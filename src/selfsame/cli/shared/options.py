"""Options and habits that the commands share."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from selfsame.cli.shared.methods import Methods

F = TypeVar("F", bound=Callable[..., Any])


class SizeType(click.ParamType[tuple[int, int]]):
    """``640x480`` -> (640, 480): width, then height."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", str(value))
        if not match or "0" in (match[1].lstrip("0") or "0", match[2].lstrip("0") or "0"):
            self.fail(f"{value!r} is not a size such as 640x480", param, ctx)
        return int(match[1]), int(match[2])


SIZE = SizeType()


class Numbers(click.ParamType[tuple[float, ...]]):
    """``-1,-1,1,1`` -> as many numbers as were asked for."""

    def __init__(self, count: int, name: str) -> None:
        self.count, self.name = count, name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != self.count:
            self.fail(f"{value!r} is not of the form {self.name}", param, ctx)
        return numbers


PROGRESS_STEPS = 1000

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Where to write."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an existing output.")
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Random seed."
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where torch computes.",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=None,
    help="CPU threads [default: all cores].",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
)
index_option = click.option(
    "--index", type=click.IntRange(0), help="Take only this code of a .flame, counted from 0."
)
drop_option = click.option(
    "--drop-unsupported",
    is_flag=True,
    help="Drop what a .flame has beyond affine maps, with a message, instead of refusing it.",
)
FLAMES = Methods({"a .flame file": ("index", "drop_unsupported")})
quiet_option = click.option("--quiet", is_flag=True, help="No progress, no messages.")


def common_options(function: F) -> F:
    """Add ``--seed --device --threads --json --quiet --overwrite`` to a command."""
    for option in (
        overwrite_option,
        quiet_option,
        json_option,
        threads_option,
        device_option,
        seed_option,
    ):
        function = option(function)
    return function


def given(**flags: Any) -> dict[str, Any]:
    """Return the flags that were given."""
    return {name: value for name, value in flags.items() if value is not None}


def report(values: dict[str, Any], *, as_json: bool, quiet: bool, text: str) -> None:
    """Print ``values`` as one JSON object on stdout, or ``text`` on stderr, or nothing."""
    if as_json:
        click.echo(json.dumps(values, default=_plain))
    elif not quiet:
        click.echo(text, err=True)


def progress_bar(
    total: int, label: str, *, quiet: bool
) -> AbstractContextManager[Callable[[int], None]]:
    """Return a context whose value is called with the steps done since the last call.

    The bar goes to stderr, appears after half a second and vanishes where there is no terminal.
    """
    from contextlib import contextmanager

    from tqdm import tqdm

    @contextmanager
    def bar() -> Any:
        with tqdm(total=total, desc=label, disable=True if quiet else None, delay=0.5) as shown:
            yield shown.update

    return bar()


def fraction_bar(label: str, *, quiet: bool) -> AbstractContextManager[Callable[[float], object]]:
    """Return a context whose value is called with the fraction done; bar as ``progress_bar``."""
    from contextlib import contextmanager

    @contextmanager
    def bar() -> Any:
        with progress_bar(PROGRESS_STEPS, label, quiet=quiet) as update:
            shown = 0

            def progress(fraction: float) -> None:
                nonlocal shown
                step = int(fraction * PROGRESS_STEPS)
                update(max(0, step - shown))
                shown = max(shown, step)

            yield progress

    return bar()


def set_threads(threads: int | None) -> None:
    """Limit numba and torch to ``threads`` CPU threads; None leaves both alone."""
    if threads is None:
        return
    import numba
    import torch

    available: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(threads, available))
    torch.set_num_threads(threads)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
