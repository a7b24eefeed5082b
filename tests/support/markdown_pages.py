"""The snippets of a Markdown page, and how the tests change them to be quick.

A comment in front of a block is for the tests alone; readers do not see it:

    <!-- test
    maps=64 -> maps=4, steps=2
    probe += --steps 1
    parse: fractaldb-1k
    -->

``OLD -> NEW`` replaces a text that must be in the block. ``TEXT += OPTIONS`` adds options to the
commands with TEXT, to all if it is empty. ``parse: TEXT`` says that the commands with TEXT take too
long or need what tests have not: names and values of their options are checked, nothing is run;
``parse`` alone means the whole block, of Python all but its imports.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])

SHELL_PROGRAMS = {"selfsame", "python", "make", "pip", "torchrun", "dask"}

_COMMENT = r"<!-- test\b:?\s*(?P<rules>(?:(?!-->).)*?)\s*-->"
_MARKER = re.compile(_COMMENT, re.DOTALL)
_BLOCK = re.compile(
    rf"(?:{_COMMENT}\s*)?^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_INLINE = re.compile(r"`(selfsame [^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line in the page, from 1 on.
        language: "" where none is given.
        title: file name that the page gives it, or "".
        text: as the tests run it.
        added: texts of commands, and the options that they get besides.
        parsed: texts of commands that are not run; "" for all.
    """

    line: int
    language: str
    title: str
    text: str
    added: tuple[tuple[str, str], ...] = ()
    parsed: tuple[str, ...] = ()

    @property
    def shell(self) -> bool:
        words = self.text.split(None, 1)
        return self.language == "sh" or (
            self.language == "" and bool(words) and words[0] in SHELL_PROGRAMS
        )

    def commands(self) -> Iterator[tuple[list[str], bool]]:
        """Yield the words of each command, and whether it is to be run."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            command = " ".join(words)
            if words:
                for part, options in self.added:
                    words += shlex.split(options) if part in command else []
                yield words, not any(part in command for part in self.parsed)


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in order.

    Raises:
        ValueError: a comment of tests that is not before a block, or a rule without effect.
    """
    source = page.read_text(encoding="utf-8")
    matches = list(_BLOCK.finditer(source))
    lost = len(_MARKER.findall(source)) - sum(match["rules"] is not None for match in matches)
    if lost:
        raise ValueError(f"{page.name}: {lost} comments of tests are not before a block")
    return [_block(page, source, match) for match in matches]


def inline_commands(page: Path) -> list[str]:
    """Return the commands that the text between the blocks of a page names."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(command.split()) for command in _INLINE.findall(text)]


def files_of(page: Path) -> dict[str, str]:
    """Return the files that a page builds up, by title; blocks of one title follow each other."""
    texts: dict[str, list[str]] = {}
    for block in blocks(page):
        if block.title:
            texts.setdefault(block.title, []).append(block.text)
    return {title: "\n\n".join(parts) for title, parts in texts.items()}


def _block(page: Path, source: str, match: re.Match[str]) -> Block:
    where = f"{page.name}:{source.count(chr(10), 0, match.start('text')) + 1}"
    language, _, rest = match["info"].strip().partition(" ")
    title = re.search(r'title="([^"]+)"', rest)
    text = match["text"]
    added: list[tuple[str, str]] = []
    parsed: list[str] = []
    for rule in filter(None, map(str.strip, (match["rules"] or "").splitlines())):
        if " -> " in rule:
            part, new = rule.split(" -> ")
            text = text.replace(part, new) if part in text else text
        elif "+= " in rule:
            part, options = (side.strip() for side in rule.split("+= "))
            added.append((part, options))
        elif rule == "parse" or rule.startswith("parse: "):
            part = rule.removeprefix("parse").removeprefix(": ")
            parsed.append(part)
        else:
            raise ValueError(f"{where}: {rule!r} is no rule")
        if part not in match["text"]:
            raise ValueError(f"{where}: nothing in the block has {part!r}")
    line = int(where.rpartition(":")[2])
    return Block(line, language, title[1] if title else "", text, tuple(added), tuple(parsed))
