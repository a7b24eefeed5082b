"""What MkDocs needs beside `docs/`: pages of the API and of the command line, and formulas.

A hook of `mkdocs.yml`. Every folder of `src/selfsame` becomes a page of its modules, so that a new
module is in the reference as soon as it is there. Formulas become MathML while the site is built.
"""

import ast
import html
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import click
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from selfsame.cli import cli

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "selfsame"
API = "API"
NOT_API = {"cli", "studio"}
"""Folders for people, not for programs; the command line has its own page."""

OUTSIDE = re.compile(r"\]\(\.\./((?!docs/)[\w./-]+\.(?:png|jpg|webp))\)")
"""A picture that a page of `docs/` shows and that lies elsewhere in the repository."""

COMMAND_PAGE = "reference/command-line.md"
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of the API where the navigation has its empty entry."""
    sections = [entry["Reference"] for entry in config.nav if "Reference" in entry]
    (place,) = [entry for section in sections for entry in section if API in entry]
    place[API] = _navigation(PACKAGE)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and the pictures that pages show from outside of `docs/`."""
    texts = {_page(folder): _api_page(folder) for folder in _folders(PACKAGE)}
    texts[COMMAND_PAGE] = "\n".join(_command_page())
    for path, text in texts.items():
        files.append(File.generated(config, path, content=text))
    for page in Path(config.docs_dir).glob("*.md"):
        for name in set(OUTSIDE.findall(page.read_text(encoding="utf-8"))):
            if files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links to pictures outside of `docs/` into links to where the site has them."""
    return OUTSIDE.sub(r"](\1)", markdown) if "/" not in page.file.src_uri else markdown


def on_page_content(content: str, **_: Any) -> str:
    """Turn the formulas of a page into MathML."""
    return _FORMULA.sub(_mathml, content)


def _mathml(match: re.Match[str]) -> str:
    display = "block" if match[1] == "div" else "inline"
    return convert(html.unescape(match[2].strip()), display=display)


def _folders(folder: Path) -> Iterator[Path]:
    yield folder
    for below in sorted(folder.iterdir()):
        if (below / "__init__.py").exists() and below.name not in NOT_API:
            yield from _folders(below)


def _navigation(folder: Path) -> list[Any]:
    """Return the entries of a folder: its own page, then a section or page of each below it."""
    entries: list[Any] = [_page(folder)]
    for below in sorted(folder.iterdir()):
        if (below / "__init__.py").exists() and below.name not in NOT_API:
            inner = _navigation(below)
            entries.append({below.name: inner if len(inner) > 1 else inner[0]})
    return entries


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def _page(folder: Path) -> str:
    parts = folder.relative_to(SOURCE).parts
    return "/".join(("reference", *parts, "index.md"))


def _api_page(folder: Path) -> str:
    """Return the page of a folder: what it is, its public names, then module by module."""
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    lines = [f"# {_dotted(folder)}", "", ast.get_docstring(ast.parse(text)) or "", ""]
    names = sorted(_public_names(folder))
    if names:
        lines += ["| name | home |", "|---|---|"]
        lines += [f"| [`{name}`][{home}.{name}] | `{home}` |" for name, home in names]
        lines.append("")
    modules = sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))
    lines += [f"::: {_dotted(path)}" for path in modules]
    return "\n".join(lines)


def _public_names(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each name that a package passes on, ``import a as a``, and the module it comes from."""
    stub = folder / "__init__.pyi"  # says what is loaded on first use
    source = stub if stub.exists() else folder / "__init__.py"
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            home = f"{_dotted(folder)}.{node.module}" if node.level else node.module
            for alias in node.names:
                if alias.name == alias.asname and not alias.name.startswith("_"):
                    yield alias.name, _definition(alias.name, home)


def _definition(name: str, home: str) -> str:
    """Return the module that defines a name which ``home``, perhaps a package, has."""
    folder = SOURCE.joinpath(*home.split("."))
    return dict(_public_names(folder))[name] if folder.is_dir() else home


def _command_page() -> Iterator[str]:
    yield "# Command line"
    yield ""
    yield "What `selfsame COMMAND --help` says; [conventions](../conventions.md) has the rest."
    yield ""
    yield from _commands(cli, click.Context(cli, info_name="selfsame"))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
        else:
            yield from _command(command, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}"
    yield ""
    yield f"    {' '.join([context.command_path, *command.collect_usage_pieces(context)])}"
    yield ""
    for paragraph in (command.help or "").replace("\b\n", "").split("\n\n"):
        yield _escaped(" ".join(paragraph.split()))
        yield ""
    yield "| option | |"
    yield "|---|---|"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:
            yield f"| `{record[0].replace('|', chr(92) + '|')}` | {_escaped(record[1])} |"
    yield ""


def _escaped(text: str) -> str:
    """Return text of the terminal as Markdown that shows the same characters, but for code."""
    parts = text.split("`")
    return "`".join(
        part if inside_code else re.sub(r"([\\*_<>|\[\]])", r"\\\1", part)
        for part, inside_code in zip(parts, cycle((False, True)), strict=False)
    )
