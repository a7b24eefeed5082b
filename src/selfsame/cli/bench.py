"""``selfsame bench``: the benchmarks of a source checkout."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import click

from selfsame.cli.shared.call import report
from selfsame.cli.shared.options import PATH, common_options
from selfsame.errors import InputError, SelfsameError, SettingError
from selfsame.extras import installation

_MARK = 'if __name__ == "__main__":'
"""What tells a script of ``benchmarks/`` from the modules that scripts share."""


class BenchmarkFailedError(SelfsameError):
    """A benchmark script ended with an error; its own message is on stderr."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="Short runs: do they work? No figure to quote.")
@click.option(
    "--data",
    type=PATH,
    help="Folder of the data; benchmarks/README.md says what lies in it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the results [default: benchmarks/results].",
)
@common_options("json")
def command(
    names: tuple[str, ...], quick: bool, data: Path | None, output: Path | None, as_json: bool
) -> None:
    """Run the benchmarks NAME of a source checkout; without NAME, list them.

    A name is that of one (``codec.rates``; ``ifs_fit`` does too, and ``render``, the only one
    that ends so), of a folder (``codec``: all in it), or ``all``. Options after ``--`` go to the
    script: ``selfsame bench ifs.fit --data DIR -- --targets 30``.
    """
    folder = benchmark_folder()
    scripts = find_scripts(folder)
    names, extra = _split(names, scripts)
    if not names:
        listing = "\n".join(f"  {name:20} {about}" for name, about in scripts.items())
        report(
            {"benchmarks": scripts, "folder": folder},
            f"benchmarks in {folder}:\n{listing}\nrun one: selfsame bench NAME [--quick]",
            asked=True,
        )
        return
    common = [*(["--quick"] if quick else []), *(["--data", str(data)] if data else [])]
    common += ["-o", str(output)] if output else []
    documents = {}
    for name in names:
        click.echo(f"benchmark {name}", err=True)
        documents[name] = run_script(folder, name, [*common, *extra], as_json=as_json)
    if as_json:
        click.echo(json.dumps(documents))


def _split(
    words: tuple[str, ...], scripts: dict[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the benchmarks that the leading words name, and what is meant for the scripts."""
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    names, extra = words[:first], words[first:]
    if extra and not names:
        raise SettingError(f"name a benchmark before its options {' '.join(extra)}")
    return tuple(dict.fromkeys(one for name in names for one in _named(name, scripts))), extra


def _named(word: str, scripts: dict[str, str]) -> list[str]:
    """Return the benchmarks that a word names.

    Raises:
        InputError: none, or several that do not lie in one folder.
    """
    if word == "all":
        return list(scripts)
    if exact := [name for name in scripts if word in (name, name.replace(".", "_"))]:
        return exact
    if inside := [name for name in scripts if name.startswith(f"{word}.")]:
        return inside
    ends = [name for name in scripts if name.rpartition(".")[2] == word]
    if len(ends) > 1:
        raise SettingError(f"several benchmarks are called {word}: {', '.join(ends)}; name one")
    if not ends:
        raise SettingError(f"no benchmark {word}; there are {', '.join(scripts) or 'none'}, or all")
    return ends


def benchmark_folder() -> Path:
    """Return the ``benchmarks`` folder of the checkout that this package runs from.

    Raises:
        InputError: the package does not run from a checkout.
    """
    folder = Path(__file__).resolve().parents[3] / "benchmarks"
    if not (folder / "__init__.py").is_file():
        raise InputError(
            "the benchmarks lie in a checkout, and this package does not run from one: "
            f"{installation('bench', editable=True)}; or python -m benchmarks.NAME from its folder"
        )
    return folder


def find_scripts(folder: Path) -> dict[str, str]:
    """Return the name of every benchmark, its module within ``folder``, and its first line."""
    scripts = {}
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if _MARK in source:
            text = ast.get_docstring(ast.parse(source)) or ""
            name = ".".join(path.relative_to(folder).with_suffix("").parts)
            scripts[name] = text.partition("\n")[0]
    return scripts


def run_script(folder: Path, name: str, arguments: list[str], *, as_json: bool) -> object:
    """Run a benchmark in a process of its own; return the document it prints, or None.

    Raises:
        BenchmarkFailedError: it ended with another status than 0.
    """
    # -P and PYTHONPATH: the checkout's package whatever the current folder holds, where relative
    # paths of the arguments still count from.
    path = [str(folder.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    module = f"{folder.name}.{name}"
    run = subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments, *(["--json"] if as_json else [])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE if as_json else None,
        check=False,
    )
    if run.returncode:
        raise BenchmarkFailedError(f"benchmark {name} ended with status {run.returncode}")
    return json.loads(run.stdout) if as_json else None
