"""The one harness of all benchmarks: options, timing, the record of a run, its table.

A result is one JSON file, ``benchmarks/results/NAME.json``, that says on which machine, with
which versions, from which commit and by which command line it came to be. ``check_result``
is its schema; the tests hold every committed result against it.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from selfsame.errors import InputError
from selfsame.io.files import write_bytes

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]
VERSION = 1
"""Of the schema; raised when ``check_result`` changes its mind about old files."""

PACKAGES = ("selfsame", "torch", "numpy", "numba", "scipy", "pillow")

_FIELDS: dict[str, type] = {
    "schema": int,
    "name": str,
    "date": str,
    "commit": str,
    "command": list,
    "quick": bool,
    "seeds": list,
    "machine": dict,
    "versions": dict,
    "results": dict,
    "published": list,
    "notes": list,
}
_MACHINE: dict[str, type] = {
    "cpu": str,
    "cores": int,
    "threads": int,
    "memory_gib": float,
    "system": str,
    "load_average": float,
}


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of one thing: the median, the extremes and every run."""

    median_s: float
    min_s: float
    max_s: float
    runs_s: list[float]


def measure(
    work: Callable[[], object],
    *,
    warm_up: int = 1,
    runs: int = 5,
    synchronise: Callable[[], object] | None = None,
) -> Timing:
    """Call ``work`` ``warm_up`` times unseen, then ``runs`` times against the wall clock.

    Args:
        synchronise: called inside the timed region after the work, for devices that only
            queue it (``torch.cuda.synchronize``).
    Raises:
        InputError: ``runs`` below 1 or ``warm_up`` below 0.
    """
    if runs < 1 or warm_up < 0:
        raise InputError(f"runs must be >= 1 and warm_up >= 0: got {runs}, {warm_up}")
    seconds = []
    for index in range(warm_up + runs):
        begin = time.perf_counter()
        work()
        if synchronise is not None:
            synchronise()
        if index >= warm_up:
            seconds.append(time.perf_counter() - begin)
    return Timing(statistics.median(seconds), min(seconds), max(seconds), seconds)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark script has."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="a short run, no figure to quote")
    options.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="the targets; see README.md [default: a few made ones]",
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


def say(message: str) -> None:
    """Print a line of progress on stderr, with the time."""
    print(f"{datetime.now():%H:%M:%S} {message}", file=sys.stderr, flush=True)


def record(
    name: str,
    results: dict[str, Any],
    options: argparse.Namespace,
    *,
    seeds: Sequence[int] | None = None,
    published: Sequence[dict[str, Any]] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the whole document of a run.

    Args:
        results: what was measured, free in form; numbers carry their unit in their name.
        seeds: every seed used; default the one of ``--seed``.
        published: figures of others beside ours, each with a ``source``.
        notes: what a reader must know to judge the figures.
    """
    return {
        "schema": VERSION,
        "name": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        # The last part of a path is enough, and says nothing of whose machine it was.
        "command": [Path(a).name if "/" in a else a for a in sys.argv],
        "quick": bool(options.quick),
        "seeds": list(seeds) if seeds is not None else [options.seed],
        "machine": machine(options.threads),
        "versions": versions(),
        "results": results,
        "published": list(published),
        "notes": list(notes),
    }


def publish(document: dict[str, Any], options: argparse.Namespace, table: str) -> None:
    """Print the table on stderr, write ``NAME.json``, print the JSON if asked.

    A quick run is written only where ``--output`` says, never to the committed results.
    """
    check_result(document)
    text = json.dumps(document, indent=1, allow_nan=False)
    print(table, file=sys.stderr)
    folder: Path | None = options.output or (None if options.quick else RESULTS)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{document['name']}.json"
        write_bytes(path, (text + "\n").encode())
        print(f"written: {path}", file=sys.stderr)
    if options.json:
        print(text)


def check_result(document: Any) -> None:
    """Check that a document is what ``record`` makes.

    Raises:
        InputError: a field is missing, unknown, of another type, or a number is not finite.
    """
    if not isinstance(document, dict):
        raise InputError(f"a result is a JSON object: got {type(document).__name__}")
    _check_fields(document, _FIELDS, "result")
    _check_fields(document["machine"], _MACHINE, "machine")
    if document["schema"] != VERSION:
        raise InputError(f"schema must be {VERSION}: got {document['schema']}")
    datetime.fromisoformat(document["date"])
    if not all(isinstance(seed, int) for seed in document["seeds"]):
        raise InputError(f"seeds must be integers: got {document['seeds']}")
    for row in document["published"]:
        if not isinstance(row, dict) or not row.get("source"):
            raise InputError(f"a published figure needs its source: got {row}")
    missing = set(PACKAGES) - set(document["versions"])
    if missing:
        raise InputError(f"versions lacks {', '.join(sorted(missing))}")
    if not document["results"]:
        raise InputError("results is empty")
    _check_finite(document, "result")


def _check_fields(part: dict[str, Any], fields: dict[str, type], what: str) -> None:
    if set(part) != set(fields):
        odd = ", ".join(sorted(set(part) ^ set(fields)))
        raise InputError(f"{what} needs the fields {', '.join(fields)}: differs in {odd}")
    for name, kind in fields.items():
        if not isinstance(part[name], kind) or (kind is int and isinstance(part[name], bool)):
            got = type(part[name]).__name__
            raise InputError(f"{what}.{name} must be {kind.__name__}: got {got}")


def _check_finite(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_finite(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_finite(inner, f"{where}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where} must be finite: got {value}; leave it out or use null")


def plain(value: Any) -> Any:
    """Return dataclasses and named tuples as dicts, arrays as lists, infinities as None."""
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def markdown_table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Return rows as a markdown table; numbers to four significant digits, None as a dash."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        lines.append("| " + " | ".join(_cell(row.get(column)) for column in columns) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def machine(threads: int | None = None) -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, threads used, memory, load."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = 0.0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "cpu": _cpu_name(),
        "cores": cores or 1,
        "threads": threads or _torch_threads() or cores or 1,
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    }


def _torch_threads() -> int | None:
    """Return what torch uses, which the environment may limit, if the script loaded it."""
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine() or "unknown"


def versions() -> dict[str, str]:
    """Return the version of every package that the figures depend on."""
    return {name: metadata.version(name) for name in PACKAGES}


def commit() -> str:
    """Return the checkout's commit, with ``+`` if its files differ from it; else ``unknown``."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "src") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main``; an expected error prints one line and ends with status 1."""
    from selfsame.errors import SelfsameError

    try:
        main()
    except (SelfsameError, OSError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        raise SystemExit(1) from error
