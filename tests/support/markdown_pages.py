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

``write_inputs`` makes small inputs under the names that the documentation uses.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

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


HEIGHT, WIDTH = 48, 64


def write_inputs(folder: Path) -> None:
    """Write every input that a snippet of the documentation reads."""
    for seed, name in enumerate(
        ("photo.png", "cat.jpg", "other.jpg", "chelsea.png", "coffee.png", "picture.png")
    ):
        _photo(seed).save(folder / name)
    _figure().save(folder / "horse.png")
    _curve().save(folder / "curve.png")
    for set_name, count in (("photos", 3), ("faces", 3)):
        (folder / set_name).mkdir()
        for seed in range(count):
            _photo(seed).resize((64, 64)).save(folder / set_name / f"{seed}.png")
    _sets(folder)
    _cloud(folder / "cloud.ply")


def _photo(seed: int) -> Image.Image:
    """Return smooth colours with an edge and some texture."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (5, 6, 3), np.uint8))
    pixels = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int64)
    pixels = pixels + random.integers(-12, 12, pixels.shape)
    pixels[HEIGHT // 2 :, WIDTH // 3 :] //= 2
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _figure() -> Image.Image:
    """Return a bright blob with two legs."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    body = ((u - 32) / 20) ** 2 + ((v - 18) / 10) ** 2 < 1
    legs = (v > 18) & (v < 42) & ((abs(u - 22) < 3) | (abs(u - 42) < 3))
    return Image.fromarray(np.where(body | legs, 255, 0).astype(np.uint8))


def _curve() -> Image.Image:
    """Return a bright wave, two pixels thick."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    near = abs(v - 24 - 10 * np.sin(u / 9)) < 1.5
    return Image.fromarray(np.where(near & (u > 6) & (u < 58), 255, 0).astype(np.uint8))


def _digits(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return bright squares at one of three places, and which."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = random.integers(0, 40, (count, side, side)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = side // 2 * (label // 2), side // 2 * (label % 2)
        image[top + 2 : top + side // 2, left + 2 : left + side // 2] = 250
    return images, labels.astype(np.uint8)


def _sets(folder: Path) -> None:
    images, labels = _digits(12, 28, 0)
    more, more_labels = _digits(9, 28, 1)
    np.savez(folder / "digits.npz", images=images, labels=labels)
    arrays = {"train_images": images, "train_labels": labels}
    np.savez(folder / "mnist.npz", **arrays, test_images=more, test_labels=more_labels)


def _cloud(path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(200, 3))
    rows = "\n".join(" ".join(f"{x:.4f}" for x in point) for point in points)
    names = "\n".join(f"property float {axis}" for axis in "xyz")
    path.write_text(f"ply\nformat ascii 1.0\nelement vertex 200\n{names}\nend_header\n{rows}\n")
