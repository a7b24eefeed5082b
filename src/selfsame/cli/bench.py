"""``selfsame bench``: the benchmark scripts of a source checkout."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import click

from selfsame.cli.options import json_option, report
from selfsame.errors import InputError, SelfsameError

_MARK = 'if __name__ == "__main__":'
"""What tells a script of ``benchmarks/`` from the modules that scripts share."""


class BenchmarkFailedError(SelfsameError):
    """A benchmark script ended with an error; its own message is on stderr."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="Short runs: do they work? No figure to quote.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of the data; benchmarks/README.md says what lies in it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the results [default: benchmarks/results].",
)
@json_option
def command(
    names: tuple[str, ...], quick: bool, data: Path | None, output: Path | None, as_json: bool
) -> None:
    """Run the benchmarks NAME of a source checkout; without NAME, list them.

    ``all`` runs every one. Options after ``--`` go to the script:
    ``selfsame bench ifs_fit --data DIR -- --targets 30``.
    """
    folder = benchmark_folder()
    scripts = find_scripts(folder)
    names, extra = _split(names, scripts)
    if not names:
        listing = "\n".join(f"  {name:16} {about}" for name, about in scripts.items())
        report(
            {"benchmarks": scripts, "folder": folder},
            as_json=as_json,
            quiet=False,
            text=f"benchmarks in {folder}:\n{listing}\nrun one: selfsame bench NAME [--quick]",
        )
        return
    common = [*(["--quick"] if quick else []), *(["--data", str(data)] if data else [])]
    common += ["-o", str(output)] if output else []
    documents = {}
    for name in names:
        click.echo(f"benchmark {name}", err=True)
        documents[name] = run_script(folder / f"{name}.py", [*common, *extra], as_json=as_json)
    if as_json:
        click.echo(json.dumps(documents))


def _split(
    words: tuple[str, ...], scripts: dict[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the leading names, ``all`` spelled out, and what is meant for the scripts."""
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    names, extra = words[:first], words[first:]
    if names == ("all",):
        return tuple(scripts), extra
    unknown = [name for name in names if name not in scripts]
    if unknown:
        raise InputError(
            f"no benchmark {', '.join(unknown)}; there are {', '.join(scripts) or 'none'}, or all"
        )
    if extra and not names:
        raise InputError(f"name a benchmark before its options {' '.join(extra)}")
    return names, extra


def benchmark_folder() -> Path:
    """Return the ``benchmarks`` folder of the checkout that this package runs from.

    Raises:
        InputError: the package was installed without its source checkout.
    """
    folder = Path(__file__).resolve().parents[3] / "benchmarks"
    if not (folder / "harness.py").is_file():
        raise InputError(
            "benchmarks belong to a source checkout, and this is an installed package; clone the "
            "repository, run 'pip install -e .' there and try again"
        )
    return folder


def find_scripts(folder: Path) -> dict[str, str]:
    """Return the name of every benchmark script and the first line of its text."""
    scripts = {}
    for path in sorted(folder.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if _MARK in source:
            text = ast.get_docstring(ast.parse(source)) or ""
            scripts[path.stem] = text.partition("\n")[0]
    return scripts


def run_script(path: Path, arguments: list[str], *, as_json: bool) -> object:
    """Run a script in a process of its own; return the document it prints, or None.

    Raises:
        BenchmarkFailedError: it ended with another status than 0.
    """
    run = subprocess.run(
        [sys.executable, os.fspath(path), *arguments, *(["--json"] if as_json else [])],
        stdout=subprocess.PIPE if as_json else None,
        check=False,
    )
    if run.returncode:
        raise BenchmarkFailedError(f"benchmark {path.stem} ended with status {run.returncode}")
    return json.loads(run.stdout) if as_json else None
