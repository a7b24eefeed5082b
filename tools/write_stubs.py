"""Write what type checkers know of the compiled core: `python tools/write_stubs.py [--check]`.

The stubs ``src/selfsame/_native/*.pyi`` say what the built module's own signatures say; run this
after a change of ``native/python/``. With ``--check`` nothing is written: the exit status is 1 if
a stub is not as it should be.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from nanobind.stubgen import main as generate

FOLDER = Path(__file__).parents[1] / "src" / "selfsame" / "_native"

_SHAPE = re.compile(r"Annotated\[(NDArray\[numpy\.\w+\]), dict\([^()]*(?:\([^()]*\)[^()]*)*\)\]")
"""What stubs say of an array's shape and order, which mypy does not read."""


def stubs() -> dict[str, str]:
    """Return the text of each file."""
    with tempfile.TemporaryDirectory() as folder:
        generate(["-q", "-m", "selfsame._native", "-r", "-O", folder])
        return {path.name: _plain(path.read_text()) for path in Path(folder).rglob("*.pyi")}


def _plain(text: str) -> str:
    text = _SHAPE.sub(r"\1", text)
    return re.sub(r"from typing import Annotated\n+", "", text)


def main() -> None:
    """Read the command line, write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    is_check = parser.parse_args().check
    wanted = stubs()
    there = {path.name: path.read_text() for path in FOLDER.glob("*.pyi")}
    if is_check:
        wrong = sorted(n for n in wanted | there if wanted.get(n) != there.get(n))
        sys.exit(f"not as the module is: {', '.join(wrong)}" if wrong else 0)
    FOLDER.mkdir(exist_ok=True)
    for name in there.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
