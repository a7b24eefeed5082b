"""Every snippet of README and docs is run, or where that takes too long, parsed.

The snippets of a page share one folder with small inputs and one namespace, in the order of the
page. ``support.markdown_pages`` tells how a page says what a test changes.
"""

import ast
import re
import runpy
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image

from selfsame.cli import cli, main
from selfsame.codes import registry
from selfsame.datasets.drawn.emoji import NAMES, STYLES
from support import ROOT
from support.doc_inputs import write_inputs
from support.markdown_pages import PAGES, Block, blocks, files_of, inline_commands

EMOJI_PACKAGES = (*STYLES.values(), NAMES)
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_SNIPPETS = [p for p in PAGES if any(b.shell or b.language == "python" for b in blocks(p))]


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=_name)
def test_snippets_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(Image.Image, "show", lambda picture: picture.load())
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    namespace: dict[str, Any] = {"__name__": "snippet"}
    for block in blocks(page):
        where = f"{_name(page)}:{block.line}"
        if block.title:
            (tmp_path / block.title).write_text(files_of(page)[block.title])
        elif block.language == "python":
            exec(compile(_to_run(block), where, "exec"), namespace)
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.shell:
            for words, run in block.commands():
                _check(words, run, where)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_named_in_the_text_exist(page: Path) -> None:
    for command in inline_commands(page):
        if "..." not in command and "…" not in command:
            _parse(command.split()[1:], f"{_name(page)}: {command}", partial=True)


def test_the_architecture_page_has_the_layers_as_they_are_enforced() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    enforced = [sorted(re.findall(r"\w+", layer)) for layer in contract["layers"]]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## Layers")[1].split("\n## ")[0]
    shown = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, re.MULTILINE)
    assert [sorted(re.findall(r"\w+", names)) for names in shown] == enforced


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/fractal-datasets.md"} <= set(map(_name, WITH_SNIPPETS))


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "a.png", "-o", "b", "--stepz", "2"],
        ["fit", "a.png", "-o", "b", "--method", "x"],
        ["fitt"],
        ["fit", "a.png"],
    ],
)
def test_parsing_finds_a_wrong_command(arguments: list[str]) -> None:
    with pytest.raises(AssertionError, match="here"):
        _parse(arguments, "here")


def _to_run(block: Block) -> ast.Module:
    """Return a block as it is run: of one that is only parsed, the imports."""
    tree = ast.parse(block.text)
    if block.parsed:
        tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return tree


def _check(words: Sequence[str], run: bool, where: str) -> None:
    """Run a command of ours; see to it that what others name is there."""
    program, *arguments = words
    where = f"{where}: {' '.join(words)}"
    if program == "selfsame" and run:
        _remove_output(arguments)
        assert main(arguments) == 0, where
    elif program == "selfsame":
        _parse(arguments, where)
    elif program == "torchrun":
        _parse(arguments[arguments.index("selfsame") + 1 :], where)
    elif program == "python" and Path(arguments[0]).is_file():  # the page's own
        _remove_output(arguments)
        assert _run_script(arguments) == 0, where
    elif program == "python" and arguments[0] == "-m":
        assert ROOT.joinpath(*arguments[1].split(".")).with_suffix(".py").is_file(), where
    elif program == "python":
        assert (ROOT / arguments[0]).is_file(), where
    elif program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert arguments[0] in targets, where
    elif program == "pip":
        assert all(extra in EXTRAS for extra in re.findall(r"\[(\w+)\]", " ".join(words))), where
    elif program == "npm":
        assert arguments == ["install", *EMOJI_PACKAGES], where
    else:
        assert program in ("dask", ".ci/run"), where


def _run_script(arguments: Sequence[str]) -> Any:
    """Return the exit status of a script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", list(arguments))
        try:
            runpy.run_path(arguments[0], run_name="__main__")
        except SystemExit as end:
            return end.code
    return 0


def _remove_output(arguments: Sequence[str]) -> None:
    """Remove what an earlier snippet of the page wrote to the same name."""
    for option in ("-o", "--animate", "--report", "--plot"):
        if option in arguments[:-1]:
            output = Path(arguments[arguments.index(option) + 1])
            if output.is_file():
                output.unlink()


def _parse(arguments: Sequence[str], where: str, *, partial: bool = False) -> None:
    """Check names and values of options; ``partial`` commands may lack required ones."""
    command: click.Command = cli
    rest = list(arguments)
    # With its settings: a command keeps the help option of the first context that asks for it.
    context = click.Context(command, info_name="selfsame", **cli.context_settings)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"{where}: no command {rest[0]}"
        command = found
        context = click.Context(command, info_name=rest.pop(0), parent=context)
    wrong = None
    try:
        command.make_context(context.info_name, rest, parent=context.parent)
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
        pass  # the help was shown
    except click.UsageError as error:
        wrong = error
    if partial and isinstance(wrong, click.MissingParameter):
        return
    assert wrong is None, f"{where}: {wrong.format_message()}"
