"""The record of a run: what it found, and what that depends on.

A result is one JSON file, ``benchmarks/results/NAME.json``, that says on which machine, with
which versions, from which commit and by which command line it came to be. ``check_result``
is its schema; the tests hold every committed result against it.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import PACKAGES, ROOT, commit, machine, versions
from benchmarks.harness.options import program
from selfsame.errors import InputError
from selfsame.io.files import write_bytes

RESULTS = ROOT / "benchmarks" / "results"
VERSION = 1
"""Of the schema; raised when ``check_result`` changes its mind about old files."""

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
        "command": [program(), *(Path(a).name if "/" in a else a for a in sys.argv[1:])],
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
    folder = output_folder(options)
    if folder is not None:
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


def output_folder(options: argparse.Namespace) -> Path | None:
    """Return where tables and plots go, or None: the committed results,
    or ``--output``; a quick run is never among the results."""
    folder: Path | None = options.output or (None if options.quick else RESULTS)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder
