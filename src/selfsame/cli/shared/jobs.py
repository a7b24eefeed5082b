"""Options of the commands that work on many files at a time: how many, where, and how far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from selfsame.cli.shared.methods import Methods
from selfsame.run.executor import ENGINES, Executor, make_executor
from selfsame.run.progress import Progress

F = TypeVar("F", bound=Callable[..., Any])

JOBS_OPTIONS = ("jobs", "engine", "scheduler")
"""Parameters of ``jobs_options``."""

WORKERS = Methods(
    {f"--engine {name}": ("scheduler",) if name == "dask" else ("jobs",) for name in ENGINES}
)


def jobs_options(function: F) -> F:
    """Add ``--jobs --engine --scheduler`` to a command; ``executor_of`` takes their values."""
    for option in (
        click.option("--scheduler", help="dask: its address, such as tcp://host:8786."),
        click.option(
            "--engine",
            type=click.Choice(ENGINES),
            help="Many files: what works on them, processes or threads here, or the workers of a "
            f"Dask cluster [default: {ENGINES[0]}].",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(1, 256),
            help="Many files: processes or threads [default: all cores].",
        ),
    ):
        function = option(function)
    return function


def executor_of(
    jobs: int | None, engine: str | None, scheduler: str | None, *, quiet: bool
) -> Executor:
    """Return the executor that the options ask for.

    Raises:
        click.UsageError: they do not go together.
    """
    engine = engine or ENGINES[0]
    WORKERS.check(f"--engine {engine}")
    if engine == "dask" and scheduler is None:
        raise click.UsageError("--engine dask needs --scheduler")
    note = None if quiet else _say
    return make_executor(engine, jobs=jobs, scheduler=scheduler, note=note)


def _say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def shown_progress(label: str, *, quiet: bool) -> Iterator[Progress]:
    """Yield a progress that a bar on stderr shows, after half a second and on terminals only.

    Args:
        label: of the bar, until the work gives one.
    """
    from tqdm import tqdm

    with tqdm(total=0, desc=label, disable=True if quiet else None, delay=0.5) as bar:

        def show(done: float, total: float, label: str) -> None:
            if label:
                bar.set_description(label, refresh=False)
            bar.total = int(total)
            bar.update(int(done) - bar.n)

        yield Progress(show)
