"""``selfsame bench`` in process, on a made-up checkout and on this one."""

import json
from pathlib import Path

import pytest

from selfsame.cli import bench, main

SCRIPT = '''"""Prints what it was given.

More text.
"""

import json
import sys

if __name__ == "__main__":
    if "--fail" in sys.argv:
        raise SystemExit(3)
    print(json.dumps({"arguments": sys.argv[1:]}))
'''


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "harness.py").write_text('"""Shared."""\n')
    (folder / "echo.py").write_text(SCRIPT)
    (folder / "second.py").write_text(SCRIPT)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "src/selfsame/cli/bench.py"))
    return folder


def test_lists_scripts_and_not_what_they_share(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["benchmarks"]
    assert listed == {"echo": "Prints what it was given.", "second": "Prints what it was given."}
    assert main(["bench"]) == 0
    assert "Prints what it was given." in capsys.readouterr().err


def test_passes_options_on_and_returns_the_documents(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--quick", "--data", "d", "-o", "results", "--json", "--", "--targets", "3"]
    assert main(["bench", "echo", *arguments]) == 0
    expected = ["--quick", "--data", "d", "-o", "results", "--targets", "3", "--json"]
    assert json.loads(capsys.readouterr().out) == {"echo": {"arguments": expected}}
    assert main(["bench", "all", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["echo", "second"]


def test_unknown_names_and_failures_end_with_status_1(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "nothing"]) == 1
    assert "no benchmark nothing; there are echo, second" in capsys.readouterr().err
    assert main(["bench", "echo", "--", "--fail"]) == 1
    assert "echo ended with status 3" in capsys.readouterr().err
    assert main(["bench", "--", "--fail"]) == 1
    assert "name a benchmark" in capsys.readouterr().err


def test_outside_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "a/b/c/bench.py"))
    assert main(["bench"]) == 1
    assert "source checkout" in capsys.readouterr().err


def test_this_checkout_has_its_benchmarks() -> None:
    scripts = bench.find_scripts(bench.benchmark_folder())
    assert {"floor", "ifs_fit", "shapes"} <= set(scripts)
    assert not {"harness", "protocol", "ifs_ablation", "ifs_plots"} & set(scripts)
    assert all(scripts.values())
