"""Every example runs, prints something, and writes where it is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
SLOW = {"demo.py"}
"""Run by `make demo` and its own test; minutes, not seconds."""

MAX_LINES = 40


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.name not in SLOW], ids=lambda p: p.stem)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "TMPDIR": "/nowhere"},  # it has been told where to write
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    made = [p for p in tmp_path.iterdir() if p.stat().st_size > 0]
    assert made
    assert all(p.name in done.stdout for p in made)


def test_there_are_examples_and_they_are_short() -> None:
    short = [p for p in EXAMPLES if p.name not in SLOW]
    assert len(short) >= 4
    for path in short:
        text = path.read_text()
        assert len(text.splitlines()) <= MAX_LINES, path
        assert text.startswith('"""'), path
