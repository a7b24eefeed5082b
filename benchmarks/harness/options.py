"""What every script begins and ends with: its options, lines of progress, errors."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from selfsame.errors import SelfsameError


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark script has."""
    options = argparse.ArgumentParser(
        prog=f"python -m {program()}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--quick", action="store_true", help="a short run, no figure to quote")
    options.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="the targets; see benchmarks/README.md [default: a few made ones]",
    )
    options.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="where the JSON goes [default: benchmarks/results; a quick run writes none]",
    )
    options.add_argument("--json", action="store_true", help="print the JSON on standard output")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    return options


def program() -> str:
    """Return the module that Python was told to run, ``benchmarks.ifs.fit``."""
    spec = sys.modules["__main__"].__spec__
    return spec.name.removesuffix(".__main__") if spec else Path(sys.argv[0]).name


def say(message: str) -> None:
    """Print a line of progress on stderr, with the time."""
    print(f"{datetime.now():%H:%M:%S} {message}", file=sys.stderr, flush=True)


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main``; an expected error prints one line and ends with status 1."""
    try:
        main()
    except (SelfsameError, OSError) as error:
        print(f"{program()}: {error}", file=sys.stderr)
        raise SystemExit(1) from error
