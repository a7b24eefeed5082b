"""``selfsame bench`` in process, on a made-up checkout and on this one."""

import json
import re
from pathlib import Path

import pytest

from selfsame.cli import bench, main

SCRIPT = '''"""Prints what it was given.

More text.
"""

import json
import os
import sys

if __name__ == "__main__":
    if "--fail" in sys.argv:
        raise SystemExit(3)
    print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd()}))
'''

ALL = ["a.echo", "a.second", "b.echo", "b.third_one"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "benchmarks"
    for path in ("__init__.py", "harness.py", "a/__init__.py", "a/shared.py", "b/__init__.py"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text('"""Shared."""\n')
    for path in ("a/echo.py", "a/second.py", "b/echo.py", "b/third_one.py"):
        (folder / path).write_text(SCRIPT)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "src/selfsame/cli/bench.py"))
    return folder


def test_lists_scripts_and_not_what_they_share(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["benchmarks"]
    assert listed == dict.fromkeys(ALL, "Prints what it was given.")
    assert main(["bench"]) == 0
    assert "Prints what it was given." in capsys.readouterr().out


def test_passes_options_on_and_returns_the_documents(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--quick", "--data", "d", "-o", "results", "--json", "--", "--targets", "3"]
    assert main(["bench", "a.echo", *arguments]) == 0
    expected = ["--quick", "--data", "d", "-o", "results", "--targets", "3", "--json"]
    assert json.loads(capsys.readouterr().out)["a.echo"]["arguments"] == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["all"], ALL),
        (["b"], ["b.echo", "b.third_one"]),
        (["a_second"], ["a.second"]),
        (["third_one", "b_third_one", "b"], ["b.third_one", "b.echo"]),
    ],
)
def test_names_of_one_of_a_folder_of_all(
    names: list[str], expected: list[str], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *names, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == expected


def test_the_current_folder_is_that_of_the_caller(
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "elsewhere"
    (other / "benchmarks").mkdir(parents=True)
    (other / "benchmarks/__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(other)
    assert main(["bench", "a.echo", "--json"]) == 0
    assert Path(json.loads(capsys.readouterr().out)["a.echo"]["folder"]) == other


def test_unknown_names_end_with_status_2_and_failures_with_1(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "nothing"]) == 2
    assert f"no benchmark nothing; there are {', '.join(ALL)}" in capsys.readouterr().err
    assert main(["bench", "echo"]) == 2
    assert "several benchmarks are called echo: a.echo, b.echo" in capsys.readouterr().err
    assert main(["bench", "a.echo", "--", "--fail"]) == 1
    assert "a.echo ended with status 3" in capsys.readouterr().err
    assert main(["bench", "--", "--fail"]) == 2
    assert "name a benchmark" in capsys.readouterr().err


def test_outside_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "a/b/c/bench.py"))
    assert main(["bench"]) == 1
    assert "pip install -c constraints.txt -e '.[bench]'" in capsys.readouterr().err


def test_this_checkout_has_its_benchmarks() -> None:
    scripts = bench.find_scripts(bench.benchmark_folder())
    assert {"ifs.floor", "ifs.fit", "codec.rates"} <= set(scripts)
    assert not {"harness.options", "protocol", "ifs.ablation", "ifs.sheets"} & set(scripts)
    assert all(scripts.values())


def test_documents_name_benchmarks_that_there_are() -> None:
    folder = bench.benchmark_folder()
    scripts = bench.find_scripts(folder)
    texts = [folder / "README.md", *folder.rglob("*.py"), *(folder.parent / "docs").glob("*.md")]
    named = {
        name
        for path in texts
        for name in re.findall(r"python -m benchmarks\.([\w.]*\w)", path.read_text("utf-8"))
    }
    assert len(named) > 10
    assert named <= set(scripts)
    readme = (folder / "README.md").read_text("utf-8")
    assert [name for name in scripts if f"| `{name}` |" not in readme] == []
